"""The bundled model's tokenizer: WordPiece over a vocabulary that is given."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor
from transformers import BertTokenizer


def make_tokenizer(words: Sequence[str], longest: int) -> BertTokenizer:
    """`words` with their ids, the special tokens [PAD] [UNK] [CLS] [SEP] [MASK] first; pieces begin with ##."""
    vocabulary = {word: index for index, word in enumerate(words)}
    names = ["input_ids", "attention_mask"]  # there is one phrase, and no second one to tell it from
    return BertTokenizer(vocab=vocabulary, do_lower_case=True, model_max_length=longest, model_input_names=names)


def tokenize(tokenizer: BertTokenizer, texts: Sequence[str]) -> dict[str, Tensor]:
    batch = tokenizer(list(texts), padding=True, truncation=True, return_tensors="pt")
    return {"input_ids": batch["input_ids"], "attention_mask": batch["attention_mask"]}

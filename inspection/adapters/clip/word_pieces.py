"""How the bundled model reads: its tokenizer.json by the library that it is made with, without transformers."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from tokenizers import Tokenizer
from torch import Tensor

from inspection.adapters.clip.checkpoint import Checkpoint

_PAD, _UNKNOWN = "[PAD]", "[UNK]"
_AROUND = ["[CLS]", "[SEP]"]


class WordPieces:
    """`phrases.Tokens`."""

    library = "tokenizers"
    unknown = _UNKNOWN

    def __init__(self, checkpoint: Checkpoint, length: int, words: int) -> None:
        """`words`: how many the model has. Raises ValueError where there is no file of it, or it cannot be used."""
        path = checkpoint.folder / "tokenizer.json"
        try:
            text = path.read_text(encoding="utf-8")
            self._whole, self._cut = Tokenizer.from_str(text), Tokenizer.from_str(text)
        except Exception as error:  # the library raises nothing narrower
            raise ValueError(f"{path.name}: {error}") from error
        pad, unknown = (self._whole.token_to_id(each) for each in (_PAD, _UNKNOWN))
        if pad is None or unknown is None:
            raise ValueError(f"{path.name}: it has no {_PAD if pad is None else _UNKNOWN}")
        if (said := getattr(self._whole.model, "unk_token", None)) != _UNKNOWN:
            raise ValueError(f"{path.name}: its unk_token is {said}; it must be {_UNKNOWN}")
        self._whole.no_truncation()
        self._whole.no_padding()
        nothing = self._whole.encode("")
        if nothing.tokens != _AROUND:
            raise ValueError(f"{path.name}: it does not put {' and '.join(_AROUND)} around a phrase")
        greatest = max([*self._whole.get_vocab().values(), *nothing.ids])
        if greatest >= words:
            raise ValueError(f"{path.name}: it has a word with id {greatest}, and config.json says {words} words")
        self._cut.enable_truncation(length)
        self._cut.enable_padding(pad_id=pad, pad_token=_PAD)

    def read(self, phrases: Sequence[str]) -> tuple[Tensor, Tensor]:
        read = self._cut.encode_batch(list(phrases))
        return torch.tensor([each.ids for each in read]), torch.tensor([each.attention_mask for each in read])

    def count(self, phrase: str) -> int:
        return len(self._whole.encode(phrase).ids)

    def pieces(self, words: Sequence[str]) -> list[list[str]]:
        return [each.tokens for each in self._whole.encode_batch(list(words), add_special_tokens=False)]

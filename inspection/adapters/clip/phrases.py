"""From a phrase to a model's input, as the model was trained to read it.

SigLIP reads lower-case text that is padded to one length, without a mask. SigLIP 1 has no punctuation either. The
tokenizer of a fixed-size SigLIP 2 checkpoint is Gemma's and does none of this by itself: upper case would quietly be
read as other words.
"""

from __future__ import annotations

import json
import re
import string
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from inspection.adapters.clip.checkpoint import Checkpoint
from inspection.domain.ports import Reading

if TYPE_CHECKING:
    from torch import Tensor

_SIGLIP = ("siglip", "siglip2")
_NO_PUNCTUATION = str.maketrans("", "", string.punctuation)
_SPACE = "▁"  # as sentencepiece has it, before a word whose beginning it does not know
_LETTERS = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class PhraseReader:
    """`length`: the tokens that the model reads at most; what is longer is cut."""

    tokenizer: Any
    length: int
    pads_to_length: bool
    canonical: Callable[[str], str]
    text: str

    @classmethod
    def load(cls, checkpoint: Checkpoint, model_type: str, length: int) -> PhraseReader:
        """The checkpoint's own. Raises whatever transformers raises when it cannot be loaded."""
        kind = _tokenizer_class(checkpoint)
        canonical, text = _canonical(model_type, kind)
        return cls(_tokenizer(checkpoint, kind), length, model_type in _SIGLIP, canonical, text)

    def describe(self) -> str:
        """A short text: two with the same one, and the same tokenizer, read alike."""
        padding = "max" if self.pads_to_length else "longest"
        return f"length={self.length} padding={padding} text={self.text}"

    def read(self, phrases: Sequence[str]) -> dict[str, Tensor]:
        """Phrases -> what `get_text_features` takes."""
        tokens = self.tokenizer(
            [self.canonical(phrase) for phrase in phrases],
            padding="max_length" if self.pads_to_length else "longest",
            truncation=True,
            max_length=self.length,
            return_tensors="pt",
        )
        names = ("input_ids",) if self.pads_to_length else ("input_ids", "attention_mask")
        return {name: tokens[name] for name in names}

    def readings(self, phrases: Sequence[str]) -> list[Reading]:
        """How the model reads each, word by word."""
        canonical = [self.canonical(phrase) for phrase in phrases]
        words = [_LETTERS.findall(phrase) for phrase in canonical]
        different = list(dict.fromkeys(word for each in words for word in each))
        pieces = dict(zip(different, self._pieces(different), strict=True))
        return [
            Reading(tuple((word, pieces[word]) for word in each), self._cut(phrase))
            for each, phrase in zip(words, canonical, strict=True)
        ]

    def _pieces(self, words: list[str]) -> list[int]:
        if not words:
            return []
        tokens = (self.tokenizer.convert_ids_to_tokens(ids) for ids in self._ids(words, add_special_tokens=False))
        unknown = self.tokenizer.unk_token
        return [0 if unknown in each else sum(piece != _SPACE for piece in each) for each in tokens]

    def _cut(self, phrase: str) -> str:
        """The words at its end that are not read."""
        words = phrase.split()
        read = len(words)
        while read and len(self._ids([" ".join(words[:read])])[0]) > self.length:
            read -= 1
        return " ".join(words[read:])

    def _ids(self, texts: list[str], *, add_special_tokens: bool = True) -> list[list[int]]:
        ids: list[list[int]] = self.tokenizer(texts, add_special_tokens=add_special_tokens).input_ids
        return ids


def _canonical(model_type: str, tokenizer_class: str) -> tuple[Callable[[str], str], str]:
    if model_type not in _SIGLIP:
        return str, "as-is"
    if tokenizer_class.startswith("Siglip") and not tokenizer_class.startswith("Siglip2"):
        return _without_punctuation, "lower-case-no-punctuation"
    return str.lower, "lower-case"


def _without_punctuation(phrase: str) -> str:
    return " ".join(phrase.lower().translate(_NO_PUNCTUATION).split())


def _tokenizer_class(checkpoint: Checkpoint) -> str:
    path = checkpoint.folder / "tokenizer_config.json"
    content = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return str(content.get("tokenizer_class") or "")


def _tokenizer(checkpoint: Checkpoint, tokenizer_class: str) -> Any:
    from transformers import AutoTokenizer, PreTrainedTokenizerFast

    # SigLIP 1 names a class that needs sentencepiece; its tokenizer.json holds the same vocabulary.
    is_siglip_1 = tokenizer_class.startswith("SiglipTokenizer") and (checkpoint.folder / "tokenizer.json").is_file()
    kind = PreTrainedTokenizerFast if is_siglip_1 else AutoTokenizer
    return kind.from_pretrained(checkpoint.folder, local_files_only=True)

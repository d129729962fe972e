"""From a phrase to a model's input, as the model was trained to read it.

SigLIP reads lower-case text that is padded to one length, without a mask. SigLIP 1 has no punctuation either. The
tokenizer of a fixed-size SigLIP 2 checkpoint is Gemma's and does none of this by itself: upper case would quietly be
read as other words.
"""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from inspection.adapters.clip.checkpoint import PARTS_CLIP, Checkpoint
from inspection.adapters.clip.plain import json_object
from inspection.domain.ports import Reading

if TYPE_CHECKING:
    from torch import Tensor

_SIGLIP = ("siglip", "siglip2")
_NO_PUNCTUATION = str.maketrans("", "", string.punctuation)
_SPACE = "▁"  # as sentencepiece has it, before a word whose beginning it does not know
_AS_IS = (str, "as-is")
_LETTERS = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class PhraseReader:
    """`length`: the tokens that the model reads at most; what is longer is cut."""

    tokenizer: Tokens
    length: int
    pads_to_length: bool
    canonical: Callable[[str], str]
    text: str

    @classmethod
    def load(cls, checkpoint: Checkpoint, model_type: str, length: int, words: int) -> PhraseReader:
        """The checkpoint's own, whose words a table of `words` has a row for. Raises OSError or ValueError where it
        cannot be used, and what transformers raises."""
        if model_type == PARTS_CLIP:
            from inspection.adapters.clip.word_pieces import WordPieces

            return cls(WordPieces(checkpoint, length, words), length, False, *_AS_IS)
        kind, pads_to_length = _tokenizer_class(checkpoint), model_type in _SIGLIP
        tokenizer = _by_transformers(checkpoint, kind, length, pads_to_length=pads_to_length)
        return cls(tokenizer, length, pads_to_length, *_canonical(model_type, kind))

    def describe(self) -> str:
        """A short text: two with the same one, and the same tokenizer, read alike."""
        padding = "max" if self.pads_to_length else "longest"
        return f"length={self.length} padding={padding} text={self.text}"

    def read(self, phrases: Sequence[str]) -> dict[str, Tensor]:
        """Phrases -> what `get_text_features` takes."""
        ids, mask = self.tokenizer.read([self.canonical(phrase) for phrase in phrases])
        return {"input_ids": ids} if self.pads_to_length else {"input_ids": ids, "attention_mask": mask}

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
        unknown = self.tokenizer.unknown
        return [
            0 if unknown in each else sum(piece != _SPACE for piece in each) for each in self.tokenizer.pieces(words)
        ]

    def _cut(self, phrase: str) -> str:
        """The words at its end that are not read."""
        words = phrase.split()
        read = len(words)
        while read and self.tokenizer.count(" ".join(words[:read])) > self.length:
            read -= 1
        return " ".join(words[read:])


class Tokens(Protocol):
    """A checkpoint's tokenizer. `library`: the package it is of. `unknown`: its piece for what it does not know."""

    @property
    def library(self) -> str: ...

    @property
    def unknown(self) -> str: ...

    def read(self, phrases: Sequence[str]) -> tuple[Tensor, Tensor]:
        """Ids, and which of them count, (n, T) both: cut to the length that the model reads."""
        ...

    def count(self, phrase: str) -> int:
        """All its tokens, the special ones as well."""
        ...

    def pieces(self, words: Sequence[str]) -> list[list[str]]:
        """What each is read as, without special tokens."""
        ...


class _OfTransformers:
    """`Tokens`, by one of transformers' tokenizers."""

    library = "transformers"

    def __init__(self, tokenizer: Any, length: int, *, pads_to_length: bool) -> None:
        self._tokenizer = tokenizer
        self._length = length
        self._padding = "max_length" if pads_to_length else "longest"

    @property
    def unknown(self) -> str:
        return str(self._tokenizer.unk_token)

    def read(self, phrases: Sequence[str]) -> tuple[Tensor, Tensor]:
        tokens = self._tokenizer(
            list(phrases),
            padding=self._padding,
            truncation=True,
            max_length=self._length,
            return_attention_mask=True,
            return_tensors="pt",
        )
        return tokens["input_ids"], tokens["attention_mask"]

    def count(self, phrase: str) -> int:
        return len(self._tokenizer(phrase).input_ids)

    def pieces(self, words: Sequence[str]) -> list[list[str]]:
        ids = self._tokenizer(list(words), add_special_tokens=False).input_ids
        return [self._tokenizer.convert_ids_to_tokens(each) for each in ids]


def _canonical(model_type: str, tokenizer_class: str) -> tuple[Callable[[str], str], str]:
    if model_type not in _SIGLIP:
        return _AS_IS
    if tokenizer_class.startswith("Siglip") and not tokenizer_class.startswith("Siglip2"):
        return _without_punctuation, "lower-case-no-punctuation"
    return str.lower, "lower-case"


def _without_punctuation(phrase: str) -> str:
    return " ".join(phrase.lower().translate(_NO_PUNCTUATION).split())


def _tokenizer_class(checkpoint: Checkpoint) -> str:
    path = checkpoint.folder / "tokenizer_config.json"
    content = json_object(path) if path.is_file() else {}
    return str(content.get("tokenizer_class") or "")


def _by_transformers(checkpoint: Checkpoint, tokenizer_class: str, length: int, *, pads_to_length: bool) -> Tokens:
    from transformers import AutoTokenizer, PreTrainedTokenizerFast

    # SigLIP 1 names a class that needs sentencepiece; its tokenizer.json holds the same vocabulary.
    is_siglip_1 = tokenizer_class.startswith("SiglipTokenizer") and (checkpoint.folder / "tokenizer.json").is_file()
    kind = PreTrainedTokenizerFast if is_siglip_1 else AutoTokenizer
    tokenizer = kind.from_pretrained(checkpoint.folder, local_files_only=True)
    return _OfTransformers(tokenizer, length, pads_to_length=pads_to_length)

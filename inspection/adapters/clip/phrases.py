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

    def reading(self, phrase: str) -> Reading:
        """How the model reads it, word by word."""
        canonical = self.canonical(phrase)
        words = canonical.split()
        read = len(words)
        while read and len(self.tokenizer(" ".join(words[:read])).input_ids) > self.length:
            read -= 1
        pieces = tuple((word, self._pieces(word)) for word in _LETTERS.findall(canonical))
        return Reading(pieces, " ".join(words[read:]))

    def _pieces(self, word: str) -> int:
        ids = self.tokenizer(word, add_special_tokens=False).input_ids
        if self.tokenizer.unk_token_id in ids:
            return 0
        return sum(piece != _SPACE for piece in self.tokenizer.convert_ids_to_tokens(ids))


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

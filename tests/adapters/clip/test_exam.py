"""The exam marks what it says it marks: held against an encoder that knows, and one that guesses."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from inspection.adapters.clip.exam import EXAM_SEED, GENERIC, PLAIN, REHEARSAL_SEED, Papers, examine, papers
from inspection.domain.types import Pixels, Vectors
from inspection.synthesis.captions import TRAINED_KINDS
from inspection.synthesis.held_out import HELD_OUT_FAMILY, HELD_OUT_KIND, HELD_OUT_PAIRS
from inspection.synthesis.render import Rendered

AXES = ("good", *TRAINED_KINDS, HELD_OUT_KIND)
CELLS = 16


class Knowing:
    """Every picture and every plain sentence has the axis of its kind; a sentence that it does not know is good."""

    logit_scale = 10.0
    fingerprint: Mapping[str, str] = {"model": "knowing"}

    def __init__(self, exam: Sequence[Papers]) -> None:
        self._parts: dict[bytes, Rendered] = {
            part.pixels.tobytes(): part for paper in exam for part in (*paper.good, *paper.bad)
        }
        plain = {**PLAIN, "any": GENERIC}
        self._kinds = [(kind, phrase.split("{}")) for kind, phrases in plain.items() for phrase in phrases]

    def embed_images(self, images: Sequence[Pixels]) -> Vectors:
        return np.stack([_axis(self._parts[image.tobytes()].attributes.kind or "good") for image in images])

    def embed_cells(self, images: Sequence[Pixels]) -> Vectors:
        return np.stack([self._cells(self._parts[image.tobytes()]) for image in images])

    def _cells(self, part: Rendered) -> Vectors:
        side = part.mask.shape[0] // CELLS
        cover = part.mask.reshape(CELLS, side, CELLS, side).mean(axis=(1, 3))[..., None].astype(np.float32)
        bad = _axis(part.attributes.kind or "good")
        return np.asarray(cover * bad + (1 - cover) * _axis("good"), np.float32)

    def embed_texts(self, texts: Sequence[str]) -> Vectors:
        return np.stack([self._read(text) for text in texts])

    def _read(self, text: str) -> Vectors:
        for kind, (before, after) in self._kinds:
            if text.startswith(before) and text.endswith(after) and len(text) > len(before + after):
                return _any_defect() if kind == "any" else _axis(kind)
        return _axis("good")


class Guessing(Knowing):
    """Pictures say nothing."""

    def embed_images(self, images: Sequence[Pixels]) -> Vectors:
        rng = np.random.default_rng(0)
        values = rng.standard_normal((len(images), len(AXES))).astype(np.float32)
        return np.asarray(values / np.linalg.norm(values, axis=1, keepdims=True), np.float32)


def _axis(kind: str) -> Vectors:
    return np.asarray(np.eye(len(AXES))[AXES.index(kind)], np.float32)


def _any_defect() -> Vectors:
    values = np.ones(len(AXES), np.float32)
    values[0] = 0
    return np.asarray(values / np.linalg.norm(values), np.float32)


@pytest.fixture(scope="module")
def exam() -> list[Papers]:
    return papers(2, ["plate", "hex nut", "casting", HELD_OUT_FAMILY])


def test_whoever_knows_has_full_marks(exam: list[Papers]) -> None:
    marks = examine(Knowing(exam), exam)
    for mark in (marks.trained, marks.pairs, marks.family):
        assert (mark.auroc, mark.worst, mark.naming) == (1, 1, 1)
        assert mark.pixel > 0.95
    assert marks.kind.auroc == marks.generic.auroc == 1
    assert math.isnan(marks.kind.naming)
    assert marks.shuffled.naming < 0.4  # in turn each kind's description is another's; 1 in 11 on average
    assert marks.words.auroc == 0.5  # it reads plain sentences alone


def test_whoever_guesses_is_at_chance(exam: list[Papers]) -> None:
    marks = examine(Guessing(exam), exam)
    assert marks.generic.auroc == pytest.approx(0.5, abs=0.2)
    assert marks.trained.naming < 0.3


def test_each_row_has_its_own_parts(exam: list[Papers]) -> None:
    marks = examine(Knowing(exam), exam)
    bad = [(paper.family, str(part.attributes.kind)) for paper in exam for part in paper.bad]
    pairs = [each for each in bad if each in HELD_OUT_PAIRS]
    of_family = [kind for family, kind in bad if family == HELD_OUT_FAMILY and kind != HELD_OUT_KIND]
    new_kind = [family for family, kind in bad if family != HELD_OUT_FAMILY and kind == HELD_OUT_KIND]
    assert (marks.pairs.parts, marks.family.parts, marks.kind.parts) == (len(pairs), len(of_family), len(new_kind))
    assert HELD_OUT_KIND not in marks.trained.by_kind
    of_both = [family for family, kind in bad if family == HELD_OUT_FAMILY and kind == HELD_OUT_KIND]
    assert marks.trained.parts + len(pairs) + len(of_family) + len(new_kind) + len(of_both) == len(bad)


def test_rehearsals_show_other_pictures_than_the_exam() -> None:
    one, other = papers(1, ["washer"]), papers(1, ["washer"], REHEARSAL_SEED)
    assert not np.array_equal(one[0].good[0].pixels, other[0].good[0].pixels)
    assert REHEARSAL_SEED > EXAM_SEED

"""How good a model is, read out through sentences alone, as the station scores: fixed wordings, seeds never trained on.

The same pictures each time; what `inspection bench model` prints is what the model card quotes. An AUROC is of the
defective parts of one family and kind against the good parts of that family, by the kind's own description; rows give
the mean over families and then over kinds. A pixel AUROC is of all pictures of a kind together. Only defects that the
renderer holds visible are asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from inspection.analytics.separation import auroc, pixel_auroc
from inspection.domain.ports import DenseEncoder, Encoder
from inspection.domain.types import Vectors
from inspection.scoring.maps import beside_mask
from inspection.scoring.prototypes import encode_prototypes
from inspection.synthesis import vocabulary
from inspection.synthesis.captions import TRAINED_FAMILIES, TRAINED_KINDS
from inspection.synthesis.defects import KINDS
from inspection.synthesis.grammar import article
from inspection.synthesis.held_out import (
    HELD_OUT_FAMILY,
    HELD_OUT_FRAMES,
    HELD_OUT_KIND,
    HELD_OUT_PAIRS,
    HELD_OUT_WORDS,
)
from inspection.synthesis.render import Rendered, render, render_siblings

EXAM_SEED = 10**15
REHEARSAL_SEED = EXAM_SEED + 10**12
"""Of the exams while a training goes on: what is looked at often is not what the card quotes."""
SIZE_PX = 128
_SHUFFLES = 5
NORMAL = ("a flawless {}", "a {} in perfect condition", "an undamaged {}")
GENERIC = ("a damaged {}", "a defective {}", "a {} with a defect")
PLAIN: dict[str, tuple[str, ...]] = {
    "scratch": ("a scratched {}", "a {} with a scratch", "a scratch on the surface of a {}"),
    "dent": ("a dented {}", "a {} with a dent", "a dent in the surface of a {}"),
    "crack": ("a cracked {}", "a {} with a crack", "a crack running through a {}"),
    "chip": ("a chipped {}", "a {} with a chipped edge", "a piece broken off the edge of a {}"),
    "stain": ("a stained {}", "a {} with a dark stain", "an oil spot on a {}"),
    "rust": ("a rusty {}", "a {} with rust", "corrosion on a {}"),
    "burr": ("a {} with a burr", "a burr on the edge of a {}", "a {} with a ragged edge"),
    "missing feature": ("a {} with a missing hole", "a {} with a missing feature", "an incomplete {}"),
    "discolouration": ("a discoloured {}", "a {} with discolouration", "a faded patch on a {}"),
    "pores": ("a porous {}", "a {} with pores", "small holes in the surface of a {}"),
    "deformation": ("a deformed {}", "a bent {}", "a {} with a bulge"),
}


@dataclass(frozen=True, slots=True)
class Mark:
    """One row of the table. NaN where it does not apply. `parts`: how many defective ones were asked about."""

    auroc: float
    worst: float
    naming: float
    pixel: float
    parts: int
    by_kind: Mapping[str, tuple[float, float, float]]
    """AUROC, share named right and pixel AUROC of each kind."""


@dataclass(frozen=True, slots=True)
class Marks:
    """`trained`: families and kinds of the training, new seeds. The rest leave something out; see `held_out`.

    `generic` is "a defect" for any kind; `shuffled` and `wrong_part` are controls: the kinds' descriptions in another
    order, where one may keep its own, and descriptions of another part.
    """

    trained: Mark
    pairs: Mark
    frames: Mark
    words: Mark
    family: Mark
    kind: Mark
    generic: Mark
    shuffled: Mark
    wrong_part: Mark

    def line(self) -> str:
        kinds = " ".join(f"{k.split()[0]} {a:.2f}/{n:.2f}/{p:.2f}" for k, (a, n, p) in self.trained.by_kind.items())
        return (
            f"AUROC {self.trained.auroc:.3f} (worst {self.trained.worst:.2f}), naming {self.trained.naming:.3f}, pixel "
            f"{self.trained.pixel:.3f} | held out: pairs {_three(self.pairs)}, frames {_three(self.frames)}, words "
            f"{_three(self.words)}, family {self.family.auroc:.3f}, kind {self.kind.auroc:.3f} | generic "
            f"{self.generic.auroc:.3f} | {kinds}"
        )


def _three(mark: Mark) -> str:
    return f"{mark.auroc:.3f}/{mark.naming:.3f}/{mark.pixel:.3f}"


@dataclass(frozen=True, slots=True, eq=False)
class Papers:
    """The exam's pictures of one family: good parts, and defective ones of every kind that it can have."""

    family: str
    good: tuple[Rendered, ...]
    bad: tuple[Rendered, ...]


def papers(
    scenes: int, families: Iterable[str] = (*TRAINED_FAMILIES, HELD_OUT_FAMILY), first_seed: int = EXAM_SEED
) -> list[Papers]:
    """`scenes` scenes a family, each with siblings of the kinds that show on it, and as many good parts again."""
    made = []
    for index, family in enumerate(families):
        first = first_seed + index * 10**6
        pairs = [
            render_siblings(first + seed, len(KINDS), size_px=SIZE_PX, families=[family]) for seed in range(scenes)
        ]
        more = [render(first + 10**5 + seed, family=family, size_px=SIZE_PX) for seed in range(scenes)]
        bad = tuple(part for _, siblings in pairs for part in siblings)
        made.append(Papers(family, (*(clean for clean, _ in pairs), *more), bad))
    return made


@dataclass(frozen=True, slots=True, eq=False)
class _Wording:
    """Directions (K + 1, D) of the trained kinds and of "a defect", each minus the same part's good phrasings: one way
    to ask for all of them."""

    directions: Vectors
    kinds: tuple[str, ...] = TRAINED_KINDS

    def of(self, kind: str) -> Vectors:
        direction: Vectors = self.directions[self.kinds.index(kind) if kind in self.kinds else -1]
        return direction


@dataclass(frozen=True, slots=True, eq=False)
class _Answer:
    """What the model made of one family's pictures: whole (n, D), and cells of the defective ones, (n, h, w, D)."""

    family: str
    good: Vectors
    bad: Vectors
    cells: Vectors
    seen: tuple[Rendered, ...]


def examine(encoder: DenseEncoder, exam: Sequence[Papers]) -> Marks:
    """Mark the encoder on these papers."""
    rows: dict[str, list[list[_Asked]]] = {}
    for paper in exam:
        answer = _answer(encoder, paper)
        for name, wordings in _wordings(encoder, paper.family).items():
            for ways, wording in zip(rows.setdefault(name, [[] for _ in wordings]), wordings, strict=True):
                ways.append((answer, wording))

    def known(family: str, kind: str) -> bool:
        return family != HELD_OUT_FAMILY and kind != HELD_OUT_KIND and (family, kind) not in HELD_OUT_PAIRS

    def new_kind(family: str, kind: str) -> bool:
        return family != HELD_OUT_FAMILY and kind == HELD_OUT_KIND

    return Marks(
        trained=_marks(rows["plain"], known),
        pairs=_marks(rows["plain"], lambda family, kind: (family, kind) in HELD_OUT_PAIRS),
        frames=_marks(rows["frames"], known),
        words=_marks(rows["words"], known),
        family=_marks(rows["plain"], lambda family, kind: family == HELD_OUT_FAMILY and kind != HELD_OUT_KIND),
        kind=_marks(rows["plain"], new_kind, named=False),
        generic=_marks(rows["generic"], known, named=False),
        shuffled=_marks(rows["shuffled"], known),
        wrong_part=_marks(rows["wrong part"], known),
    )


def _answer(encoder: DenseEncoder, paper: Papers) -> _Answer:
    good = encoder.embed_images([part.pixels for part in paper.good])
    bad = encoder.embed_images([part.pixels for part in paper.bad])
    cells = encoder.embed_cells([part.pixels for part in paper.bad])
    return _Answer(paper.family, good, bad, cells, paper.bad)


def _wordings(encoder: Encoder, family: str) -> dict[str, list[_Wording]]:
    """Every way in which the exam asks, for the parts of one family. Where there are several, their marks are averaged:
    three sentences a kind, as in the plain one, or one new word a kind, as an engineer would write it. A kind with
    fewer new words than another is asked for by its first ones again."""
    name = vocabulary.NOUNS[family][0]
    others = list(vocabulary.NOUNS)
    other = vocabulary.NOUNS[others[(others.index(family) + len(others) // 2) % len(others)]][0]

    def asked(noun: str, good: Sequence[str], bad: Mapping[str, Sequence[str]]) -> Vectors:
        return directions(encoder, noun, good, {**{kind: bad[kind] for kind in TRAINED_KINDS}, "": GENERIC})

    plain = asked(name, NORMAL, PLAIN)
    framed = []
    for start in range(0, len(HELD_OUT_FRAMES), 3):
        three = (*HELD_OUT_FRAMES, *HELD_OUT_FRAMES)[start : start + 3]
        bad = {
            kind: [
                frame.bad.format(noun="{}", defect=article(thing))
                for frame, thing in zip(three, vocabulary.DEFECT_NOUNS[kind], strict=False)
            ]
            for kind in TRAINED_KINDS
        }
        framed.append(_Wording(asked(name, [frame.good.format(noun="{}") for frame in three], bad)))
    new = {
        kind: [f"a {{}} with {article(noun)}" for noun in HELD_OUT_WORDS[kind].nouns]
        + [f"{article(word)} {{}}" for word in HELD_OUT_WORDS[kind].adjectives]
        for kind in TRAINED_KINDS
    }
    rounds = max(len(phrases) for phrases in new.values())
    fresh = [{kind: [phrases[turn % len(phrases)]] for kind, phrases in new.items()} for turn in range(rounds)]
    orders = [np.random.default_rng(seed).permutation(len(TRAINED_KINDS)) for seed in range(_SHUFFLES)]
    return {
        "plain": [_Wording(plain)],
        "frames": framed,
        "words": [_Wording(asked(name, NORMAL, each)) for each in fresh],
        "generic": [_Wording(np.repeat(plain[-1:], len(plain), axis=0))],
        "shuffled": [_Wording(np.concatenate([plain[order], plain[-1:]])) for order in orders],
        "wrong part": [_Wording(asked(other, NORMAL, PLAIN))],
    }


def directions(encoder: Encoder, noun: str, good: Sequence[str], bad: Mapping[str, Sequence[str]]) -> Vectors:
    """(K, D): each defect's phrasings minus the good ones, with the noun in its place in both."""
    phrases = {kind: [phrase.format(noun) for phrase in phrasings] for kind, phrasings in bad.items()}
    prototypes = encode_prototypes(encoder, [phrase.format(noun) for phrase in good], phrases)
    difference: Vectors = prototypes.defects - prototypes.normal
    return difference


_Asked = tuple[_Answer, _Wording]


class _Which(Protocol):
    def __call__(self, family: str, kind: str, /) -> bool: ...


def _marks(ways: Sequence[Sequence[_Asked]], which: _Which, *, named: bool = True) -> Mark:
    """The mean over kinds of the mean over all ways to ask."""
    each_way = [_by_kind(way, which) for way in ways]
    by_kind = {}
    for kind in each_way[0]:
        area, naming, pixel, _ = (float(value) for value in np.mean([way[kind] for way in each_way], axis=0))
        by_kind[kind] = (area, naming if named else float("nan"), pixel)
    return Mark(
        auroc=_mean(area for area, _, _ in by_kind.values()),
        worst=min((area for area, _, _ in by_kind.values()), default=float("nan")),
        naming=_mean(share for _, share, _ in by_kind.values()),
        pixel=_mean(pixel for _, _, pixel in by_kind.values()),
        parts=int(sum(parts for *_, parts in each_way[0].values())),
        by_kind=by_kind,
    )


def _by_kind(rows: Sequence[_Asked], which: _Which) -> dict[str, tuple[float, float, float, int]]:
    """AUROC and share named right as means over families, pixel AUROC and number of parts, of each kind asked for."""
    found: dict[str, list[tuple[_Answer, _Wording, npt.NDArray[np.intp]]]] = {}
    for answer, wording in rows:
        kinds = np.array([part.attributes.kind for part in answer.seen])
        for kind in sorted(set(kinds.tolist())):
            if which(answer.family, kind):
                found.setdefault(kind, []).append((answer, wording, np.flatnonzero(kinds == kind)))
    marks = {}
    for kind, members in found.items():
        areas, shares, parts = [], [], 0
        for answer, wording, places in members:
            direction = wording.of(kind)
            areas.append(auroc(answer.bad[places] @ direction, answer.good @ direction))
            right = (answer.bad[places] @ wording.directions[:-1].T).argmax(axis=1) == _place(kind)
            shares.append(float(right.mean()))
            parts += len(places)
        marks[kind] = (_mean(areas), _mean(shares), _pixels(members, kind), parts)
    return marks


def _place(kind: str) -> int:
    return TRAINED_KINDS.index(kind) if kind in TRAINED_KINDS else -1


def _pixels(found: Sequence[tuple[_Answer, _Wording, npt.NDArray[np.intp]]], kind: str) -> float:
    """Every second pixel of every second row: the maps are coarser than that."""

    def maps() -> Iterator[tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]]:
        for answer, wording, places in found:
            for place in places:
                scores, mask = beside_mask(answer.cells[place] @ wording.of(kind), answer.seen[place].mask)
                yield scores[::2, ::2], mask[::2, ::2]

    return pixel_auroc(maps())


def _mean(values: Iterable[float]) -> float:
    kept = list(values)
    return float(np.mean(kept)) if kept else float("nan")

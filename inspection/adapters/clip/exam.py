"""How good a model is, read out through text alone, as the station scores: fixed phrasings, untrained seeds.

    python -m inspection.adapters.clip.exam --model bundled --pairs 3200

The same pictures each time; what it prints is what the model card quotes.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from inspection.adapters.clip.lessons import EXAM_SEED, FAMILY_NAMES, KIND_NAMES, make_parcel
from inspection.domain.ports import Encoder
from inspection.domain.types import Vectors
from inspection.synthesis import vocabulary
from inspection.synthesis.captions import article

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
}


@dataclass(frozen=True, slots=True)
class Marks:
    """Image AUROC by a kind's own description (mean over kinds) and by a generic one, and the share named
    right (chance: one in the number of kinds). `renamed` is naming with words that no training sentence
    had."""

    auroc: float
    auroc_generic: float
    naming: float
    renamed: float
    auroc_by_kind: dict[str, float]
    naming_by_kind: dict[str, float]

    def line(self) -> str:
        kinds = " ".join(
            f"{kind.split()[0]} {self.auroc_by_kind[kind]:.2f}/{self.naming_by_kind[kind]:.2f}" for kind in KIND_NAMES
        )
        return (
            f"AUROC {self.auroc:.3f} (generic {self.auroc_generic:.3f}), naming {self.naming:.3f}, "
            f"new words {self.renamed:.3f} | AUROC/naming: {kinds}"
        )


def auroc(bad: npt.NDArray[np.floating], good: npt.NDArray[np.floating]) -> float:
    """Probability that a bad one scores above a good one (Mann-Whitney), ties count half."""
    order = np.concatenate([bad, good])
    ranks = np.empty(len(order))
    _, inverse, counts = np.unique(order, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    return float((ranks[: len(bad)].sum() - len(bad) * (len(bad) + 1) / 2) / (len(bad) * len(good)))


def _mean(encoder: Encoder, phrasings: Sequence[str]) -> Vectors:
    mean = encoder.embed_texts(phrasings).mean(axis=0)
    return np.asarray(mean / np.linalg.norm(mean), np.float32)


def examine(encoder: Encoder, pairs: int, first_seed: int = EXAM_SEED) -> Marks:
    """Render `pairs` pairs and mark the encoder on them."""
    bad_margins, good_margins, generic, labels, renamed = [], [], [], [], []
    directions = {family: _directions(encoder, vocabulary.NOUNS[family][0]) for family in FAMILY_NAMES}
    for start in range(0, pairs, 32):
        parcel = make_parcel(range(first_seed + start, first_seed + min(start + 32, pairs)))
        bad = encoder.embed_images(list(parcel.pixels[:, 0]))
        good = encoder.embed_images(list(parcel.pixels[:, 1]))
        for index, seen in enumerate(parcel.seen):
            own, fresh = directions[seen.family]
            bad_margins.append(own @ bad[index])
            good_margins.append(own @ good[index])
            generic.append((bad_margins[-1][-1], good_margins[-1][-1]))
            renamed.append(int(np.argmax(fresh @ bad[index])))
            labels.append(KIND_NAMES.index(seen.kind or ""))
    bads, goods, kinds = np.stack(bad_margins), np.stack(good_margins), np.asarray(labels)
    pooled = np.asarray(generic)
    named = bads[:, : len(KIND_NAMES)].argmax(axis=1) == kinds
    by_kind = {kind: auroc(bads[kinds == i, i], goods[:, i]) for i, kind in enumerate(KIND_NAMES)}
    naming = {kind: float(named[kinds == i].mean()) for i, kind in enumerate(KIND_NAMES)}
    return Marks(
        auroc=float(np.mean(list(by_kind.values()))),
        auroc_generic=auroc(pooled[:, 0], pooled[:, 1]),
        naming=float(np.mean(list(naming.values()))),
        renamed=float(np.mean([np.mean(np.asarray(renamed)[kinds == i] == i) for i in range(len(KIND_NAMES))])),
        auroc_by_kind=by_kind,
        naming_by_kind=naming,
    )


def _directions(encoder: Encoder, name: str) -> tuple[Vectors, Vectors]:
    """(K + 1, D) defect minus good: the kinds and a generic one; and the kinds in words never trained."""
    good = _mean(encoder, [phrase.format(name) for phrase in NORMAL])
    plain = [_mean(encoder, [phrase.format(name) for phrase in PLAIN[kind]]) for kind in KIND_NAMES]
    generic = _mean(encoder, [phrase.format(name) for phrase in GENERIC])
    fresh = [
        _mean(encoder, [f"{article(name)} with {article(word)}" for word in vocabulary.HELD_OUT_NOUNS[kind]])
        for kind in KIND_NAMES
    ]
    return np.stack([*plain, generic]) - good, np.stack(fresh) - good


def main() -> None:
    from inspection.adapters.clip.encoder import ClipEncoder

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="bundled", help='"bundled" or a folder (./… or /…)')
    parser.add_argument("--pairs", type=int, default=3200, help="of a defective part and its clean twin, rendered")
    given = parser.parse_args()
    sys.stdout.write(examine(ClipEncoder.load(given.model), given.pairs).line() + "\n")


if __name__ == "__main__":
    main()

"""The kinds of defect, and which of them a part can have."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

import numpy as np

from inspection.synthesis.kinds.coats import discolouration, rust, stain
from inspection.synthesis.kinds.edges import burr, chip, deformation
from inspection.synthesis.kinds.hollows import dent, pores
from inspection.synthesis.kinds.lines import crack, scratch
from inspection.synthesis.kinds.loose import foreign_body
from inspection.synthesis.kinds.site import Change, Site
from inspection.synthesis.materials import MATERIALS, SUITED

KINDS: dict[str, Callable[[np.random.Generator, Site], Change] | None] = {
    "scratch": scratch,
    "dent": dent,
    "crack": crack,
    "chip": chip,
    "stain": stain,
    "rust": rust,
    "burr": burr,
    "missing feature": None,  # a part built incomplete, by its family
    "discolouration": discolouration,
    "pores": pores,
    "deformation": deformation,
    "foreign body": foreign_body,
}

EDGELESS = frozenset({"chip", "burr"})
"""Not on a close-up, which has no outline."""

NOT_ON: dict[str, frozenset[str]] = {
    "surface": EDGELESS | {"missing feature"},
    "fabric": EDGELESS | {"scratch", "dent", "deformation"},
    "wood": EDGELESS | {"deformation", "missing feature"},
    "leather": EDGELESS | {"dent", "deformation", "missing feature"},
    "board": frozenset({"dent", "pores", "burr"}),
    "biscuit": frozenset({"scratch", "burr", "missing feature", "dent", "deformation"}),
}
"""What makes no sense on a family, its material apart, or would not be told from a good one: no biscuit is round."""


METALS = frozenset(material.name for material in MATERIALS if material.metal)


def in_turn(rng: np.random.Generator, kinds: Sequence[str]) -> list[str]:
    """The kinds in a random order, those that few families can have rather first: so that all come about as often."""
    chances = rng.random(len(kinds)) ** np.array([_families_with(kind) ** 3 for kind in kinds])
    return [kinds[index] for index in np.argsort(-chances)]


@cache
def _families_with(kind: str) -> float:
    """Share of the families that can have a kind."""
    shares = [
        sum(kind in allowed(family, name in METALS) for name in names) / len(names) for family, names in SUITED.items()
    ]
    return sum(shares) / len(shares)


def allowed(family: str, metal: bool) -> tuple[str, ...]:
    """The kinds that make sense on a family: a close-up has no outline, cloth tears but has no scratches (its
    crack is a tear, its pore a hole), and only metal rusts."""
    senseless = NOT_ON.get(family, frozenset())
    return tuple(kind for kind in KINDS if kind not in senseless and (metal or kind != "rust"))

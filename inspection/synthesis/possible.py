"""What a part can be of and can have, told before anything is rendered."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from inspection.synthesis.defects import allowed
from inspection.synthesis.kinds.coats import ON_METAL, ON_OTHERS
from inspection.synthesis.materials import MATERIALS, SUITED, Material
from inspection.synthesis.render import Wish
from inspection.synthesis.setting import metals


class Impossible(ValueError):
    """A part that is not made of that, or cannot have that defect; the text says what there is."""


def materials_of(family: str, part: Wish, kinds: Collection[str]) -> list[Material]:
    """What `render_wish` makes such a part of, one of them by chance; a part that is to rust is of metal."""
    names = part.materials or (metals(family) if "rust" in kinds else ()) or SUITED[family]
    suited = [one for one in MATERIALS if one.name in SUITED[family] and one.name in names]
    return [one for one in suited if one.colour_name in (part.colours or (one.colour_name,))]


def check(family: str, part: Wish, defects: Sequence[tuple[str, Wish]] | None) -> None:
    """Raises Impossible for what `render_wish` would refuse."""
    kinds = [kind for kind, _ in defects or ()]
    materials = materials_of(family, part, kinds)
    if not materials:
        suited = [one for one in MATERIALS if one.name in SUITED[family]]
        there_are = ", ".join(dict.fromkeys(f"{one.colour_name} {one.name}" for one in suited))
        raise Impossible(f"a {family} can be of {there_are}")
    for material in materials:
        can_have = allowed(family, material.metal)
        for kind in kinds:
            if kind not in can_have:
                raise Impossible(f"a {material.name} {family} can have {', '.join(can_have)}, not {kind!r}")


def has_style(style: str, *, metal: bool) -> bool:
    """Whether a discolouration can be of that manner: heat tints metal, and bleaches or burns the rest."""
    return style in (ON_METAL if metal else ON_OTHERS)

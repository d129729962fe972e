"""All families by name."""

from __future__ import annotations

from inspection.synthesis.families import baked, board, cast, fasteners, machined, moulded, sheets, stamped
from inspection.synthesis.shapes import Builder

FAMILIES: dict[str, Builder] = {
    "hex nut": fasteners.hex_nut,
    "washer": fasteners.washer,
    "moulded cap": moulded.moulded_cap,
    "plate": machined.plate,
    "gear": machined.gear,
    "turned disc": machined.turned_disc,
    "screw head": fasteners.screw_head,
    "surface": sheets.surface,
    "board": board.board,
    "fabric": sheets.fabric,
    "wood": sheets.wood,
    "leather": sheets.leather,
    "threaded rod": fasteners.threaded_rod,
    "biscuit": baked.biscuit,
    "casting": cast.casting,
    "stamping": stamped.stamping,
}

FULL_FRAME = frozenset({"surface", "fabric", "wood", "leather"})
"""They fill the picture and have no outline."""

NOTHING_TO_MISS = frozenset({"surface", "wood", "leather", "biscuit"})
"""They have no feature that could be missing."""

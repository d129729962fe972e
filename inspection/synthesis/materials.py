"""What parts are made of, and which material suits which family."""

from __future__ import annotations

from dataclasses import dataclass

Colour = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Material:
    """Linear RGB 0 to 1; `mirror` is the share of light that it reflects as a mirror does and `roughness`, 0 to 1,
    how blurred that mirror is; `grain` the strength of the brushed, cast or woven texture."""

    name: str
    colour_name: str
    colour: Colour
    mirror: float
    roughness: float
    metal: bool
    grain: float


MATERIALS: tuple[Material, ...] = (
    Material("steel", "grey", (0.60, 0.61, 0.62), 0.80, 0.28, True, 0.06),
    Material("brushed steel", "silver", (0.68, 0.69, 0.70), 0.70, 0.38, True, 0.13),
    Material("cast iron", "dark grey", (0.30, 0.30, 0.31), 0.45, 0.55, True, 0.14),
    Material("brass", "yellow", (0.78, 0.60, 0.27), 0.80, 0.26, True, 0.05),
    Material("copper", "orange", (0.78, 0.47, 0.33), 0.80, 0.28, True, 0.05),
    Material("aluminium", "light grey", (0.78, 0.79, 0.81), 0.70, 0.40, True, 0.08),
    Material("cast aluminium", "light grey", (0.70, 0.70, 0.70), 0.35, 0.60, True, 0.11),
    Material("anodised aluminium", "black", (0.17, 0.17, 0.18), 0.40, 0.45, True, 0.05),
    Material("anodised aluminium", "blue", (0.13, 0.25, 0.58), 0.50, 0.40, True, 0.05),
    Material("anodised aluminium", "red", (0.60, 0.12, 0.12), 0.50, 0.40, True, 0.05),
    Material("painted steel", "white", (0.78, 0.78, 0.76), 0.08, 0.32, False, 0.02),
    Material("painted steel", "grey", (0.40, 0.41, 0.42), 0.08, 0.35, False, 0.02),
    Material("painted steel", "black", (0.06, 0.06, 0.065), 0.09, 0.35, False, 0.03),
    Material("painted steel", "blue", (0.05, 0.15, 0.45), 0.09, 0.32, False, 0.02),
    Material("painted steel", "red", (0.55, 0.07, 0.06), 0.09, 0.32, False, 0.02),
    Material("painted steel", "yellow", (0.78, 0.56, 0.06), 0.08, 0.32, False, 0.02),
    Material("plastic", "black", (0.07, 0.07, 0.075), 0.10, 0.25, False, 0.03),
    Material("plastic", "white", (0.80, 0.80, 0.78), 0.07, 0.28, False, 0.015),
    Material("plastic", "red", (0.60, 0.08, 0.07), 0.09, 0.25, False, 0.02),
    Material("plastic", "blue", (0.06, 0.18, 0.54), 0.09, 0.25, False, 0.02),
    Material("plastic", "green", (0.07, 0.38, 0.16), 0.09, 0.25, False, 0.02),
    Material("plastic", "yellow", (0.80, 0.60, 0.08), 0.08, 0.25, False, 0.02),
    Material("plastic", "grey", (0.42, 0.42, 0.41), 0.08, 0.30, False, 0.02),
    Material("solder mask", "green", (0.03, 0.24, 0.11), 0.10, 0.22, False, 0.02),
    Material("solder mask", "blue", (0.03, 0.11, 0.36), 0.10, 0.22, False, 0.02),
    Material("solder mask", "black", (0.05, 0.05, 0.055), 0.10, 0.22, False, 0.02),
    Material("solder mask", "red", (0.42, 0.04, 0.05), 0.10, 0.22, False, 0.02),
    Material("cotton", "white", (0.80, 0.79, 0.75), 0.0, 0.9, False, 0.04),
    Material("cotton", "beige", (0.66, 0.56, 0.42), 0.0, 0.9, False, 0.04),
    Material("cotton", "blue", (0.18, 0.27, 0.50), 0.0, 0.9, False, 0.04),
    Material("cotton", "red", (0.52, 0.12, 0.13), 0.0, 0.9, False, 0.04),
    Material("cotton", "green", (0.28, 0.42, 0.27), 0.0, 0.9, False, 0.04),
    Material("cotton", "grey", (0.50, 0.50, 0.51), 0.0, 0.9, False, 0.04),
    Material("cotton", "black", (0.15, 0.15, 0.16), 0.0, 0.9, False, 0.04),
    Material("wood", "beige", (0.74, 0.56, 0.36), 0.03, 0.6, False, 0.03),
    Material("wood", "brown", (0.42, 0.25, 0.13), 0.04, 0.55, False, 0.03),
    Material("wood", "orange", (0.62, 0.37, 0.18), 0.04, 0.55, False, 0.03),
    Material("leather", "brown", (0.46, 0.26, 0.14), 0.07, 0.45, False, 0.04),
    Material("leather", "black", (0.13, 0.12, 0.115), 0.09, 0.42, False, 0.04),
    Material("leather", "beige", (0.72, 0.56, 0.39), 0.06, 0.48, False, 0.04),
    Material("leather", "red", (0.52, 0.11, 0.09), 0.07, 0.45, False, 0.04),
    Material("dough", "beige", (0.74, 0.54, 0.30), 0.02, 0.7, False, 0.06),
    Material("dough", "brown", (0.54, 0.34, 0.17), 0.02, 0.7, False, 0.06),
)

_MACHINED = ("steel", "brushed steel", "cast iron", "brass", "copper", "aluminium", "anodised aluminium")
_MIXED = (*_MACHINED, "plastic")

SUITED: dict[str, tuple[str, ...]] = {
    "hex nut": _MACHINED,
    "washer": _MIXED,
    "moulded cap": ("plastic",),
    "plate": _MIXED,
    "gear": _MIXED,
    "turned disc": _MACHINED,
    "screw head": _MACHINED,
    "surface": _MIXED,
    "board": ("solder mask",),
    "fabric": ("cotton",),
    "wood": ("wood",),
    "leather": ("leather",),
    "threaded rod": ("steel", "brushed steel", "brass", "copper", "aluminium"),
    "biscuit": ("dough",),
    "casting": ("cast aluminium", "cast iron"),
    "stamping": ("steel", "brushed steel", "brass", "copper", "aluminium", "anodised aluminium", "painted steel"),
}

"""What a kind of defect is called on one family only: cloth tears, a cap has moulding flash."""

from __future__ import annotations

from inspection.synthesis import vocabulary as words

# fmt: off
OWN_NOUNS: dict[str, dict[str, tuple[str, ...]]] = {
    "fabric": {"crack": ("tear", "rip", "slit"), "pores": ("small hole", "tiny hole", "pinhole", "moth hole")},
    "leather": {"crack": ("crack", "tear", "slit"), "pores": ("small hole", "pinhole", "insect hole")},
    "wood": {
        "crack": ("crack", "split", "drying crack", "crack along the grain"), "pores": ("worm hole", "pinhole",
        "small hole"),
        "dent": ("dent", "pressure mark", "hammer mark"),
    },
    "board": {"stain": ("flux residue", "fingerprint", "stain"), "crack": ("crack", "broken trace", "board crack")},
    "biscuit": {
        "chip": ("broken edge", "bite", "piece broken off"), "discolouration": ("burnt area", "dark-baked edge"),
        "pores": ("small hole", "air hole", "burst air pocket"),
    },
    "moulded cap": {"burr": ("moulding flash", "molding flash", "flash", "burr")},
    "casting": {
        "burr": ("casting flash", "flash", "burr", "fettling burr"), "pores": ("blowhole", "casting porosity",
        "gas pore"),
    },
}
# fmt: on


def own_words(family: str, kind: str) -> tuple[str, ...]:
    """What a kind is called on that family only; empty where it has the common words alone."""
    if kind == "missing feature":
        return words.OWN_MISSING.get(family, ())
    return OWN_NOUNS.get(family, {}).get(kind, ())

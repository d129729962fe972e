"""Words for families, good states and kinds of defect; synonyms are what makes an engineer understood.

Lists of words read better in rows, so the formatter is kept out.
"""

from __future__ import annotations

# fmt: off

NOUNS: dict[str, tuple[str, ...]] = {
    "hex nut": (
        "hex nut", "nut", "hexagon nut", "hexagonal nut", "machine nut", "threaded nut", "fastener",
    ),
    "washer": ("washer", "ring", "flat washer", "flat ring", "shim ring", "spacer ring", "gasket"),
    "moulded cap": (
        "moulded cap", "molded cap", "cap", "closure", "lid", "bottle cap", "screw cap",
        "injection moulded cap",
    ),
    "plate": (
        "plate", "plate with holes", "bracket", "mounting plate", "flat plate", "drilled plate",
        "flange plate",
    ),
    "gear": ("gear", "spur gear", "gear wheel", "cog", "cogwheel", "pinion", "toothed wheel", "sprocket"),
    "turned disc": (
        "turned disc", "disc", "disk", "turned part", "lathe part", "hub", "turned disk", "round part",
    ),
    "screw head": ("screw head", "screw", "bolt head", "bolt", "cap screw", "machine screw"),
    "surface": ("surface", "sheet", "panel", "face", "ground surface", "machined surface", "material"),
}

GENERIC_NOUNS = (
    "part", "component", "product", "workpiece", "piece", "item", "object", "metal part", "plastic part",
    "casting",
)

OTHER_NOUNS = (
    "bottle", "capsule", "cable", "board", "connector", "bearing", "spring", "pin", "rivet", "housing",
    "shaft", "tile", "valve", "seal", "tube", "lens", "tablet", "coin", "pipe", "blade", "wheel", "knob",
    "clip", "box",
)

MATERIAL_WORDS: dict[str, tuple[str, ...]] = {
    "steel": ("steel", "metal", "stainless steel", "zinc plated", "grey"),
    "brushed steel": ("brushed steel", "steel", "stainless", "metal", "silver"),
    "cast iron": ("cast iron", "iron", "cast", "dark metal", "dark grey"),
    "brass": ("brass", "golden", "yellow metal", "metal"),
    "copper": ("copper", "bronze", "metal"),
    "aluminium": ("aluminium", "aluminum", "alloy", "metal", "silver"),
    "plastic": ("plastic", "moulded", "molded", "polymer"),
}

NORMAL_ADJECTIVES = (
    "good", "flawless", "perfect", "intact", "clean", "undamaged", "unblemished", "normal", "immaculate",
    "pristine", "defect-free", "faultless", "spotless", "sound", "acceptable", "fine", "new", "proper",
    "ok", "unmarked", "smooth",
)

NORMAL_CLAUSES = (
    "in perfect condition", "in good condition", "without defect", "without any defect", "without flaw",
    "without damage", "with no defects", "free of defects", "free from damage", "that is fine",
    "as it should be", "within specification", "of good quality", "that passed inspection",
    "with a clean surface", "with an intact surface", "with nothing wrong",
)

DEFECT_ADJECTIVES: dict[str, tuple[str, ...]] = {
    "scratch": ("scratched", "scuffed", "scored", "scraped", "scratchy"),
    "dent": ("dented", "dinged", "bashed", "pressed in", "bumped"),
    "crack": ("cracked", "fractured", "split", "fissured", "broken"),
    "chip": ("chipped", "nicked", "notched", "broken off"),
    "stain": (
        "stained", "dirty", "soiled", "contaminated", "smudged", "oily", "discoloured", "discolored",
        "spotted",
    ),
    "rust": ("rusty", "rusted", "corroded", "oxidised", "oxidized"),
    "burr": ("burred", "ragged", "unfinished", "burry", "rough-edged"),
    "missing feature": ("incomplete", "unfinished", "undrilled", "wrongly made"),
}

DEFECT_NOUNS: dict[str, tuple[str, ...]] = {
    "scratch": (
        "scratch", "long scratch", "scratch mark", "scuff", "scuff mark", "scrape", "score mark",
        "scratch line", "fine line", "surface scratch", "tool mark", "groove", "thin bright scratch",
        "linear mark",
    ),
    "dent": (
        "dent", "ding", "depression", "impression", "hollow", "bump", "indentation", "impact mark",
        "pressure mark", "round dent", "pit", "dented spot", "crater",
    ),
    "crack": (
        "crack", "hairline crack", "fracture", "split", "dark crack", "jagged crack", "crack line",
        "break", "rupture", "edge crack", "branching crack",
    ),
    "chip": (
        "chip", "chipped edge", "nick", "notch", "missing piece", "broken edge", "chunk missing",
        "broken corner", "chipped corner", "bite out of the edge", "piece broken off", "breakout",
    ),
    "stain": (
        "stain", "dark stain", "oil stain", "spot", "dirt", "smudge", "dark spot", "oil spot",
        "contamination", "mark", "grease", "discolouration", "discoloration", "patch of dirt",
        "dirty patch", "blemish", "smear", "grime",
    ),
    "rust": (
        "rust", "rust spot", "rust stain", "corrosion", "brown rust", "orange rust", "rusty patch",
        "surface rust", "corroded area", "oxide", "rust patch",
    ),
    "burr": (
        "burr", "burr on the edge", "sharp burr", "ragged edge", "flash", "excess material", "metal burr",
        "rough edge", "jagged edge", "sharp edge", "protruding edge", "overhang", "fringe of material",
        "spikes on the edge",
    ),
    "missing feature": (
        "missing hole", "missing feature", "missing bore", "missing tooth", "missing rib",
        "missing thread", "hole not drilled", "absent hole", "closed hole", "blocked hole",
        "feature left out", "undrilled hole", "missing drive", "hole that is missing",
    ),
}

OWN_MISSING: dict[str, tuple[str, ...]] = {
    "hex nut": (
        "missing bore", "missing hole", "missing thread", "hole not drilled", "no hole", "blocked hole",
    ),
    "washer": ("missing hole", "missing bore", "hole not punched", "no hole", "closed hole"),
    "moulded cap": ("missing rib", "rib not moulded", "short shot", "incomplete moulding"),
    "plate": ("missing hole", "hole not drilled", "undrilled hole", "one hole too few", "blocked hole"),
    "gear": ("missing tooth", "broken tooth", "lost tooth", "one tooth too few"),
    "turned disc": ("missing bore", "missing hole", "hole not drilled", "no hole", "closed hole"),
    "screw head": ("missing drive", "missing slot", "missing recess", "blank head"),
}

GENERIC_ADJECTIVES = (
    "damaged", "defective", "faulty", "bad", "flawed", "imperfect", "abnormal", "anomalous", "rejected",
    "blemished",
)

GENERIC_CLAUSES = (
    "with a defect", "with a flaw", "with damage", "with a fault", "with an anomaly",
    "with something wrong", "that is not ok", "that failed inspection", "in bad condition",
    "with an imperfection", "with a visible defect",
)

SIZES = (
    "small", "large", "tiny", "big", "visible", "slight", "severe", "deep", "clear", "faint", "obvious",
)

PLACES = (
    "on the surface", "on it", "near the edge", "on the face", "on the top", "on the side",
    "in the middle", "at the edge", "across the face", "on one side", "on the rim", "on a flat",
    "near the hole", "at the corner",
)

FRAMES = (
    "{}", "{}", "{}", "{}", "a photo of {}", "a picture of {}", "an image of {}",
    "a close-up photo of {}", "a cropped photo of {}", "this is {}", "there is {}",
    "a photo of {} for visual inspection", "a camera image of {}",
)

HELD_OUT_NOUNS: dict[str, tuple[str, ...]] = {
    "scratch": ("abrasion", "graze"),
    "dent": ("dimple", "cavity"),
    "crack": ("crevice", "cleft"),
    "chip": ("spall", "splinter"),
    "stain": ("blotch", "filth"),
    "rust": ("patina", "tarnish"),
    "burr": ("barb", "whiskers"),
    "missing feature": ("omission", "forgotten opening"),
}
"""Never in a training caption: what is left of the understanding when a word is new."""

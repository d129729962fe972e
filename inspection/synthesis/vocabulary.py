"""Words for families, materials, good states and kinds of defect; synonyms are what makes an engineer understood.

A word of a defect belongs to one kind. What could be any of them ("mark", "flaw", "blemish") is generic.
Lists of words read better in rows, so the formatter is kept out.
"""

from __future__ import annotations

# fmt: off

NOUNS: dict[str, tuple[str, ...]] = {
    "hex nut": (
        "hex nut", "nut", "hexagon nut", "hexagonal nut", "machine nut", "threaded nut", "lock nut", "full nut",
        "six-sided nut", "M8 nut", "locknut", "jam nut",
    ),
    "washer": (
        "washer", "ring", "flat washer", "flat ring", "shim ring", "spacer ring", "gasket", "shim washer",
        "plain washer", "thrust washer", "sealing ring", "shim",
    ),
    "moulded cap": (
        "moulded cap", "molded cap", "cap", "closure", "lid", "bottle cap", "screw cap", "injection moulded cap",
        "plastic cap", "ribbed cap", "injection molded cap", "end cap", "moulding",
    ),
    "plate": (
        "plate", "plate with holes", "mounting plate", "flat plate", "drilled plate", "flange plate", "base plate",
        "cover plate", "flange",
    ),
    "gear": (
        "gear", "spur gear", "gear wheel", "cog", "cogwheel", "pinion", "toothed wheel", "sprocket", "gearwheel",
        "toothed gear",
    ),
    "turned disc": (
        "turned disc", "disc", "disk", "turned part", "lathe part", "hub", "turned disk", "round part",
        "machined disc", "pulley", "lathe-turned part", "turned component",
    ),
    "screw head": (
        "screw head", "screw", "bolt head", "bolt", "cap screw", "machine screw", "head of a screw", "socket screw",
        "countersunk screw", "slotted screw", "wood screw", "set screw",
    ),
    "surface": (
        "surface", "sheet", "panel", "ground surface", "machined surface", "flat surface", "milled surface", "strip",
        "polished surface",
    ),
    "board": (
        "circuit board", "board", "printed circuit board", "pcb", "populated board", "electronic board",
        "electronics assembly", "pcb assembly", "populated circuit board", "control board", "motherboard",
    ),
    "fabric": (
        "fabric", "cloth", "textile", "woven fabric", "piece of fabric", "piece of cloth", "weave", "canvas",
        "fabric sample", "woven cloth", "roll of fabric", "material swatch",
    ),
    "wood": (
        "wood", "wooden board", "plank", "timber", "wooden panel", "wood surface", "wooden surface", "lumber",
        "veneer", "piece of wood", "floorboard", "wood grain",
    ),
    "leather": (
        "leather", "hide", "leather surface", "piece of leather", "leather sample", "grained leather",
        "leather hide", "leather sheet", "leather cover", "leather panel",
    ),
    "threaded rod": (
        "threaded rod", "rod", "stud", "threaded bar", "threaded pin", "threaded shaft", "spindle",
        "threaded spindle", "threaded stud", "all-thread", "length of threaded rod",
    ),
    "biscuit": (
        "biscuit", "cookie", "cracker", "shortbread", "baked good", "pastry", "round biscuit", "snack", "lump",
        "piece of food",
    ),
    "casting": (
        "casting", "cast part", "metal casting", "die casting", "cast housing", "housing", "die-cast part",
        "cast body", "cast cover", "pump housing", "impeller", "foundry part", "cast component",
    ),
    "stamping": (
        "stamping", "stamped part", "punched part", "bracket", "blank", "laser-cut part", "sheet metal part",
        "cut part", "pressed part", "metal blank", "stamped plate", "punched plate", "metal stamping", "sheet part",
    ),
}

GENERIC_NOUNS = (
    "part", "component", "product", "workpiece", "piece", "item", "object", "thing", "sample", "specimen", "unit",
    "article", "manufactured part", "finished part", "sample part", "work piece", "finished product",
)
"""Fits anything. Names no material: "metal part" would be a lie on plastic; the material is put before it."""

MATERIAL_WORDS: dict[str, tuple[str, ...]] = {
    "steel": ("steel", "metal", "stainless steel", "zinc plated", "carbon steel", "galvanised", "galvanized"),
    "brushed steel": ("brushed steel", "steel", "stainless", "metal", "stainless steel", "brushed metal"),
    "cast iron": ("cast iron", "iron", "metal", "ferrous", "gray iron"),
    "brass": ("brass", "golden", "metal"),
    "copper": ("copper", "metal", "bronze"),
    "aluminium": ("aluminium", "aluminum", "alloy", "metal", "light alloy"),
    "cast aluminium": ("cast aluminium", "cast aluminum", "aluminium", "aluminum", "metal", "light alloy", "alloy"),
    "anodised aluminium": (
        "anodised aluminium", "anodized aluminum", "anodised", "anodized", "aluminium", "aluminum", "metal",
    ),
    "painted steel": ("painted", "powder-coated", "painted steel", "painted metal", "coated"),
    "plastic": ("plastic", "polymer", "synthetic", "nylon", "polypropylene"),
    "solder mask": ("fr4", "solder-masked", "soldered", "laminated"),
    "cotton": ("cotton", "denim", "linen", "textile"),
    "wood": ("wood", "wooden", "oak", "pine", "beech", "walnut", "hardwood", "solid wood"),
    "leather": ("leather", "cowhide", "real leather", "full-grain", "nappa"),
    "dough": ("baked", "crisp", "crunchy", "oven-baked"),
}

COLOUR_WORDS: dict[str, tuple[str, ...]] = {
    "grey": ("grey", "gray"),
    "silver": ("silver", "silvery", "grey", "gray"),
    "dark grey": ("dark grey", "dark gray", "dark"),
    "light grey": ("light grey", "light gray", "silvery", "bright"),
    "yellow": ("yellow",),
    "orange": ("orange", "reddish"),
    "black": ("black", "dark"),
    "white": ("white", "bright"),
    "red": ("red",),
    "blue": ("blue",),
    "green": ("green",),
    "brown": ("brown",),
    "beige": ("beige", "tan"),
}

NORMAL_ADJECTIVES = (
    "good", "flawless", "perfect", "intact", "clean", "undamaged", "unblemished", "normal", "immaculate", "pristine",
    "defect-free", "faultless", "spotless", "sound", "acceptable", "fine", "new", "proper", "ok", "unmarked",
    "regular", "correct", "healthy", "approved", "accepted", "conforming", "unspoiled", "unharmed", "unscathed",
    "excellent", "satisfactory", "compliant", "blemish-free", "flawlessly made", "well-made", "impeccable", "ideal",
    "unimpaired", "serviceable", "non-defective", "error-free", "brand-new", "standard",
)

NORMAL_CLAUSES = (
    "in perfect condition", "in good condition", "without defect", "without any defect", "without flaw",
    "without damage", "with no defects", "free of defects", "free from damage", "that is fine", "as it should be",
    "within specification", "of good quality", "that passed inspection", "with a clean surface",
    "with an intact surface", "with nothing wrong", "in excellent condition", "in order", "without any flaws",
    "without faults", "with no visible damage", "free of flaws", "free from blemishes", "that looks right",
    "that meets the specification", "within tolerance", "of first quality", "without imperfections", "like new",
    "that is ok", "that conforms to the drawing", "as specified", "with no anomalies", "without complaint",
    "in mint condition", "without blemish", "with everything in place", "that can be shipped", "that is good",
)

NORMAL_VERBS = (
    "is good", "is flawless", "is intact", "is undamaged", "is in perfect condition", "is in good condition",
    "is fine", "is ok", "passed inspection", "has no defects", "has no flaws", "shows no damage", "shows no defects",
    "looks good", "looks perfect", "looks normal", "is as it should be", "is free of defects",
    "meets the specification", "has nothing wrong with it", "is acceptable", "can be shipped",
    "conforms to the drawing", "is clean and intact", "is faultless", "is without blemish", "is within tolerance",
    "has been accepted", "passes", "is all as expected",
)

NORMAL_THINGS = (
    "no defect", "no damage", "no flaw", "no fault", "no visible defect", "no anomaly", "no blemish",
    "no imperfection", "nothing wrong", "nothing abnormal", "no visible damage", "no mark", "no error",
    "nothing unusual", "no sign of damage",
)

DEFECT_ADJECTIVES: dict[str, tuple[str, ...]] = {
    "scratch": ("scratched", "scuffed", "scored", "scraped", "scratchy", "clawed", "scratched-up", "scratch-marked"),
    "dent": ("dented", "dinged", "bashed", "indented", "knocked-in", "pressed-in", "battered", "hammered-in"),
    "crack": ("cracked", "fractured", "split", "fissured", "torn", "ripped", "crazed"),
    "chip": ("chipped", "notched", "broken-off", "edge-chipped", "chipped-off", "bitten-off"),
    "stain": (
        "stained", "dirty", "soiled", "contaminated", "smudged", "oily", "spotted", "greasy", "smeared", "grimy",
        "unclean", "besmirched", "splashed", "spotty",
    ),
    "rust": ("rusty", "rusted", "corroded", "rust-covered", "rusting", "corroding", "rust-eaten"),
    "burr": ("burred", "ragged", "rough-edged", "burry", "sharp-edged", "frayed", "undeburred", "fringed"),
    "missing feature": ("incomplete", "undrilled", "half-made", "unmachined", "unpopulated"),
    "discolouration": (
        "discoloured", "discolored", "faded", "bleached", "heat-tinted", "off-colour", "off-color", "yellowed",
        "unevenly coloured", "unevenly colored", "burnt", "sun-bleached", "pale", "overheated", "heat-stained",
    ),
    "pores": ("porous", "pitted", "pinholed", "pocked", "holey", "pore-ridden"),
    "deformation": (
        "deformed", "bent", "warped", "distorted", "bulged", "squashed", "crooked", "crushed", "out-of-shape",
        "bulging", "out-of-round", "skewed", "flattened", "malformed", "squeezed",
    ),
    "foreign body": ("littered", "polluted", "hairy", "linty", "debris-laden"),
}

DEFECT_NOUNS: dict[str, tuple[str, ...]] = {
    "scratch": (
        "scratch", "long scratch", "scratch mark", "scuff", "scuff mark", "scrape", "score mark", "scratch line",
        "fine scratch", "surface scratch", "tool mark", "groove", "thin bright scratch", "linear mark", "scoring",
        "thin line", "score line", "scrape mark", "straight scratch", "bright line", "drag mark", "handling scratch",
    ),
    "dent": (
        "dent", "ding", "depression", "impression", "hollow", "indentation", "impact mark", "pressure mark",
        "round dent", "crater", "indent", "knock", "blow mark", "shallow dent", "pressed-in area", "impact dent",
        "hammer mark", "dented area",
    ),
    "crack": (
        "crack", "hairline crack", "fracture", "split", "dark crack", "jagged crack", "crack line", "break",
        "branching crack", "fissure", "tear", "rip", "fatigue crack", "stress crack", "through crack",
        "fracture line", "surface crack", "hairline fracture",
    ),
    "chip": (
        "chip", "chipped edge", "notch", "broken edge", "chunk missing", "broken corner", "chipped corner",
        "bite out of the edge", "piece broken off", "breakout", "edge breakout", "broken-off edge", "missing corner",
        "chipping", "edge chip", "chipped rim", "piece missing from the edge",
    ),
    "stain": (
        "stain", "dark stain", "oil stain", "spot", "dirt", "smudge", "dark spot", "oil spot", "contamination",
        "grease", "patch of dirt", "dirty patch", "smear", "grime", "water stain", "grease spot", "dirt spot",
        "oil film", "fingerprint", "drop of oil", "soiling", "ink spot", "glue residue", "coolant stain",
        "dried liquid",
    ),
    "rust": (
        "rust", "rust spot", "corrosion", "brown rust", "orange rust", "rusty patch", "surface rust",
        "corroded area", "rust patch", "red rust", "corrosion spot", "rusty spot", "corrosion damage",
        "speck of rust", "rust layer", "rust bloom",
    ),
    "burr": (
        "burr", "burr on the edge", "sharp burr", "ragged edge", "flash", "excess material", "metal burr",
        "rough edge", "jagged edge", "sharp edge", "protruding edge", "overhang", "fringe of material", "edge burr",
        "parting line flash", "machining burr", "raised edge", "leftover material", "projecting lip",
    ),
    "missing feature": (
        "missing hole", "missing feature", "missing bore", "missing rib", "missing thread", "hole not drilled",
        "closed hole", "blocked hole", "feature left out", "undrilled hole", "missing drive", "missing detail",
        "hole that is missing", "missing element", "feature not made", "machining step left out", "missing drilling",
    ),
    "discolouration": (
        "discolouration", "discoloration", "heat tint", "colour change", "color change", "faded area",
        "bleached patch", "heat mark", "annealing colour", "annealing color", "wrong colour", "wrong color",
        "colour deviation", "color variation", "yellowing", "pale patch", "burn mark", "discoloured area",
        "discolored area", "uneven colour", "uneven color", "colour difference", "change of colour", "rainbow tint",
    ),
    "pores": (
        "pore", "pinhole", "blowhole", "porosity", "gas pore", "pit", "pitting", "cluster of pores", "small pit",
        "air pocket", "gas hole", "tiny hole", "shrinkage hole", "group of pinholes", "sinkhole",
        "shrinkage porosity", "pock",
    ),
    "deformation": (
        "deformation", "bend", "bulge", "warp", "distortion", "bent edge", "squashed side", "crushed area",
        "warped shape", "deformed area", "wrong shape", "flattened side", "bent feature", "bump", "shape error",
        "crooked edge", "out-of-round shape", "bulging side", "distorted outline",
    ),
    "foreign body": (
        "foreign body", "foreign object", "fibre", "fiber", "hair", "swarf", "crumb", "lint", "debris",
        "metal shaving", "foreign particle", "loose fibre", "loose fiber", "loose particle", "piece of swarf",
        "fluff", "bit of debris", "strand",
    ),
}

PLURALS: dict[str, tuple[str, ...]] = {
    "scratch": ("scratches", "scratch marks", "scuffs", "scuff marks", "scrapes", "score marks", "fine scratches"),
    "dent": ("dents", "dings", "indentations", "impact marks", "pressure marks", "hollows", "depressions"),
    "crack": ("cracks", "hairline cracks", "fractures", "splits", "fissures"),
    "chip": ("chips", "chipped edges", "notches", "broken corners", "broken edges", "breakouts"),
    "stain": ("stains", "spots", "smudges", "oil stains", "dark spots", "dirt spots", "fingerprints", "smears"),
    "rust": ("rust spots", "rusty patches", "rust patches", "corroded areas", "corrosion spots"),
    "burr": ("burrs", "ragged edges", "sharp burrs", "rough edges", "sharp edges", "edge burrs"),
    "missing feature": ("missing holes", "missing features", "missing ribs", "blocked holes", "missing details"),
    "discolouration": ("discoloured areas", "discolored areas", "heat marks", "pale patches", "burn marks"),
    "pores": ("pores", "pinholes", "blowholes", "pits", "gas pores", "gas holes", "tiny holes"),
    "deformation": ("deformations", "bends", "bulges", "bent edges", "bumps", "distortions"),
    "foreign body": ("foreign bodies", "fibres", "fibers", "hairs", "crumbs", "foreign objects", "foreign particles"),
}

OWN_MISSING: dict[str, tuple[str, ...]] = {
    "hex nut": ("missing bore", "missing hole", "missing thread", "hole not drilled", "no hole", "blocked hole"),
    "washer": ("missing hole", "missing bore", "hole not punched", "no hole", "closed hole"),
    "moulded cap": ("missing rib", "rib not moulded", "rib not molded", "short shot", "incomplete moulding"),
    "plate": ("missing hole", "hole not drilled", "undrilled hole", "one hole too few", "blocked hole"),
    "gear": ("missing tooth", "broken tooth", "lost tooth", "one tooth too few"),
    "turned disc": ("missing bore", "missing hole", "hole not drilled", "no hole", "closed hole"),
    "screw head": ("missing drive", "missing slot", "missing recess", "blank head"),
    "board": (
        "missing component", "missing part", "component not placed", "unpopulated position", "missing resistor",
        "component left out", "no component", "missing capacitor",
    ),
    "fabric": ("missing thread", "missing yarn", "missing weft", "thread left out"),
    "threaded rod": ("missing thread", "thread not cut", "bare stretch", "stretch without thread"),
    "casting": ("missing hole", "hole not drilled", "undrilled boss", "blocked hole", "missing bore", "closed hole"),
    "stamping": (
        "missing hole", "missing slot", "missing lug", "missing cut-out", "hole not punched", "one hole too few",
        "unpunched hole", "missing tab",
    ),
}

GENERIC_ADJECTIVES = (
    "damaged", "defective", "faulty", "bad", "flawed", "imperfect", "abnormal", "anomalous", "rejected", "blemished",
    "unacceptable", "nonconforming", "spoiled", "impaired", "marred", "wrong", "substandard", "unusable", "scrap",
    "poor", "disfigured", "non-conforming", "irregular", "not ok", "nok", "below-standard", "botched",
)

GENERIC_CLAUSES = (
    "with a defect", "with a flaw", "with damage", "with a fault", "with an anomaly", "with something wrong",
    "that is not ok", "that failed inspection", "in bad condition", "with an imperfection", "with a visible defect",
    "with a blemish", "in poor condition", "out of specification", "that must be rejected", "of bad quality",
    "with visible damage", "that does not conform", "that cannot be shipped", "with an abnormality", "with a mark",
    "that is not as it should be", "that should be scrapped", "with an irregularity", "that looks wrong",
    "with defects",
)

GENERIC_VERBS = (
    "is damaged", "is defective", "is faulty", "is bad", "is not ok", "failed inspection", "has a defect",
    "has a flaw", "shows damage", "shows a defect", "has been damaged", "got damaged", "looks wrong",
    "looks abnormal", "is flawed", "must be rejected", "has been rejected", "is out of specification", "fails",
    "is not as it should be", "has something wrong with it", "should be scrapped", "cannot be shipped", "is no good",
    "has a blemish",
)

GENERIC_THINGS = (
    "defect", "flaw", "damage", "fault", "anomaly", "blemish", "imperfection", "visible defect", "mark",
    "abnormality", "irregularity", "surface defect", "quality problem", "error", "visible damage", "unwanted mark",
    "issue", "nonconformity", "damaged area", "defective spot", "sign of damage",
)

SIZES: dict[str, tuple[str, ...]] = {
    "small": ("small", "tiny", "little", "minor", "slight", "very small", "minute", "minuscule"),
    "large": ("large", "big", "major", "huge", "severe", "very large", "extensive", "massive"),
}

SIZED = frozenset(
    "small tiny large fine long hairline pinhole pinholes speck thin cluster group visible shallow missing no one not "
    "sign undrilled".split()
)
"""A defect with one of these words has its size already, or can have none."""

EMPHASIS = ("visible", "clear", "obvious", "noticeable", "distinct", "evident", "apparent")
"""Before a defect, claiming nothing."""

PLACES: dict[str, tuple[str, ...]] = {
    "edge": (
        "near the edge", "at the edge", "close to the edge", "along the edge", "on the edge", "at the border",
        "near the rim", "on the rim", "at the outer edge", "by the edge", "near the outline", "near the border",
    ),
    "middle": (
        "in the middle", "in the centre", "in the center", "near the middle", "near the centre", "near the center",
        "at the centre", "away from the edge", "in the central area", "in the inner area",
    ),
}

ANYWHERE = (
    "on the surface", "on it", "on the face", "on one side", "somewhere on it", "on its surface",
    "on the visible side",
)
"""Where a defect is, claiming nothing."""

COUNTS: dict[int, tuple[str, ...]] = {
    2: ("two", "a pair of", "a couple of"),
    3: ("several", "many", "multiple", "some", "numerous", "various"),
}
"""Before a plural: 2 is exactly two, 3 is three or more."""

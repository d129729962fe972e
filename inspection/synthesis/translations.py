"""German and French for the common words, each beside its English, to be distilled: the same thing said twice.

German puts no ending on what follows "ist", so its adjectives stand as they are there and take -er, -e or -es
before a noun; French ones come as (masculine, feminine).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from inspection.synthesis.grammar import article

# fmt: off

GERMAN_PARTS: dict[str, tuple[tuple[str, str, str], ...]] = {
    "hex nut": (("f", "Mutter", "nut"), ("f", "Sechskantmutter", "hex nut"), ("f", "Schraubenmutter", "hexagon nut")),
    "washer": (("f", "Unterlegscheibe", "washer"), ("m", "Ring", "ring"), ("f", "Dichtung", "gasket")),
    "moulded cap": (("m", "Deckel", "lid"), ("f", "Kappe", "cap"), ("m", "Verschluss", "closure")),
    "plate": (("f", "Platte", "plate"), ("f", "Lochplatte", "plate with holes"), ("m", "Flansch", "flange")),
    "turned disc": (("f", "Scheibe", "disc"), ("n", "Drehteil", "turned part"), ("f", "Nabe", "hub")),
    "screw head": (("f", "Schraube", "screw"), ("m", "Schraubenkopf", "screw head"), ("m", "Bolzen", "bolt")),
    "surface": (("f", "Oberfläche", "surface"), ("n", "Blech", "sheet"), ("f", "Tafel", "panel")),
    "board": (("f", "Leiterplatte", "circuit board"), ("f", "Platine", "board"),
              ("f", "bestückte Leiterplatte", "populated board")),
    "fabric": (("m", "Stoff", "fabric"), ("n", "Gewebe", "woven fabric"), ("n", "Tuch", "cloth")),
    "wood": (("n", "Holz", "wood"), ("n", "Holzbrett", "wooden board"), ("f", "Holzplatte", "wooden panel")),
    "leather": (("n", "Leder", "leather"), ("f", "Lederhaut", "leather hide"), ("n", "Lederstück", "piece of leather")),
    "threaded rod": (("f", "Gewindestange", "threaded rod"), ("m", "Gewindestift", "threaded pin"),
                     ("f", "Stange", "rod")),
    "biscuit": (("m", "Keks", "biscuit"), ("n", "Gebäck", "pastry"), ("n", "Plätzchen", "cookie")),
    "casting": (("n", "Gussteil", "casting"), ("n", "Gussstück", "cast part"), ("n", "Gehäuse", "housing")),
    "stamping": (("n", "Stanzteil", "stamping"), ("n", "Blechteil", "sheet metal part"), ("f", "Halterung", "bracket")),
    "": (("n", "Teil", "part"), ("n", "Bauteil", "component"), ("n", "Werkstück", "workpiece"),
         ("n", "Produkt", "product")),
}
"""(gender, German, English); under "" what fits any part."""

GERMAN_ADJECTIVES: dict[str, tuple[tuple[str, str], ...]] = {
    "": (
        ("fehlerfrei", "flawless"), ("einwandfrei", "faultless"), ("makellos", "immaculate"), ("gut", "good"),
        ("unbeschädigt", "undamaged"), ("intakt", "intact"), ("sauber", "clean"), ("perfekt", "perfect"),
        ("tadellos", "perfect"), ("fehlerlos", "defect-free"), ("normal", "normal"), ("neu", "new"),
    ),
    "any defect": (
        ("beschädigt", "damaged"), ("fehlerhaft", "defective"), ("mangelhaft", "faulty"), ("defekt", "defective"),
        ("schlecht", "bad"), ("unbrauchbar", "unusable"), ("schadhaft", "damaged"),
    ),
    "scratch": (("zerkratzt", "scratched"), ("verkratzt", "scratched"), ("verschrammt", "scuffed")),
    "dent": (("verbeult", "dented"), ("eingedellt", "dented"), ("eingedrückt", "indented")),
    "crack": (("gerissen", "cracked"), ("rissig", "cracked"), ("gebrochen", "fractured"), ("gesprungen", "cracked")),
    "chip": (("abgeplatzt", "chipped"), ("ausgebrochen", "chipped"), ("abgebrochen", "broken-off")),
    "stain": (("fleckig", "stained"), ("verschmutzt", "dirty"), ("schmutzig", "dirty"), ("ölig", "oily")),
    "rust": (("rostig", "rusty"), ("verrostet", "rusted"), ("korrodiert", "corroded"), ("angerostet", "rusting")),
    "burr": (("ausgefranst", "ragged"), ("gratig", "burred"), ("scharfkantig", "sharp-edged")),
    "missing feature": (("unvollständig", "incomplete"), ("ungebohrt", "undrilled")),
    "discolouration": (("verfärbt", "discoloured"), ("ausgeblichen", "faded"), ("verblasst", "faded"),
                       ("vergilbt", "yellowed"), ("angelaufen", "heat-tinted")),
    "pores": (("porös", "porous"), ("löchrig", "holey")),
    "deformation": (("verbogen", "bent"), ("verformt", "deformed"), ("verzogen", "warped"), ("krumm", "crooked"),
                    ("gequetscht", "squashed")),
}
"""(German, English) by kind; under "" good, under "any defect" bad without a kind."""

GERMAN_THINGS: dict[str, tuple[tuple[str, str], ...]] = {
    "any defect": (("einem Fehler", "a defect"), ("einem Schaden", "damage"), ("einem Mangel", "a flaw"),
                   ("einem Makel", "a blemish"), ("sichtbaren Schäden", "visible damage")),
    "scratch": (("einem Kratzer", "a scratch"), ("Kratzern", "scratches"), ("einer Schramme", "a scrape"),
                ("einem langen Kratzer", "a long scratch"), ("einer Riefe", "a score mark")),
    "dent": (("einer Delle", "a dent"), ("einer Beule", "a dent"), ("einem Eindruck", "an indentation"),
             ("einer Druckstelle", "a pressure mark")),
    "crack": (("einem Riss", "a crack"), ("einem Haarriss", "a hairline crack"), ("Rissen", "cracks"),
              ("einem Bruch", "a fracture"), ("einem Sprung", "a crack")),
    "chip": (("einem Ausbruch", "a breakout"), ("einer Abplatzung", "a chip"), ("einer Kerbe", "a notch"),
             ("einer abgebrochenen Kante", "a broken edge")),
    "stain": (("einem Fleck", "a stain"), ("Flecken", "stains"), ("einem Ölfleck", "an oil stain"),
              ("Schmutz", "dirt"), ("einer Verschmutzung", "contamination")),
    "rust": (("Rost", "rust"), ("einem Rostfleck", "a rust spot"), ("Korrosion", "corrosion"),
             ("Flugrost", "surface rust")),
    "burr": (("einem Grat", "a burr"), ("einem Grat an der Kante", "a burr on the edge"),
             ("einer scharfen Kante", "a sharp edge"), ("Graten", "burrs")),
    "missing feature": (("fehlender Bohrung", "a missing bore"), ("einem fehlenden Loch", "a missing hole"),
                        ("einem fehlenden Merkmal", "a missing feature")),
    "discolouration": (("einer Verfärbung", "a discolouration"), ("Anlassfarben", "annealing colours"),
                       ("einem Farbfehler", "a wrong colour"), ("einer Farbabweichung", "a colour deviation")),
    "pores": (("Poren", "pores"), ("einer Pore", "a pore"), ("Lunkern", "blowholes"), ("einem Lunker", "a blowhole")),
    "deformation": (("einer Verformung", "a deformation"), ("einer Ausbeulung", "a bulge"),
                    ("einem Verzug", "a distortion")),
}
"""After "mit"."""

FRENCH_PARTS: dict[str, tuple[tuple[str, str, str], ...]] = {
    "hex nut": (("m", "écrou", "nut"), ("m", "écrou hexagonal", "hex nut"), ("m", "écrou à six pans", "hexagon nut")),
    "washer": (("f", "rondelle", "washer"), ("f", "bague", "ring"), ("m", "joint plat", "gasket")),
    "moulded cap": (("m", "bouchon", "cap"), ("m", "couvercle", "lid"), ("m", "bouchon à vis", "screw cap")),
    "plate": (("f", "plaque", "plate"), ("f", "plaque percée", "drilled plate"), ("f", "bride", "flange")),
    "turned disc": (("m", "disque", "disc"), ("f", "pièce tournée", "turned part"), ("m", "moyeu", "hub")),
    "screw head": (("f", "vis", "screw"), ("f", "tête de vis", "screw head"), ("m", "boulon", "bolt")),
    "surface": (("f", "surface", "surface"), ("f", "tôle", "sheet"), ("m", "panneau", "panel")),
    "board": (("f", "carte électronique", "electronic board"), ("m", "circuit imprimé", "printed circuit board"),
              ("f", "platine", "board")),
    "fabric": (("m", "tissu", "fabric"), ("m", "textile", "textile"), ("f", "toile", "canvas")),
    "wood": (("m", "bois", "wood"), ("f", "planche", "plank"), ("m", "panneau en bois", "wooden panel")),
    "leather": (("m", "cuir", "leather"), ("f", "peau", "hide"), ("m", "morceau de cuir", "piece of leather")),
    "threaded rod": (("f", "tige filetée", "threaded rod"), ("f", "tige", "rod"), ("m", "goujon", "stud")),
    "biscuit": (("m", "biscuit", "biscuit"), ("m", "petit gâteau", "cookie"), ("f", "galette", "biscuit")),
    "casting": (("f", "pièce coulée", "casting"), ("f", "pièce moulée", "cast part"), ("m", "carter", "housing")),
    "stamping": (("f", "pièce emboutie", "stamping"), ("f", "pièce découpée", "cut part"), ("f", "équerre", "bracket")),
    "": (("f", "pièce", "part"), ("m", "composant", "component"), ("m", "produit", "product"),
         ("m", "objet", "object")),
}

FRENCH_ADJECTIVES: dict[str, tuple[tuple[str, str, str], ...]] = {
    "": (
        ("intact", "intacte", "intact"), ("propre", "propre", "clean"), ("parfait", "parfaite", "perfect"),
        ("impeccable", "impeccable", "impeccable"), ("conforme", "conforme", "conforming"), ("neuf", "neuve", "new"),
        ("normal", "normale", "normal"), ("irréprochable", "irréprochable", "faultless"),
    ),
    "any defect": (
        ("endommagé", "endommagée", "damaged"), ("défectueux", "défectueuse", "defective"),
        ("mauvais", "mauvaise", "bad"), ("abîmé", "abîmée", "damaged"),
        ("non conforme", "non conforme", "nonconforming"),
    ),
    "scratch": (("rayé", "rayée", "scratched"), ("éraflé", "éraflée", "scuffed"),
                ("griffé", "griffée", "scratched")),
    "dent": (("cabossé", "cabossée", "dented"), ("bosselé", "bosselée", "dented"),
             ("enfoncé", "enfoncée", "indented")),
    "crack": (("fissuré", "fissurée", "cracked"), ("fêlé", "fêlée", "cracked"), ("fendu", "fendue", "split"),
              ("cassé", "cassée", "fractured")),
    "chip": (("ébréché", "ébréchée", "chipped"), ("écaillé", "écaillée", "chipped")),
    "stain": (("taché", "tachée", "stained"), ("sale", "sale", "dirty"), ("souillé", "souillée", "soiled"),
              ("graisseux", "graisseuse", "greasy")),
    "rust": (("rouillé", "rouillée", "rusty"), ("corrodé", "corrodée", "corroded")),
    "burr": (("mal ébavuré", "mal ébavurée", "burred"),),
    "missing feature": (("incomplet", "incomplète", "incomplete"), ("non percé", "non percée", "undrilled")),
    "discolouration": (("décoloré", "décolorée", "discoloured"), ("jauni", "jaunie", "yellowed"),
                       ("délavé", "délavée", "faded")),
    "pores": (("poreux", "poreuse", "porous"), ("piqué", "piquée", "pitted")),
    "deformation": (("déformé", "déformée", "deformed"), ("tordu", "tordue", "bent"), ("voilé", "voilée", "warped"),
                    ("écrasé", "écrasée", "squashed"), ("bombé", "bombée", "bulged")),
}

FRENCH_THINGS: dict[str, tuple[tuple[str, str], ...]] = {
    "any defect": (("un défaut", "a defect"), ("un dommage", "damage"), ("une anomalie", "an anomaly"),
                   ("une imperfection", "an imperfection"), ("un défaut visible", "a visible defect")),
    "scratch": (("une rayure", "a scratch"), ("des rayures", "scratches"), ("une éraflure", "a scrape"),
                ("une longue rayure", "a long scratch")),
    "dent": (("une bosse", "a dent"), ("un enfoncement", "an indentation"), ("un coup", "a knock"),
             ("une empreinte", "an impression")),
    "crack": (("une fissure", "a crack"), ("une fêlure", "a crack"), ("des fissures", "cracks"),
              ("une cassure", "a fracture")),
    "chip": (("un éclat", "a chip"), ("une ébréchure", "a chip"), ("une encoche", "a notch"),
             ("un bord cassé", "a broken edge")),
    "stain": (("une tache", "a stain"), ("une tache d'huile", "an oil stain"), ("de la graisse", "grease"),
              ("des taches", "stains"), ("de la saleté", "dirt")),
    "rust": (("de la rouille", "rust"), ("une tache de rouille", "a rust spot"), ("de la corrosion", "corrosion")),
    "burr": (("une bavure", "a burr"), ("des bavures", "burrs"), ("une arête vive", "a sharp edge"),
             ("une bavure au bord", "a burr on the edge")),
    "missing feature": (("un trou manquant", "a missing hole"), ("un perçage manquant", "a missing bore"),
                        ("un trou bouché", "a blocked hole")),
    "discolouration": (("une décoloration", "a discolouration"), ("une couleur inégale", "an uneven colour"),
                       ("une différence de couleur", "a colour difference"), ("une zone délavée", "a faded area")),
    "pores": (("des pores", "pores"), ("une porosité", "porosity"), ("une soufflure", "a blowhole"),
              ("un petit trou", "a tiny hole")),
    "deformation": (("une déformation", "a deformation"), ("un bord tordu", "a bent edge"),
                    ("un renflement", "a bulge")),
}
"""After "avec"."""

GERMAN_GOOD = (("in gutem Zustand", "in good condition"), ("ohne Fehler", "without defect"),
               ("ohne Mängel", "without flaws"),
               ("ohne Beschädigung", "without damage"), ("in Ordnung", "in order"))
FRENCH_GOOD = (("en bon état", "in good condition"), ("sans défaut", "without defect"),
               ("sans dommage", "without damage"),
               ("en parfait état", "in perfect condition"), ("sans anomalie", "with no anomalies"))
# fmt: on

ARTICLES = {"m": ("ein", "der"), "f": ("eine", "die"), "n": ("ein", "das")}
ENDINGS = {"m": "er", "f": "e", "n": "es"}
STATES = tuple(GERMAN_ADJECTIVES)


@dataclass(frozen=True, slots=True)
class _Part:
    gender: str
    name: str
    english: str


def _one(rng: np.random.Generator, rows: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    return rows[int(rng.integers(len(rows)))]


def translated_phrase(rng: np.random.Generator) -> tuple[str, str]:
    """A phrase about a part in a state, German or French, and its English counterpart."""
    german = rng.random() < 0.5
    state = STATES[int(rng.integers(len(STATES)))]
    parts = GERMAN_PARTS if german else FRENCH_PARTS
    part = _Part(*_one(rng, parts[list(parts)[int(rng.integers(len(parts)))]]))
    return _german(rng, part, state) if german else _french(rng, part, state)


def _german(rng: np.random.Generator, part: _Part, state: str) -> tuple[str, str]:
    one, the = ARTICLES[part.gender]
    form = rng.random()
    if form < 0.5:
        own, english = _one(rng, GERMAN_ADJECTIVES[state])
        if form < 0.2:
            return f"{the} {part.name} ist {own}", f"the {part.english} is {english}"
        if form < 0.3:
            return f"{part.name}, {own}", f"{part.english}, {english}"
        return f"{one} {own}{ENDINGS[part.gender]} {part.name}", _which(english, part)
    if state == "":
        own, english = _one(rng, GERMAN_GOOD)
        return f"{one} {part.name} {own}", f"{article(part.english)} {english}"
    own, english = _one(rng, GERMAN_THINGS[state])
    if form > 0.9:
        return f"mit {own}", f"with {english}"
    return f"{one} {part.name} mit {own}", f"{article(part.english)} with {english}"


def _french(rng: np.random.Generator, part: _Part, state: str) -> tuple[str, str]:
    one = "un" if part.gender == "m" else "une"
    form = rng.random()
    if form < 0.5:
        masculine, feminine, english = _one(rng, FRENCH_ADJECTIVES[state])
        own = masculine if part.gender == "m" else feminine
        if form < 0.2:
            return f"{_le(part)}{part.name} est {own}", f"the {part.english} is {english}"
        return f"{one} {part.name} {own}", _which(english, part)
    if state == "":
        own, english = _one(rng, FRENCH_GOOD)
        return f"{one} {part.name} {own}", f"{article(part.english)} {english}"
    own, english = _one(rng, FRENCH_THINGS[state])
    if form > 0.9:
        return own, english
    return f"{one} {part.name} avec {own}", f"{article(part.english)} with {english}"


def _le(part: _Part) -> str:
    if part.name[0] in "aeiouéèêh":
        return "l'"
    return "le " if part.gender == "m" else "la "


def _which(adjective: str, part: _Part) -> str:
    bare = article(part.english) == part.english
    return f"{adjective} {part.english}" if bare else article(f"{adjective} {part.english}")

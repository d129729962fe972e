"""Make the pictures of docs/render.md, and its list: a sheet for each sentence, and one picture of each.

    python docs/render/make_sheets.py

Deterministic: the same renderer writes the same files.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

SENTENCES = (
    "a brass hex nut with a long scratch near the edge",
    "two deep dents on a steel plate",
    "a casting with a cluster of pores",
    "a blue fabric with a tear",
    "a badly rusted threaded rod",
    "a bent steel washer",
    "leather with a small hole",
    "a green circuit board with a missing component",
    "a circuit board with a hair on it",
    "a biscuit with a large chip",
    "a gear with a missing tooth",
    "a red plastic cap with flash on the edge",
    "a wooden board with a large oil stain",
    "a steel disc with heat tint",
    "a copper screw with fine scratches",
    "a steel surface with a crack",
    "a white moulded cap with fingerprints",
    "an aluminium plate with a missing hole and a burr",
    "a cast iron housing with a crack from the edge and rust",
    "a flawless brass hex nut",
)
SHEET_SIZE_PX, ONE_PX, ACROSS = (800, 400), 200, 5
QUALITY = 74
PHOTOGRAPHS, ONTO = "data/samples/hex_nut/calibration/good", "a hex nut with a large chip and a stain"


def rendered(sentence: str, folder: Path, *options: str) -> list[dict[str, Path]]:
    """The files of each picture that `inspection render` writes."""
    command = "from inspection.cli.main import run; run()"
    subprocess.run(
        [sys.executable, "-c", command, "render", sentence, "--out", str(folder), "--sheet", *options],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    rows = [json.loads(line) for line in (folder / "render.jsonl").read_text(encoding="utf-8").splitlines()]
    return [{what: folder / row[what] for what in ("picture", "mask", "good") if what in row} for row in rows]


def name_of(sentence: str) -> str:
    return "-".join(sentence.split()) + ".jpg"


def main() -> None:
    here = Path(__file__).parent
    overview = Image.new("RGB", (ACROSS * ONE_PX, -(-len(SENTENCES) // ACROSS) * ONE_PX))
    lines = []
    with tempfile.TemporaryDirectory() as scratch:
        for index, sentence in enumerate(SENTENCES):
            files = rendered(sentence, Path(scratch) / str(index), "--n", "8", "--size", "256")
            pictures = [Image.open(each["picture"]) for each in files]
            sheet = Image.new("RGB", SHEET_SIZE_PX)
            for number, picture in enumerate(pictures):
                sheet.paste(picture.resize((ONE_PX, ONE_PX)), (number % 4 * ONE_PX, number // 4 * ONE_PX))
            sheet.save(here / name_of(sentence), "JPEG", quality=QUALITY, optimize=True)
            place = (index % ACROSS * ONE_PX, index // ACROSS * ONE_PX)
            overview.paste(pictures[index % 8].resize((ONE_PX, ONE_PX)), place)
            lines.append(f"### {sentence}\n\n![{sentence}](render/{name_of(sentence)})\n")
        overview.save(here / "overview.jpg", "JPEG", quality=QUALITY, optimize=True)
        onto = ("--n", "4", "--masks", "--clean-twins", "--onto", PHOTOGRAPHS)
        files = rendered(ONTO, Path(scratch) / "onto", *onto)
        rows = Image.new("RGB", (4 * ONE_PX, 3 * ONE_PX))
        for number, each in enumerate(files):
            for row, what in enumerate(("good", "picture", "mask")):
                tile = Image.open(each[what]).convert("RGB").resize((ONE_PX, ONE_PX))
                rows.paste(tile, (number * ONE_PX, row * ONE_PX))
        rows.save(here / "onto.jpg", "JPEG", quality=QUALITY, optimize=True)
    text = here.parent / "render.md"
    head = text.read_text(encoding="utf-8").split("## Twenty sentences\n")[0]
    text.write_text(head + "## Twenty sentences\n\n" + "\n".join(lines), encoding="utf-8")
    size_kb = sum(path.stat().st_size for path in here.glob("*.jpg")) / 1000
    sys.stdout.write(f"{len(SENTENCES)} sheets, {size_kb:.0f} kB\n")


if __name__ == "__main__":
    main()

"""A small valid site on disk, to be made wrong in one place."""

from __future__ import annotations

from pathlib import Path

LINE = """\
station: hall-1
recipe: nut
parts_per_s_max: 20
camera:
  kind: folder
  folder: "samples:nut/line"
  order: shuffled
  timeout_ms: 100
gate:
  kind: serial
  url: /dev/ttyUSB0
  distance_mm: 400
  belt_mm_per_s: 500
  margin_ms: 20
  watchdog_ms: 500
  without_power: divert
trigger: {kind: gate}
timezone: Europe/Berlin
shifts:
  - {name: early, start: "06:00"}
  - {name: late, start: "14:00"}
"""

RECIPE = """\
part: hex nut
model: bundled
normal:
  - a photo of a flawless nut
descriptions:
  - name: scratch
    severity: minor
    phrasings:
      - a photo of a scratched nut
      - a photo of a nut with a scratch
  - name: dent
    severity: major
    phrasings: [a photo of a dented nut]
region_of_interest: {left: 0.1, top: 0.1, width: 0.8, height: 0.8}
"""

LINE_FILE = "lines/demo.yaml"
RECIPE_FILE = "recipes/nut.yaml"


def write_site(folder: Path, files: dict[str, str] | None = None) -> Path:
    """The valid site below `folder`, with `files` in place of or beside its own; its samples are in `samples`."""
    (folder / "samples" / "nut" / "line").mkdir(parents=True, exist_ok=True)
    (folder / "landing").mkdir(exist_ok=True)
    for name, text in {LINE_FILE: LINE, RECIPE_FILE: RECIPE, **(files or {})}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def changed(text: str, old: str, new: str) -> str:
    """`text` with `old`, which is there exactly once, replaced."""
    assert text.count(old) == 1, f"{old!r} is {text.count(old)} times in the file"
    return text.replace(old, new)

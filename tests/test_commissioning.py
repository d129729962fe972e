"""The commissioning guide: its line is one that the program takes, and its drills are faults of the matrix."""

from __future__ import annotations

import re
from pathlib import Path

from benchmarks.fault_line.faults import SINGLE
from benchmarks.fault_line.pairs import pairs
from inspection.config import load_site
from inspection.config.line import SerialGateConfig
from inspection.resources import default_config_dir

DOCS = Path(__file__).parent.parent / "docs"


def test_the_guides_line_is_one_that_can_be_loaded(tmp_path: Path):
    text = (DOCS / "commissioning.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    for folder in ("lines", "recipes"):
        (tmp_path / folder).mkdir()
    recipe = (default_config_dir() / "recipes" / "hex-nut.yaml").read_text(encoding="utf-8")
    (tmp_path / "recipes" / "hex-nut.yaml").write_text(recipe, encoding="utf-8")
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    (tmp_path / "lines" / "my-line.yaml").write_text(block.replace("/srv/pictures", str(pictures)), encoding="utf-8")
    line = load_site(tmp_path).line("my-line")
    assert isinstance(line.gate, SerialGateConfig)
    assert line.gate.without_power == "divert"
    assert line.frame.frozen_after == 1


def test_the_page_of_faults_has_every_fault_of_the_matrix():
    rows = {cells[2] for cells in _rows((DOCS / "faults.md").read_text(encoding="utf-8"))}
    assert rows == {fault.name for fault in SINGLE} | {f"{one.name} + {other.name}" for one, other in pairs()}


def test_the_page_of_faults_shows_none_that_was_not_survived():
    rows = list(_rows((DOCS / "faults.md").read_text(encoding="utf-8")))
    assert {cells[5] for cells in rows} == {"yes"}
    latching = {fault.name for fault in SINGLE if fault.latches}
    alone = {fault.name for fault in SINGLE}
    assert {cells[2] for cells in rows if cells[2] in alone and cells[4].startswith("latched")} == latching


def _rows(text: str) -> list[list[str]]:
    """Cells of the matrix: group, fault, what the station did, then, survived."""
    lines = [line for line in text.splitlines() if line.startswith("| ") and line.count(" | ") == 4]
    return [
        ["", *(cell.strip() for cell in line.strip("|").split(" | "))] for line in lines if "survived |" not in line
    ]

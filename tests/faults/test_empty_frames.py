"""A whole station, with the demo's model and calibration: empty frames amid good parts are diverted, and said to be."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

import pytest
from PIL import Image

from benchmarks.empty import FIRST_SEED, sample_line_of
from inspection import history, resources
from inspection.adapters.cameras.images import list_images
from inspection.build import RunOptions, build_station
from inspection.config import load_site
from inspection.synthesis.render import render_empty
from inspection.wire.messages import Can
from tests.faults.test_closed_loop import Gate
from tests.waiting import wait_for

GOOD, EMPTY = 4, 2


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """The demo line, whose camera shows good parts and bare belt in turns."""
    folder = tmp_path / "site"
    shutil.copytree(resources.configs_dir(), folder)
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for number, path in enumerate(list_images(resources.samples_dir() / "hex_nut" / "line" / "good")[:GOOD]):
        shutil.copy(path, pictures / f"{number}-good.jpg")
    for number in range(EMPTY):
        empty = render_empty(FIRST_SEED + number, sample_line_of("hex-nut"), 256)
        Image.fromarray(empty).save(pictures / f"{number}-empty.png")
    line = folder / "lines" / "demo.yaml"
    text = line.read_text()
    for old, new in (
        ("samples:hex_nut/line", str(pictures)),
        ("order: shuffled", "order: sorted"),
        ("durability: power", "durability: process"),
        ("parts_per_s_max: 20", "parts_per_s_max: 10"),
        ("watchdog_ms: 500", "watchdog_ms: 5000"),
        ("belt_mm_per_s: 500", "belt_mm_per_s: 200"),
    ):
        assert old in text
        text = text.replace(old, new)
    line.write_text(text)
    return folder


def test_an_empty_frame_amid_good_parts_is_diverted_and_its_row_says_so(site: Path, tmp_path: Path) -> None:
    data_dir, gate, stop = tmp_path / "data", Gate(Can(0), parts_per_s=8), threading.Event()
    try:
        with build_station(load_site(site), "demo", data_dir, RunOptions(gate_url=str(gate.pty.path))) as station:
            thread = threading.Thread(target=station.run, args=(stop,))
            thread.start()
            try:
                wait_for(lambda: (seen(data_dir)["outcome"].notna()).sum() >= 3 * (GOOD + EMPTY), "parts")
            finally:
                stop.set()
                thread.join()
    finally:
        gate.close()
    rows = seen(data_dir)
    empty, good = (rows[rows["source"].str.contains(kind)] for kind in ("empty", "good"))
    assert len(empty) >= 3
    assert set(empty["verdict"]) == {"UNJUDGED"}
    assert set(empty["cause"]) == {"not-the-part"}
    assert set(empty["outcome"].dropna()) == {"DIVERTED"}
    assert not empty["margin"].notna().any()
    assert (good["outcome"] == "PASSED").sum() >= 3, "or nothing was proven"
    assert "not-the-part" not in set(good["cause"])


def seen(data_dir: Path):
    """Parts of which there was a picture."""
    rows = history.parts(data_dir, "demo")
    return rows[rows["source"].notna()]

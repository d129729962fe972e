"""`inspection score --html`: one file with the pictures, what was made of each, and under what."""

from __future__ import annotations

import base64
import io
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from inspection.cli import _picture_report
from inspection.cli._picture_report import write_report
from inspection.cli._samples import Scored
from inspection.scoring.region import Region
from inspection.wording import VERDICTS
from tests.cli.conftest import SAMPLES, call

GOOD = SAMPLES / "calibration" / "good" / "026.jpg"
SCRATCHED = SAMPLES / "line" / "scratch" / "000.jpg"


class Page(HTMLParser):
    """The text of each article, its class, every address that the page names, and whether all its tags are closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.articles: list[tuple[str, str]] = []
        self.addresses: list[str] = []
        self.tags: set[str] = set()
        self._open: list[str] = []
        self.feed(text)
        assert self._open == []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag not in ("meta", "img"):
            self._open.append(tag)
        self.addresses += [str(value) for name, value in attributes if name in ("src", "href", "srcset", "action")]
        if tag == "article":
            self.articles.append((dict(attributes)["class"], ""))

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        """Open and closed at once: shapes of a drawing."""

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "article" in self._open:
            kind, text = self.articles[-1]
            self.articles[-1] = (kind, f"{text} {data}".strip())


def test_each_picture_is_there_with_its_verdict_or_why_it_has_none(calibrated: Path, tmp_path: Path) -> None:
    good, cut = tmp_path / 'R&D "<b>good.jpg', tmp_path / "cut.jpg"
    shutil.copy(GOOD, good)
    cut.write_bytes(SCRATCHED.read_bytes()[:3000])
    called = call(
        "score", good, SCRATCHED, cut, "--line", "demo", "--config-dir", calibrated, "--html", tmp_path / "r.html"
    )
    assert (called.code, called.out) == (1, f"3 pictures, 1 PASS, 1 REJECT, 1 UNJUDGED: {tmp_path / 'r.html'}\n")
    assert called.err.startswith(f"{cut}: ")
    text = (tmp_path / "r.html").read_text(encoding="utf-8")
    page = Page(text)
    assert [kind for kind, _ in page.articles] == ["PASS", "REJECT", "UNJUDGED"]
    assert page.articles[0][1].startswith("Pass")
    assert page.articles[0][1].endswith('R&D "<b>good.jpg')
    assert re.match(r"Reject scratch +\+\d+\.\d σ scratch \+\d", page.articles[1][1])
    assert "Not judged" in page.articles[2][1]
    assert "cut off" in page.articles[2][1]
    for told in ("Kim", "torch ", "at most 5.0% of good parts", "weights", "region of interest"):
        assert told in text
    assert [address[:23] for address in page.addresses] == ["data:image/jpeg;base64,"] * 2
    assert "script" not in page.tags
    assert "url(" not in text
    assert "@import" not in text
    with Image.open(io.BytesIO(base64.b64decode(page.addresses[1].split(",")[1]))) as shown:
        assert max(shown.size) <= 320
        with Image.open(SCRATCHED) as whole:
            near = np.asarray(whole.convert("RGB").resize(shown.size), np.int16)
        assert np.abs(np.asarray(shown, np.int16) - near).mean() < 3
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith((".", "tmp"))] == []


def test_under_a_recipe_alone_there_are_scores_and_no_verdict(site: Path) -> None:
    called = call("score", SCRATCHED, "--recipe", "nut", "--config-dir", site, "--html", "r.html")
    assert (called.code, called.out) == (0, "1 picture: r.html\n")
    ((kind, text),) = Page(Path("r.html").read_text(encoding="utf-8")).articles
    assert kind == "scored"
    assert text.startswith("Most like")


@pytest.mark.parametrize("target", ["picture.jpg", "report"])
def test_a_report_is_not_written_over_a_picture(site: Path, target: str) -> None:
    called = call("score", SCRATCHED, "--recipe", "nut", "--config-dir", site, "--html", target)
    assert called.code == 2
    assert "give it the ending .html" in called.err


def test_a_folder_that_cannot_be_written_is_named(site: Path) -> None:
    called = call("score", SCRATCHED, "--recipe", "nut", "--config-dir", site, "--html", "/sys/r.html")
    assert called.code == 1
    assert called.err.startswith("cannot write /sys/r.html: ")
    assert called.err.endswith("; name another place with --html\n")


@pytest.mark.parametrize("folder", ["file", "nowhere"])
def test_a_folder_that_is_not_there_is_not_made(site: Path, folder: str) -> None:
    Path("file").touch()
    called = call("score", SCRATCHED, "--recipe", "nut", "--config-dir", site, "--html", f"{folder}/r.html")
    assert (called.code, called.out) == (2, "")
    assert f"there is no folder {folder}: make it first" in called.err
    assert not Path("nowhere").exists()


def test_a_frame_that_the_line_would_not_judge_is_shown_with_why(calibrated: Path, tmp_path: Path) -> None:
    dark = tmp_path / "dark.png"
    Image.new("RGB", (320, 240)).save(dark)
    report = tmp_path / "r.html"
    called = call("score", dark, "--line", "demo", "--config-dir", calibrated, "--html", report)
    assert (called.code, called.out) == (0, f"1 picture, 1 UNJUDGED: {report}\n")
    page = Page(report.read_text(encoding="utf-8"))
    ((kind, text),) = page.articles
    assert (kind, len(page.addresses)) == ("UNJUDGED", 1)
    assert "Not judged" in text
    assert "frame-dark: mean brightness 0.0, under 10 of 255" in text


def test_one_picture_is_held_at_a_time_and_the_region_is_outlined(tmp_path: Path) -> None:
    """Cards go to the disk as they are made: what is asked for next finds the one before let go of."""
    alive: list[int] = []

    class Watched(np.ndarray):
        def __del__(self) -> None:
            alive.pop()

    def pictures():
        for number in range(100):
            alive.append(number)
            assert len(alive) <= 2
            pixels = np.full((400, 600, 3), number, np.uint8).view(Watched)
            row = {"verdict": None, "description": "dent", "margin": None, "cause": None, "scores": {"dent": 1.0}}
            yield Scored(Path(f"{number}.png"), pixels, np.array([1.0])), row

    write_report(tmp_path / "r.html", pictures(), {"recipe": "nut 1"}, Region(0.25, 0.0, 0.5, 1.0), None)
    text = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert text.count("<article") == 100
    assert text.count('class=region style="left:25.00%;top:0.00%;width:50.00%;height:100.00%"') == 100


def test_every_verdict_has_a_word_a_shape_and_a_style() -> None:
    style = _picture_report.STYLE.read_text(encoding="utf-8")
    assert set(_picture_report._MARKS) == set(VERDICTS)
    assert len(set(_picture_report._MARKS.values())) == 4
    for kind in VERDICTS:
        assert f".verdict.{kind}" in style

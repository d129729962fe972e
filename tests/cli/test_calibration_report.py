"""The page beside a calibration: whole, by itself, and with what it promises in plain words."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from inspection.cli._plots import Axis, distributions
from tests.cli.conftest import SAMPLES, Called, call
from tests.cli.test_picture_report import Page


def test_it_lies_beside_the_record_and_needs_nothing_else(calibration: tuple[Called, Path]) -> None:
    called, site = calibration
    path = site / "calibrations" / "demo.html"
    assert f"Distributions, curves and the weakest parts: {path}\n" in called.out
    text = path.read_text(encoding="utf-8")
    page = Page(text)  # every tag is closed
    assert not page.tags & {"script", "link", "iframe"}
    assert {address[:23] for address in page.addresses} == {"data:image/jpeg;base64,"}
    assert "url(" not in text
    for told in (
        "On average at most 5.0% of good parts do not pass, while parts and light stay as in these 40 pictures.",
        "20 good parts set mean and σ of each description; 20 others set the limit, and 20 of those are at or under it",
        "standard deviations of good parts (σ)",
        "good parts that do not pass (overkill)",
        "defective among those that do not pass (precision)",
        "at most (95 %)",
        "Kim",
        "The weakest good parts",
    ):
        assert told in text
    assert text.count("<svg class=plot") == 4 + 2  # the part, two descriptions, the whole; ROC and precision
    kinds = [kind for kind, _ in page.articles]
    assert (kinds.count("good"), kinds.count("bad")) == (6, 6)
    of_good, of_bad = (
        [float(words.split(" σ")[0]) for kind, words in page.articles if kind == look] for look in ("good", "bad")
    )
    assert of_good == sorted(of_good, reverse=True)
    assert of_bad == sorted(of_bad)
    assert of_good[0] == 0  # the largest of twenty is the limit


def test_it_says_what_the_samples_do_not_support(calibration: tuple[Called, Path]) -> None:
    text = (calibration[1] / "calibrations" / "demo.html").read_text(encoding="utf-8")
    for rate, cells in {
        "5.0%": ("yes", "78 more"),
        "1.0%": ("158 more", "558 more"),
        "10.0%": ("yes", "18 more"),
    }.items():
        assert f"<tr><td>{rate}</td><td>{cells[0]}</td><td>{cells[1]}</td></tr>" in text


def test_without_defects_it_says_that_nobody_knows_what_escapes(calibrated: Path, tmp_path: Path) -> None:
    good = tmp_path / "R&D <b>"
    good.mkdir()
    for picture in sorted((SAMPLES / "calibration" / "good").iterdir())[:10]:
        shutil.copy(picture, good)
    asked = ["--false-reject", "0.2", "--by", "<i>Kim", "--config-dir", calibrated]
    assert call("calibrate", "demo", "--good", good, *asked).code == 0
    text = (calibrated / "calibrations" / "demo.html").read_text(encoding="utf-8")
    page = Page(text)
    assert "Not known: no defective parts were given" in text
    assert "ROC</h3>" not in text
    assert "<b>, 10 pictures" not in text
    assert "i" not in {tag for tag in page.tags if "<i>Kim" in text}


def test_a_refusal_leaves_the_page_as_it_was(calibrated: Path, tmp_path: Path) -> None:
    path = calibrated / "calibrations" / "demo.html"
    before = path.read_bytes()
    asked = ["--good", SAMPLES / "calibration" / "scratch", "--config-dir", calibrated]
    assert call("calibrate", "demo", *asked).code == 2
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("axis", "ticks"),
    [
        (Axis("x", 0, 1), [0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        (Axis("x", -3.2, 15), [0, 5, 10, 15]),
        (Axis("x", -2, 7), [-2, 0, 2, 4, 6]),
        (Axis("x", 0, 1000), [0, 200, 400, 600, 800, 1000]),
    ],
)
def test_ticks_are_round_numbers_within_the_axis(axis: Axis, ticks: list[float]) -> None:
    assert axis.ticks() == pytest.approx(ticks)


def test_every_part_is_in_a_bar_also_those_beyond_the_ends() -> None:
    drawn = distributions([-50.0, 0.0, 0.1, 900.0], [3.0, 4.0], 1.0, 0.5, x=(-2, 8), title="a & b")
    assert sum(map(int, re.findall(r"<title>(\d+)</title>", drawn))) == 6
    assert "class=review" in drawn
    assert 'aria-label="a &amp; b"' in drawn

"""`inspection evaluate` under a promise, and the page of it."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from inspection import gauge
from inspection.calibration.bounds import binomial_upper_bound
from inspection.domain.types import Pixels, Vectors
from tests.cli.conftest import call
from tests.cli.test_evaluate import BOTH, EVALUATE, WORDS, ChannelEncoder, PlaceEncoder, save
from tests.cli.test_picture_report import Page
from tests.config.site_files import RECIPE_FILE
from tests.fakes.encoder import AxisEncoder

PROMISE = ("--false-reject", "0.2")  # ten parts set the thresholds


@pytest.fixture
def folders(site: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory: good parts; scratched ones; odd ones, of which half look good."""
    (site / RECIPE_FILE).write_text(WORDS)
    monkeypatch.setattr(gauge, "load_encoder", lambda recipe: AxisEncoder())
    save(site / "good", [(200, i, (7 * i) % 16) for i in range(16)])
    save(site / "bad" / "scratch", [(200, 90, 5), (200, 120, 5), (200, 150, 5), (200, 150, 180)])
    save(site / "bad" / "odd", [(200, 8, 8), (200, 7, 9), (200, 8, 100), (200, 7, 100)])
    return site


def under_promise(*arguments: str) -> dict[str, Any]:
    called = call(*EVALUATE, *BOTH, *arguments, "--json")
    assert called.code == 0, called.err
    return json.loads(called.out)["under_promise"]


def test_what_escapes_is_told_by_text_of_each_kind_and_of_all(folders: Path) -> None:
    told = under_promise(*PROMISE, "--repeats", "3", "--seed", "4")
    assert {key: told[key] for key in ("false_reject", "confidence", "repeats", "seed")} == {
        "false_reject": 0.2,
        "confidence": None,
        "repeats": 3,
        "seed": 4,
    }
    assert (told["by_references"], told["by_labels"]) == (None, None)
    assert told["by_text"]["lacks"] is None
    rates = told["by_text"]["rates"]
    assert (rates["set_by"], rates["false_rejects"]["of"], rates["escapes"]["of"]) == (10, 6, 8)
    scratch, other = rates["escapes_by_defect"]["scratch"], rates["escapes_by_defect"]["other"]
    assert (scratch["of"], scratch["share"]) == (4, 0)  # far beyond the good ones
    assert scratch["upper_95"] == pytest.approx(1 - 0.05 ** (1 / 4))
    assert 0.5 <= other["share"] <= 1  # half of them look good
    assert rates["escapes"]["share"] == pytest.approx(other["share"] / 2)
    assert rates["escapes"]["upper_95"] == binomial_upper_bound(int(np.ceil(rates["escapes"]["share"] * 8)), 8)
    low, high = rates["false_rejects"]["share_95"]
    assert low <= rates["false_rejects"]["share"] <= high
    again, others = (under_promise(*PROMISE, "--repeats", "3", "--seed", seed) for seed in "45")
    assert told == again != others


def test_references_and_labels_are_judged_beside_the_sentences(folders: Path) -> None:
    save(folders / "more", [(200, i % 23, (5 * i) % 19) for i in range(60)])
    arguments = ["--good", "more", "--references", "6", "--labels", "3", *PROMISE]
    told = under_promise(*arguments)
    by_references, by_labels = told["by_references"]["rates"], told["by_labels"]["rates"]
    assert (by_references["set_by"], by_references["false_rejects"]["of"], by_references["escapes"]["of"]) == (
        36,
        18,
        8,
    )
    assert (by_labels["set_by"], by_labels["false_rejects"]["of"], by_labels["escapes"]["of"]) == (38, 19, 5)
    lines = call(*EVALUATE, *BOTH, *arguments).out.splitlines()
    (title,) = [line for line in lines if line.startswith("As a line judges, where on average at most 20.0% of good")]
    heading, _, good, scratch, other, every = lines[lines.index(title) + 1 :][:6]
    assert heading.split() == ["parts", "by", "text", "by", "references", "by", "labels"]
    assert [row.split(",")[0] for row in (good, scratch, other, every)] == ["good", "scratch", "other", "all bad"]
    escapes = told["by_labels"]["rates"]["escapes"]
    assert every.endswith(f"{escapes['share']:.1%} ≤ {escapes['upper_95']:.1%}")
    assert "by labels: 38 good parts set the thresholds, 19 others are tested; 5 bad" in lines
    assert max(map(len, lines)) <= 120


def test_good_parts_too_few_for_the_promise_are_told_beside_the_other_figures(folders: Path) -> None:
    called = call(*EVALUATE, *BOTH, "--references", "6")
    assert called.code == 0
    assert re.search(r"all bad, escaped +not told +not told\n", called.out)
    together = " ".join(called.out.split())
    assert "by text: a false-reject rate of 5.00% needs 38 good parts and 16 were given: add 22 more" in together
    assert "10 were given: add 28 more, or ask for 16.7% or more (beside 6 that are fitted)" in together
    told = under_promise("--confidence", "0.95")["by_text"]
    assert told["rates"] is None
    assert "with 95% confidence needs 118 good parts and 16 were given: add 102 more" in told["lacks"]


class SeeingEncoder(ChannelEncoder, PlaceEncoder):
    """With a map in the space of sentences, and places."""


@pytest.fixture
def seen(site: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory: grey good parts; scratched ones with a block, two of them stained instead; odd ones."""
    (site / RECIPE_FILE).write_text(WORDS)
    monkeypatch.setattr(gauge, "load_encoder", lambda recipe: SeeingEncoder())
    rng = np.random.default_rng(0)
    for folder, count in (("good", 40), ("bad/scratch", 8), ("bad/odd", 8)):
        (site / folder).mkdir(parents=True)
        for number in range(count):
            plain = np.full((16, 16, 3), (200, *rng.integers(15, 30, 2)), np.uint8)
            if folder != "good":
                channel = 2 if folder == "bad/odd" or number < 2 else 1
                plain[4:8, 6:10, channel] = 100 + 20 * number
            Image.fromarray(plain).save(site / folder / f"{number:02}.png")
    return site


def report(*arguments: str) -> tuple[str, Page]:
    called = call(*EVALUATE, *BOTH, *PROMISE, "--report", "page.html", *arguments)
    assert called.code == 0, called.err
    assert called.out.endswith("Plots and the weakest pictures: page.html\n")
    text = Path("page.html").read_text(encoding="utf-8")
    return text, Page(text)


def test_the_page_has_plots_figures_and_the_weakest_pictures_and_needs_nothing_else(seen: Path) -> None:
    text, page = report("--references", "8")
    assert not page.tags & {"script", "link", "iframe"}
    assert {address[:23] for address in page.addresses} == {"data:image/jpeg;base64,"}
    assert "url(" not in text
    for told in (
        "The sentences tell bad parts from good ones with AUROC",
        "As a line judges, where on average at most 20.0% of good parts do not pass",
        "By the sentences and references</h2>",
        "By the sentences</h2>",
        "over the threshold, in σ of good parts",
        "Bad parts that score lowest",
        "Good parts that score highest",
        "scratch: 2 of 8 named otherwise",
        "<dt>description scratch</dt><dd>a scratched nut</dd>",
    ):
        assert told in text
    assert text.count("<svg class=plot") == 2 * (2 + 2)  # two ways: two kinds, ROC and precision
    assert text.count("<circle class=chosen") == 2 * 2
    kinds = [kind for kind, _ in page.articles]
    assert (kinds.count("good"), kinds.count("bad")) == (6, 6 + 6 + 2)
    scores = {
        kind: [float(told.split(" σ")[0]) for of, told in page.articles if of == kind and " σ" in told]
        for kind in ("good", "bad")
    }
    assert scores["good"] == sorted(scores["good"], reverse=True)
    assert scores["bad"][:6] == sorted(scores["bad"][:6])
    assert scores["bad"][6:] == sorted(scores["bad"][6:])
    wrong = [told for _, told in page.articles if told.split()[0] == "stain"]
    assert sorted(told.split()[-1] for told in wrong) == ["scratch/00.png", "scratch/01.png"]
    assert text.count("<i class=defect") >= 6 + 6 + 2


def test_the_frame_of_a_misnamed_part_is_where_the_defect_is(seen: Path) -> None:
    text, _ = report()
    misnamed = text[text.index("<h2>Misnamed") :]
    places = re.findall(r"class=defect style=\"left:([\d.]+)%;top:([\d.]+)%;width:([\d.]+)%;height:([\d.]+)%", misnamed)
    assert places == [("37.50", "25.00", "25.00", "25.00")] * 2


def test_the_page_has_the_figures_of_the_table(seen: Path) -> None:
    called = call(*EVALUATE, *BOTH, *PROMISE, "--report", "page.html", "--json")
    rates = json.loads(called.out)["under_promise"]["by_text"]["rates"]
    assert called.err.endswith("Plots and the weakest pictures: page.html\n")
    text = Path("page.html").read_text(encoding="utf-8")
    escapes = rates["escapes"]
    assert f"By the sentences, {escapes['share']:.1%} of bad parts escape (at most {escapes['upper_95']:.1%})" in text
    point = re.findall(r'<circle class=chosen cx="([\d.]+)" cy="([\d.]+)"', text)[0]
    across = 58 + rates["false_rejects"]["share"] * (560 - 58 - 26)
    up = 420 - 46 - (1 - rates["escapes"]["share"]) * (420 - 46 - 12)
    assert tuple(map(float, point)) == pytest.approx((across, up), abs=0.06)


def test_a_defect_that_no_sentence_finds_and_that_is_caught_as_a_whole_has_no_frame(seen: Path) -> None:
    """Good parts are as green as they lack blue. A spill has less of both than most, so it is like neither sentence,
    and like no good part."""
    rng = np.random.default_rng(0)
    for folder, green, blue, count in (("even", 60, 60, 40), ("bad/spill", 45, 45, 6)):
        (seen / folder).mkdir()
        for number in range(count):
            less, noise = int(rng.integers(-20, 21)) * (folder == "even"), int(rng.integers(-1, 2))
            Image.fromarray(np.full((16, 16, 3), (200, green + less + noise, blue - less), np.uint8)).save(
                seen / folder / f"{number:02}.png"
            )
    asked = ("--good", "even", "--bad", "bad/spill", *PROMISE)
    called = call(*EVALUATE, *asked, "--report", "page.html", "--json")
    assert called.code == 0, called.err
    told = json.loads(called.out)
    assert told["overall"]["auroc"] < 0.5
    assert told["under_promise"]["by_text"]["rates"]["escapes"]["share"] == 0
    weakest, good = Path("page.html").read_text(encoding="utf-8").split("<h2>Good parts that score highest")
    cards = weakest[weakest.index("<h2>Bad parts that score lowest") :].split("<article class=bad>")[1:]
    assert len(cards) == 6
    for card in cards:
        assert ", rejected<br/>not the part: the picture as a whole" in card
        assert "class=defect" not in card
    assert "class=defect" in good
    assert "each looks at the picture as a whole as well" in call(*EVALUATE, *asked).out


def test_without_enough_good_parts_the_page_has_no_threshold(seen: Path) -> None:
    for path in sorted((seen / "good").iterdir())[12:]:
        path.unlink()
    text, page = report("--false-reject", "0.05", "--repeats", "2")
    assert "Not told under the promise, by text: a false-reject rate of 5.00% needs 38 good parts and 12 were" in text
    assert "there is no threshold, as good parts are too few for the promise" in text
    assert "class=chosen" not in text
    assert "<path class=limit" not in text
    assert len([kind for kind, _ in page.articles if kind == "good"]) == 6


def test_a_picture_that_goes_away_meanwhile_leaves_the_figures_and_no_page(
    seen: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Taking(SeeingEncoder):
        """The first picture of a defect is gone when the last one has been seen."""

        def embed_images(self, images: Sequence[Pixels]) -> Vectors:
            self.left = getattr(self, "left", 40 + 8 + 8) - 1
            if not self.left:
                (seen / "bad" / "scratch" / "00.png").unlink()
            return super().embed_images(images)

    monkeypatch.setattr(gauge, "load_encoder", lambda recipe: Taking())
    called = call(*EVALUATE, *BOTH, *PROMISE, "--report", "page.html", "--json")
    assert called.code == 1
    assert "bad/scratch/00.png" in called.err
    assert json.loads(called.out)["bad"]["scratch"]["pictures"] == 8
    assert not (seen / "page.html").exists()


def test_names_and_folders_do_not_become_tags(seen: Path) -> None:
    (seen / "bad" / "odd").rename(seen / "bad" / "<b>R&D")
    called = call(*EVALUATE, "--bad", "bad/<b>R&D", *PROMISE, "--report", "page.html")
    assert called.code == 0, called.err
    text = (seen / "page.html").read_text(encoding="utf-8")
    assert "<b>R&D" not in text
    Page(text)


@pytest.mark.parametrize(
    ("page", "message"),
    [
        ("page.pdf", "page.pdf: give it the ending .html"),
        ("nowhere/page.html", "there is no folder nowhere: make it first"),
        ("folder.html", "folder.html is a folder: name a file"),
    ],
)
def test_a_page_that_cannot_be_is_refused_before_a_picture_is_measured(
    seen: Path, monkeypatch: pytest.MonkeyPatch, page: str, message: str
) -> None:
    (seen / "folder.html").mkdir()
    monkeypatch.setattr(gauge, "load_encoder", None)
    called = call(*EVALUATE, *BOTH, "--report", page)
    assert (called.code, called.out) == (2, "")
    assert message in " ".join(called.err.replace("│", " ").split())


def test_without_the_right_to_write_it_is_said(seen: Path) -> None:
    """In /proc nobody makes a file; root learns it when it tries, and the figures were told by then."""
    called = call(*EVALUATE, *BOTH, "--report", "/proc/page.html", "--json")
    assert called.code in (1, 2)
    assert "cannot write /proc/page.html" in called.err
    if called.code == 1:
        assert json.loads(called.out)["recipe"] == "nut"


@pytest.mark.parametrize("arguments", [("--false-reject", "0"), ("--false-reject", "0.7"), ("--confidence", "1")])
def test_promises_that_there_are_not_are_refused(seen: Path, arguments: tuple[str, str]) -> None:
    called = call(*EVALUATE, *BOTH, *arguments)
    assert (called.code, called.out) == (2, "")
    assert f"'{arguments[0]}'" in called.err

"""`inspection compare`: what is asked, measured, told and refused, with an encoder to do the sums by hand and a real
backbone of random weights."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from inspection import gauge
from inspection.analytics.comparison import METHODS, Cell, Comparison
from inspection.analytics.drawn import Repeated
from inspection.analytics.saving import Saving
from inspection.cli._compare_text import answer
from tests.adapters.clip.backbones import save_resnet
from tests.cli.conftest import call
from tests.cli.test_evaluate import WORDS, save
from tests.config.site_files import RECIPE_FILE
from tests.fakes.encoder import AxisEncoder

COMPARE = (
    "compare",
    "--recipe",
    "nut",
    "--config-dir",
    ".",
    "--good",
    "good",
    "--bad",
    "bad/scratch",
    "--bad",
    "bad/odd",
)


@pytest.fixture
def folders(site: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory. Text knows scratched parts, and not the odd ones, which labels know."""
    (site / RECIPE_FILE).write_text(WORDS)
    monkeypatch.setattr(gauge, "load_encoder", lambda recipe: AxisEncoder())
    rng = np.random.default_rng(0)
    save(site / "good", [(200, int(rng.integers(20, 60)), int(rng.integers(20, 60))) for _ in range(20)])
    save(site / "bad" / "scratch", [(200, int(rng.integers(90, 120)), int(rng.integers(20, 60))) for _ in range(6)])
    save(site / "bad" / "odd", [(200, int(rng.integers(0, 20)), int(rng.integers(0, 20))) for _ in range(6)])
    return site


def test_told_for_a_program(folders: Path) -> None:
    called = call(*COMPARE, "--repeats", "5", "--seed", "4", "--json")
    told = json.loads(called.out)
    assert (called.code, called.err) == (0, "")
    assert (told["recipe"], told["model"], told["backbone"], told["unreadable"]) == ("nut", "axis", None, [])
    assert told["good"] == {"folder": "good", "pictures": 20}
    assert told["bad"]["odd"] == {"folder": "bad/odd", "pictures": 6}
    assert (told["tested"], told["repeats"], told["seed"]) == ({"good": 10, "bad": 6}, 5, 4)
    assert list(told["methods"]) == list(METHODS)
    for cells in told["methods"].values():
        assert [cell["labels"] for cell in cells] == [0, 1, 2, 4]
    assert len({cell["auroc"]["mean"] for cell in told["methods"]["text"]}) == 1
    transfer = told["methods"]["transfer"]
    assert (transfer[0]["auroc"], transfer[0]["lacks"]) == (None, "needs 1+1")
    assert transfer[3]["auroc_95"][0] < transfer[3]["auroc"]["mean"] <= transfer[3]["auroc_95"][1]
    assert [each["labels"] for each in told["saving"]["differences"]] == [0, 1, 2, 4]
    difference = transfer[3]["auroc"]["mean"] - told["methods"]["text"][3]["auroc"]["mean"]
    assert told["saving"]["differences"][3]["mean"] == pytest.approx(difference)
    assert told["says"].startswith("Your sentences ")

    again, others = (
        json.loads(call(*COMPARE, "--repeats", "5", "--seed", seed, "--json").out)["methods"] for seed in "45"
    )
    assert told["methods"] == again != others


def test_told_for_a_person(folders: Path) -> None:
    called = call(*COMPARE, "--repeats", "5")
    assert called.code == 0
    lines = called.out.splitlines()
    assert max(map(len, lines[:7])) <= 120
    assert [line.split()[0] for line in lines[3:7]] == ["0+0", "1+1", "2+2", "4+4"]
    assert lines[3].count("needs") == 4
    assert lines[6].count("[") == 5
    assert "20 good parts and 12 bad; drawn 5 times (seed 0): one half is tested, 10 good and 6 bad" in called.out
    assert "on the image tower of axis, the recipe's own model, as no --backbone was named" in called.out
    assert lines[-1].startswith("Your sentences ")


def test_with_a_backbone_and_a_page(folders: Path) -> None:
    save_resnet(folders / "resnet")
    called = call(*COMPARE, "--backbone", "./resnet", "--report", "page.html", "--repeats", "5")
    assert called.code == 0, called
    assert "transfer learning: logistic regression on the frozen resnet" in called.out
    assert called.out.endswith("The plot: page.html\n")
    page = (folders / "page.html").read_text()
    headline = called.out.splitlines()[-2].partition(". ")[0]
    assert f"<h1>{headline}</h1>" in page
    assert page.count('class="line ') == page.count('class="name ') == len(METHODS)
    assert page.count('class="band ') == 2
    for name in ("text", "references", "labels", "labels + text", "transfer learning"):
        assert f">{name}</text>" in page
    assert "backbone: weights" in page
    assert not re.search(r"(?:src|href)=|https?://", page)
    heights = sorted(float(y) for y in re.findall(r'class="name [\w -]+" x="\d+" y="([\d.]+)"', page))
    assert min(np.diff(heights)) > 15  # names are not on one another
    own = json.loads(call(*COMPARE, "--repeats", "5", "--json").out)["methods"]
    other = json.loads(call(*COMPARE, "--repeats", "5", "--backbone", "./resnet", "--json").out)
    assert (other["backbone"]["model"], other["backbone"]["type"]) == ("resnet", "resnet")
    assert other["methods"].pop("transfer") != own.pop("transfer")
    assert other["methods"] == own  # the same draws for all


def test_what_cannot_be_read_is_left_out(folders: Path) -> None:
    (folders / "good" / "cut.jpg").write_bytes(b"\xff\xd8\xff")
    called = call(*COMPARE, "--json")
    told = json.loads(called.out)
    assert (called.code, told["good"]["pictures"]) == (0, 20)
    assert [each["image"] for each in told["unreadable"]] == ["good/cut.jpg"]
    assert "left out: good/cut.jpg" in called.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--good", "nowhere"], "nowhere: there is no such folder"),
        (["--bad", "bad/few"], "20 good and 8 bad parts are too few: one half of each is tested and labels come from"),
        (["--bad", "good"], "is among the good parts and the bad parts, good"),
        (["--repeats", "4"], "'--repeats': Input should be greater than or equal to 5"),
        (["--report", "page.txt"], "page.txt: give it the ending .html"),
        (["--report", "nowhere/page.html"], "there is no folder nowhere: make it first"),
        (["--backbone", "./nowhere"], "model ./nowhere: there is no such folder"),
        (["--backbone", "./empty"], "there is no config.json in that folder"),
        (["--backbone", "maker/resnet-18"], "fetch it with 'inspection model pull --backbone maker/resnet-18'"),
        (["--backbone", "resnet-18"], "model resnet-18: that is no id of the hub"),
        (["--recipe", "nutt"], 'there is no recipe "nutt"'),
    ],
)
def test_what_cannot_be_used_is_named_before_a_picture_is_measured(
    folders: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], message: str
) -> None:
    class Blind(AxisEncoder):
        def embed_images(self, images):
            raise AssertionError("a picture was measured")

    monkeypatch.setattr(gauge, "load_encoder", lambda recipe: Blind())
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(folders / "cache"))
    (folders / "empty").mkdir()
    save(folders / "bad" / "few", [(200, 100, i) for i in range(8)])
    options = dict(zip(arguments[::2], arguments[1::2], strict=True))
    given = {"--recipe": "nut", "--good": "good", "--bad": "bad", **options}
    called = call("compare", "--config-dir", ".", *(word for option in given.items() for word in option))
    assert (called.code, called.out) == (2, "")
    assert message in " ".join(called.err.replace("│", " ").split())


def found(saving: Saving, text: float = 0.8, transfer: float = 0.7) -> Comparison:
    none = Cell(None, None, "needs 1+1")
    seen = {"text": text, "transfer": transfer}
    cells = {
        method: tuple(Cell(Repeated(seen[method], 0.01), (0.6, 0.9)) if method in seen else none for _ in range(5))
        for method in METHODS
    }
    return Comparison(20, 20, 20, (0, 1, 2, 4, 8), cells, saving)


@pytest.mark.parametrize(
    ("saving", "says"),
    [
        (
            Saving(4, 2, None, ()),
            "Your sentences save 8 labelled parts. With transfer learning alone, 4+4 labels reach what text reaches"
            " with none, AUROC 0.800 [0.60, 0.90]; 2+2 do not; at 95 %: 2+2 to more than 8+8.",
        ),
        (
            Saving(1, 1, 1, ()),
            "Your sentences save 2 labelled parts. With transfer learning alone, 1+1 labels reach what text reaches"
            " with none, AUROC 0.800 [0.60, 0.90]; at 95 % too.",
        ),
        (
            Saving(None, 8, None, ()),
            "Your sentences save more than 16 labelled parts. Text alone has AUROC 0.800 [0.60, 0.90]. With transfer"
            " learning alone, 8+8 labels do not reach it: 0.700 [0.60, 0.90]; at 95 %: 8+8 to more than 8+8.",
        ),
        (
            Saving(None, None, None, ()),
            "Your sentences save more than 16 labelled parts. Text alone has AUROC 0.800 [0.60, 0.90]. With transfer"
            " learning alone, 8+8 labels do not reach it: 0.700 [0.60, 0.90]; at 95 % too.",
        ),
        (
            Saving(2, 0, 4, ()),
            "Your sentences are not shown to save a label. Text alone has AUROC 0.800 [0.60, 0.90], and at 95 % that"
            " may be a guess, 0.5. With transfer learning alone, 2+2 labels reach what text reaches with none; at 95 %:"
            " none to 4+4.",
        ),
        (
            Saving(0, 0, 1, ()),
            "Your sentences save no label. Text alone has AUROC 0.800 [0.60, 0.90]: no better than a guess, 0.5.",
        ),
    ],
)
def test_the_answer_in_words(saving: Saving, says: str) -> None:
    assert ". ".join(answer(found(saving))) == says

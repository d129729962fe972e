"""`inspection render`: pictures, masks and what is told of them; sentences that cannot be rendered."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.cli.conftest import SAMPLES, call

SMALL = ("--size", "64")
GOOD = SAMPLES / "calibration" / "good"


def lines(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / "render.jsonl").read_text().splitlines()]


def pixels(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path), dtype=int)


def test_pictures_masks_twins_and_what_is_told(tmp_path: Path) -> None:
    out = tmp_path / "new" / "folder"
    sentence = "a brass hex nut with a long scratch near the edge"
    called = call("render", sentence, "--n", "3", "--out", out, *SMALL, "--masks", "--clean-twins", "--sheet")
    assert called.code == 0, called.err
    assert sorted(path.name for path in out.iterdir()) == sorted(
        ["render.jsonl", "sheet.jpg"]
        + [f"{index:03}{ending}" for index in range(3) for ending in (".png", ".mask.png", ".good.png")]
    )
    for index, row in enumerate(lines(out)):
        bad, good = pixels(out / f"{index:03}.png"), pixels(out / f"{index:03}.good.png")
        mask = np.asarray(Image.open(out / f"{index:03}.mask.png"))
        assert bad.shape == (64, 64, 3)
        assert mask.dtype == bool
        apart = np.abs(bad - good).max(axis=2)
        assert apart[mask].mean() > apart[~mask].mean() + 5
        assert (row["picture"], row["sentence"]) == (f"{index:03}.png", sentence)
        assert (row["family"], row["material"]) == ("hex nut", "brass")
        assert [defect["kind"] for defect in row["defects"]] == ["scratch"]
        assert row["area"] == pytest.approx(mask.mean())
    assert "3 pictures in" in called.out
    assert "brass hex nut" in called.out


def test_the_same_seed_gives_the_same_and_another_other_pictures(tmp_path: Path) -> None:
    for folder, seed in (("a", 1), ("b", 1), ("c", 2)):
        assert call("render", "a dented gear", "--n", "2", "--seed", seed, "--out", tmp_path / folder, *SMALL).code == 0
    first, again, other = ((tmp_path / folder / "001.png").read_bytes() for folder in "abc")
    assert first == again != other


def test_good_parts_and_any_defect(tmp_path: Path) -> None:
    good = call("render", "a flawless red plastic cap", "--n", "2", "--out", tmp_path, *SMALL, "--masks", "--json")
    told = json.loads(good.out)
    assert [picture["defects"] for picture in told["pictures"]] == [[], []]
    assert not pixels(tmp_path / "000.mask.png").any()
    assert {picture["colour"] for picture in told["pictures"]} == {"red"}
    any_kind = call("render", "a damaged washer", "--n", "2", "--out", tmp_path / "any", *SMALL, "--json")
    assert all(len(picture["defects"]) == 1 for picture in json.loads(any_kind.out)["pictures"])


def test_rust_is_rendered_on_metal_unless_asked_otherwise(tmp_path: Path) -> None:
    assert call("render", "a rusty washer", "--n", "8", "--out", tmp_path, *SMALL).code == 0
    assert "plastic" not in {row["material"] for row in lines(tmp_path)}
    called = call("render", "a rusty plastic washer", "--out", tmp_path / "plastic", *SMALL)
    assert called.code == 2
    assert "not 'rust'" in " ".join(called.err.split())


def test_what_was_not_understood_is_said(tmp_path: Path) -> None:
    called = call("render", "a velvety washer with a dent", "--n", "1", "--out", tmp_path, *SMALL)
    assert called.code == 0
    assert 'not understood, and left out: "velvety"' in called.err
    assert lines(tmp_path)[0]["ignored"] == ["velvety"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["a potato with a scratch"], "there are hex nut, washer"),
        (["a nut with a wobble"], "there are scratch, dent"),
        (["a leather hex nut with a dent"], "a hex nut can be of grey steel"),
        (["a torn wooden board with a burr"], "can have scratch"),
        (["a dented nut", "--size", "2000"], "--size"),
        (["a dented nut", "--n", "0"], "--n"),
        (["a dented nut", "--full-frame"], "give --onto DIR too"),
        (["a good nut", "--onto", str(GOOD)], "name a defect"),
        (["a nut with a missing bore", "--onto", str(GOOD)], "not 'missing feature'"),
    ],
)
def test_what_cannot_be_rendered_is_refused(arguments: list[str], message: str, tmp_path: Path) -> None:
    called = call("render", *arguments, "--out", tmp_path / "out")
    assert called.code == 2
    assert message in " ".join(called.err.replace("│", " ").split())
    assert not list(tmp_path.glob("out/*.png"))


def test_no_file_is_written_over_unless_it_is_said(tmp_path: Path) -> None:
    (tmp_path / "001.png").write_bytes(b"mine")
    called = call("render", "a dented nut", "--n", "3", "--out", tmp_path, *SMALL)
    assert called.code == 2
    assert "would be written over" in " ".join(called.err.replace("│", " ").split())
    assert [path.name for path in tmp_path.iterdir()] == ["001.png"]
    assert (tmp_path / "001.png").read_bytes() == b"mine"
    assert call("render", "a dented nut", "--n", "3", "--out", tmp_path, *SMALL, "--force").code == 0
    assert pixels(tmp_path / "001.png").shape == (64, 64, 3)


def test_onto_photographs(tmp_path: Path) -> None:
    photographs = tmp_path / "photographs"
    photographs.mkdir()
    for index, path in enumerate(sorted(GOOD.iterdir())[:2]):
        Image.open(path).save(photographs / f"{index}.png")
    large = Image.open(photographs / "0.png").resize((1500, 1200))
    large.save(photographs / "2.png")
    (photographs / "3.png").write_bytes(b"no picture")
    out = tmp_path / "out"
    called = call("render", "a part with a stain", "--onto", photographs, "--n", "3", "--out", out, "--masks")
    assert called.code == 1
    assert "3.png: " in called.err
    assert "2.png: scaled down to 1024 x 819" in called.err
    rows = lines(out)
    assert [Path(str(row["photograph"])).name for row in rows] == ["0.png", "1.png", "2.png"]
    assert rows[2]["size_px"] == [1024, 819]
    before, after = pixels(photographs / "1.png"), pixels(out / "001.png")
    mask = np.asarray(Image.open(out / "001.mask.png"))
    apart = np.abs(before - after).max(axis=2)
    assert apart[mask].min() > 8
    assert np.count_nonzero(apart) < 0.5 * apart.size


def test_a_folder_without_usable_photographs(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    called = call("render", "a stain", "--onto", empty, "--out", tmp_path / "out")
    assert called.code == 1
    assert "no pictures here" in called.err
    (empty / "0.png").write_bytes(b"no picture")
    called = call("render", "a stain", "--onto", empty, "--out", tmp_path / "out2")
    assert called.code == 1
    assert "none of its 1 picture can be used" in called.err

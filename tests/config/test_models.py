"""What the loaded settings answer: shifts, ports, content ids, and that the shipped ones are in order."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection import resources
from inspection.config import ConfigProblems, LineConfig, RecipeConfig, load_site
from inspection.config.ports import is_port, same_port_key
from tests.config.site_files import LINE, LINE_FILE, RECIPE, RECIPE_FILE, changed, write_site


def line_of(folder: Path, text: str = LINE) -> LineConfig:
    return load_site(write_site(folder, {LINE_FILE: text}), folder / "samples").line("demo")


def recipe_of(folder: Path, text: str) -> RecipeConfig:
    return load_site(write_site(folder, {RECIPE_FILE: text}), folder / "samples").recipe("nut")


@pytest.mark.parametrize(
    ("utc", "shift"),
    [
        ("2026-01-05T04:59", "late"),  # before the first of the day it is the last one of the day before
        ("2026-01-05T05:00", "early"),  # Berlin is an hour ahead in winter,
        ("2026-07-05T04:00", "early"),  # two in summer
        ("2026-07-05T03:59", "late"),
        ("2026-01-05T12:59", "early"),
        ("2026-01-05T13:00", "late"),
    ],
)
def test_a_shift_lasts_until_the_next_by_the_clock_of_the_line(tmp_path: Path, utc: str, shift: str) -> None:
    assert line_of(tmp_path).shift_at(datetime.fromisoformat(utc).replace(tzinfo=UTC)) == shift


@pytest.mark.parametrize(
    ("utc", "began"),
    [
        ("2026-01-05T04:59", "2026-01-04T13:00"),
        ("2026-01-05T05:00", "2026-01-05T05:00"),
        ("2026-07-05T04:01", "2026-07-05T04:00"),
        ("2026-03-29T03:00", "2026-03-28T13:00"),  # the clocks were put on in that night
    ],
)
def test_a_shift_began_when_the_clock_of_the_line_said_so(tmp_path: Path, utc: str, began: str) -> None:
    since = line_of(tmp_path).shift_since(datetime.fromisoformat(utc).replace(tzinfo=UTC))
    assert since == datetime.fromisoformat(began).replace(tzinfo=UTC)


def test_a_line_without_shifts_has_none(tmp_path: Path) -> None:
    line = line_of(tmp_path, LINE[: LINE.index("shifts")])
    assert (line.shift_at(datetime.now(UTC)), line.shift_since(datetime.now(UTC))) == (None, None)


def test_settings_cannot_be_changed_once_loaded(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="frozen"):
        line_of(tmp_path).recipe = "other"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("model: bundled", "model: openai/clip-vit-base-patch32"),
        ("model: bundled", "model: bundled\nview: as-trained"),
        ("flawless", "intact"),
        ("dented", "bent"),
        ("name: dent", "name: dents"),
        ("left: 0.1", "left: 0.2"),
        ("      - a photo of a nut with a scratch\n", ""),
        ("model: bundled", "model: bundled\ntemplates: ['a photo of {}']"),
    ],
)
def test_the_content_id_changes_with_what_changes_scores(tmp_path: Path, old: str, new: str) -> None:
    before = recipe_of(tmp_path / "a", RECIPE).content_id()
    after = recipe_of(tmp_path / "b", changed(RECIPE, old, new)).content_id()
    assert len(before) == 12
    assert before != after


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("severity: minor", "severity: critical"),
        ("part: hex nut", "part: nut"),
        ("  - a photo of a flawless nut", "  - >\n    a photo of\n    a flawless nut"),
        ("left: 0.1", "left: 0.10"),
        ("model: bundled", "model: bundled\ntemplates: ['{}']"),
        ("model: bundled", "model: bundled\ntemplates: []"),
    ],
)
def test_the_content_id_stays_when_scores_stay(tmp_path: Path, old: str, new: str) -> None:
    before = recipe_of(tmp_path / "a", RECIPE).content_id()
    assert recipe_of(tmp_path / "b", changed(RECIPE, old, new)).content_id() == before


def test_phrasings_are_read_with_the_noun_in_every_template(tmp_path: Path) -> None:
    said = changed(
        changed(RECIPE, "a photo of a dented nut", "'a dented {part}'"), "a photo of a flawless nut", "flawless"
    )
    plain = recipe_of(tmp_path / "a", said)
    assert plain.normal_phrases == ("flawless",)
    assert plain.defect_phrases["dent"] == ("a dented hex nut",)
    text = changed(said, "model: bundled", "model: bundled\ntemplates: ['a photo of {}', '{}  on a belt']")
    recipe = recipe_of(tmp_path / "b", text)
    assert recipe.normal_phrases == ("a photo of flawless", "flawless on a belt")
    assert recipe.defect_phrases["dent"] == ("a photo of a dented hex nut", "a dented hex nut on a belt")
    assert len(recipe.defect_phrases["scratch"]) == 4
    assert recipe.phrase("a {part}") == "a photo of a hex nut"


def test_the_noun_is_part_of_what_is_read(tmp_path: Path) -> None:
    text = changed(RECIPE, "a photo of a dented nut", "'a dented {part}'")
    other = recipe_of(tmp_path / "b", changed(text, "part: hex nut", "part: bolt"))
    written_out = recipe_of(tmp_path / "c", changed(RECIPE, "a photo of a dented nut", "a dented bolt"))
    assert recipe_of(tmp_path / "a", text).content_id() != other.content_id() == written_out.content_id()


def test_a_model_folder_is_looked_for_beside_the_recipe_and_is_the_same_model_elsewhere(tmp_path: Path) -> None:
    text = changed(RECIPE, "model: bundled", "model: ../models/mine")
    for name in ("a", "b"):
        (tmp_path / name / "models" / "mine").mkdir(parents=True)
    here, there = recipe_of(tmp_path / "a", text), recipe_of(tmp_path / "b", text)
    assert here.model == str(tmp_path / "a" / "models" / "mine")
    assert here.content_id() == there.content_id()


@pytest.mark.parametrize(
    "url", ["/dev/ttyUSB0", "/dev/serial/by-id/x", "socket://gate.local:23", "rfc2217://[::1]:2217"]
)
def test_ports(url: str) -> None:
    assert is_port(url)


@pytest.mark.parametrize(
    "url", ["", "/dev/", "dev/ttyUSB0", "socket://gate", "socket://:1", "http://gate:80", "/dev/a b"]
)
def test_not_ports(url: str) -> None:
    assert not is_port(url)


@given(st.from_regex(r"\A[a-z]{1,12}\Z"), st.integers(1, 65535))
def test_case_and_protocol_do_not_make_another_port(host: str, port: int) -> None:
    assert same_port_key(f"socket://{host.upper()}:{port}") == same_port_key(f"rfc2217://{host}.:{port:05}/x")
    assert same_port_key(f"socket://{host}:{port}") != same_port_key(f"socket://{host}:{port % 65535 + 1}")


def test_the_shipped_configuration_is_in_order() -> None:
    site = load_site(resources.configs_dir())
    line = site.line("demo")
    assert line.durability == "power"
    assert site.recipe(line.recipe).model == "bundled"


def test_two_lines_do_not_watch_one_folder(tmp_path: Path) -> None:
    camera = LINE[LINE.index("camera:\n") : LINE.index("gate:\n")]
    gate = LINE[LINE.index("gate:\n") : LINE.index("trigger:")]
    dry = changed(changed(LINE, gate, "gate: {kind: dry}\n"), "{kind: gate}", "{kind: watched}")
    watched = changed(dry, camera, "camera: {kind: watched, folder: ../landing}\n")
    write_site(tmp_path, {LINE_FILE: watched, "lines/other.yaml": watched})
    with pytest.raises(ConfigProblems, match=r"other.yaml:4: camera.folder: is the folder of line demo already"):
        load_site(tmp_path, tmp_path / "samples")

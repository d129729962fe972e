"""Files that cannot be read as a configuration at all, and sites with several things wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from inspection.config import ConfigProblems, DryGateConfig, ModbusGateConfig, SerialGateConfig, load_site
from inspection.config.problems import Problem, shown
from inspection.config.source import read_source
from inspection.domain.errors import ConfigError
from tests.config.site_files import LINE, LINE_FILE, RECIPE, RECIPE_FILE, changed, write_site


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A valid site that is the working directory, so that messages are relative."""
    monkeypatch.chdir(tmp_path)
    return write_site(tmp_path)


def problems_of(site: Path) -> list[str]:
    with pytest.raises(ConfigProblems) as caught:
        load_site(site, site / "samples")
    return str(caught.value).splitlines()


ADVICE = "indent with spaces, write one 'key: value' a line, and quote text that holds ': ' or ' #'"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", ":1: is empty; start from the demo's file of the same kind in configs/"),
        (b"# nothing yet\n", ":1: is empty; start from the demo's file of the same kind in configs/"),
        (b"- a\n- b\n", ":1: is not a mapping; write one 'key: value' a line"),
        (b"\n\njust text\n", ":3: is not a mapping; write one 'key: value' a line"),
        (b"part: a\nmodel: caf\xe9\n", ":2: byte 0xe9 is not UTF-8 text; save the file as UTF-8"),
        (b"part: a\nmodel: b\x07\n", ":2: holds a character that YAML does not allow (code 7); remove it"),
        (b"part: a\n  model: b\n", f":2: is not YAML: mapping values are not allowed here; {ADVICE}"),
        (b"%YAML 1.1\n---\npart: no\n", ':1: "%YAML 1.1" is a YAML directive; remove it: every file is read as '
         "YAML 1.2"),
        (b'part: "\\ud800"\n' + RECIPE.encode()[14:], ":1: part: holds half a character (\\ud800 to \\udfff); write "
         "the character itself"),
        (b"part: &p a\nmodel: *p\n", ":2: alias *p is not allowed; write the value out"),
        (b"part: &p [*p]\n", ":1: alias *p is not allowed; write the value out"),
        (b"\na: " + b"[" * 5000, ":2: is nested too deep; no setting is more than four levels down"),
        (b" " * 1_000_001, ": has 1000001 bytes, allowed 1000000; is it another file?"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_configuration(site: Path, content: bytes, message: str) -> None:
    (site / RECIPE_FILE).write_bytes(content)
    assert problems_of(site) == [f"{RECIPE_FILE}{message}"]


def test_two_documents_in_one_file(site: Path) -> None:
    (site / RECIPE_FILE).write_text(f"{RECIPE}---\n{RECIPE}")
    (problem,) = problems_of(site)
    assert problem.startswith(f"{RECIPE_FILE}:15: is not YAML: ")


def test_a_directory_with_the_name_of_a_line(site: Path) -> None:
    (site / "lines" / "hall.yaml").mkdir()
    assert problems_of(site) == ["lines/hall.yaml: is a directory; a YAML file is expected here: move or rename it"]


def test_a_link_to_nowhere(site: Path) -> None:
    (site / "lines" / "hall.yaml").symlink_to(site / "gone.yaml")
    (problem,) = problems_of(site)
    assert problem.startswith("lines/hall.yaml: cannot be read (No such file or directory); ")


def test_files_that_would_be_overlooked_or_have_no_usable_name(site: Path) -> None:
    (site / "lines" / "Hall 1.yaml").write_text(changed(LINE, "/dev/ttyUSB0", "/dev/ttyUSB1"))
    (site / "lines" / "hall.yml").write_text(LINE)
    (site / "lines" / "hall-2.YAML").write_text(LINE)
    (site / "lines" / f"{'h' * 61}.yaml").write_text(changed(LINE, "/dev/ttyUSB0", "/dev/ttyUSB2"))
    (site / "recipes" / "bolt.Yml").write_text(RECIPE)
    (site / "lines" / "notes.txt").write_text("not a configuration, and nobody minds")
    assert problems_of(site) == [
        'lines/Hall 1.yaml: "Hall 1" cannot be a name; rename the file: lower-case letters, digits and hyphens, '
        "beginning with a letter or digit",
        "lines/hall-2.YAML: would not be read; rename it to hall-2.yaml",
        "lines/hall.yml: would not be read; rename it to hall.yaml",
        f"lines/{'h' * 61}.yaml: a name of 61 characters is too long; rename the file: at most 60",
        "recipes/bolt.Yml: would not be read; rename it to bolt.yaml",
    ]


def test_no_directory_and_no_line(site: Path) -> None:
    assert problems_of(site / "nowhere") == [
        "nowhere: is not a directory; name one with lines/ and recipes/, by --config-dir or INSPECTION_CONFIG_DIR"
    ]
    (site / "empty").mkdir()
    assert problems_of(site / "empty") == ["empty/lines: there is no line; write lines/<name>.yaml"]


def test_all_problems_of_all_files_at_once_in_order(site: Path) -> None:
    line = changed(changed(LINE, "watchdog_ms: 500", "watchdog_ms: 5"), "station: hall-1", "statoin: hall-1")
    (site / LINE_FILE).write_text(changed(line, "margin_ms: 20", "margin_ms: 900"))
    (site / "lines" / "other.yaml").write_text(changed(line, "recipe: nut", "recipe: bolt"))
    (site / RECIPE_FILE).write_text(changed(changed(RECIPE, "minor", "small"), "name: dent", "name: scratch"))
    (site / "recipes" / "broken.yaml").write_text("part: [")

    places = [problem.split(" ")[0] + " " + problem.split(" ")[1] for problem in problems_of(site)]

    assert places == [
        "lines/demo.yaml:1: station:",
        "lines/demo.yaml:1: statoin:",
        "lines/demo.yaml:14: gate.margin_ms:",
        "lines/demo.yaml:15: gate.watchdog_ms:",
        "lines/other.yaml:1: station:",
        "lines/other.yaml:1: statoin:",
        "lines/other.yaml:2: recipe:",
        "lines/other.yaml:11: gate.url:",
        "lines/other.yaml:15: gate.watchdog_ms:",
        "recipes/broken.yaml:1: is",
        "recipes/nut.yaml:7: descriptions[scratch].severity:",
        "recipes/nut.yaml:11: descriptions[scratch].name:",
    ]


def test_two_lines_on_one_port_are_refused_however_it_is_spelt(site: Path) -> None:
    for name, url in (
        ("b", "/dev/../dev//ttyUSB0"),
        ("c", "socket://LOCALHOST:4000"),
        ("d", "rfc2217://127.0.0.1:4000"),
    ):
        (site / "lines" / f"{name}.yaml").write_text(changed(LINE, "/dev/ttyUSB0", url))
    assert problems_of(site) == [
        'lines/d.yaml:11: gate.url: "rfc2217://127.0.0.1:4000" is the port of line c already (lines/c.yaml:11); give '
        "each line a port of its own",
        'lines/demo.yaml:11: gate.url: "/dev/ttyUSB0" is the port of line b already (lines/b.yaml:11); give each line '
        "a port of its own",
    ]


def test_a_link_below_dev_is_the_port_that_it_leads_to(site: Path) -> None:
    (site / "by-id").symlink_to("/dev/null")
    for name, url in (("a", "/dev/null"), ("b", f"/dev/..{site}/by-id")):
        (site / "lines" / f"{name}.yaml").write_text(changed(LINE, "/dev/ttyUSB0", url))
    (problem,) = problems_of(site)
    assert "is the port of line a already" in problem


def test_a_missing_recipe_lists_those_that_there_are(site: Path) -> None:
    (site / RECIPE_FILE).rename(site / "recipes" / "bolt.yaml")
    assert problems_of(site) == [f'{LINE_FILE}:2: recipe: there is no recipe "nut" in recipes; known: bolt']
    (site / "recipes" / "bolt.yaml").unlink()
    assert problems_of(site) == [f'{LINE_FILE}:2: recipe: there is no recipe "nut" in recipes; there is none']


def test_a_name_nobody_knows_is_answered_with_the_known_ones(site: Path) -> None:
    loaded = load_site(site, site / "samples")
    with pytest.raises(ConfigError, match=r'^there is no line "dmo" in \.; did you mean "demo"\? known: demo$'):
        loaded.line("dmo")
    with pytest.raises(ConfigError, match=r'^there is no recipe "xyz" in \.; known: nut$'):
        loaded.recipe("xyz")


def test_a_plc_as_it_is_written(site: Path) -> None:
    line = changed(LINE, "kind: serial\n", "kind: modbus\n  map: {station: 0, plc: 100}\n").replace("margin_ms: 20", "")
    (site / "lines" / "demo.yaml").write_text(line)
    gate = load_site(site, site / "samples").line("demo").gate

    assert isinstance(gate, ModbusGateConfig)
    assert gate.travel_ms == 800
    assert (gate.unit, gate.baud, gate.parity, gate.stop_bits, gate.timeout_ms) == (1, 115200, "even", 1, 100)
    assert (gate.margin_ms, gate.watchdog_ms, gate.min_gap_ms) == (150, 500, 30)
    assert (gate.map.station, gate.map.plc) == (0, 100)


def test_the_settings_of_the_guide_for_a_plc_can_be_used(site: Path) -> None:
    guide = (Path(__file__).parents[2] / "docs" / "modbus-map.md").read_text(encoding="utf-8")
    gate = guide[guide.index("```yaml\n") + 8 : guide.index("trigger: {kind: gate}\n```")]
    line = LINE[: LINE.index("gate:\n")] + gate + LINE[LINE.index("trigger:") :]
    (site / "lines" / "demo.yaml").write_text(line)
    assert isinstance(load_site(site, site / "samples").line("demo").gate, ModbusGateConfig)


def test_what_is_written_is_what_is_loaded(site: Path) -> None:
    (site / "lines" / "dry.yaml").write_text(
        "station: hall-1\nrecipe: nut\nparts_per_s_max: 5\ngate: {kind: dry}\ntrigger: {kind: timer, parts_per_s: 5}\n"
        "camera: {kind: folder, folder: ../samples/nut/line}\n"
    )
    loaded = load_site(site, site / "samples")
    line, dry = loaded.line("demo"), loaded.line("dry")

    assert (line.name, dry.name) == ("demo", "dry")
    assert isinstance(line.gate, SerialGateConfig)
    assert line.gate.travel_ms == 800
    assert (line.gate.margin_ms, line.gate.min_gap_ms, line.gate.run_permit_output) == (20, 30, False)
    assert (line.gate.tracking, line.gate.travel_counts, line.gate.min_gap_counts) == ("time", 0, 0)
    assert line.durability == "power"
    assert isinstance(dry.gate, DryGateConfig)
    assert dry.durability == "process"
    assert line.camera.path == dry.camera.path == (site / "samples" / "nut" / "line")
    assert (dry.shifts, str(dry.timezone), dry.log.seal_after_parts) == ((), "UTC", 500)
    assert loaded.recipe("nut").descriptions[1].phrasings == ("a photo of a dented nut",)


def test_a_gate_that_tracks_by_encoder_has_its_way_and_its_gap_in_counts(site: Path) -> None:
    text = (site / LINE_FILE).read_text()
    added = "margin_ms: 20\n  tracking: encoder\n  counts_per_mm: 7.24\n  min_gap_mm: 12"
    (site / LINE_FILE).write_text(text.replace("margin_ms: 20", added))
    gate = load_site(site, site / "samples").line("demo").gate
    assert isinstance(gate, SerialGateConfig)
    assert (gate.travel_counts, gate.min_gap_counts) == (2896, 87)
    assert gate.travel_ms == 800  # the belt at its fastest: no part is there earlier


YAML_WORDS = st.sampled_from(
    ["no", "yes", "on", "off", "012", "1_000", "0o14", "12:30:45", "2026-01-05", "~", "1e3", "a: b"]
)


@given(
    YAML_WORDS
    | st.text(st.characters(max_codepoint=0xFFFF, exclude_categories=["Cs"]), max_size=30)
    | st.integers()
    | st.booleans()
    | st.floats(allow_nan=False, allow_infinity=False)  # JSON has neither
)
def test_a_quoted_value_comes_back_as_it_is(tmp_path_factory: pytest.TempPathFactory, value: object) -> None:
    """JSON is YAML 1.2: what is written as JSON is read back, of the same type."""
    path = tmp_path_factory.mktemp("yaml") / "a.yaml"
    path.write_text(json.dumps({"key": [value]}))
    problems: list[Problem] = []

    source = read_source(path, problems)

    assert source is not None
    assert problems == []
    (read,) = source.data["key"]
    assert (read, type(read)) == (value, type(value))


@given(st.binary(max_size=200))
def test_whatever_a_file_holds_it_is_read_or_refused_with_its_name(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = tmp_path_factory.mktemp("yaml") / "a.yaml"
    path.write_bytes(content)
    problems: list[Problem] = []
    source = read_source(path, problems)
    assert source is not None or problems
    assert all("a.yaml" in str(problem) for problem in problems)


KEYS = ["station", "recipe", "gate", "trigger", "camera", "shifts", "log", "kind", "url", "delay_ms", "name", "start"]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(["serial", "gate", "/dev/x", "divert"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=8))
@example({"station": None, "gate": {}, "kind": "gate"})  # no union has this kind
def test_any_shape_of_line_and_recipe_is_refused_without_a_crash(
    tmp_path_factory: pytest.TempPathFactory, content: dict[str, object]
) -> None:
    folder = tmp_path_factory.mktemp("site")
    text = json.dumps(content).replace("NaN", ".nan").replace("-Infinity", "-.inf").replace("Infinity", ".inf")
    write_site(folder, {"lines/odd.yaml": text, "recipes/odd.yaml": text})
    with pytest.raises(ConfigProblems) as caught:
        load_site(folder, folder / "samples")
    assert {Path(problem.file).name for problem in caught.value.problems} == {"odd.yaml"}


def test_a_path_keeps_its_slash_when_the_working_directory_is_the_root(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert shown(tmp_path / "lines" / "a.yaml") == "lines/a.yaml"
    monkeypatch.chdir("/")
    assert shown(tmp_path / "lines" / "a.yaml") == f"{tmp_path}/lines/a.yaml"

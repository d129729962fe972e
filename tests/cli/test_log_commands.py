"""`inspection log …` over a real log, and what it says of one that is torn, or of a line that never ran."""

from __future__ import annotations

import io
import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from rich.console import Console

from inspection.adapters.store import verify
from inspection.adapters.store.lock import COMPACT, LineLock
from inspection.adapters.store.paths import LinePaths
from inspection.cli._verified import bar
from inspection.domain.errors import StoreError
from tests.cli.conftest import call
from tests.ui.site import NO_PICTURE, PASS, REJECT, Site


@pytest.fixture
def data_dir(tmp_path: Path) -> Iterator[Path]:
    """Four parts of line demo: three in a file, one still in the journal."""
    with Site(tmp_path / "data") as site:
        for verdict in (PASS, REJECT, NO_PICTURE):
            site.part(verdict)
        site.seal()
        site.part(PASS, closed=False)
        yield tmp_path / "data"


SQL = "SELECT verdict, count(*) AS n FROM parts GROUP BY 1 ORDER BY 1"


def test_query(data_dir: Path) -> None:
    called = call("log", "query", "demo", SQL, "--data-dir", data_dir)
    assert called.code == 0
    assert called.out.split() == ["verdict", "n", "PASS", "2", "REJECT", "1", "UNJUDGED", "1"]
    as_json = call("log", "query", "demo", SQL, "--data-dir", data_dir, "--json")
    assert json.loads(as_json.out)[0] == {"verdict": "PASS", "n": 2}


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELECT verdct FROM parts", '"verdict"'),
        ("SELECT FROM WHERE", "the log cannot be asked this: Parser Error"),
        ("SELECT * FROM part", "the log cannot be asked this: Catalog Error"),
        (";", "one SELECT and written by none; write SELECT … FROM parts"),
        ("SELECT 1; SELECT 2", "one SELECT and written by none"),
        ("COPY (SELECT * FROM parts) TO 'stolen.csv'", "one SELECT and written by none"),
        ("SELECT * FROM read_text('/etc/passwd')", "Only the line's own log can be read here"),
    ],
)
def test_a_query_that_is_wrong_or_would_do_more_than_read_is_told_in_words(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch, sql: str, message: str
) -> None:
    monkeypatch.chdir(data_dir)
    called = call("log", "query", "demo", sql, "--data-dir", ".")
    assert (called.code, called.out) == (1, "")
    assert not (data_dir / "stolen.csv").exists()
    assert message in called.err


def test_what_is_not_there_is_left_empty(data_dir: Path) -> None:
    sql = "SELECT number, lot, serial, gate_utc IS NULL AS open, margin FROM parts WHERE number >= 3 ORDER BY 1"
    called = call("log", "query", "demo", sql, "--data-dir", data_dir)
    still_open, in_the_file = "True", "False"
    rows = [line.split() for line in called.out.splitlines()[1:]]
    assert rows == [["3", "L-204", in_the_file], ["4", "L-204", still_open, "-2.0"]]


OLD_IMAGE = "1 image of before images had a hash: there, but held against nothing"


def test_verify_a_whole_log(data_dir: Path) -> None:
    called = call("log", "verify", "demo", "--data-dir", data_dir)
    numbers = "4 parts in 1 epoch: 0 numbers missing, 0 there twice, 1 still without an outcome\n"
    assert called == (
        0,
        f"{numbers}1 event, 1 file, 0 rollups, 1 image, 0 embedding files: as they should be\nnote: {OLD_IMAGE}\n",
        "",
    )
    as_json = json.loads(call("log", "verify", "demo", "--data-dir", data_dir, "--json").out)
    head = json.loads(call("log", "head", "demo", "--data-dir", data_dir, "--json").out)
    assert as_json == {
        "ok": True,
        "first": None,
        "parts": 4,
        "missing": [],
        "repeated": [],
        "open": 1,
        "events": 1,
        "files": 1,
        "rollups": 0,
        "images": 1,
        "embeddings": 0,
        "head": {"id": 1, "hash": head["sha256"]},
        "faults": [],
        "notes": [OLD_IMAGE],
    }


def test_verify_finds_a_lost_file_and_a_copied_one(data_dir: Path) -> None:
    (sealed,) = data_dir.rglob("*.parquet")
    sealed.with_name("copy.parquet").write_bytes(sealed.read_bytes())
    called = call("log", "verify", "demo", "--data-dir", data_dir)
    assert called.code == 1
    assert "  twice: 1-1, 1-2, 1-3\n" in called.out
    sealed.with_name("copy.parquet").unlink()
    sealed.unlink()
    called = call("log", "verify", "demo", "--data-dir", data_dir)
    assert called.code == 1
    assert "  missing: 1-1, 1-2, 1-3\n" in called.out


def test_verify_names_a_torn_file(data_dir: Path) -> None:
    (sealed,) = data_dir.rglob("*.parquet")
    content = sealed.read_bytes()
    sealed.write_bytes(content[:-9])
    called = call("log", "verify", "demo", "--data-dir", data_dir)
    what = f"it has {len(content) - 9} bytes and not {len(content)}, as event 1 says"
    place = f"file {sealed.relative_to(data_dir)}"
    assert called.code == 1
    assert (
        f"1 event, 1 file, 0 rollups, 0 images, 0 embedding files: BROKEN, first at {place}: {what} (1 other)\n"
        in called.out
    )
    as_json = json.loads(call("log", "verify", "demo", "--data-dir", data_dir, "--json").out)
    assert not as_json["ok"]
    assert as_json["faults"][0] == as_json["first"] == {"place": place, "what": what}


def test_repair_sets_a_torn_file_aside_and_says_what_is_lost(data_dir: Path) -> None:
    LineLock(LinePaths(data_dir, "demo")).release()
    assert call("log", "repair", "demo", "--data-dir", data_dir).out == "the log of line demo: nothing to set aside\n"
    (sealed,) = data_dir.rglob("*.parquet")
    sealed.write_bytes(sealed.read_bytes()[:-9])
    name = sealed.relative_to(data_dir).as_posix()
    told = call("log", "query", "demo", SQL, "--data-dir", data_dir)
    assert (told.code, told.out) == (1, "")
    assert sealed.name in told.err
    assert "'inspection log repair demo' sets it aside" in told.err
    dry = call("log", "repair", "demo", "--dry-run", "--data-dir", data_dir)
    assert dry.code == 3
    assert f"{name}\n  torn: " in dry.out
    assert "  parts 1-1 to 1-3: 3 of them\n  would be set aside: lines/demo/set-aside/" in dry.out
    assert sealed.exists()
    called = call("log", "repair", "demo", "--json", "--data-dir", data_dir)
    as_json = json.loads(called.out)
    assert called.code == 0
    assert (as_json["line"], as_json["dry_run"]) == ("demo", False)
    assert [moved["file"] for moved in as_json["moved"]] == [name]
    assert name in (data_dir / as_json["report"]).read_text()
    assert as_json["missing"] == ["1-1", "1-2", "1-3"]
    assert (data_dir / as_json["moved"][0]["to"]).exists()
    assert json.loads(call("log", "query", "demo", SQL, "--json", "--data-dir", data_dir).out)[0]["n"] == 1
    called = call("log", "verify", "demo", "--data-dir", data_dir)
    assert called.code == 1
    assert f"set aside, to {as_json['moved'][0]['to']}" in called.out


def test_repair_is_refused_while_a_station_runs(data_dir: Path) -> None:
    with LineLock(LinePaths(data_dir, "demo")):
        called = call("log", "repair", "demo", "--data-dir", data_dir)
    assert (called.code, called.out) == (1, "")
    assert f"line demo is run by process {os.getpid()}: its log can be repaired when the line stands" in called.err


def test_images_that_are_not_there_are_broken_but_in_a_copy_without(data_dir: Path, tmp_path: Path) -> None:
    target = tmp_path / "copy"
    called = call("log", "backup", "demo", target, "--no-images", "--data-dir", data_dir)
    assert called.out.endswith(f"inspection log verify demo --data-dir {target} --no-images\n")
    assert "BROKEN, first at image evidence/" in call("log", "verify", "demo", "--data-dir", target).out
    called = call("log", "verify", "demo", "--no-images", "--data-dir", target)
    assert called.code == 0
    assert "note: images and embeddings were not looked at, as it was asked\n" in called.out


def test_rollups_are_made_anew_where_it_is_asked_for(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    real = verify.verify_line

    def watched(*given: object, **named: object) -> verify.Verified:
        asked.append(named["recount"])
        return real(*given, **named)

    monkeypatch.setattr(verify, "verify_line", watched)
    for more in ([], ["--rollups"]):
        assert call("log", "verify", "demo", "--data-dir", data_dir, *more).code == 0
    assert asked == [False, True]


def test_what_cannot_be_decided_is_neither_whole_nor_broken(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unsettled(*_: object, **__: object) -> None:
        raise verify.Unsettled("files of line demo were merged all the while: run it again")

    monkeypatch.setattr(verify, "verify_line", unsettled)
    called = call("log", "verify", "demo", "--data-dir", data_dir)
    told = "files of line demo were merged all the while: run it again"
    assert called == (3, f"not decided: {told}\n", "")
    called = call("log", "verify", "demo", "--json", "--data-dir", data_dir)
    assert (called.code, json.loads(called.out)) == (3, {"ok": None, "why": told})


def test_a_bar_is_shown_of_what_takes_long_alone() -> None:
    def shown(took_s: float) -> str:
        now_s, out = 0.0, io.StringIO()
        with bar(Console(file=out, force_terminal=True, width=80), lambda: now_s) as told:
            told("files", 1, 2)
            now_s = took_s
            told("files", 2, 2)
        return out.getvalue()

    assert "files" in shown(2.1)
    assert shown(1.9) == ""


def test_a_head_that_is_kept_elsewhere_shows_that_the_tail_was_cut(data_dir: Path, tmp_path: Path) -> None:
    with Site(data_dir) as site:
        site.event("alarm", "outcome-unknown: find part 1-3")
    kept = tmp_path / "head.txt"
    as_text = call("log", "head", "demo", "--data-dir", data_dir).out
    as_json = call("log", "head", "demo", "--data-dir", data_dir, "--json").out
    assert as_text.startswith("line demo event 2 utc 20")
    kept.write_text(as_text + as_json)
    of_hash = json.loads(as_json)["sha256"]
    for head in (kept, of_hash):
        assert call("log", "verify", "demo", "--head", head, "--data-dir", data_dir).code == 0
    with closing(sqlite3.connect(data_dir / "lines" / "demo" / "state.db")) as db, db:
        db.execute("DELETE FROM events WHERE id = 2")
        db.execute("UPDATE sqlite_sequence SET seq = 1 WHERE name = 'events'")
    assert call("log", "verify", "demo", "--data-dir", data_dir).code == 0
    for head in (kept, of_hash):
        called = call("log", "verify", "demo", "--head", head, "--data-dir", data_dir)
        assert called.code == 1
        assert f"the hash {of_hash}, exported before, is not in the chain (it ends with event 1)" in called.out


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "No such file or directory; give a file that 'log head' wrote, or a hash"),
        ("", "is empty; give a file that 'log head' wrote"),
        ("line demo event 2\n", "no hash in 'line demo event 2'; it is not of 'log head'"),
    ],
)
def test_what_is_no_head_is_told(data_dir: Path, tmp_path: Path, content: str | None, message: str) -> None:
    if content is not None:
        (tmp_path / "head").write_text(content)
    called = call("log", "verify", "demo", "--head", tmp_path / "head", "--data-dir", data_dir)
    assert (called.code, called.out) == (2, "")
    assert message in unwrapped(called.err)


def unwrapped(text: str) -> str:
    """Without the box around it."""
    return " ".join(text.replace("│", " ").split())


def test_a_line_without_a_chain_has_no_head(data_dir: Path) -> None:
    with closing(sqlite3.connect(data_dir / "lines" / "demo" / "state.db")) as db, db:
        db.execute("DELETE FROM events")
    called = call("log", "head", "demo", "--data-dir", data_dir)
    assert called.code == 1
    assert "line demo has no chain yet" in called.err


def test_events(data_dir: Path) -> None:
    with Site(data_dir) as site:
        site.event("alarm", "outcome-unknown: find part 1-3")
    called = call("log", "events", "demo", "--data-dir", data_dir)
    assert called.code == 0
    assert called.out.endswith("alarm          outcome-unknown: find part 1-3\n")
    assert "sealed" not in called.out
    as_json = call("log", "events", "demo", "--data-dir", data_dir, "--json")
    assert [event["kind"] for event in json.loads(as_json.out)] == ["alarm"]
    everything = call("log", "events", "demo", "--all", "--data-dir", data_dir, "--json")
    assert [event["kind"] for event in json.loads(everything.out)] == ["sealed", "alarm"]


@pytest.mark.parametrize("command", [["verify"], ["head"], ["events"], ["query", SQL], ["export", "x.csv"]])
def test_a_line_that_never_ran_is_not_an_empty_log(data_dir: Path, command: list[str]) -> None:
    name, *rest = command
    called = call("log", name, "dmo", *rest, "--data-dir", data_dir)
    assert (called.code, called.out) == (2, "")
    assert called.err == f'no line "dmo" has run in {data_dir}; did you mean "demo"? known: demo\n'


def test_backup_of_a_line_that_runs_is_a_data_directory_of_its_own(data_dir: Path, tmp_path: Path) -> None:
    target = tmp_path / "backup-1"
    called = call("log", "backup", "demo", target, "--data-dir", data_dir)
    assert called.code == 0
    assert called.out.startswith("journal, 1 log file, ")
    assert called.out.endswith(f"Check it: inspection log verify demo --data-dir {target}\n")
    of_line, of_copy = (
        json.loads(call("log", "verify", "demo", "--json", "--data-dir", d).out) for d in (data_dir, target)
    )
    assert of_copy == of_line
    assert (of_copy["parts"], of_copy["open"]) == (4, 1)
    again = call("log", "backup", "demo", target, "--data-dir", data_dir)
    assert again.code == 1
    assert "is there already" in again.err


def test_a_backup_that_cannot_be_written_says_why_and_what_to_do(data_dir: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    target = tmp_path / "file" / "backup"
    called = call("log", "backup", "demo", target, "--data-dir", data_dir)
    assert (called.code, called.out) == (1, "")
    assert called.err == (
        f"cannot copy line demo to {target}: Not a directory; nothing was left there; see that there is room and that "
        "this user may write there, or name another folder\n"
    )


def test_compact(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inspection.adapters.store.compaction.OLD_FILES_STAY_S", 0.0)
    before = call("log", "query", "demo", SQL, "--data-dir", data_dir).out
    called = call("log", "compact", "demo", "--data-dir", data_dir)
    assert (called.code, called.out.strip()) == (0, "1 file of the log of line demo: now 1 file")
    assert [file.name.endswith("_r3.parquet") for file in data_dir.glob("log/*/*/*.parquet")] == [True]
    assert call("log", "query", "demo", SQL, "--data-dir", data_dir).out == before
    told = json.loads(call("log", "compact", "demo", "--data-dir", data_dir, "--json").out)
    assert told == {"line": "demo", "files_before": 1, "files_after": 1}
    assert " compacted " in call("log", "events", "demo", "--all", "--data-dir", data_dir).out


def test_compact_is_refused_while_a_station_runs(data_dir: Path) -> None:
    with LineLock(LinePaths(data_dir, "demo")):
        called = call("log", "compact", "demo", "--data-dir", data_dir)
    assert called.code == 1
    assert f"line demo is run by process {os.getpid()}: its log can be compacted when the line stands" in called.err


def test_a_station_or_a_second_compaction_is_told_that_the_log_is_being_compacted(data_dir: Path) -> None:
    paths = LinePaths(data_dir, "demo")
    with LineLock(paths, COMPACT):
        called = call("log", "compact", "demo", "--data-dir", data_dir)
        with pytest.raises(StoreError, match=f"held by process {os.getpid()}, 'inspection log compact'"):
            LineLock(paths)
    assert called.code == 1
    assert "'inspection log compact': wait until it is done" in called.err

"""`inspection log query`: every view, what it refuses, and how much of an answer it prints."""

from __future__ import annotations

import csv
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from inspection import app, history
from inspection.adapters.store import asking
from inspection.adapters.store.compaction import compact_line
from inspection.adapters.store.paths import LinePaths
from inspection.adapters.store.rollups import rollup_file
from inspection.cli import _log_query
from inspection.domain.disposition import Disposition, DispositionKind
from inspection.domain.types import PartId
from tests.cli.conftest import Called, call
from tests.ui.site import NO_PICTURE, PASS, REJECT, Site


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Three parts in a merged file with rollups, two in a short one, one in the journal."""
    monkeypatch.setattr("inspection.adapters.store.compaction.OLD_FILES_STAY_S", 0.0)
    data_dir = tmp_path / "data"
    with Site(data_dir) as site:
        for verdict in (PASS, REJECT, NO_PICTURE):
            site.part(verdict)
        site.seal()
        compact_line(LinePaths(data_dir, "demo"))
        for verdict in (PASS, REJECT):
            site.part(verdict)
        site.seal()
        site.part(PASS, closed=False)
        site.event("alarm", "outcome-unknown: find part 1-3")
        yield data_dir


def asked(data_dir: Path, sql: str, *options: str) -> Called:
    return call("log", "query", "demo", sql, "--data-dir", data_dir, *options)


def rows(data_dir: Path, sql: str) -> list[dict[str, object]]:
    called = asked(data_dir, sql, "--json")
    assert (called.code, called.err) == (0, "")
    found: list[dict[str, object]] = json.loads(called.out)
    return found


def test_parts_scores_and_counts_are_of_all_parts_wherever_they_are(data_dir: Path) -> None:
    by_verdict = [{"verdict": "PASS", "n": 3}, {"verdict": "REJECT", "n": 2}, {"verdict": "UNJUDGED", "n": 1}]
    assert rows(data_dir, "SELECT verdict, count(*) AS n FROM parts GROUP BY 1 ORDER BY 1") == by_verdict
    assert rows(data_dir, "SELECT verdict, sum(count) AS n FROM counts GROUP BY 1 ORDER BY 1") == by_verdict
    scores = rows(data_dir, "SELECT number, description, score, threshold FROM scores ORDER BY number")
    assert [(row["number"], row["score"]) for row in scores] == [(1, -2.0), (2, 2.4), (4, -2.0), (5, 2.4), (6, -2.0)]
    assert {(row["description"], row["threshold"]) for row in scores} == {("scratch", 0.0)}


def test_a_part_that_the_journal_has_not_forgotten_yet_is_counted_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inspection.adapters.store.compaction.OLD_FILES_STAY_S", 0.0)
    paths = LinePaths(tmp_path, "demo")
    with Site(tmp_path) as site, closing(sqlite3.connect(paths.state_db)) as db:
        site.part(PASS)
        row = db.execute("SELECT * FROM parts").fetchone()
        site.seal()
        compact_line(paths)
        with db:
            db.execute(f"INSERT INTO parts VALUES ({', '.join('?' * len(row))})", row)
        for sql in ("SELECT count(*) AS n FROM parts", "SELECT sum(count) AS n FROM counts"):
            assert rows(tmp_path, sql) == [{"n": 1}]


def test_counts_come_from_rollups_where_there_are_whole_ones(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    used = list[Path]()

    def told(paths: LinePaths, kind: str, name: str) -> Path:
        used.append(rollup_file(paths, kind, name))
        return used[-1]

    monkeypatch.setattr(asking, "rollup_file", told)
    assert rows(data_dir, "SELECT sum(count)::INT AS n FROM counts") == [{"n": 6}]
    assert used
    used.clear()
    for rollup in data_dir.rglob("rollup/counts/**/*.parquet"):
        rollup.unlink()
        rollup.write_bytes(b"torn, and long enough to be looked into")
    assert rows(data_dir, "SELECT sum(count)::INT AS n FROM counts") == [{"n": 6}]
    assert not used


def test_events_and_dispositions_are_those_of_history(data_dir: Path) -> None:
    for word in (DispositionKind.CONFIRMED_DEFECT, DispositionKind.FALSE_REJECT):
        for number in (2, 5):
            app.dispose(data_dir, "demo", Disposition(PartId(1, number), word, "Kim", "oil", None))
    events = history.query(data_dir, "demo", "SELECT * FROM events ORDER BY id")
    assert events.equals(history.events(data_dir, "demo"))
    words = history.query(data_dir, "demo", "SELECT * FROM dispositions")
    standing = history.dispositions(data_dir, "demo")
    assert words["number"].tolist() == [2, 5]
    assert words.astype(object).where(words.notna(), None).to_dict("records") == standing.astype(object).where(
        standing.notna(), None
    ).to_dict("records")


def test_a_question_about_events_opens_no_file_of_parts(data_dir: Path) -> None:
    for file in data_dir.glob("log/*/*/*.parquet"):
        file.write_bytes(b"torn")
    assert rows(data_dir, "SELECT text FROM Events WHERE kind = 'alarm'")[0]["text"] == "outcome-unknown: find part 1-3"


def test_csv(data_dir: Path) -> None:
    called = asked(data_dir, "SELECT number, trigger_utc, lot || ', \"x\"' AS lot FROM parts ORDER BY 1", "--csv")
    table = list(csv.reader(called.out.splitlines()))
    assert [row[0] for row in table] == ["number", *"123456"]
    assert table[1][1].endswith("Z")
    assert table[1][2] == 'L-204, "x"'
    assert "--csv or --json, not both" in asked(data_dir, "SELECT 1", "--csv", "--json").err


def test_what_json_has_no_word_for(data_dir: Path) -> None:
    sql = "SELECT 1 AS a, 2 AS a, '\\xff'::BLOB AS b, 12.5::DECIMAL(4, 1) AS d, 'nan'::DOUBLE AS n, sum(number) AS s"
    assert rows(data_dir, f"{sql} FROM parts") == [{"a": 1, "a_1": 2, "b": "ff", "d": 12.5, "n": None, "s": 21}]


def test_an_answer_is_bounded_and_says_so(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_log_query, "_MOST_SHOWN", 4)
    monkeypatch.setattr(_log_query, "_MOST_WRITTEN", 5)
    numbers = "SELECT number FROM parts ORDER BY number"
    called = asked(data_dir, numbers)
    assert (called.code, called.out.split()) == (0, ["number", "1", "2", "3", "4"])
    assert called.err == "… and more rows: these are the first 4; ask for fewer, or with --csv\n"
    assert asked(data_dir, f"{numbers} LIMIT 4").err == ""
    for option in ("--csv", "--json"):
        assert asked(data_dir, f"{numbers} LIMIT 5", option).code == 0
        called = asked(data_dir, numbers, option)
        assert (called.code, called.out) == (1, "")
        assert "the answer has more than 5 rows: ask for fewer (LIMIT)" in called.err


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_text('/etc/hostname')",
        "SELECT * FROM 'mine.csv'",
        "SELECT * FROM read_csv('mine.csv')",
        "SELECT * FROM glob('/etc/*')",
        "SELECT * FROM 'https://example.org/x.parquet'",
        "SELECT * FROM paths",  # a variable of ours, to which DuckDB in Python would go
        "COPY (SELECT 1) TO 'made.csv'",
        "ATTACH 'made.db'",
        "INSTALL httpfs",
        "SET enable_external_access = true",
        "CREATE TABLE t AS SELECT 1",
        "SELECT 1; SELECT 2",
    ],
)
def test_it_sees_the_lines_own_files_alone_and_writes_none(
    data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sql: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.csv").write_text("a\n1\n")
    before = {path: path.stat().st_mtime_ns for path in data_dir.rglob("*.parquet")}
    called = asked(data_dir, sql)
    assert (called.code, called.out) == (1, "")
    assert "log repair" not in called.err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "mine.csv"]
    assert {path: path.stat().st_mtime_ns for path in data_dir.rglob("*.parquet")} == before


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELECT x FROM", "Parser Error"),
        ("SELECT verdct FROM parts", 'Candidate bindings: "verdict"'),
        (
            "SELECT * FROM part",
            "There is: parts, scores, counts, events, dispositions; columns of parts: ",
        ),
        ("SELECT 1 // 0", "Division by zero"),
        ("SELECT verdict::INT FROM parts", "Could not convert string"),
    ],
)
def test_what_is_wrong_with_a_question_is_no_fault_of_a_file(data_dir: Path, sql: str, message: str) -> None:
    called = asked(data_dir, sql)
    assert (called.code, called.out) == (1, "")
    assert called.err.startswith("the log cannot be asked this: ")
    assert message in called.err
    assert "log repair" not in called.err

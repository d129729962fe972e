"""`inspection log export`: the three kinds of file, what is in them, and that a failed one leaves nothing."""

from __future__ import annotations

import json
import resource
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from inspection import app, history
from inspection.adapters.store import export_files, export_rows, merging
from inspection.adapters.store.paths import LinePaths
from inspection.domain.disposition import Disposition, DispositionKind
from inspection.domain.types import PartId, Verdict, VerdictKind
from tests.adapters.store.log_files import DAY, rows, write_short
from tests.cli.conftest import Called, call
from tests.ui.site import NO_PICTURE, PASS, REJECT, Site

NOON = datetime(2026, 1, 5, 12, 0, 0, 123_000, tzinfo=UTC)
BOTH = Verdict(VerdictKind.REJECT, {"scratch": 2.5, "=dent": -0.5}, "=dent", 2.5)
SUFFIXES = [".csv", ".parquet", ".xlsx"]


@pytest.fixture
def data_dir(tmp_path: Path) -> Iterator[Path]:
    """Five parts of line demo over two days: three in files, two in the journal; a person's word on one."""
    with Site(tmp_path / "data") as site:
        for n, verdict in enumerate((PASS, BOTH, NO_PICTURE)):
            site.part(verdict, NOON + timedelta(minutes=n))
        site.seal()
        site.part(REJECT, NOON + timedelta(days=1))
        site.part(PASS, NOON + timedelta(days=1, minutes=1), closed=False)
        app.dispose(tmp_path / "data", "demo", Disposition(PartId(1, 2), DispositionKind.FALSE_REJECT, "Kim", "@oil"))
        yield tmp_path / "data"


def exported(data_dir: Path, target: Path, *options: str) -> Called:
    return call("log", "export", "demo", target, "--data-dir", data_dir, *options)


def read(target: Path) -> pd.DataFrame:
    """The file as other programs read it, with times that have a zone."""
    if target.suffix == ".parquet":
        return pd.read_parquet(target)
    frame = pd.read_csv(target) if target.suffix == ".csv" else pd.read_excel(target)
    for name in (name for name in frame if str(name).endswith("utc")):
        frame[name] = pd.to_datetime(frame[name], utc=True, format="ISO8601")
    return frame


def written(data_dir: Path, target: Path, *options: str) -> pd.DataFrame:
    called = exported(data_dir, target, *options)
    assert (called.code, called.err) == (0, "")
    return read(target)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_parts(data_dir: Path, tmp_path: Path, suffix: str) -> None:
    target = tmp_path / "new" / f"parts{suffix}"
    called = exported(data_dir, target)
    assert called == (0, f"5 parts written to {target}\n", "")
    parts = read(target)
    assert parts["number"].tolist() == [1, 2, 3, 4, 5]
    assert parts["verdict"].tolist() == ["PASS", "REJECT", "UNJUDGED", "REJECT", "PASS"]
    assert parts["trigger_utc"].tolist() == history.parts(data_dir, "demo")["trigger_utc"].tolist()
    assert parts["outcome"].isna().tolist() == [False] * 4 + [True]
    if suffix == ".parquet":
        assert pq.read_table(target).schema.equals(pq.read_table(next(data_dir.glob("log/*/*/*.parquet"))).schema)
    else:
        assert parts["score: scratch"].fillna(99).tolist() == [-2.0, 2.5, 99, 2.4, -2.0]
        assert parts["score: =dent"].fillna(99).tolist() == [99, -0.5, 99, 99, 99]
        assert "scores" not in parts


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_scores_events_and_dispositions(data_dir: Path, tmp_path: Path, suffix: str) -> None:
    scores = written(data_dir, tmp_path / f"s{suffix}", "--what", "scores")
    order = ["epoch", "number", "description"]
    of_view = history.query(data_dir, "demo", "SELECT * FROM scores")
    expected, found = (each.sort_values(order, ignore_index=True) for each in (of_view, scores))
    assert list(found.columns) == list(expected.columns)
    assert (
        found[[*order, "score", "verdict"]].to_numpy().tolist()
        == expected[[*order, "score", "verdict"]].to_numpy().tolist()
    )
    events = written(data_dir, tmp_path / f"e{suffix}", "--what", "events")
    assert events["kind"].tolist() == ["sealed", "disposition"]
    said = written(data_dir, tmp_path / f"d{suffix}", "--what", "dispositions")
    assert said[["epoch", "number", "disposition", "reason"]].to_numpy().tolist() == [[1, 2, "false-reject", "@oil"]]


@pytest.mark.parametrize("what", ["parts", "scores"])
@pytest.mark.parametrize(
    ("options", "numbers"),
    [
        (["--since", "2026-01-06"], {4, 5}),
        (["--until", "2026-01-06"], {1, 2, 3}),
        (["--since", "2026-01-05T12:01", "--until", "2026-01-06T13:00:00+01:00"], {2, 3}),
        (["--since", "2027-01-01"], set()),
    ],
)
def test_of_a_span_of_time(data_dir: Path, tmp_path: Path, what: str, options: list[str], numbers: set[int]) -> None:
    found = written(data_dir, tmp_path / "some.csv", "--what", what, *options)
    with_scores = {1, 2, 4, 5}
    assert set(found["number"]) == (numbers if what == "parts" else numbers & with_scores)


def test_a_time_that_is_none_is_told(data_dir: Path, tmp_path: Path) -> None:
    called = exported(data_dir, tmp_path / "x.csv", "--since", "yesterday")
    assert called.code == 2
    assert "no time; write 2026-01-31" in " ".join(called.err.replace("│", " ").split())


def test_as_json(data_dir: Path, tmp_path: Path) -> None:
    target = tmp_path / "parts.xlsx"
    called = exported(data_dir, target, "--json")
    told = {"file": str(target), "what": "parts", "rows": 5, "bytes": target.stat().st_size}
    assert json.loads(called.out) == told


def test_text_of_a_workbook_is_text_whatever_it_begins_with(tmp_path: Path) -> None:
    texts = ["=1+1", "+1", "-1", "@SUM(A1)", "#REF!", "\t=1", "a\x00b", "x" * 40_000, "plain", ""]
    with Site(tmp_path / "data") as site:
        for text in texts:
            site.event("note", text)
    target = tmp_path / "events.xlsx"
    exported(tmp_path / "data", target, "--what", "events")
    sheet = openpyxl.load_workbook(target)["events"]
    cells = [row[3] for row in sheet.iter_rows(min_row=2)]
    assert [cell.value for cell in cells] == [*texts[:6], "a�b", "x" * 32_766 + "…", "plain", None]
    assert {cell.data_type for cell in cells[:-1]} == {"s"}
    assert [cell.quotePrefix for cell in cells[:6]] == [True] * 6
    times = [row[1] for row in sheet.iter_rows(min_row=2)]
    assert all(cell.is_date and cell.value.tzinfo is None for cell in times)
    assert sheet.freeze_panes == "A2"


def test_what_excel_cannot_hold_is_refused_before_it_is_written(
    data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_files, "EXCEL_ROWS", 5)
    monkeypatch.setattr(export_files, "_write", lambda *_: pytest.fail("it was written"))
    called = exported(data_dir, tmp_path / "parts.xlsx")
    assert (called.code, called.out) == (2, "")
    assert "5 rows of parts are more than the 4 that a sheet of Excel can hold; ask for fewer days" in called.err
    monkeypatch.undo()
    monkeypatch.setattr(export_files, "EXCEL_ROWS", 6)
    assert exported(data_dir, tmp_path / "parts.xlsx").code == 0
    monkeypatch.setattr(export_files, "EXCEL_COLUMNS", 41)
    assert "write --what scores" in exported(data_dir, tmp_path / "other.xlsx").err
    assert [file.name for file in tmp_path.glob("*.xlsx")] == ["parts.xlsx"]


def test_without_openpyxl_the_extra_is_named(data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export_files, "find_spec", lambda name: None)
    called = exported(data_dir, tmp_path / "parts.xlsx")
    assert (called.code, called.out) == (2, "")
    assert "pip install 'inspection-station[excel]'" in called.err
    assert exported(data_dir, tmp_path / "parts.csv").code == 0


def test_a_file_that_is_there_is_replaced_only_when_told(data_dir: Path, tmp_path: Path) -> None:
    target = tmp_path / "parts.csv"
    target.write_text("mine")
    called = exported(data_dir, target)
    assert (called.code, target.read_text()) == (2, "mine")
    assert called.err == f"{target} is there already; name another file, or give --force to replace it\n"
    assert len(written(data_dir, target, "--force")) == 5


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("x.xls", "x.xls: give it the ending .csv, .parquet or .xlsx"),
        ("folder.csv", "is a folder; name a file in it"),
        ("file/parts.csv", "File exists; nothing was left of it; see that there is room"),
    ],
)
def test_what_cannot_be_written_is_told(data_dir: Path, tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder.csv").mkdir()
    called = exported(data_dir, tmp_path / name)
    assert (called.code, called.out) == (2, "")
    assert message in called.err


@contextmanager
def room_for(size_bytes: int) -> Iterator[None]:
    """The operating system refuses to make a file longer than that."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("old", [None, "mine"])
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_disk_without_room_is_told_and_nothing_is_left(
    data_dir: Path, tmp_path: Path, suffix: str, old: str | None
) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    target = folder / f"parts{suffix}"
    if old is not None:
        target.write_text(old)
    with room_for(100):
        called = exported(data_dir, target, "--force")
    assert (called.code, called.out) == (2, "")
    assert called.err.startswith(
        f"cannot write {target}: File too large; nothing was left of it; see that there is room"
    )
    assert [(file.name, file.read_text()) for file in folder.iterdir()] == ([(target.name, old)] if old else [])


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_ctrl_c_leaves_nothing(data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    folder = tmp_path / "out"
    paths = LinePaths(data_dir, "demo")
    with pytest.raises(KeyboardInterrupt):
        export_files.export(paths, "parts", folder / f"parts{suffix}", told=interrupted)
    assert list(folder.iterdir()) == []


def test_a_file_that_is_merged_away_meanwhile_is_no_fault(
    data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[Any] = []
    as_it_is = merging.rows_in_order

    def gone_once(files: Any) -> Any:
        tries.append(files)
        return as_it_is([file.with_name("gone.parquet") for file in files] if len(tries) == 1 else files)

    monkeypatch.setattr(export_rows, "rows_in_order", gone_once)
    assert len(written(data_dir, tmp_path / "parts.csv")) == 5
    assert len(tries) == 2


def test_a_torn_file_is_named_and_nothing_is_left(data_dir: Path, tmp_path: Path) -> None:
    (sealed,) = data_dir.glob("log/*/*/*.parquet")
    sealed.write_bytes(sealed.read_bytes()[:-9])
    called = exported(data_dir, tmp_path / "parts.csv")
    assert called.code == 1
    assert called.err.startswith(f"cannot read {sealed}")
    assert list(tmp_path.glob("*.csv*")) + list(tmp_path.glob(".*")) == []


def test_files_of_several_epochs_that_lie_across_each_other_are_written_in_order(tmp_path: Path) -> None:
    paths = LinePaths(tmp_path, "demo")
    some = rows(7, 300, days=3)
    for offset in range(3):  # three files a day, each with every third part
        write_short(paths, some[offset::3])
    export_files.export(paths, "parts", tmp_path / "parts.parquet")
    found = pd.read_parquet(tmp_path / "parts.parquet")
    assert found[["epoch", "number"]].to_numpy().tolist() == [[one["epoch"], one["number"]] for one in some]
    assert found["trigger_utc"].min() >= pd.Timestamp(DAY)


def test_a_part_that_the_journal_has_still_is_written_once_and_in_order(
    data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As between sealing and forgetting: the journal has parts 1 to 3 too."""
    everything = export_rows.journal_tail(LinePaths(data_dir, "demo"))
    sealed = pq.read_table(next(data_dir.glob("log/*/*/*.parquet"))).cast(everything.schema)
    both = pa.concat_tables([sealed, everything])
    monkeypatch.setattr(export_rows, "journal_tail", lambda paths: both)
    assert written(data_dir, tmp_path / "parts.csv")["number"].tolist() == [1, 2, 3, 4, 5]


def test_its_memory_does_not_grow_with_the_log(tmp_path: Path) -> None:
    """Tables are handed on one by one: none is held once the next is asked for."""
    paths = LinePaths(tmp_path, "demo")
    some = rows(3, 400, days=2)
    for start in range(0, 400, 50):
        write_short(paths, some[start : start + 50])
    found = export_rows.rows_of(paths, "parts", None, None)
    before: list[weakref.ref[Any]] = []
    most = 0
    for table in found.tables:
        before.append(weakref.ref(table))
        del table
        most = max(most, sum(held() is not None for held in before))
    assert len(before) > 8
    assert most <= 2

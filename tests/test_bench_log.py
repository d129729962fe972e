"""The bench of the log in its short form: what it writes is a log, and what it says is of that log."""

from __future__ import annotations

from pathlib import Path

from benchmarks import log
from benchmarks.log_site import DAYS, LINE, write_site
from inspection import history
from inspection.adapters.store import reader
from inspection.adapters.store.paths import LinePaths


def test_the_bench_asks_a_real_log(tmp_path: Path) -> None:
    rows = 20_000
    write_site(tmp_path, rows)
    files = reader.sealed_files(LinePaths(tmp_path, LINE))
    assert len({name.split("/")[0] for name in files}) == DAYS
    whole = history.query(tmp_path, LINE, "SELECT count(*) AS n, count(DISTINCT (epoch, number)) AS d FROM parts")
    assert whole.iloc[0].tolist() == [rows, rows]
    rejects = history.query(tmp_path, LINE, "SELECT avg((verdict = 'REJECT')::INT) AS share FROM parts")
    assert 0.01 < rejects["share"].iloc[0] < 0.03
    asked = log.ask(tmp_path, rows, times=2)
    assert asked.disk_bytes > rows * 50
    assert set(asked.queries) == set(log.QUERIES)
    assert min(*asked.queries.values(), asked.part_lookup_ms) > 0

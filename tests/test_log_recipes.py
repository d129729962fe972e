"""Every example of docs/log.md is run, on a log of two days with short and merged files."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import Counter
from contextlib import closing
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import dask
import pandas as pd
import pytest

from inspection import history
from inspection.adapters.store import compaction
from inspection.adapters.store.embedding_files import EmbeddingFiles
from inspection.adapters.store.embedding_retention import EmbeddingRetention
from inspection.adapters.store.embeddings import EmbeddingStore
from inspection.adapters.store.journal import SqliteJournal
from inspection.adapters.store.paths import LinePaths
from inspection.domain.types import PartId, Verdict, VerdictKind
from tests.adapters.store.embedding_line import RULE, VIEW, embedding
from tests.fakes.clock import ManualClock
from tests.ui.site import NO_PICTURE, Site

CHECKOUT = Path(__file__).parent.parent
GUIDE = (CHECKOUT / "docs" / "log.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
PYTHON = [text for language, text in BLOCKS if language == "python"]
SHELL = [text for language, text in BLOCKS if language == "sh"]
RECIPES = [text for text in PYTHON if "sums = " in text]
RUNNABLE = [text for text in RECIPES if "pyspark" not in text or find_spec("pyspark")]
NOON = datetime(2026, 1, 4, 12, tzinfo=UTC)


def named(text: str) -> str:
    found = re.search(r"^(?:from|import) (?!pathlib|glob)(\w+)", text, re.MULTILINE)
    return f"{found[1] if found else 'none'} {'SELECT' in text}"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the data directory `data`: 60 parts of line demo in a merged file and a short one of each of two
    days."""
    folder = tmp_path_factory.mktemp("recipes")
    with Site(folder / "data") as line:
        for n in range(60):
            scores = {"scratch": n / 8, "dent": -n / 4} if n % 3 else {"scratch": -0.5}
            kind = VerdictKind.REJECT if n % 4 == 1 else VerdictKind.PASS
            verdict = NO_PICTURE if n % 10 == 9 else Verdict(kind, scores, "scratch", 1.0 if n % 4 == 1 else -1.0)
            # every third is of the second day; 40 of all are merged, 20 are not
            line.part(verdict, NOON + timedelta(days=n % 3 == 0, minutes=n))
            if n in (19, 39, 59):
                line.seal()
            if n == 39:
                with pytest.MonkeyPatch.context() as patch:
                    patch.setattr(compaction, "OLD_FILES_STAY_S", 0.0)
                    compaction.compact_line(LinePaths(folder / "data", "demo"))
    keep_embeddings(LinePaths(folder / "data", "demo"))
    names = sorted(file.name for file in (folder / "data" / "log").rglob("*.parquet"))
    assert [("_r" in name) for name in names].count(True) == 2
    assert len(names) == 4
    return folder


def keep_embeddings(paths: LinePaths) -> None:
    with closing(SqliteJournal(paths.state_db, "process")) as journal:
        files = EmbeddingFiles(paths, journal, ManualClock(), VIEW)
        retention = EmbeddingRetention(files, ManualClock(), RULE, lambda: 10**12)
        store = EmbeddingStore(files, retention, journal, ManualClock())
        for n in range(1, 61):
            store.offer(PartId(1, n), NOON + timedelta(minutes=n), embedding(n))
        store.drain(everything=True)


def run(text: str) -> dict[str, Any]:
    names: dict[str, Any] = {"__name__": "recipe"}
    with dask.config.set(scheduler="synchronous"):  # its threads would stay
        exec(compile(text, "docs/log.md", "exec"), names)
    return names


def counted(verdicts: Any) -> dict[tuple[str, str], int]:
    """Day, verdict and number, whatever an engine calls them."""
    if isinstance(verdicts, pd.Series):
        verdicts = verdicts.reset_index()
    rows = verdicts.rows() if hasattr(verdicts, "rows") else verdicts.itertuples(index=False)
    return {(str(day)[:10], verdict): number for day, verdict, number in rows}


def summed(sums: Any) -> dict[str, float]:
    if isinstance(sums, pd.Series):
        sums = sums.reset_index()
    rows = sums.rows() if hasattr(sums, "rows") else sums.itertuples(index=False)
    return dict(tuple(row) for row in rows)


@pytest.mark.parametrize("text", RUNNABLE, ids=named)
def test_each_program_counts_and_sums_the_same(site: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    parts = history.parts(site / "data", "demo")
    days = Counter((f"{row.trigger_utc:%Y-%m-%d}", row.verdict) for row in parts.itertuples())
    sums: Counter[str] = Counter()
    for scores in parts["scores"]:
        for each in scores:
            sums[each["description"]] += each["score"]
    assert len(days) == 6
    assert set(sums) == {"scratch", "dent"}
    monkeypatch.chdir(site)
    found = run(text)
    assert counted(found["verdicts"]) == days
    assert summed(found["sums"]) == sums  # eighths: exact in any order


def test_there_is_a_recipe_of_each_program() -> None:
    every = "\n".join(RECIPES)
    assert len(RECIPES) == 7
    assert all(name in every for name in ("history.parts", "history.query", "pd.read", "duckdb", "pl.", "dd.", "spark"))


@pytest.mark.parametrize("text", [text for text in PYTHON if text not in RECIPES])
def test_the_other_examples_run(site: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.chdir(site)
    run(text)


@pytest.mark.parametrize("text", SHELL)
def test_what_is_typed_runs(site: Path, tmp_path: Path, text: str) -> None:
    command = tmp_path / "bin" / "inspection"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -c "from inspection.cli.main import run; run()" "$@"\n')
    command.chmod(0o755)
    variables = {
        **os.environ,
        "PATH": f"{command.parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(CHECKOUT),
        "INSPECTION_DATA_DIR": str(site / "data"),
    }
    (tmp_path / "parts.csv").touch() if "--force" in text else None
    done = subprocess.run(
        ["bash", "-eo", "pipefail", "-c", text],
        cwd=tmp_path,
        env=variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert done.stdout

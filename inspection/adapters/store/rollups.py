"""Rollups: what pages and control charts ask of a merged file, summed up when it is written.

Counts by minute and all that parts are told apart by; of scores, how many fall into each bin of SCORE_BIN. A rollup is
of one file and has its name. What a file says is what counts: a rollup that is gone is summed up again.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from inspection.adapters.store.files import replace_durably
from inspection.adapters.store.paths import LinePaths
from inspection.analytics.yields import NEAR_MARGIN
from inspection.domain.errors import StoreError
from inspection.domain.types import Cause, VerdictKind

SCORE_BIN = 0.25
"""Width of a bin of raw scores: bin b holds the scores from b / 4 up to but not including (b + 1) / 4. Scores of good
parts spread by about 1 (the bundled model) to 3; thresholds are raw scores too. A fourth is exact in binary, so that
no score lies on two sides of an edge."""

KINDS = ("counts", "scores")
COUNT_KEYS = ("minute shift recipe recipe_id challenge verdict cause shadow near outcome description").split()
SCORE_KEYS = "minute shift recipe recipe_id challenge verdict description bin".split()

WHEN = "coalesce(trigger_utc, verdict_utc)"
JUDGED_AS = f"(CASE WHEN cause = '{Cause.MONITOR}' THEN shadow ELSE verdict END)"
NEAR = f"coalesce({JUDGED_AS} = '{VerdictKind.PASS}' AND margin > -{NEAR_MARGIN} AND challenge IS NULL, false)"
"""As in `inspection.analytics.yields`, over rows of the log."""

_US_A_MINUTE = 60_000_000
_MINUTE = f"epoch_us({WHEN}) // {_US_A_MINUTE}"
_AS_UTC = f"make_timestamptz(minute * {_US_A_MINUTE}) AS minute"


def counted(rows: str) -> str:
    """SQL: the counts of `rows`, a relation with the columns of the log."""
    return (
        f"SELECT * REPLACE ({_AS_UTC}) FROM (SELECT {_MINUTE} AS minute, shift, recipe, recipe_id,"
        f" challenge IS NOT NULL AS challenge, verdict, cause, shadow, {NEAR} AS near, outcome, description,"
        f" count(*) AS count FROM {rows} GROUP BY ALL)"
    )


def scored(rows: str) -> str:
    """SQL: how many scores of each description fall into which bin."""
    each = (
        f"SELECT {_MINUTE} AS minute, shift, recipe, recipe_id, challenge IS NOT NULL AS challenge, verdict,"
        f" unnest(scores) AS s FROM {rows}"
    )
    return (
        f"SELECT * REPLACE ({_AS_UTC}) FROM (SELECT minute, shift, recipe, recipe_id, challenge, verdict,"
        f" s.description AS description, TRY_CAST(floor(s.score / {SCORE_BIN}) AS INTEGER) AS bin, count(*) AS count"
        f" FROM ({each}) GROUP BY ALL)"
    )


_OF_KIND = {"counts": counted, "scores": scored}


def rollup_file(paths: LinePaths, kind: str, name: str) -> Path:
    """Of the log file `date=…/…`."""
    return paths.rollup_dir(kind) / name


def has_rollup(paths: LinePaths, name: str) -> bool:
    return all(rollup_file(paths, kind, name).exists() for kind in KINDS)


def write_rollups(paths: LinePaths, name: str, file: Path) -> None:
    """Sum up `file`, which is or will be the log's file `name`. Raises StoreError."""
    with _one_core() as db:
        for kind in KINDS:
            summed_up = _OF_KIND[kind](f"read_parquet({quoted(str(file))}, hive_partitioning = false)")

            def write(temporary: Path, summed_up: str = summed_up) -> None:
                db.execute(
                    f"COPY ({summed_up} ORDER BY ALL) TO {quoted(str(temporary))} (FORMAT parquet, COMPRESSION zstd)"
                )

            replace_durably(rollup_file(paths, kind, name), write)


def remove_orphans(paths: LinePaths, day: str) -> None:
    """Rollups of a day `date=…` whose file is gone. Raises OSError."""
    for kind in KINDS:
        for rollup in sorted((paths.rollup_dir(kind) / day).glob("*.parquet")):
            if not (paths.log_dir / day / rollup.name).exists():
                rollup.unlink(missing_ok=True)


@contextmanager
def _one_core() -> Iterator[duckdb.DuckDBPyConnection]:
    """The station needs the others."""
    try:
        with duckdb.connect(":memory:", config={"threads": 1}) as db:
            db.execute("SET TimeZone = 'UTC'")
            yield db
    except duckdb.Error as error:
        raise StoreError(f"cannot sum up a file of the log: {str(error).splitlines()[0]}") from error


def quoted(text: str) -> str:
    """As a literal of SQL."""
    return "'" + text.replace("'", "''") + "'"

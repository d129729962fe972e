"""Reading embeddings of one view: what others are in the same span of time is an error and not a mixture."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from inspection.adapters.store.duck import what_to_do
from inspection.adapters.store.embedding_files import day_of
from inspection.adapters.store.embedding_schema import EMPTY, Halves, read_keys, read_vectors
from inspection.adapters.store.names import parse
from inspection.adapters.store.paths import LinePaths
from inspection.domain.errors import StoreError
from inspection.domain.types import Vectors


def embedding_names(paths: LinePaths) -> list[str]:
    """Files that are in their place, below the line's embeddings, the oldest day first."""
    there = (
        path.relative_to(paths.embeddings_dir).as_posix() for path in paths.embeddings_dir.glob("date=*/*.parquet")
    )
    return sorted(name for name in there if day_of(name) and parse(name))


def read_embeddings(
    paths: LinePaths, *, since: datetime | None, until: datetime | None, view: str | None
) -> tuple[pa.Table, Vectors]:
    """Keys (columns of KEYS) in order of (epoch, number), and of each row its vector (n, D).

    `since` inclusive, `until` exclusive, of the trigger; `view` picks those of one view. Raises StoreError: there are
    several, or a file cannot be read.
    """
    found = list(_found(paths, since, until, view))
    if not found:
        return EMPTY, np.empty((0, 0), np.float32)
    keys = pa.concat_tables([table for table, _ in found])
    _refuse_a_mixture(keys, view)
    try:
        vectors = np.concatenate([halves for _, halves in found])
    except ValueError as error:
        raise StoreError(
            f"embeddings of one view have not the same length: {error}; run 'inspection log verify'"
        ) from error
    order = pc.sort_indices(keys, sort_keys=[("epoch", "ascending"), ("number", "ascending")])
    return keys.take(order), vectors[order.to_numpy()].astype(np.float32)


def _found(
    paths: LinePaths, since: datetime | None, until: datetime | None, view: str | None
) -> Iterator[tuple[pa.Table, Halves]]:
    """What is wanted of each file, where there is any. Vectors of a file of which nothing is wanted are not read."""
    first, last = (moment.astimezone(UTC).date() if moment else None for moment in (since, until))
    for name in embedding_names(paths):
        day = day_of(name)
        if (first and day and day < first) or (last and day and day > last):
            continue
        path = paths.embeddings_dir / name
        try:
            keys = read_keys(path)
            wanted = _wanted(keys, since, until, view)
            if wanted.any():
                yield keys.filter(pa.array(wanted)), read_vectors(path)[wanted]
        except FileNotFoundError:
            continue  # retention took it just now
        except (OSError, pa.ArrowException, AttributeError, KeyError, ValueError) as error:
            why = (str(error).splitlines() or [repr(error)])[0]
            raise StoreError(f"cannot read {path}: {why}; {what_to_do(paths.line)}") from error


def _wanted(keys: pa.Table, since: datetime | None, until: datetime | None, view: str | None) -> npt.NDArray[np.bool_]:
    wanted = np.ones(len(keys), np.bool_)
    for compare, column, value in (
        (pc.greater_equal, "trigger_utc", since),
        (pc.less, "trigger_utc", until),
        (pc.equal, "view_id", view),
    ):
        if value is not None:
            scalar = pa.scalar(value, keys[column].type)
            wanted &= compare(keys[column], scalar).to_numpy(zero_copy_only=False)
    return wanted


def _refuse_a_mixture(keys: pa.Table, view: str | None) -> None:
    if view is not None or len(keys["view_id"].unique()) <= 1:
        return
    groups = keys.group_by(["view_id", "model_id"]).aggregate(
        [("trigger_utc", "min"), ("trigger_utc", "max"), ("epoch", "count")]
    )
    raise StoreError(
        f"these embeddings were made in several ways, and cannot be compared: {_listed(groups.to_pylist())}; choose one"
        " with view='…', or a shorter span with since and until"
    )


def _listed(groups: Sequence[dict[str, object]]) -> str:
    return "; ".join(
        f"view {each['view_id']} ({each['model_id']}), {each['epoch_count']} of them"
        f" from {each['trigger_utc_min']:%Y-%m-%d %H:%M} to {each['trigger_utc_max']:%Y-%m-%d %H:%M} UTC"
        for each in sorted(groups, key=lambda each: str(each["trigger_utc_min"]))
    )

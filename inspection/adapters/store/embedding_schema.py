"""The columns of the embeddings: one row a part, `docs/log.md` says what each means.

A change of columns raises EMBEDDINGS_VERSION; `inspection.history` keeps reading the old ones.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

EMBEDDINGS_VERSION = 1
KEYS = ("epoch", "number", "trigger_utc", "model_id", "view_id")
VECTOR = "embedding"

EMPTY = pa.schema(
    [
        ("epoch", pa.int64()),
        ("number", pa.int64()),
        ("trigger_utc", pa.timestamp("us", tz="UTC")),
        ("model_id", pa.string()),
        ("view_id", pa.string()),
    ]
).empty_table()
"""KEYS of no part."""

Halves = npt.NDArray[np.float16]


@dataclass(frozen=True, slots=True)
class View:
    """What made the embeddings. Those of one `id` lie in one space, and can be compared.

    `model_id`: as in the log. `details`: model, weights, preprocessing, region of interest, as in a calibration.
    """

    id: str
    model_id: str
    details: Mapping[str, str]


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Parts of one UTC day in order; `utc_us` of their triggers (n,), `vectors` (n, D)."""

    epochs: npt.NDArray[np.int64]
    numbers: npt.NDArray[np.int64]
    utc_us: npt.NDArray[np.int64]
    vectors: Halves

    def __len__(self) -> int:
        return len(self.epochs)


def write_batch(path: Path, batch: Batch, view: View) -> None:
    """Raises OSError. Vectors are written as they are: noise does not compress, and is read ten times as fast."""
    count, dimensions = batch.vectors.shape
    columns = {
        "epoch": pa.array(batch.epochs),
        "number": pa.array(batch.numbers),
        "trigger_utc": pa.array(batch.utc_us).cast(pa.timestamp("us", tz="UTC")),
        "model_id": pa.array([view.model_id] * count, pa.string()),
        "view_id": pa.array([view.id] * count, pa.string()),
        VECTOR: pa.FixedSizeListArray.from_arrays(pa.array(batch.vectors.reshape(-1)), dimensions),
    }
    metadata = {
        b"inspection.schema_version": str(EMBEDDINGS_VERSION).encode(),
        b"inspection.view": json.dumps(dict(view.details)).encode(),
    }
    vector = f"{VECTOR}.list.element"
    pq.write_table(
        pa.table(columns).replace_schema_metadata(metadata),
        path,
        compression=dict.fromkeys(KEYS, "zstd") | {vector: "none"},
        use_dictionary=["model_id", "view_id"],
        write_statistics=list(KEYS),
    )


def read_keys(path: Path) -> pa.Table:
    """KEYS of a file. Raises OSError and pa.ArrowException."""
    return pq.read_table(path, columns=list(KEYS), partitioning=None)


def has_vectors(path: Path) -> bool:
    """Whether `read_vectors` reads it, of a file that has the column. Raises OSError and pa.ArrowException."""
    kind = pq.read_schema(path).field(VECTOR).type
    return bool(pa.types.is_fixed_size_list(kind) and kind.value_type == pa.float16())


def read_vectors(path: Path) -> Halves:
    """(n, D). Raises OSError and pa.ArrowException."""
    column = pq.read_table(path, columns=[VECTOR], partitioning=None)[VECTOR].combine_chunks()
    vectors: Halves = column.flatten().to_numpy(zero_copy_only=False).reshape(len(column), column.type.list_size)
    return vectors

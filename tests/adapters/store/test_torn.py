"""A file that cannot be read is named by whoever reads the log, however it is broken."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inspection import history
from inspection.adapters.store.files import replace_durably
from inspection.adapters.store.paths import LinePaths
from inspection.adapters.store.schema import PARTS
from inspection.adapters.store.torn import OF_PARTS, why_unreadable
from inspection.domain.errors import StoreError
from tests.adapters.store.log_files import LINE, rows, write_short

pytestmark = pytest.mark.usefixtures("one_database")


@pytest.fixture(scope="module")
def paths(tmp_path_factory):
    paths = LinePaths(tmp_path_factory.mktemp("torn"), LINE)
    some = rows(5, 90)
    for first in (0, 30, 60):
        write_short(paths, some[first : first + 30])
    return paths


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_log_is_read_or_the_broken_file_is_named(paths, data):
    file = data.draw(st.sampled_from(sorted(paths.log_dir.rglob("*.parquet"))))
    content = file.read_bytes()
    broken = bytearray(content[: data.draw(st.integers(0, len(content)))])
    for at in data.draw(st.lists(st.integers(0, max(len(broken) - 1, 0)), max_size=8)) if broken else ():
        broken[at] ^= 0x55
    file.write_bytes(broken)
    try:
        history.parts(paths.data_dir, LINE)
        told = None
    except StoreError as error:
        told = str(error)
    finally:
        file.write_bytes(content)
    assert told is None or told.startswith(f"cannot read {file}: ")
    assert told is None or "'inspection log repair demo' sets it aside" in told
    assert told is not None or len(broken) == len(content)


@pytest.mark.parametrize(
    ("table", "why"),
    [
        (pa.table({"a": [1]}), "it has no column schema_version"),
        (
            pa.table({"epoch": ["1"], "number": [1], "verdict": ["PASS"], "scores": [None]}),
            "its column epoch is string and not int64",
        ),
    ],
)
def test_a_file_of_somebody_else_is_named(tmp_path, table, why):
    paths = LinePaths(tmp_path, LINE)
    stranger = paths.log_dir / "date=2026-01-04" / "stranger.parquet"
    stranger.parent.mkdir(parents=True)
    pq.write_table(table, stranger)
    assert why_unreadable(stranger, PARTS, OF_PARTS, whole=True) == ("foreign", why)
    with pytest.raises(StoreError, match=f"cannot read {stranger}: {why}"):
        history.parts(tmp_path, LINE)


@pytest.mark.parametrize("error", [KeyboardInterrupt(), StoreError("torn")])
def test_what_was_begun_is_gone_whatever_ends_the_writing(tmp_path, error):
    def write(temporary):
        temporary.write_bytes(b"half")
        raise error

    with pytest.raises(type(error)):
        replace_durably(tmp_path / "parts.csv", write)
    assert list(tmp_path.iterdir()) == []

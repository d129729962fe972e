"""Files of every version of the log's columns that was released are read, counted, verified and merged."""

from __future__ import annotations

import shutil

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from inspection import history
from inspection.adapters.store.compaction import compact_line
from inspection.adapters.store.names import file_name
from inspection.adapters.store.schema import PARTS, SCHEMA_VERSION
from inspection.adapters.store.verify import verify_line
from inspection.domain.types import PartId
from tests.adapters.store.test_log import VERSION_1, VERSION_2, Line
from tests.fakes.clock import START_UTC

pytestmark = pytest.mark.usefixtures("one_database")

OF_VERSION_3 = """
schema_version:int16 line:string station:string epoch:int64 number:int64 lot:string serial:string shift:string
challenge:string trigger_utc:utc frame_utc:utc verdict_utc:utc gate_utc:utc verdict:string cause:string detail:string
description:string margin:double shadow:string scores:scores review_below:double review_above:double outcome:string
outcome_commanded:bool outcome_confirmed:bool outcome_reported:bool outcome_reason:string ack_accepted:bool
ack_reason:string recipe:string recipe_id:string calibration_id:string model_id:string code_version:string source:string
image_path:string image_sha256:string capture_ms:double score_ms:double judge_ms:double ack_ms:double
""".split()
SCORE = pa.struct([("description", pa.string()), ("score", pa.float64()), ("threshold", pa.float64())])
TYPES = {
    "int16": pa.int16(), "int64": pa.int64(), "string": pa.string(), "double": pa.float64(), "bool": pa.bool_(),
    "utc": pa.timestamp("us", tz="UTC"), "scores": pa.list_(pa.field("element", SCORE)),
}  # fmt: skip
VERSION_3 = pa.schema([(name, TYPES[kind]) for name, _, kind in (each.partition(":") for each in OF_VERSION_3)])
"""Frozen: it is what files of that version have, whatever the columns are by now."""
SINCE_4 = "region_left:double region_top:double region_width:double region_height:double heat_map:string".split()
AT = VERSION_3.get_field_index("capture_ms")
VERSION_4 = pa.schema(
    [*VERSION_3][:AT]
    + [pa.field(name, TYPES[kind]) for name, _, kind in (each.partition(":") for each in SINCE_4)]
    + [*VERSION_3][AT:]
)


def test_a_change_of_columns_is_another_version():
    assert SCHEMA_VERSION > 4 or PARTS.equals(VERSION_4)


def write_version_3(path):
    rows = [
        {
            "schema_version": 3, "line": "demo", "epoch": 1, "number": number, "trigger_utc": START_UTC,
            "verdict_utc": START_UTC, "verdict": "REJECT" if number == 2 else "PASS", "description": "scratch",
            "margin": 0.5 if number == 2 else -0.75, "outcome": "DIVERTED" if number == 2 else "PASSED",
            "scores": [{"description": "scratch", "score": 0.25, "threshold": 1.0}], "recipe": "hex-nut",
        }
        for number in (1, 2, 3)
    ]  # fmt: skip
    metadata = {b"inspection.schema_version": b"3"}
    pq.write_table(pa.Table.from_pylist(rows, schema=VERSION_3.with_metadata(metadata)), path, compression="zstd")


@pytest.mark.parametrize("version", [1, 2, 3])
def test_a_file_of_each_version_is_read_counted_verified_and_merged(tmp_path, monkeypatch, version):
    monkeypatch.setattr("inspection.adapters.store.compaction.OLD_FILES_STAY_S", 0.0)
    line = Line(tmp_path)
    line.part(1)
    line.part(2)
    line.part(3)
    line.log.seal(everything=True)  # so that the journal knows these numbers
    (file,) = line.files()
    day, epoch = file.parent, pq.read_table(file)["epoch"][0].as_py()
    file.unlink()
    old = day / file_name(PartId(epoch, 1), PartId(epoch, 3))
    if version == 3:
        write_version_3(old)
    else:
        shutil.copy({1: VERSION_1, 2: VERSION_2}[version], old)
    line.log._db.execute("DELETE FROM events")  # a line of before the chain, which begins over what is there
    line.log._db.execute("DELETE FROM sqlite_sequence WHERE name = 'events'")
    line.log._db.execute("INSERT INTO events (utc_us, kind, text) VALUES (1, 'state', 'running')")
    line.close()

    def asked():
        parts = history.parts(tmp_path, "demo")
        return (
            parts.drop(columns="scores").astype(str).values.tolist(),
            [list(scores) for scores in parts["scores"]],
            history.counts(tmp_path, "demo", ["minute", "verdict", "challenge", "outcome"]).values.tolist(),
            history.score_counts(tmp_path, "demo", ["description", "bin"]).values.tolist(),
            history.last_rejects(tmp_path, "demo", 5)["number"].tolist(),
            str(history.part(tmp_path, "demo", epoch, 2)),
        )

    before = asked()
    assert set(history.parts(tmp_path, "demo")["schema_version"]) == {version}
    for merged in (False, True):
        found = verify_line(line.paths, with_images=False)
        assert found.numbers.missing == found.numbers.repeated == []
        assert found.faults == []
        if not merged:
            compact_line(line.paths)
            assert asked() == before
    assert pq.read_schema(line.files()[0]).names == PARTS.names

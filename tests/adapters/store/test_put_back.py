"""A whole copy in the place of a file that was set aside while the journal still had some of its rows."""

from __future__ import annotations

from contextlib import closing

import pytest

from inspection.adapters.store import log as log_module
from inspection.adapters.store.repair_report import as_text
from inspection.adapters.store.verify import verify_line
from tests.adapters.store.damaged_line import cut, repaired
from tests.adapters.store.test_evidence import Died
from tests.adapters.store.test_log import Line


def test_before_the_station_is_started_it_makes_the_log_whole_as_the_report_says(tmp_path, monkeypatch):
    line = Line(tmp_path)
    for number in range(1, 11):
        line.part(number)
    writing = log_module.writing

    def dies_after_some(db):
        if line.log.rows_sealed:
            raise Died
        return writing(db)

    with monkeypatch.context() as patch, closing(line):
        patch.setattr(log_module, "_DELETED_AT_ONCE", 4)
        patch.setattr(log_module, "writing", dies_after_some)
        with pytest.raises(Died):
            line.log.seal()
    (file,) = line.files()
    copy = file.read_bytes()
    cut(file)
    done = repaired(line.paths)
    assert done.missing == ["1-1", "1-2", "1-3", "1-4"]
    assert "a whole copy, put where it was before the station is started, brings it back" in as_text("demo", done)
    file.write_bytes(copy)
    for _ in range(2):
        assert line.numbers() == list(range(1, 11))
        assert verify_line(line.paths).faults == []
        with closing(Line(tmp_path)) as again:
            again.log.seal(everything=True)

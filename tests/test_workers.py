"""How tests are dealt to workers."""

from __future__ import annotations

import pytest

from tests.conftest import ON_A_MANUAL_CLOCK, REAL_TIME, dealt_with


def test_a_folder_in_real_time_is_one_workers_and_of_others_each_file(request: pytest.FixtureRequest) -> None:
    here = [item.nodeid for item in request.session.items]
    assert {dealt_with(f"tests/{name}::test_it") for name in ON_A_MANUAL_CLOCK} == {
        f"tests/{name}" for name in ON_A_MANUAL_CLOCK
    }
    for nodeid in here:
        place = dealt_with(nodeid)
        assert place == nodeid.split("::")[0] or nodeid.startswith(f"tests/{place}")
    run_again = {item.nodeid for item in request.session.items if item.get_closest_marker("flaky")}
    assert {nodeid for nodeid in here if dealt_with(nodeid) in REAL_TIME} == run_again
    assert dealt_with("tests/cli/test_run.py::test_it[a::b]") == "cli"
    assert dealt_with("tests/wire/test_session.py::test_it[tests/cli/::x]") == "tests/wire/test_session.py"

"""What every test gets: a clock that is moved by hand, and no way to leave a thread or a process behind."""

from __future__ import annotations

import gc
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from pathlib import Path
from typing import Any

import psutil
import pytest
from hypothesis import HealthCheck, settings

from tests.fakes.clock import ManualClock

if "PYTEST_XDIST_WORKER" in os.environ:  # two of them share two cores
    os.environ.setdefault("OMP_NUM_THREADS", "1")
IN_CI = os.environ.get("INSPECTION_CI") == "1"
IN_MEMORY = Path("/dev/shm")
if not IN_CI and "TMPDIR" not in os.environ and IN_MEMORY.is_dir() and shutil.disk_usage(IN_MEMORY).free > 4e9:
    # What a test writes need not outlive a power cut, and synced to a disk it takes the store's tests a third longer.
    # CI keeps to the disk: links, exchanges and syncs are tried on a file system as a station has it.
    os.environ["TMPDIR"] = tempfile.tempdir = str(IN_MEMORY)
REAL_TIME = ("adapters/gates", "browser", "cli", "faults", "firmware/test_core_on_a_line.py", "test_wheel.py")
"""Processes, ports and watchdogs on the wall clock. Where the machine stands still for half a second a watchdog bites,
as it should, and the test sees a diverted part: such a test is run once more, and the summary names it. One worker runs
all of such a folder, one after another."""
ON_A_MANUAL_CLOCK = ("faults/test_matrix.py", "faults/test_planted.py", "faults/test_soak.py")
"""Not of those."""
GRACE_S = 3.0  # a thread or a process that was told to stop may still be on its way out

settings.register_profile("dev", deadline=None, max_examples=50)
settings.register_profile(
    "ci", deadline=None, max_examples=50, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("ci" if IN_CI else "dev")


def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        path = item.path.relative_to(here).as_posix()
        if path.startswith(REAL_TIME) and not path.startswith(ON_A_MANUAL_CLOCK):
            item.add_marker(pytest.mark.flaky(reruns=1))


def dealt_with(nodeid: str) -> str:
    """What goes to one worker together with a test: its file, and what the file's tests share is made once; or its
    folder of tests in real time. (The groups of xdist 3.8 are none under pytest 9.2: a name cannot be added to.)"""
    file = nodeid.partition("::")[0]
    path = file.removeprefix("tests/")
    folders = [] if path.startswith(ON_A_MANUAL_CLOCK) else [name for name in REAL_TIME if path.startswith(name)]
    return folders[0] if folders else file


@pytest.hookimpl(optionalhook=True, tryfirst=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    from xdist.scheduler import LoadScopeScheduling

    class Dealer(LoadScopeScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            return dealt_with(nodeid)

    return Dealer(config, log) if config.getvalue("dist") == "loadscope" else None


@pytest.fixture
def manual_clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def measured(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Say what a test has measured: the end of the run prints it."""
    return lambda text: request.node.user_properties.append(("measured", text))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [each for outcome in ("passed", "failed", "rerun") for each in terminalreporter.getreports(outcome)]
    told = [(report.nodeid, text) for report in reports for kind, text in report.user_properties if kind == "measured"]
    if told:
        terminalreporter.section("measured")
    for test, text in dict.fromkeys(told):
        terminalreporter.write_line(f"{test.rpartition('::')[2].partition('@')[0]}: {text}")


@pytest.fixture(autouse=True)
def nothing_left_behind() -> Iterator[None]:
    """Fail a test that leaves a thread running or a child process alive."""
    threads, children = set(threading.enumerate()), set(_children())
    yield
    deadline_s = time.monotonic() + GRACE_S
    while time.monotonic() < deadline_s and _left(threads, children) != ([], []):
        time.sleep(0.01)
    left_threads, left_children = _left(threads, children)
    told = [f"thread {thread.name}" for thread in left_threads]
    for child in left_children:
        told.append(_described(child))
        child.kill()
    if told:
        pytest.fail(f"left behind: {', '.join(told)}; stop what the test started")


def _left(
    threads: set[threading.Thread], children: set[psutil.Process]
) -> tuple[list[threading.Thread], list[psutil.Process]]:
    return (
        [thread for thread in threading.enumerate() if thread not in threads],
        [child for child in _children() if child not in children],
    )


def _children() -> list[psutil.Process]:
    """Living children of this process, without the helper that multiprocessing keeps for itself."""
    if not _has_children():
        return []
    living = []
    for child in psutil.Process().children(recursive=True):
        try:
            helper = "multiprocessing.resource_tracker" in " ".join(child.cmdline())
            if child.status() != psutil.STATUS_ZOMBIE and not helper:
                living.append(child)
        except psutil.NoSuchProcess:
            continue
    return living


def _has_children() -> bool:
    """As Linux lists them of each thread, which takes a tenth of the time of a look at all processes."""
    try:
        threads = [thread / "children" for thread in Path("/proc/self/task").iterdir()]
        return any(children.read_bytes() for children in threads)
    except OSError:  # another system, or a thread that has ended meanwhile
        return True


def _described(child: psutil.Process) -> str:
    try:
        return f"process {child.pid} ({' '.join(child.cmdline())[:80]})"
    except psutil.NoSuchProcess:
        return f"process {child.pid}"


def _no_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    if IN_CI and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, which CI does not allow: {report.longrepr}"


def pytest_sessionfinish() -> None:
    """What loading a model has set aside from collection is let go of: bindings complain at exit otherwise."""
    gc.unfreeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    _no_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    _no_skip(report)
    return report

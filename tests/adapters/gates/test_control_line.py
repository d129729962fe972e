"""A control line is read as a kernel driver tells it, and a drop of DCD is an input.

Pseudo-terminals have no modem lines: `fakes/modem_lines.c` answers for them, in a process of its own, with the
kernel's own structures and numbers.
"""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from inspection.adapters.gates.serial_port import open_port
from inspection.domain.errors import ConfigError
from tests.fakes.modem_lines import LINES, ModemLines, build


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    try:
        return build(tmp_path_factory.mktemp("modem"))
    except ConfigError as error:
        pytest.skip(str(error))


class Adapter:
    """A port whose modem lines are set here, and a process that looks at one of them."""

    def __init__(self, library: Path, folder: Path, line: str, active: str) -> None:
        self.lines = ModemLines(library, folder)
        self._ends = os.openpty()
        self._looker = subprocess.Popen(
            [sys.executable, "-m", "tests.adapters.gates.looker", os.ttyname(self._ends[1]), line, active],
            env=self.lines.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def look(self) -> str:
        assert self._looker.stdin is not None
        assert self._looker.stdout is not None
        self._looker.stdin.write("\n")
        self._looker.stdin.flush()
        return self._looker.stdout.readline().strip()

    def close(self) -> None:
        self._looker.communicate()
        for end in self._ends:
            os.close(end)
        self.lines.close()


@pytest.fixture
def adapter(library: Path, tmp_path: Path) -> Iterator[Callable[..., Adapter]]:
    made: list[Adapter] = []

    def make(line: str, active: str = "high") -> Adapter:
        made.append(Adapter(library, tmp_path, line, active))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.mark.parametrize("line", ["cts", "dsr", "dcd"])
def test_level_and_changes_are_those_of_the_line_that_is_wired(adapter: Callable[..., Adapter], line: str) -> None:
    port = adapter(line)
    seen = [port.look()]
    for changed in (line, *(other for other in LINES if other != line), line):
        port.lines.change(changed)
        seen.append(port.look())
    assert seen == ["0 0", "1 1", "1 1", "1 1", "1 1", "0 2"]


def test_a_line_that_is_active_low_is_active_while_it_is_low(adapter: Callable[..., Adapter]) -> None:
    port = adapter("dcd", "low")
    before = port.look()
    port.lines.change("dcd")
    assert (before, port.look()) == ("1 0", "0 1")


def test_of_ri_the_level_alone_is_known(adapter: Callable[..., Adapter]) -> None:
    port = adapter("ri")
    before = port.look()
    port.lines.change("ri")
    assert (before, port.look()) == ("0 None", "1 None")


@pytest.mark.parametrize("why", [errno.ENOTTY, errno.EINVAL])
def test_a_driver_that_does_not_count_is_asked_for_levels_alone(adapter: Callable[..., Adapter], why: int) -> None:
    port = adapter("cts")
    port.lines.refuse(counts=why)
    before = port.look()
    port.lines.change("cts")
    assert (before, port.look()) == ("0 None", "1 None")


@pytest.mark.parametrize("question", ["levels", "counts"])
def test_a_port_that_is_gone_is_an_error(adapter: Callable[..., Adapter], question: str) -> None:
    port = adapter("cts")
    port.lines.refuse(**{question: errno.EIO})
    assert port.look() == f"error {errno.EIO}"


def test_the_count_is_unsigned_where_the_drivers_overflows(adapter: Callable[..., Adapter]) -> None:
    port = adapter("cts")
    port.lines.count_from("cts", -1)
    assert port.look() == f"0 {2**32 - 1}"


@pytest.mark.parametrize("times", [1, 2, 3])
def test_a_change_between_the_questions_makes_level_and_count_no_strangers(
    adapter: Callable[..., Adapter], times: int
) -> None:
    port = adapter("dsr")
    port.lines.change_while_asked("dsr", times)
    assert port.look() == f"{times % 2} {times}"


def test_a_drop_of_dcd_is_an_input_and_no_hang_up() -> None:
    """Without CLOCAL the kernel hangs up a port whose DCD drops: reads end, and the port is lost."""
    ours, theirs = os.openpty()
    try:
        assert not termios.tcgetattr(theirs)[2] & termios.CLOCAL, "it would be set without us"
        port = open_port(os.ttyname(theirs), 9600)
        try:
            assert termios.tcgetattr(theirs)[2] & termios.CLOCAL
            assert not termios.tcgetattr(theirs)[2] & termios.CRTSCTS, "CTS is a light barrier's, and holds nothing up"
        finally:
            port.close()
    finally:
        os.close(ours)
        os.close(theirs)

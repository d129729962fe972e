"""What this machine tells of its disk and memory, held against other ways to ask."""

from __future__ import annotations

import shutil
from pathlib import Path

import psutil
import pytest

from inspection.adapters.machine import ThisMachine


def test_the_figures_are_those_of_this_machine(tmp_path: Path) -> None:
    figures = ThisMachine(tmp_path).measure()
    assert figures.disk_free == pytest.approx(shutil.disk_usage(tmp_path).free, rel=0.1)
    assert figures.memory_free == pytest.approx(psutil.virtual_memory().available, rel=0.5)
    assert figures.memory_used == pytest.approx(psutil.Process().memory_info().rss, rel=0.5)


def test_what_cannot_be_told_is_none(tmp_path: Path) -> None:
    figures = ThisMachine(tmp_path / "gone", proc=tmp_path).measure()
    assert (figures.disk_free, figures.memory_free, figures.memory_used) == (None, None, None)
    (tmp_path / "meminfo").write_text("MemAvailable: many kB\n")
    assert ThisMachine(tmp_path, proc=tmp_path).measure().memory_free is None

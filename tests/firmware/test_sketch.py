"""The Arduino sketch is valid C++ against the library's header. It is compiled for no board here."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from benchmarks.firmware import FIRMWARE

SKETCH = FIRMWARE / "examples" / "inspection_gate" / "inspection_gate.ino"


def test_the_sketch_fits_the_library_and_the_arduino_api():
    """`arduino/Arduino.h` declares what its documentation does, with nothing behind it."""
    compiler = shutil.which(os.environ.get("CXX", "c++"))
    if compiler is None:
        pytest.skip("no C++ compiler here (Debian: g++)")
    include = [f"-I{FIRMWARE / 'src'}", f"-I{Path(__file__).parent / 'arduino'}", "-include", "Arduino.h"]
    told = subprocess.run(
        [compiler, "-std=c++11", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", *include, "-x", "c++", str(SKETCH)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told.stderr


def test_the_library_is_laid_out_as_the_arduino_build_wants_it():
    told = dict(line.split("=", 1) for line in (FIRMWARE / "library.properties").read_text().splitlines())
    assert {"name", "version", "author", "maintainer", "sentence", "category", "url", "architectures"} <= set(told)
    assert (FIRMWARE / "src" / told["includes"]).is_file()
    assert SKETCH.stem == SKETCH.parent.name

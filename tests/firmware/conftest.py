"""The firmware's core, compiled once a session by the system's C compiler. Without one these tests are skipped."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from benchmarks.firmware import Core, build, build_replay, compiler
from benchmarks.replay import Reference
from inspection.domain.errors import ConfigError
from tests.firmware.belt import Play

RESULT_BYTES = 1 << 20


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where to compile to. Skips what needs it if there is no compiler."""
    try:
        compiler()
    except ConfigError as error:
        pytest.skip(str(error))
    return tmp_path_factory.mktemp("firmware")


@pytest.fixture(scope="session")
def library(folder: Path) -> ctypes.CDLL:
    """The core in this process."""
    return ctypes.CDLL(str(build(folder / "core.so", "replay.c", flags=("-shared", "-fPIC"))))


@pytest.fixture(scope="session")
def played(library: ctypes.CDLL) -> Callable[[bytes], bytes]:
    """What the core makes of a script."""
    library.ig_replay.restype = ctypes.c_size_t
    library.ig_replay.argtypes = [ctypes.c_char_p, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_size_t]
    result = ctypes.create_string_buffer(RESULT_BYTES)

    def play(script: bytes) -> bytes:
        size = library.ig_replay(script, len(script), result, RESULT_BYTES)
        assert size <= RESULT_BYTES, "the script is cut off, or does more than fits"
        return result.raw[:size]

    return play


@pytest.fixture(scope="session")
def checked_program(folder: Path) -> Path:
    """`host/replay_main.c` with address and undefined-behaviour sanitizers."""
    program, has_sanitizers = build_replay(folder)
    if not has_sanitizers:
        pytest.skip("this C compiler lacks the libraries of its sanitizers (Debian: libasan8, libubsan1)")
    return program


@pytest.fixture(scope="session")
def sanitized(checked_program: Path) -> Iterator[Core]:
    """The core in that program, in one process for all."""
    with Core(checked_program) as core:
        yield core


@pytest.fixture(params=["reference", "core"])
def play(request: pytest.FixtureRequest) -> Play:
    if request.param == "reference":
        return lambda script: Reference().play(script)
    return request.getfixturevalue("played")

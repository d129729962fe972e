"""The log on stderr: lines for a person, JSON for a program, and nobody waits for whoever reads it."""

from __future__ import annotations

import fcntl
import json
import logging
import os
import threading
from collections.abc import Iterator

import pytest

from inspection.cli._logging import JsonFormatter, TextFormatter, WaitlessHandler, logging_to_stderr
from tests.waiting import wait_for


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """Both ends of a pipe that holds four pages."""
    ends = os.pipe()
    fcntl.fcntl(ends[1], fcntl.F_SETPIPE_SZ, 4 * 4096)
    yield ends
    os.close(ends[0])


def record(text: str, **extra: object) -> logging.LogRecord:
    made = logging.LogRecord("inspection", logging.INFO, __file__, 1, text, None, None)
    made.__dict__.update(extra)
    return made


def read_all(ends: tuple[int, int]) -> list[str]:
    os.close(ends[1])
    text = b""
    while piece := os.read(ends[0], 65536):
        text += piece
    return text.decode().splitlines()


def test_json_is_one_object_a_line_with_time_level_event_and_fields() -> None:
    told = json.loads(
        JsonFormatter().format(record("two\nlines", event="part", fields={"part": "3-17", "margin": 2.5}))
    )
    assert told.pop("utc").endswith("Z")
    assert told == {"level": "info", "event": "part", "text": "two\nlines", "part": "3-17", "margin": 2.5}
    assert "\n" not in JsonFormatter().format(record("two\nlines"))
    assert json.loads(JsonFormatter().format(record("x")))["event"] == "log"


def test_text_says_when_in_utc() -> None:
    made = record("state: running")
    made.created = 0.0
    assert TextFormatter().format(made) == "1970-01-01 00:00:00Z INFO    state: running"


def test_nobody_waits_for_a_pipe_that_nobody_reads_and_what_is_dropped_is_counted(pipe: tuple[int, int]) -> None:
    handler = WaitlessHandler(pipe[1], capacity=50)
    handler.setFormatter(JsonFormatter())
    taken = [handler.handle(record(f"line {number} {'x' * 100}")) for number in range(2000)]
    dropped = taken.count(False)
    assert dropped > 1500  # the pipe and the queue took the rest
    told: list[str] = []
    reader = threading.Thread(target=lambda: told.extend(read_lines(pipe[0])))
    reader.start()  # somebody reads again
    handler.close()
    os.close(pipe[1])
    reader.join()
    lines = [json.loads(line) for line in told]
    assert lines[-1]["event"] == "log-dropped"
    assert sum(line["lines"] for line in lines if line["event"] == "log-dropped") == dropped
    assert sum(line["event"] == "log" for line in lines) == 2000 - dropped
    assert lines[0]["text"].startswith("line 0 ")


def read_lines(descriptor: int) -> list[str]:
    with os.fdopen(os.dup(descriptor)) as stream:
        return stream.read().splitlines()


def test_a_pipe_that_stays_full_does_not_keep_the_program_from_ending(pipe: tuple[int, int]) -> None:
    handler = WaitlessHandler(pipe[1], capacity=50)
    handler.setFormatter(TextFormatter())
    for number in range(500):
        handler.handle(record(f"line {number} {'x' * 100}"))
    handler.close()
    assert not handler._thread.is_alive()
    assert 50 < len(read_all(pipe)) < 200


def test_a_reader_that_is_gone_ends_the_log_and_nothing_else() -> None:
    reads, writes = os.pipe()
    os.close(reads)
    handler = WaitlessHandler(writes, capacity=50)
    handler.setFormatter(TextFormatter())
    handler.handle(record("nobody hears this"))
    wait_for(lambda: not handler._thread.is_alive(), "the log to end")
    handler.handle(record("nor this"))
    handler.close()
    os.close(writes)


@pytest.mark.parametrize(("level", "expected"), [("info", ["one", "three"]), ("debug", ["one", "two", "three"])])
def test_the_level_is_that_of_our_own_log(pipe: tuple[int, int], level: str, expected: list[str]) -> None:
    with logging_to_stderr(level, "json", descriptor=pipe[1]):
        logging.getLogger("inspection.station.x").info("one")
        logging.getLogger("inspection.station.x").debug("two")
        logging.getLogger("inspection.cli.y").warning("three")
        logging.getLogger("somebody.else").info("never")
    assert [json.loads(line)["text"] for line in read_all(pipe)] == expected

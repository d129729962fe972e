"""The program's log on stderr: lines for a person or JSON for a program, and never a reason to wait.

Whoever logs puts the record into a bounded queue and goes on; a thread of its own writes. When nobody reads stderr the
queue fills and records are dropped; how many is told as soon as there is room again.
"""

from __future__ import annotations

import json
import logging
import os
import select
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Literal

LogLevel = Literal["info", "debug"]
LogFormat = Literal["text", "json"]

_PROGRAM = "inspection"  # the logger above all of ours
_CAPACITY = 2000  # records; some minutes of a quiet line, some seconds of a busy one at debug
_PIECE = 4096  # bytes that a pipe with any room takes at once
_LOOK_S = 0.2
_LAST_WORDS_S = 2.0  # for what waits at the end, if somebody reads


@contextmanager
def logging_to_stderr(level: LogLevel, form: LogFormat, *, descriptor: int = 2) -> Iterator[None]:
    """Our own log from `level` up, and warnings of libraries, until the end of the block."""
    handler = WaitlessHandler(descriptor, capacity=_CAPACITY)
    handler.setFormatter(JsonFormatter() if form == "json" else TextFormatter())
    root, own = logging.getLogger(), logging.getLogger(_PROGRAM)
    before = own.level
    root.addHandler(handler)
    own.setLevel(level.upper())
    try:
        yield
    finally:
        own.setLevel(before)
        root.removeHandler(handler)
        handler.close()


class WaitlessHandler(logging.Handler):
    """Writes whole lines to a file descriptor, from a thread of its own."""

    def __init__(self, descriptor: int, *, capacity: int) -> None:
        super().__init__()
        self._descriptor = descriptor
        self._capacity = capacity
        self._waiting: deque[logging.LogRecord] = deque()
        self._dropped = 0
        self._news = threading.Condition()
        self._closing_until_s: float | None = None
        self._thread = threading.Thread(target=self._run, name="log", daemon=True)
        self._thread.start()

    def handle(self, record: logging.LogRecord) -> bool:
        """As logging.Handler's, without its lock: one is enough, and it is held for a moment only."""
        record.getMessage()  # what cannot be made a text is told to whoever logged it, not to the thread
        with self._news:
            if len(self._waiting) >= self._capacity:
                self._dropped += 1
                return False
            self._waiting.append(record)
            self._news.notify()
        return True

    def close(self) -> None:
        """Write what waits, as long as somebody reads it: for two seconds at most."""
        with self._news:
            self._closing_until_s = time.monotonic() + _LAST_WORDS_S
            self._news.notify()
        self._thread.join(2 * _LAST_WORDS_S)
        super().close()

    def _run(self) -> None:
        while True:
            with self._news:
                while not self._waiting and not self._dropped and self._closing_until_s is None:
                    self._news.wait()
                if not self._waiting and not self._dropped:
                    return
                record = self._waiting.popleft() if self._waiting else self._of_dropped()
            if not self._write(self._line(record)):
                return

    def _of_dropped(self) -> logging.LogRecord:
        count, self._dropped = self._dropped, 0
        text = "%d lines of this log were dropped: nobody read it as fast as it was written"
        record = logging.LogRecord(__name__, logging.WARNING, __file__, 0, text, (count,), None)
        record.event, record.fields = "log-dropped", {"lines": count}
        return record

    def _line(self, record: logging.LogRecord) -> bytes:
        return (self.format(record) + "\n").encode("utf-8", "backslashreplace")

    def _write(self, line: bytes) -> bool:
        """False when nobody reads any more: the log ends, the line does not."""
        left = memoryview(line)
        poll = select.poll()
        poll.register(self._descriptor, select.POLLOUT)
        while left:
            if self._closing_until_s is not None and time.monotonic() > self._closing_until_s:
                return False
            if not poll.poll(_LOOK_S * 1000):
                continue
            try:
                left = left[os.write(self._descriptor, left[:_PIECE]) :]
            except BlockingIOError:
                continue
            except OSError:
                return False
        return True


class TextFormatter(logging.Formatter):
    """`2026-11-23 18:27:35Z WARNING alarm: …`, a trace below it if there is one."""

    def __init__(self) -> None:
        super().__init__("%(asctime)sZ %(levelname)-7s %(message)s", "%Y-%m-%d %H:%M:%S")
        self.converter = time.gmtime


class JsonFormatter(logging.Formatter):
    """One object a line: `utc`, `level`, `event`, `text`, and what the event has besides (`extra={"fields": …}`)."""

    def format(self, record: logging.LogRecord) -> str:
        utc = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        told = {
            "utc": utc.replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "event": getattr(record, "event", "log"),
            "text": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            told["trace"] = self.formatException(record.exc_info)
        return json.dumps(told, default=str, ensure_ascii=False)

"""Pictures are made JPEG in a process of their own that runs only when nothing else wants the processor.

A picture takes the processor for 5 to 100 ms, and a thread that wants it for a part waits meanwhile. Nothing depends
on the process: a picture that it does not write in time, for whatever cause, is written by who asked.
"""

from __future__ import annotations

import contextlib
import json
import mmap
import os
import select
import subprocess
import sys
from pathlib import Path
from typing import IO

import numpy as np

from inspection.adapters.store.evidence import write_jpeg
from inspection.domain.errors import StoreError
from inspection.domain.ports import Clock
from inspection.domain.types import Pixels

_HERE = "here"
_REST_NS = 60_000_000_000  # after a failure it is left alone for so long
_BROKEN = (OSError, ValueError, subprocess.SubprocessError)


class PictureProcess:
    """Used from one thread. The process is started at once, and ends with this one, however that ends."""

    def __init__(self, clock: Clock, *, reply_s: float = 0.25) -> None:
        """`reply_s`: how long a megapixel may take it, and anything smaller."""
        self._reply_s = reply_s
        self._clock = clock
        self._child: subprocess.Popen[bytes] | None = None
        self._shared = -1  # an unnamed file in memory, through which pixels go
        self._is_ready = False
        self._rests_until_ns = clock.monotonic_ns()
        self.written = 0
        """Pictures that the process wrote."""
        self._try_to_start()

    def write(self, path: Path, pixels: Pixels, *, sync: bool = False) -> None:
        """As `write_jpeg`. Raises StoreError."""
        try:
            if self._has_answered():
                refusal = self._ask(path, pixels, sync=sync)
                if refusal is not None:
                    raise StoreError(refusal)
                self.written += 1
                return
        except _BROKEN:
            self.close()
            self._rests_until_ns = self._clock.monotonic_ns() + _REST_NS
        write_jpeg(path, pixels, sync=sync)

    def close(self) -> None:
        """End the process, whatever it is doing."""
        child, self._child, self._is_ready = self._child, None, False
        if child is not None:
            os.close(self._shared)
            child.kill()
            child.wait()
            for pipe in (child.stdin, child.stdout):
                assert pipe is not None
                pipe.close()

    def _has_answered(self) -> bool:
        """It is there; starting takes it a while. Raises one of _BROKEN."""
        if self._child is None and self._clock.monotonic_ns() >= self._rests_until_ns:
            self._try_to_start()
        if self._child is not None and not self._is_ready:
            assert self._child.stdout is not None
            self._is_ready = (
                bool(select.select([self._child.stdout], [], [], 0)[0]) and self._reply(self._reply_s) == _HERE
            )
        return self._is_ready

    def _ask(self, path: Path, pixels: Pixels, *, sync: bool) -> str | None:
        """None when it is written, else why not. Raises one of _BROKEN when there is no answer in time."""
        assert self._child is not None
        assert self._child.stdin is not None
        os.ftruncate(self._shared, max(pixels.nbytes, os.fstat(self._shared).st_size))
        with mmap.mmap(self._shared, pixels.nbytes) as shared:
            np.copyto(np.ndarray(pixels.shape, np.uint8, shared), pixels)
        request = {"path": str(path), "shape": pixels.shape, "sync": sync}
        self._child.stdin.write(json.dumps(request).encode() + b"\n")
        return self._reply(self._reply_s * max(1.0, pixels.nbytes / 3e6))

    def _reply(self, within_s: float) -> str | None:
        assert self._child is not None
        assert self._child.stdout is not None
        reply = b""
        while not reply.endswith(b"\n"):
            if not select.select([self._child.stdout], [], [], within_s)[0]:
                raise TimeoutError
            more = os.read(self._child.stdout.fileno(), 4096)
            if not more:
                raise BrokenPipeError
            reply += more
        said: str | None = json.loads(reply)
        return said

    def _try_to_start(self) -> None:
        self._rests_until_ns = self._clock.monotonic_ns() + _REST_NS
        try:
            self._shared = os.memfd_create("inspection-picture")
        except (OSError, AttributeError):  # not on Linux
            return
        try:
            self._child = subprocess.Popen(
                [sys.executable, "-P", "-m", __name__, str(self._shared)],
                bufsize=0,  # nothing is left to be flushed into a pipe that nobody reads any more
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                pass_fds=[self._shared],
                start_new_session=True,  # a terminal's Ctrl-C is not for it
            )
        except OSError:
            os.close(self._shared)


def serve(shared: int, requests: IO[bytes], replies: IO[bytes]) -> None:
    """Write what is asked for until nobody asks any more."""
    replies.write(json.dumps(_HERE).encode() + b"\n")
    replies.flush()
    for line in requests:
        request = json.loads(line)
        height, width, colours = request["shape"]
        with mmap.mmap(shared, height * width * colours, prot=mmap.PROT_READ) as pixels:
            refusal = _written(Path(request["path"]), bytes(pixels), request["shape"], sync=request["sync"])
        replies.write(json.dumps(refusal).encode() + b"\n")
        replies.flush()


def _written(path: Path, pixels: bytes, shape: list[int], *, sync: bool) -> str | None:
    try:
        write_jpeg(path, np.frombuffer(pixels, np.uint8).reshape(shape), sync=sync)
    except StoreError as error:
        return str(error)
    return None


if __name__ == "__main__":
    with contextlib.suppress(OSError, AttributeError):  # not on Linux: as any other process
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    serve(int(sys.argv[1]), sys.stdin.buffer, sys.stdout.buffer)

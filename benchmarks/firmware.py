"""The C core of `firmware/`, built for this machine and run in a process of its own."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from pathlib import Path
from types import TracebackType

from inspection.domain.errors import ConfigError, InspectionError

FIRMWARE = Path(__file__).resolve().parent.parent / "firmware"
FLAGS = [
    *("-std=c99", "-Wall", "-Wextra", "-Werror", "-Wconversion", "-Wshadow", "-pedantic"),
    *("-O2", "-g", f"-I{FIRMWARE / 'src'}"),
]
SANITIZERS = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]


def compiler() -> str:
    """The system's C compiler: `cc`, or what CC names. Raises ConfigError if there is none."""
    name = os.environ.get("CC", "cc")
    found = shutil.which(name)
    if found is None:
        raise ConfigError(f"no C compiler: there is no '{name}' here; install one (Debian: gcc and libc6-dev)")
    return found


def build(program: Path, *sources: str, flags: tuple[str, ...] = ()) -> Path:
    """The core and these files of `firmware/host`, as `program`. Raises ConfigError without a compiler."""
    files = [*sorted((FIRMWARE / "src").rglob("*.c")), *(FIRMWARE / "host" / source for source in sources)]
    told = subprocess.run(
        [compiler(), *FLAGS, *flags, "-o", str(program), *map(str, files)], capture_output=True, text=True, check=False
    )
    if told.returncode != 0:
        raise InspectionError(f"the firmware does not compile:\n{told.stderr}")
    return program


def has_sanitizers(folder: Path) -> bool:
    """Whether this compiler finds the libraries of its sanitizers. `folder`: for what it makes."""
    empty = folder / "empty.c"
    empty.write_text("int main(void) { return 0; }\n", encoding="utf-8")
    words = [compiler(), *SANITIZERS, "-o", str(folder / "empty"), str(empty)]
    return subprocess.run(words, capture_output=True, check=False).returncode == 0


def build_replay(folder: Path) -> tuple[Path, bool]:
    """The program of `host/replay_main.c`, and whether it has sanitizers.

    Raises ConfigError without a compiler or the firmware.
    """
    if not FIRMWARE.is_dir():
        raise ConfigError("the firmware is not part of an installed station; run this in a checkout of the repository")
    checked = has_sanitizers(folder)
    flags = tuple(SANITIZERS) if checked else ()
    return build(folder / "replay", "replay.c", "replay_main.c", flags=flags), checked


class CoreDied(InspectionError):
    """The process of the core ended: a crash, a sanitizer's find, or a script that it could not follow (code 3)."""

    def __init__(self, code: int) -> None:
        super().__init__(f"the core's process ended with exit code {code}")
        self.code = code


class Core:
    """The core in a process: a script of `host/replay.h` in, its result out."""

    def __init__(self, program: Path) -> None:
        self._program = program
        self._process = self._begin()

    def _begin(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen([self._program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def __enter__(self) -> Core:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def _end(self) -> int:
        """Its exit code, below 0 for a signal."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdout.close()
        with contextlib.suppress(BrokenPipeError):  # it is gone already
            self._process.stdin.close()
        return self._process.wait()

    def send(self, script: bytes) -> None:
        """Hand a script over; its result is to be fetched before the next one. Raises CoreDied."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(len(script).to_bytes(4, "little") + script)
            self._process.stdin.flush()
        except BrokenPipeError as error:
            raise self._died() from error

    def fetch(self) -> bytes:
        """The result. Raises CoreDied; the next script goes to another process."""
        assert self._process.stdout is not None
        head = self._process.stdout.read(4)
        size = int.from_bytes(head, "little")
        result = self._process.stdout.read(size)
        if len(head) < 4 or len(result) < size:
            raise self._died()
        return result

    def play(self, script: bytes) -> bytes:
        """The result of a script. Raises CoreDied."""
        self.send(script)
        return self.fetch()

    def _died(self) -> CoreDied:
        code = self._end()
        self._process = self._begin()
        return CoreDied(code)

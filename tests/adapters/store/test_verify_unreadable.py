"""What this user may not look at is named as such, and the rest is looked at all the same."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from inspection.adapters.store.paths import LinePaths
from inspection.adapters.store.verify import Verified, verify_line
from tests.adapters.store.damaged_line import of_part, whole_line

NOBODY = 65_534


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> LinePaths:
    return whole_line(tmp_path_factory.mktemp("whole") / "data")


@pytest.fixture
def paths(whole: LinePaths) -> Iterator[LinePaths]:
    """Not below pytest's own folder, into which nobody else may look."""
    folder = Path(tempfile.mkdtemp())
    shutil.copytree(whole.data_dir, folder / "data")
    yield LinePaths(folder / "data", "demo")
    shutil.rmtree(folder)


def looked_at(paths: LinePaths) -> Verified:
    """By a user whom rights bind: root may look at everything."""
    if os.geteuid() != 0:
        return verify_line(paths)
    for path in (paths.data_dir.parent, *paths.data_dir.parent.rglob("*")):
        os.chown(path, NOBODY, NOBODY)
    os.seteuid(NOBODY)
    try:
        return verify_line(paths)
    finally:
        os.seteuid(0)


Shut = Callable[[Path], None]


def shut_folder(file: Path) -> None:
    """Its files can be listed, and that is all."""
    file.parent.chmod(0o444)


def shut_file(file: Path) -> None:
    file.chmod(0)


@pytest.mark.parametrize("shut", [shut_folder, shut_file])
@pytest.mark.parametrize(("root", "number"), [("log", 4), ("log", 1), ("embeddings", 1), ("rollup", 1)])
def test_it_is_named_and_not_called_gone(paths: LinePaths, root: str, number: int, shut: Shut) -> None:
    file = of_part(paths, number, root)
    shut(file)
    try:
        found = looked_at(paths)
    finally:
        file.parent.chmod(0o755)
    assert found.faults[0].place.endswith(f" {file.relative_to(paths.data_dir)}")
    others = [fault for fault in found.faults if "Permission denied" not in fault.what]
    # Its rows cannot be read.
    assert [fault.place for fault in others] == ([f"part 1-{number}"] if root == "log" else [])

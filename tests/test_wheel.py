"""A wheel built from the checkout runs the demo by itself. Its dependencies are those of this environment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from inspection import history
from inspection.resources import is_installed
from tests.waiting import DEADLINE_S

CHECKOUT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that the wheel was unpacked into, as pip would."""
    assert not is_installed()
    folder = tmp_path_factory.mktemp("wheel")
    built = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=CHECKOUT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert built.returncode == 0, built.stderr
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def outside_the_checkout(installed: Path, home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`python ARGUMENTS` that finds the wheel's packages and not the checkout's, from an empty home."""
    # -S: no .pth file, so that the editable install of the checkout is not there.
    packages = [path for path in sys.path if path.endswith("site-packages")]
    environment = {
        "HOME": str(home),
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join([str(installed), *packages]),
    }
    return subprocess.run(
        [sys.executable, "-S", *arguments],
        cwd=home, env=environment, capture_output=True, text=True, check=False, timeout=DEADLINE_S,
    )  # fmt: skip


def test_the_wheel_brings_all_that_it_needs_and_nothing_of_the_tests(installed: Path) -> None:
    names = {path.relative_to(installed).parts[0] for path in installed.iterdir()}
    assert {name for name in names if not name.endswith(".dist-info")} == {"inspection", "ui"}
    bundled = installed / "inspection" / "_bundled"
    assert (bundled / "configs" / "lines" / "demo.yaml").is_file()
    assert (bundled / "configs" / "calibrations" / "demo.json").is_file()
    assert len(list((bundled / "samples").rglob("*.jpg"))) == len(list((CHECKOUT / "data/samples").rglob("*.jpg")))
    assert list((installed / "inspection" / "adapters" / "clip" / "bundled").glob("*.safetensors"))
    assert (installed / "ui" / "app.py").is_file()


def test_the_demo_of_an_installed_wheel(installed: Path, tmp_path: Path) -> None:
    where = outside_the_checkout(
        installed, tmp_path, "-c", "import inspection, ui; print(inspection.__file__, ui.__file__)"
    )
    assert where.stdout.split() == [str(installed / "inspection/__init__.py"), str(installed / "ui/__init__.py")]
    line_file = installed / "inspection" / "_bundled" / "configs" / "lines" / "demo.yaml"
    line_file.write_text(line_file.read_text().replace("station: demo-station", "station: of-the-wheel"))
    before = files(installed)
    ended = outside_the_checkout(
        installed, tmp_path, "-m", "inspection", "demo", "--headless", "--parts", "20", "--json"
    )
    assert ended.returncode == 0, ended.stderr
    summary = json.loads(ended.stdout.splitlines()[-1])
    assert summary["triggers"] == summary["records"] == 20
    assert summary["passed"] > 0
    data_dir = tmp_path / ".local" / "share" / "inspection"
    assert f"images are in {data_dir}\n" in ended.stdout
    assert set(history.parts(data_dir, "demo")["station"]) == {"of-the-wheel"}
    assert files(installed) == before


def files(folder: Path) -> dict[Path, int]:
    """When each was changed; not those that Python keeps for itself."""
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*.*") if "__pycache__" not in path.parts}

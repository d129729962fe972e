"""Where the program's own files are, and where a site's are."""

from __future__ import annotations

from pathlib import Path

import pytest

from inspection import resources
from inspection.domain.errors import ConfigError


@pytest.fixture
def wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where an installed wheel would lie."""
    package = tmp_path / "site-packages" / "inspection"
    (package / "_bundled").mkdir(parents=True)
    monkeypatch.setattr(resources, "_PACKAGE", package)
    monkeypatch.setattr(resources, "_ROOT", package.parent)
    monkeypatch.setattr(resources, "_BUNDLED", package / "_bundled")
    return package


def test_a_checkout_has_its_own_files_beside_the_package() -> None:
    root = Path(resources.__file__).parent.parent
    assert not resources.is_installed()
    assert resources.configs_dir() == root / "configs"
    assert resources.samples_dir() == root / "data" / "samples"
    assert resources.ui_app() == root / "ui" / "app.py"
    assert (resources.configs_dir() / "lines" / "demo.yaml").is_file()
    assert resources.ui_app().is_file()


def test_a_wheel_has_them_inside(wheel: Path) -> None:
    assert resources.configs_dir() == wheel / "_bundled" / "configs"
    assert resources.samples_dir() == wheel / "_bundled" / "samples"
    assert resources.ui_app() == wheel.parent / "ui" / "app.py"
    assert resources.default_config_dir({}) == resources.configs_dir()


@pytest.mark.parametrize(
    ("environment", "folder"),
    [
        ({"INSPECTION_DATA_DIR": "/srv/line", "XDG_DATA_HOME": "/x"}, "/srv/line"),
        ({"XDG_DATA_HOME": "/x"}, "/x/inspection"),
        ({"XDG_DATA_HOME": "relative"}, "/home/she/.local/share/inspection"),
        ({}, "/home/she/.local/share/inspection"),
    ],
)
def test_where_runs_write(monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], folder: str) -> None:
    monkeypatch.setenv("HOME", "/home/she")
    assert resources.default_data_dir(environment) == Path(folder)


def test_a_command_says_which_data_directory_it_means_where_it_must(monkeypatch: pytest.MonkeyPatch) -> None:
    environment = {"XDG_DATA_HOME": "/x", "INSPECTION_DATA_DIR": "/srv/line"}
    assert resources.data_dir_option(Path("/x/inspection"), environment) == ""
    assert resources.data_dir_option(Path("/srv/line"), environment) == " --data-dir /srv/line"
    assert resources.data_dir_option(Path("/srv/a line"), environment) == " --data-dir '/srv/a line'"


def test_a_run_writes_nothing_inside_the_program(wheel: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match="inside the program itself"):
        resources.default_data_dir({"INSPECTION_DATA_DIR": str(wheel / "data")})
    monkeypatch.undo()
    checkout = Path(resources.__file__).parent.parent
    with pytest.raises(ConfigError, match="by --data-dir or INSPECTION_DATA_DIR"):
        resources.default_data_dir({"XDG_DATA_HOME": str(checkout)})


def test_a_variable_that_nobody_reads_is_refused() -> None:
    environment = {"INSPECTION_DATADIR": "/x", "INSPECTION_CI": "1", "OTHER": "", "INSPECTION_COLOUR": "1"}
    with pytest.raises(ConfigError) as caught:
        resources.default_data_dir(environment)
    known = "known: INSPECTION_CI, INSPECTION_CONFIG_DIR, INSPECTION_DATA_DIR"
    assert str(caught.value).splitlines() == [
        f"environment variable INSPECTION_COLOUR is not known; {known}",
        f'environment variable INSPECTION_DATADIR is not known; did you mean "INSPECTION_DATA_DIR"? {known}',
    ]

"""What the program brings with it (demo configs, samples, dashboard) and where a site keeps its own.

In a checkout the first lie beside the package; in an installed wheel below `inspection/_bundled` and `ui`.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from pathlib import Path

from inspection.domain.errors import ConfigError
from inspection.wording import unknown_name

_PACKAGE = Path(__file__).resolve().parent
_ROOT = _PACKAGE.parent
_BUNDLED = _PACKAGE / "_bundled"

_PREFIX = "INSPECTION_"
_DATA_DIR = f"{_PREFIX}DATA_DIR"
ENVIRONMENT = {
    "INSPECTION_CONFIG_DIR": "where lines, recipes and calibrations are; default: the demo's",
    _DATA_DIR: "where runs write; default: inspection/ in the user's data home",
    "INSPECTION_CI": "set where a test that is skipped for a missing part must fail",
}


def is_installed() -> bool:
    """True in an installed wheel, False in a checkout."""
    return _BUNDLED.is_dir()


def configs_dir() -> Path:
    """The demo's configuration."""
    return _BUNDLED / "configs" if is_installed() else _ROOT / "configs"


def samples_dir() -> Path:
    """Labelled sample parts: what `samples:` in a line file stands for."""
    return _BUNDLED / "samples" if is_installed() else _ROOT / "data" / "samples"


def benchmarks_dir() -> Path:
    """What `inspection bench` runs."""
    return (_BUNDLED if is_installed() else _ROOT) / "benchmarks"


def ui_app() -> Path:
    """The script that Streamlit is started with."""
    return _ROOT / "ui" / "app.py"


def check_environment(environment: Mapping[str, str] = os.environ) -> None:
    """Refuse INSPECTION_* variables that nobody reads. Raises ConfigError naming all of them."""
    unknown = sorted(name for name in environment if name.startswith(_PREFIX) and name not in ENVIRONMENT)
    if unknown:
        told = (
            f"environment variable {name} is not known; {unknown_name(name, ENVIRONMENT, _PREFIX)}" for name in unknown
        )
        raise ConfigError("\n".join(told))


def default_config_dir(environment: Mapping[str, str] = os.environ) -> Path:
    """INSPECTION_CONFIG_DIR, else the demo's configuration. Raises ConfigError for a mistyped variable."""
    check_environment(environment)
    chosen = environment.get("INSPECTION_CONFIG_DIR")
    return Path(chosen).expanduser().absolute() if chosen else configs_dir()


def default_data_dir(environment: Mapping[str, str] = os.environ) -> Path:
    """INSPECTION_DATA_DIR, else `inspection` in the XDG data home; not created here.

    Raises ConfigError for a mistyped variable, for no home, and for a folder inside the program itself.
    """
    check_environment(environment)
    chosen = environment.get(_DATA_DIR)
    return outside_the_program(Path(chosen) if chosen else _data_home(environment) / "inspection")


def data_dir_option(data_dir: Path, environment: Mapping[str, str] = os.environ) -> str:
    """What a person adds to a command to mean this data directory: nothing where they need not say it.

    INSPECTION_DATA_DIR does not count: that of this process need not be that of the person's terminal.
    """
    try:
        default = default_data_dir({name: value for name, value in environment.items() if name != _DATA_DIR})
    except ConfigError:
        default = None
    return "" if data_dir.absolute() == default else f" --data-dir {shlex.quote(str(data_dir.absolute()))}"


def outside_the_program(folder: Path) -> Path:
    """The absolute path of a folder for runs to write to. Raises ConfigError if it is inside the program itself."""
    folder = folder.expanduser().absolute()
    own = _PACKAGE if is_installed() else _ROOT
    if folder.resolve().is_relative_to(own):
        raise ConfigError(
            f"data directory {folder} is inside the program itself ({own}); nothing of a run is written there: "
            "name a folder outside it, by --data-dir or INSPECTION_DATA_DIR"
        )
    return folder


def _data_home(environment: Mapping[str, str]) -> Path:
    """XDG base directory specification: a relative path is to be ignored."""
    xdg = Path(environment.get("XDG_DATA_HOME", ""))
    if xdg.is_absolute():
        return xdg
    try:
        return Path.home() / ".local" / "share"
    except RuntimeError as error:
        raise ConfigError("this user has no home directory; set INSPECTION_DATA_DIR to where runs may write") from error

"""What commands that write into a site's configuration have in common: whose word it is, and what is written where."""

from __future__ import annotations

import getpass
import shlex
from pathlib import Path

import typer


def refuse_the_shipped(folder: Path, *, is_named: bool) -> None:
    """What came with the program is not written to by chance. In a checkout its maintainers name the folder."""
    from inspection.domain.errors import ConfigError
    from inspection.resources import configs_dir, is_installed

    shipped = configs_dir()
    if folder.resolve() == shipped.resolve() and (is_installed() or not is_named):
        raise ConfigError(
            f"{shipped} came with the program, and a calibration is not written there; "
            f"make a copy of your own: cp -r {shlex.quote(str(shipped))} my-site, then --config-dir my-site"
        )


def person(by: str | None) -> str:
    """Who answers for what is written: a name, or the user's."""
    if by is not None and not by.strip():
        raise typer.BadParameter("give a name", param_hint="--by")
    try:
        return by.strip() if by else getpass.getuser()
    except (KeyError, OSError) as error:  # a user that the machine has no name for
        raise typer.BadParameter("this user has no name: say who answers for it", param_hint="--by") from error


def write_text(path: Path, content: str) -> None:
    """There whole or not at all, also after a power cut. Raises StoreError."""
    write_bytes(path, content.encode())


def write_bytes(path: Path, content: bytes) -> None:
    """As `write_text`."""
    from inspection.adapters.store.files import replace_durably

    def write(temporary: Path) -> None:
        temporary.write_bytes(content)

    replace_durably(path, write)

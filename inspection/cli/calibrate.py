"""`inspection calibrate LINE --good DIR`: thresholds from good parts, with a promise."""

from __future__ import annotations

import getpass
import json
import shlex
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from inspection.cli._options import AsJson, ConfigDir
from inspection.wording import unknown_name

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from inspection.calibration.record import Calibration, DefectCheck


def calibrate(
    line: Annotated[str, typer.Argument(help="The line, as its file in lines/ is called.")],
    good: Annotated[Path, typer.Option(help="Folder of pictures of good parts, as this line's camera sees them.")],
    defect: Annotated[
        list[str] | None,
        typer.Option(help="NAME=FOLDER of defective parts, to see what escapes; any NAME will do. May be repeated."),
    ] = None,
    false_reject: Annotated[
        float, typer.Option(min=0.001, max=0.5, help="The share of good parts that may be rejected, on average.")
    ] = 0.05,
    by: Annotated[str | None, typer.Option(help="Who answers for it; default: the user name.")] = None,
    config_dir: ConfigDir = None,
    as_json: AsJson = False,
) -> None:
    """Set a line's thresholds from pictures of its own good parts. Nothing is changed if they are too few."""
    from inspection.adapters.cameras.images import list_images
    from inspection.adapters.store.files import replace_durably
    from inspection.calibration.record import Calibration, hash_samples
    from inspection.calibration.thresholds import fit_thresholds
    from inspection.cli._options import config_dir_of, named_folders
    from inspection.cli._samples import score_files
    from inspection.config import load_site
    from inspection.gauge import calibration_path, fingerprint, load_encoder, prototypes_of, region_of

    person = _person(by)
    folder = config_dir_of(config_dir)
    _refuse_the_shipped(folder, is_named=config_dir is not None)
    site = load_site(folder)
    line_config = site.line(line)
    recipe = site.recipe(line_config.recipe)
    good_files = list_images(good)
    defect_folders = named_folders(defect or [], "--defect")
    _tell_free_labels(defect_folders, [description.name for description in recipe.descriptions])
    defect_files = {name: list_images(folder) for name, folder in defect_folders.items()}
    encoder = load_encoder(recipe)
    prototypes, region = prototypes_of(recipe, encoder), region_of(recipe)
    fit = fit_thresholds(
        score_files(good_files, encoder, prototypes, region, what="good parts"), prototypes.names, false_reject
    )
    limits = [fit.thresholds[name].score for name in prototypes.names]
    checks = {
        name: _check(name, files, score_files(files, encoder, prototypes, region, what=name), limits)
        for name, files in defect_files.items()
    }
    calibration = Calibration(
        line=line,
        recipe=recipe.name,
        recipe_id=recipe.content_id(),
        by=person,
        created_utc=datetime.now(UTC),
        false_reject=false_reject,
        standardised_on=fit.standardised_on,
        ranked_on=fit.ranked_on,
        rank=fit.rank,
        thresholds=fit.thresholds,
        fingerprint=fingerprint(encoder, recipe, line_config),
        good=hash_samples([path.read_bytes() for path in good_files], good.name),
        defects=checks,
    )
    path = calibration_path(site, line)
    content = calibration.to_json()

    def write(temporary: Path) -> None:
        temporary.write_text(content, encoding="utf-8")

    replace_durably(path, write)
    if as_json:
        typer.echo(json.dumps({"path": str(path), "id": calibration.id, **json.loads(content)}))
    else:
        _tell(calibration, path)


def _check(name: str, files: Sequence[Path], scores: npt.NDArray[np.float64], limits: Sequence[float]) -> DefectCheck:
    """How many of these defective parts are under every limit. `scores` (n, K), a row a file; `limits` (K,)."""
    from inspection.calibration.bounds import binomial_upper_bound
    from inspection.calibration.record import DefectCheck, hash_samples

    escapes = int((~(scores > limits).any(axis=1)).sum())
    samples = hash_samples([path.read_bytes() for path in files], name)
    return DefectCheck(samples, escapes, binomial_upper_bound(escapes, len(files)))


def _tell(calibration: Calibration, path: Path) -> None:
    """What the thresholds promise, and what is not known."""
    typer.echo(
        f"Line {calibration.line} is calibrated: {path}\n"
        f"On average at most {calibration.false_reject:.1%} of good parts are rejected, while parts and light stay as"
        f" in these {calibration.good.count} pictures."
    )
    for name, check in calibration.defects.items():
        typer.echo(
            f"  {name}: {check.escapes} of {check.samples.count} escaped; with 95 % confidence at most"
            f" {check.escape_upper_95:.0%} do"
        )
    if not calibration.defects:
        typer.echo("How many defective parts escape is not known: give some with --defect NAME=FOLDER.")


def _tell_free_labels(labels: Iterable[str], descriptions: Sequence[str]) -> None:
    """Defects that no description is of are counted too: whether those escape is worth knowing. Or it is a slip."""
    free = [label for label in labels if label not in descriptions]
    if free:
        known = unknown_name(free[0], descriptions) if len(free) == 1 else f"known: {', '.join(sorted(descriptions))}"
        typer.echo(f"No description is called {' or '.join(free)}, counted under that label; {known}", err=True)


def _refuse_the_shipped(folder: Path, *, is_named: bool) -> None:
    """What came with the program is not written to by chance. In a checkout its maintainers name the folder."""
    from inspection.domain.errors import ConfigError
    from inspection.resources import configs_dir, is_installed

    shipped = configs_dir()
    if folder.resolve() == shipped.resolve() and (is_installed() or not is_named):
        raise ConfigError(
            f"{shipped} came with the program, and a calibration is not written there; "
            f"make a copy of your own: cp -r {shlex.quote(str(shipped))} my-site, then --config-dir my-site"
        )


def _person(by: str | None) -> str:
    """Who answers for the thresholds: a name, or the user's."""
    if by is not None and not by.strip():
        raise typer.BadParameter("give a name", param_hint="--by")
    try:
        return by.strip() if by else getpass.getuser()
    except (KeyError, OSError) as error:  # a user that the machine has no name for
        raise typer.BadParameter("this user has no name: say who answers for it", param_hint="--by") from error

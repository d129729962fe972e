"""`inspection render SENTENCE --out DIR`: pictures of parts with the defects that a sentence asks for, and masks."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from inspection.cli._drawing import SEEDS_A_PICTURE, Drawn, best, laid_onto, rendered
from inspection.cli._options import AsJson
from inspection.cli._sheet import MOST, small, write_sheet
from inspection.wording import counted

if TYPE_CHECKING:
    import numpy.typing as npt

    from inspection.domain.types import Pixels
    from inspection.synthesis.sentence import Request

FIRST_SEED = 7 * 10**15
"""No seed that a model was trained or examined on."""
SIZE_PX = 512
LISTED = 20
LOG, MASKS, GOOD = "render.jsonl", "masks", "good"


def render(
    sentence: Annotated[str, typer.Argument(help='As "a brass hex nut with a long scratch near the edge".')],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder to write to; made if it is not there.")],
    n: Annotated[int, typer.Option("--n", min=1, max=100_000, help="How many pictures.")] = 16,
    size: Annotated[
        int | None,
        typer.Option(min=16, max=1024, help=f"Side in pixels; default: {SIZE_PX}. Photographs keep their own."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, max=10**9, help="Another one gives other pictures.")] = 0,
    masks: Annotated[bool, typer.Option("--masks", help="Write where the defect is to DIR/masks.")] = False,
    clean_twins: Annotated[
        bool, typer.Option("--clean-twins", help="Write the same part without its defect to DIR/good.")
    ] = False,
    onto: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Lay the defects onto these photographs of good parts.")
    ] = None,
    full_frame: Annotated[
        bool, typer.Option("--full-frame", help="With --onto: the part fills the pictures; look for no outline.")
    ] = False,
    sheet: Annotated[bool, typer.Option("--sheet", help="Write all pictures small on one, sheet.jpg.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Write over files of the same names.")] = False,
    as_json: AsJson = False,
) -> None:
    """Render parts with the defects that a sentence asks for: to qualify a line before the first real one is seen.

    The sentence names the part, what it is of, one or more defects, and may say how large, how strong, how many and
    where they are. Pictures are written to a folder of DIR that is named after their defect, with one line of
    DIR/render.jsonl each. Exit code 2: the sentence asks for what cannot be rendered.
    """
    request = _request(sentence, of_photographs=onto is not None)
    if full_frame and onto is None:
        raise typer.BadParameter("it is said of photographs: give --onto DIR too", param_hint="--full-frame")
    if size is not None and onto is not None:
        raise typer.BadParameter("photographs keep the size that they have: leave it out", param_hint="--size")
    for words in request.ignored:
        typer.echo(f'nothing was made of "{words}"', err=True)
    names = [f"{index:0{max(3, len(str(n - 1)))}}.png" for index in range(n)]
    _check_room(out, request, names, masks=masks, clean_twins=clean_twins, sheet=sheet, force=force)
    if onto is not None:
        draw, unreadable = laid_onto(request, onto, full_frame=full_frame)
    else:
        draw, unreadable = rendered(request, size or SIZE_PX), 0
    out.mkdir(parents=True, exist_ok=True)
    rows: list[dict[str, Any]] = []
    thumbnails: list[Pixels] = []
    with (out / LOG).open("w", encoding="utf-8") as log:
        for index, name in enumerate(_progress(names)):
            drawn = best(draw, request, index, FIRST_SEED + (seed * 100_000 + index) * SEEDS_A_PICTURE)
            row = _write(out, name, drawn, masks=masks, clean_twins=clean_twins)
            row |= {"sentence": sentence, **drawn.about, "ignored": list(request.ignored), **_told(drawn)}
            log.write(json.dumps(row) + "\n")
            rows.append(row)
            if sheet and index < MOST:
                thumbnails.append(small(drawn.bad.pixels))
    for row in rows:
        for missed in row["missed"]:
            typer.echo(f"{row['picture']}: {missed}", err=True)
    if sheet:
        write_sheet(out / "sheet.jpg", thumbnails)
    if as_json:
        typer.echo(json.dumps({"out": str(out), "ignored": list(request.ignored), "pictures": rows}))
    else:
        _print(rows, out)
    if unreadable:
        raise typer.Exit(1)


def _request(sentence: str, *, of_photographs: bool) -> Request:
    from inspection.synthesis.possible import Impossible, check
    from inspection.synthesis.sentence import NotUnderstood, understand

    try:
        request = understand(sentence, any_part=of_photographs)
        if request.family and not of_photographs:
            check(request.family, request.part, request.defects)
    except (NotUnderstood, Impossible) as error:
        raise typer.BadParameter(str(error), param_hint="SENTENCE") from error
    if of_photographs and request.defects == ():
        raise typer.BadParameter("the photographs are of good parts already: name a defect", param_hint="SENTENCE")
    return request


def _check_room(
    out: Path, request: Request, names: Sequence[str], *, masks: bool, clean_twins: bool, sheet: bool, force: bool
) -> None:
    """Raises BadParameter where a file would be written over."""
    from inspection.synthesis.defects import KINDS

    kinds = [kind for kind, _ in request.defects] if request.defects is not None else None
    folders = [_folder_of(kinds)] if kinds is not None else list(KINDS)
    folders = [*folders, *(f"{MASKS}/{folder}" for folder in folders if masks), *([GOOD] if clean_twins else [])]
    planned = [LOG, *(["sheet.jpg"] if sheet else []), *(f"{folder}/{name}" for folder in folders for name in names)]
    if out.exists() and not out.is_dir():
        raise typer.BadParameter(f"{out} is no folder", param_hint="--out")
    there = [name for name in dict.fromkeys(planned) if (out / name).exists()]
    if there and not force:
        others = f" and {counted(len(there) - 1, 'other file')}" if len(there) > 1 else ""
        told = f"{out / there[0]}{others} would be written over: name another folder, or say --force"
        raise typer.BadParameter(told, param_hint="--out")


def _folder_of(kinds: Sequence[str | None]) -> str:
    """As `evaluate --bad` has it: named after the defects."""
    return " and ".join(dict.fromkeys(str(kind) for kind in kinds)) or GOOD


def _progress(names: Sequence[str]) -> Iterator[str]:
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    yield from track(names, description="rendering", console=console, transient=True, disable=not console.is_terminal)


def _write(out: Path, name: str, drawn: Drawn, *, masks: bool, clean_twins: bool) -> dict[str, Any]:
    """Write the files of a picture; their names."""
    from PIL import Image

    folder = _folder_of([one.kind for one in drawn.seen])
    written: dict[str, tuple[str, npt.NDArray[Any]]] = {"picture": (f"{folder}/{name}", drawn.bad.pixels)}
    if masks:
        written["mask"] = (f"{MASKS}/{folder}/{name}", drawn.bad.mask)
    if clean_twins:
        written["good"] = (f"{GOOD}/{name}", drawn.good.pixels)
    for path, pixels in written.values():
        (out / path).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(out / path)
    return {what: path for what, (path, _) in written.items()}


def _told(drawn: Drawn) -> dict[str, Any]:
    whole = drawn.bad.attributes
    of_defects = ("kind", "strength", "contrast", "area", "centre_x", "centre_y", "place", "count")
    return {
        "family": whole.family,
        "material": whole.material or None,
        "colour": whole.colour or None,
        "size_px": list(drawn.bad.pixels.shape[1::-1]),
        "area": float(drawn.bad.mask.mean()),
        "defects": [{name: asdict(one)[name] for name in of_defects} for one in drawn.seen],
        "missed": list(drawn.missed),
    }


def _print(rows: Sequence[dict[str, Any]], out: Path) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
    for name in ("picture", "part", "defect", "area %", "place"):
        table.add_column(name, justify="right" if name == "area %" else "left", overflow="fold")
    for row in rows[:LISTED]:
        made_of = " ".join(word for word in (row["colour"], row["material"], row["family"]) if word)
        part = f"{made_of}, {Path(row['photograph']).name}" if "photograph" in row else made_of
        kinds = ", ".join(one["kind"] for one in row["defects"]) or "none"
        places = ", ".join(one["place"] or "–" for one in row["defects"])
        table.add_row(row["picture"], escape(part), kinds, f"{100 * row['area']:.2f}", places)
    Console().print(table)
    more = f"; {len(rows) - LISTED} more" if len(rows) > LISTED else ""
    typer.echo(f"{counted(len(rows), 'picture')} in {out}, told in {LOG}{more}")

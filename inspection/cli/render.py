"""`inspection render SENTENCE --out DIR`: pictures of parts with the defects that a sentence asks for, and masks."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from inspection.cli._options import AsJson
from inspection.wording import counted

if TYPE_CHECKING:
    from inspection.synthesis.onto import Photograph
    from inspection.synthesis.render import Attributes, Rendered
    from inspection.synthesis.sentence import Request

FIRST_SEED = 7 * 10**15
"""No seed that a model was trained or examined on."""
SEEDS_A_PICTURE = 4
"""Parts that are tried until the defect is seen where it is asked for."""
LISTED = 20
LOG = "render.jsonl"


def render(
    sentence: Annotated[str, typer.Argument(help='As "a brass hex nut with a long scratch near the edge".')],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder to write to; made if it is not there.")],
    n: Annotated[int, typer.Option("--n", min=1, max=100_000, help="How many pictures.")] = 16,
    size: Annotated[int, typer.Option(min=16, max=1024, help="Side in pixels; not with --onto.")] = 512,
    seed: Annotated[int, typer.Option(min=0, max=10**9, help="Another one gives other pictures.")] = 0,
    masks: Annotated[bool, typer.Option("--masks", help="Write where the defect is, as NAME.mask.png.")] = False,
    clean_twins: Annotated[
        bool, typer.Option("--clean-twins", help="Write the same part without its defect, as NAME.good.png.")
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
    where they are. Pictures are written to DIR with one line of render.jsonl each. Exit code 2: the sentence asks for
    what cannot be rendered.
    """
    from inspection.synthesis.sentence import NotUnderstood, understand

    try:
        request = understand(sentence, any_part=onto is not None)
    except NotUnderstood as error:
        raise typer.BadParameter(str(error), param_hint="SENTENCE") from error
    if full_frame and onto is None:
        raise typer.BadParameter("it is said of photographs: give --onto DIR too", param_hint="--full-frame")
    if onto is not None and request.defects == ():
        raise typer.BadParameter("the photographs are of good parts already: name a defect", param_hint="SENTENCE")
    for words in request.ignored:
        typer.echo(f'not understood, and left out: "{words}"', err=True)
    names = [f"{index:0{max(3, len(str(n - 1)))}}" for index in range(n)]
    _make_room(out, names, masks=masks, clean_twins=clean_twins, sheet=sheet, force=force)
    draw, unreadable = _drawing(request, size, onto, full_frame=full_frame)
    rows: list[dict[str, Any]] = []
    thumbnails = []
    with (out / LOG).open("w", encoding="utf-8") as log:
        for index, name in enumerate(_progress(names)):
            try:
                bad, good, seen, about = draw(index, FIRST_SEED + (seed * 100_000 + index) * SEEDS_A_PICTURE)
            except ValueError as error:
                raise typer.BadParameter(str(error), param_hint="SENTENCE") from error
            row = _write(out, name, bad, good if clean_twins else None, masks=masks)
            row |= {"sentence": sentence, **about, "ignored": list(request.ignored), **_told(bad, seen)}
            log.write(json.dumps(row) + "\n")
            rows.append(row)
            if sheet:
                thumbnails.append(bad.pixels)
    if sheet:
        from inspection.cli._sheet import write_sheet

        write_sheet(out / "sheet.jpg", thumbnails)
    if as_json:
        typer.echo(json.dumps({"out": str(out), "ignored": list(request.ignored), "pictures": rows}))
    else:
        _print(rows, out)
    if unreadable:
        raise typer.Exit(1)


_Draw = Callable[[int, int], "tuple[Rendered, Rendered, list[Attributes], dict[str, Any]]"]
"""(index, seed) -> with the defect, without it, each defect, what else is to be told."""


def _drawing(request: Request, size: int, onto: Path | None, *, full_frame: bool) -> tuple[_Draw, int]:
    """What draws a picture, and how many photographs cannot be read."""
    from inspection.synthesis.render import render_wish

    if onto is not None:
        photographs, unreadable = _photographs(onto, full_frame=full_frame)
        return _onto(request, photographs), unreadable

    def draw(_: int, seed: int) -> tuple[Rendered, Rendered, list[Attributes], dict[str, Any]]:
        family = str(request.family)
        for tried in range(seed, seed + SEEDS_A_PICTURE):
            drawn = render_wish(tried, family, request.part, request.defects, size)
            if _as_asked(request, drawn[2]):
                break
        return *drawn, {"seed": tried}

    return draw, 0


def _as_asked(request: Request, seen: Sequence[Attributes]) -> bool:
    from inspection.synthesis.attempt import LEAST_AREA, LEAST_CONTRAST

    places = {kind: wish.place for kind, wish in request.defects or ()}
    return all(
        one.contrast >= LEAST_CONTRAST and one.area >= LEAST_AREA and places.get(str(one.kind)) in (None, one.place)
        for one in seen
    )


def _onto(request: Request, photographs: list[tuple[Path, Photograph]]) -> _Draw:
    import numpy as np

    from inspection.synthesis.render import Attributes, Rendered

    def draw(index: int, seed: int) -> tuple[Rendered, Rendered, list[Attributes], dict[str, Any]]:
        path, photograph = photographs[index % len(photographs)]
        bad, seen = photograph.defective(seed, request.defects, request.family)
        nowhere = np.zeros(photograph.pixels.shape[:2], np.bool_)
        good = Rendered(photograph.pixels, nowhere, Attributes(bad.attributes.family, "", "", None))
        return bad, good, seen, {"seed": seed, "photograph": str(path)}

    return draw


def _photographs(folder: Path, *, full_frame: bool) -> tuple[list[tuple[Path, Photograph]], int]:
    """All that can be read, made smaller where need be, and how many cannot. Raises CameraError where none can."""
    import numpy as np
    from PIL import Image

    from inspection.adapters.cameras.images import list_images, read_image
    from inspection.domain.errors import CameraError
    from inspection.synthesis.onto import Photograph
    from inspection.synthesis.render import MAX_SIZE_PX

    photographs: list[tuple[Path, Photograph]] = []
    files = list_images(folder)
    for path in files:
        try:
            pixels = read_image(path)
            if max(pixels.shape[:2]) > MAX_SIZE_PX:
                image = Image.fromarray(pixels)
                image.thumbnail((MAX_SIZE_PX, MAX_SIZE_PX), Image.Resampling.LANCZOS)
                pixels = np.asarray(image)
                size = f"{image.width} x {image.height}"
                typer.echo(f"{path}: scaled down to {size}, as more than {MAX_SIZE_PX} are not worked on", err=True)
            photograph = Photograph(pixels, full_frame=full_frame)
        except CameraError as error:
            typer.echo(str(error), err=True)
            continue
        except ValueError as error:
            typer.echo(f"{path}: {error}", err=True)
            continue
        if photograph.full_frame and not full_frame:
            typer.echo(
                f"{path}: no part that stands out from the ground was found; the whole picture is used", err=True
            )
        photographs.append((path, photograph))
    if not photographs:
        raise CameraError(f"{folder}: none of its {counted(len(files), 'picture')} can be used")
    return photographs, len(files) - len(photographs)


def _make_room(out: Path, names: Sequence[str], *, masks: bool, clean_twins: bool, sheet: bool, force: bool) -> None:
    endings = [".png", *([".mask.png"] if masks else []), *([".good.png"] if clean_twins else [])]
    planned = [LOG, *(["sheet.jpg"] if sheet else []), *(name + ending for name in names for ending in endings)]
    if out.exists() and not out.is_dir():
        raise typer.BadParameter(f"{out} is no folder", param_hint="--out")
    there = [name for name in planned if (out / name).exists()]
    if there and not force:
        others = f" and {counted(len(there) - 1, 'other file')}" if len(there) > 1 else ""
        told = f"{out / there[0]}{others} would be written over: name another folder, or say --force"
        raise typer.BadParameter(told, param_hint="--out")
    out.mkdir(parents=True, exist_ok=True)


def _progress(names: Sequence[str]) -> Iterator[str]:
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    yield from track(names, description="rendering", console=console, transient=True, disable=not console.is_terminal)


def _write(out: Path, name: str, bad: Rendered, good: Rendered | None, *, masks: bool) -> dict[str, Any]:
    """Write the files of a picture; their names."""
    from PIL import Image

    written = {"picture": bad.pixels} | ({"mask": bad.mask} if masks else {})
    written |= {"good": good.pixels} if good is not None else {}
    endings = {"picture": ".png", "mask": ".mask.png", "good": ".good.png"}
    for what, pixels in written.items():
        Image.fromarray(pixels).save(out / f"{name}{endings[what]}")
    return {what: f"{name}{endings[what]}" for what in written}


def _told(bad: Rendered, seen: Sequence[Attributes]) -> dict[str, Any]:
    whole = bad.attributes
    of_defects = ("kind", "strength", "contrast", "area", "centre_x", "centre_y", "place", "count")
    return {
        "family": whole.family,
        "material": whole.material or None,
        "colour": whole.colour or None,
        "size_px": list(bad.pixels.shape[1::-1]),
        "area": float(bad.mask.mean()),
        "defects": [{name: asdict(one)[name] for name in of_defects} for one in seen],
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

"""`inspection bench station | gate | relay | encoder | phrases | model | tracking | log | fuzz | faults | soak | crash
| commits | calibration | drift | ladder | references | tiles | empty`: how fast this machine is, what the bundled model
understands, what tracking is worth, how long the log takes to answer, whether the firmware's core does what the
reference does, whether a line, its log and its calibrations keep their promises whatever goes wrong, how soon drift is
told, and what references, labels and tiles are worth.
"""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from inspection.cli._options import AsJson, ConfigDir

app = typer.Typer(no_args_is_help=True)


class Durability(StrEnum):
    """As in a line's configuration."""

    PROCESS = "process"
    POWER = "power"


@app.callback()
def choose() -> None:
    """Measure this machine."""


@app.command("station")
def station(
    parts: Annotated[int, typer.Option(min=100, help="How many parts go by.")] = 20_000,
    parts_per_s: Annotated[float, typer.Option(min=1, max=1000, help="How fast they come.")] = 210,
    durability: Annotated[Durability, typer.Option(help="process or power, as in a line's file.")] = Durability.PROCESS,
    sealing: Annotated[
        bool, typer.Option("--sealing", help="How much longer a verdict takes while the log is sealed and merged.")
    ] = False,
    turn_s: Annotated[float, typer.Option(min=0.5, max=60, help="With --sealing: how long a turn takes.")] = 2,
    as_json: AsJson = False,
) -> None:
    """Trigger, frame of 1280 x 1024, journal, verdict, acknowledgement, outcome and log, with a stub for the model."""
    from inspection.resources import benchmarks_dir

    sys.path.insert(0, str(benchmarks_dir().parent))
    if sealing:
        from benchmarks import sealing as bench

        bench.main(parts=parts, parts_per_s=parts_per_s, durability=durability.value, turn_s=turn_s, as_json=as_json)
        return
    from benchmarks.station import main

    main(parts=parts, parts_per_s=parts_per_s, durability=durability.value, as_json=as_json)


@app.command("gate")
def gate(
    parts: Annotated[int, typer.Option(min=10, help="How many commands.")] = 3_000,
    parts_per_s: Annotated[float, typer.Option(min=1, max=1000, help="How fast they come.")] = 100,
    as_json: AsJson = False,
) -> None:
    """From a command to its acknowledgement by a controller at a pseudo-terminal, beside the bare bytes' way."""
    from inspection.resources import benchmarks_dir

    sys.path.insert(0, str(benchmarks_dir().parent))
    from benchmarks.gate import main

    main(parts=parts, parts_per_s=parts_per_s, as_json=as_json)


@app.command("relay")
def relay(
    parts: Annotated[int, typer.Option(min=10, max=10_000, help="How many parts are due.")] = 500,
    parts_per_s: Annotated[float, typer.Option(min=1, max=20, help="How fast they come.")] = 10,
    as_json: AsJson = False,
) -> None:
    """From a part's due moment to the frame that energises its relay, at a pseudo-terminal."""
    from inspection.resources import benchmarks_dir

    sys.path.insert(0, str(benchmarks_dir().parent))
    from benchmarks.relay import main

    main(parts=parts, parts_per_s=parts_per_s, as_json=as_json)


@app.command("encoder")
def encoder(
    model: Annotated[str | None, typer.Option(help="bundled, a folder, or owner/name of the local cache.")] = None,
    architecture: Annotated[
        str | None, typer.Option(help="A published one with random weights; default: clip-vit-base-patch32.")
    ] = None,
    seconds: Annotated[float, typer.Option(min=1, max=600, help="How long to measure.")] = 20,
    as_json: AsJson = False,
) -> None:
    """From a JPEG to scores on each runtime, beside transformers, OpenVINO, ONNX Runtime and this machine's limit."""
    from inspection.resources import benchmarks_dir

    if model is not None and architecture is not None:
        raise typer.BadParameter("give either --model or --architecture")
    sys.path.insert(0, str(benchmarks_dir().parent))
    from benchmarks.encoder import main

    main(model=model, architecture=architecture, seconds=seconds, as_json=as_json)


@app.command("phrases")
def phrases(
    descriptions: Annotated[int, typer.Option(min=1, max=20_000, help="Of a recipe, four sentences each.")] = 1000,
    architecture: Annotated[
        str | None, typer.Option(help="A published architecture with random weights instead of the bundled model.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """What reading a recipe's sentences takes at a line's first start, and at the next."""
    from inspection.resources import benchmarks_dir

    sys.path.insert(0, str(benchmarks_dir().parent))
    from benchmarks.phrases import main

    main(descriptions=descriptions, architecture=architecture, as_json=as_json)


@app.command("model")
def model(
    model: Annotated[str, typer.Option(help="bundled, or the folder of one like it.")] = "bundled",
    scenes: Annotated[int, typer.Option(min=1, max=1000, help="Scenes a family, each with every kind of defect.")] = 24,
    as_json: AsJson = False,
) -> None:
    """What the bundled model understands of rendered parts that it never saw, beside random weights."""
    from inspection.resources import benchmarks_dir

    sys.path.insert(0, str(benchmarks_dir().parent))
    from benchmarks.parts_model import main

    main(model=model, scenes=scenes, as_json=as_json)


@app.command("tracking")
def tracking(
    parts: Annotated[int, typer.Option(min=1, help="How many parts go by.")] = 100_000,
    seed: Annotated[int, typer.Option(help="The same seed gives the same belt and parts.")] = 1,
    as_json: AsJson = False,
) -> None:
    """Whether each part meets its verdict at the gate, by the encoder of a simulated belt that stops and jerks back."""
    from inspection.resources import benchmarks_dir

    sys.path.insert(0, str(benchmarks_dir().parent))
    from benchmarks.tracking import main

    main(parts=parts, seed=seed, as_json=as_json)


@app.command("log")
def log(
    rows: Annotated[int, typer.Option(min=100_000, help="How many parts, over forty days.")] = 1_000_000,
    against: Annotated[
        int | None, typer.Option(min=100_000, help="As many parts over the same days beside it, and the ratios.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """How long the dashboard's questions take of a log of so many parts. 100 bytes of temporary disk a part."""
    from inspection.resources import benchmarks_dir

    sys.path.insert(0, str(benchmarks_dir().parent))
    from benchmarks.log import main

    main(rows=rows, against=against, as_json=as_json)


@app.command("fuzz")
def fuzz(
    sequences: Annotated[int, typer.Option(min=1, help="How many sequences of bytes.")] = 1_000_000,
    seed: Annotated[int, typer.Option(help="The same seed, the same bytes.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Hostile bytes for the gate controller in Python and in C (firmware/). Needs a checkout and a C compiler."""
    from inspection.resources import benchmarks_dir

    sys.path.insert(0, str(benchmarks_dir().parent))
    from benchmarks.fuzz import main

    main(sequences=sequences, seed=seed, as_json=as_json)


@app.command("faults")
def faults(
    only: Annotated[str | None, typer.Option(help="Only those with these words in their name or group.")] = None,
    as_json: AsJson = False,
) -> None:
    """Everything that can go wrong, alone and two at once, and what the line makes of it (docs/faults.md)."""
    from inspection.resources import benchmarks_dir

    sys.path.insert(0, str(benchmarks_dir().parent))
    from benchmarks.faults import main

    main(only=only, as_json=as_json)


@app.command("soak")
def soak(
    parts: Annotated[int, typer.Option(min=1, help="How many parts go by, at least.")] = 1_000_000,
    seed: Annotated[
        int, typer.Option(min=0, help="The number of the first life; the same numbers, the same lives.")
    ] = 0,
    life: Annotated[int | None, typer.Option(min=0, help="Live this one again, and no other.")] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes that share the lives; one a core.")] = None,
    as_json: AsJson = False,
) -> None:
    """Lives of random faults: whether the law holds for as many parts as you like."""
    from inspection.resources import benchmarks_dir

    sys.path.insert(0, str(benchmarks_dir().parent))
    from benchmarks.soak import main

    main(parts=parts, seed=seed, life=life, workers=workers, as_json=as_json)


@app.command("crash")
def crash(
    kills: Annotated[int, typer.Option(min=0, help="How often the station is killed with -9.")] = 200,
    cuts: Annotated[int, typer.Option(min=0, help="How often the power fails.")] = 400,
    seed: Annotated[int, typer.Option(min=0, help="Where the random moments begin.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Whether the log keeps what it promised when the station is killed or the power fails (docs/log.md).

    For the power a C compiler is needed.
    """
    from inspection.resources import benchmarks_dir

    sys.path.insert(0, str(benchmarks_dir().parent))
    from benchmarks.crash import main

    main(kill_count=kills, cut_count=cuts, seed=seed, as_json=as_json)


@app.command("commits")
def commits(
    parts: Annotated[int, typer.Option(min=10, help="How many parts are recorded, with three commits each.")] = 2000,
    as_json: AsJson = False,
) -> None:
    """How long a commit of the journal takes with durability process and power, on the disk of TMPDIR."""
    from inspection.resources import benchmarks_dir

    sys.path.insert(0, str(benchmarks_dir().parent))
    from benchmarks.commits import main

    main(part_count=parts, as_json=as_json)


@app.command("calibration")
def calibration(
    data: Annotated[Path, typer.Option(help="Folder of a .npz file a class: embedding (n, D), defective (n,).")],
    splits: Annotated[int, typer.Option(min=20, max=10_000, help="How often the parts are dealt out.")] = 200,
    as_json: AsJson = False,
) -> None:
    """Whether the false-reject promise and the bounds on escapes hold on parts that no threshold saw."""
    from inspection.resources import benchmarks_dir

    sys.path.insert(0, str(benchmarks_dir().parent))
    from benchmarks.calibration import main

    main(data=data, splits=splits, as_json=as_json)


@app.command("drift")
def drift(
    checks: Annotated[int, typer.Option(min=100, help="Comparisons where nothing has moved, of each size.")] = 1000,
    repeats: Annotated[int, typer.Option(min=5, max=1000, help="How often a change is looked for, at each size.")] = 20,
    as_json: AsJson = False,
) -> None:
    """How often drift is told where there is none, and after how many rendered parts where something has changed."""
    from inspection.resources import benchmarks_dir

    sys.path.insert(0, str(benchmarks_dir().parent))
    from benchmarks.drift import main

    main(checks=checks, repeats=repeats, as_json=as_json)


@app.command("ladder")
def ladder(
    data: Annotated[
        Path, typer.Option(metavar="DIR", help="Folder of CLASS.npz files, each with `embedding` and `defective`.")
    ],
    draws: Annotated[int, typer.Option(min=1, max=1000, help="How often the parts to fit are drawn.")] = 20,
    seed: Annotated[int, typer.Option(min=0, help="Of the draws; the same seed, the same figures.")] = 0,
    as_json: AsJson = False,
) -> None:
    """What references and labels are worth on embeddings of yours, beside plain baselines on the same draws."""
    from inspection.resources import benchmarks_dir

    sys.path.insert(0, str(benchmarks_dir().parent))
    from benchmarks.ladder import main

    main(data=data, draws=draws, seed=seed, as_json=as_json)


@app.command("tiles")
def tiles(
    recipe: Annotated[str, typer.Option(help="The recipe, as its file in recipes/ is called.")],
    good: Annotated[Path, typer.Option(metavar="DIR", help="Folder of pictures of good parts.")],
    bad: Annotated[list[str], typer.Option(metavar="[NAME=]DIR", help="Folder of defective parts. May be repeated.")],
    overlap: Annotated[float, typer.Option(min=0, max=0.75, help="Of two windows.")] = 0.25,
    config_dir: ConfigDir = None,
    as_json: AsJson = False,
) -> None:
    """Ways to make one score of a picture's and its windows', side by side on labelled pictures."""
    from inspection.cli._options import config_dir_of, named_folders
    from inspection.config import load_site
    from inspection.resources import benchmarks_dir

    sys.path.insert(0, str(benchmarks_dir().parent))
    from benchmarks.tiles import main

    folders = named_folders(bad, "--bad", by_folder=True)
    config = load_site(config_dir_of(config_dir)).recipe(recipe)
    main(recipe=config, good=good, bad=folders, overlap=overlap, as_json=as_json)


@app.command("empty")
def empty(
    recipe: Annotated[str | None, typer.Option(help="The recipe of pictures that are given.")] = None,
    good: Annotated[Path | None, typer.Option(metavar="DIR", help="Folder of pictures of good parts.")] = None,
    bad: Annotated[list[Path] | None, typer.Option(metavar="DIR", help="Of defective parts. May be repeated.")] = None,
    other: Annotated[list[Path] | None, typer.Option(metavar="DIR", help="Of other parts. May be repeated.")] = None,
    false_reject: Annotated[float, typer.Option(min=0.001, max=0.5, help="As of a calibration.")] = 0.05,
    draws: Annotated[int, typer.Option(min=1, help="Of the good parts that set the limits.")] = 20,
    config_dir: ConfigDir = None,
    as_json: AsJson = False,
) -> None:
    """What passes that is not the part: empty frames, other parts; on the sample parts, or on pictures of yours."""
    from inspection.cli._options import config_dir_of
    from inspection.config import load_site
    from inspection.resources import benchmarks_dir

    if (recipe is None) != (good is None):
        raise typer.BadParameter("--recipe and --good belong together: give both, or none for the sample parts")
    if recipe is None and (bad or other):
        raise typer.BadParameter("--bad and --other stand beside --recipe and --good: give those, too")
    sys.path.insert(0, str(benchmarks_dir().parent))
    from benchmarks.empty import main

    site = load_site(config_dir_of(config_dir))
    main(
        site=site,
        recipe=site.recipe(recipe) if recipe else None,
        good=good,
        bad=bad or [],
        other=other or [],
        false_reject=false_reject,
        draws=draws,
        as_json=as_json,
    )


@app.command("references")
def references(
    recipe: Annotated[str, typer.Option(help="The recipe, as its file in recipes/ is called.")],
    good: Annotated[Path, typer.Option(metavar="DIR", help="Folder of pictures of good parts.")],
    bad: Annotated[list[str], typer.Option(metavar="[NAME=]DIR", help="Folder of defective parts. May be repeated.")],
    references: Annotated[int, typer.Option(min=3, metavar="N", help="Of the good parts.")] = 20,
    labels: Annotated[int | None, typer.Option(min=2, metavar="M", help="Of the bad parts, to learn from.")] = None,
    false_reject: Annotated[float, typer.Option(min=0.001, max=0.5, help="As of a calibration.")] = 0.05,
    draws: Annotated[int, typer.Option(min=1, help="Of references, and of parts that set the thresholds.")] = 20,
    seconds: Annotated[float, typer.Option(min=0.1, help="What they cost a frame is measured for about so long.")] = 10,
    config_dir: ConfigDir = None,
    as_json: AsJson = False,
) -> None:
    """What escapes by a recipe's sentences, by good parts as references, by labelled bad ones, and by all of them,
    under one promise; and what references cost a frame."""
    from inspection.cli._options import config_dir_of, named_folders
    from inspection.config import load_site
    from inspection.resources import benchmarks_dir

    sys.path.insert(0, str(benchmarks_dir().parent))
    from benchmarks.references import main

    main(
        recipe=load_site(config_dir_of(config_dir)).recipe(recipe),
        good=good,
        bad=named_folders(bad, "--bad", by_folder=True),
        references=references,
        labels=labels,
        false_reject=false_reject,
        draws=draws,
        seconds=seconds,
        as_json=as_json,
    )

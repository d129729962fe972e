"""The command `inspection`. A command's own imports are made when it is called, so that help comes at once."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from inspection import __version__
from inspection.cli import bench, log, model
from inspection.cli._failure import exit_code_of, message_of
from inspection.cli.acknowledge import acknowledge
from inspection.cli.calibrate import calibrate
from inspection.cli.challenge import challenge
from inspection.cli.check import check
from inspection.cli.compare import compare
from inspection.cli.dashboard import dashboard
from inspection.cli.demo import demo
from inspection.cli.disposition import disposition
from inspection.cli.doctor import doctor
from inspection.cli.drift import drift
from inspection.cli.evaluate import evaluate
from inspection.cli.gate_sim import gate_sim
from inspection.cli.pause import pause
from inspection.cli.render import render
from inspection.cli.resume import resume
from inspection.cli.run import run_line
from inspection.cli.score import score
from inspection.cli.status import status
from inspection.domain.errors import InspectionError
from inspection.resources import check_environment

_NEXT = """\
A quality-control station: a camera sees every part, CLIP rates it against sentences, a gate diverts the bad ones.

  inspection demo            the whole station on sample parts, with a virtual gate and the dashboard
  inspection check           is the configuration in order?
  inspection doctor          are the cameras, ports, disk and model in order?
  inspection calibrate LINE  thresholds from good parts
  inspection run LINE        judge and divert
  inspection dashboard       the lines in a browser
  inspection --help          all commands"""

app = typer.Typer(
    name="inspection",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"inspection {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def start(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print it.")] = False,
) -> None:
    """A quality-control station: CLIP rates every part against sentences, a gate diverts the bad ones."""
    if context.invoked_subcommand is None:
        typer.echo(_NEXT)


app.command("demo")(demo)
app.command("run")(run_line)
app.command("check")(check)
app.command("calibrate")(calibrate)
app.command("dashboard")(dashboard)
app.command("drift")(drift)
app.command("score")(score)
app.command("evaluate")(evaluate)
app.command("compare")(compare)
app.command("render")(render)
app.command("doctor")(doctor)
app.command("status")(status)
app.command("pause")(pause)
app.command("resume")(resume)
app.command("acknowledge")(acknowledge)
app.command("challenge")(challenge)
app.command("disposition")(disposition)
app.add_typer(log.app, name="log", help="Query, export, verify and back up the log of parts; its events.")
app.add_typer(model.app, name="model", help="List, pull and verify the models that see and read; their cards.")
app.command("gate-sim")(gate_sim)
app.add_typer(bench.app, name="bench", help="Measure this machine.")


def run() -> None:
    """Entry point. Exit codes: 0 done; 1 failed, with a message; 2 configuration, model, calibration
    or usage: trying again is of no use; 130 stopped by Ctrl-C."""
    try:
        check_environment()
        app()
    except (InspectionError, OSError) as error:
        _say(message_of(error))
        sys.exit(exit_code_of(error))


def _say(text: str) -> None:
    from rich.console import Console

    console = Console(stderr=True, highlight=False, soft_wrap=True)
    console.print(text, markup=False, style="red")

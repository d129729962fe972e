"""`inspection status LINE`: what a line says of itself: state, alarms, counts, and how long its parts take."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from inspection.cli._options import AsJson, DataDir
from inspection.wording import counted

if TYPE_CHECKING:
    from inspection.history import DriftStatus, LineStatus, Timing, Totals

_STAGES = {
    "capture": "until the camera gave the picture",
    "score": "of the pictures that were rated together",
    "decide": "from the verdict until it was on record and sent",
    "link": "until the gate controller acknowledged it",
    "whole": "from the part sensor until the verdict was sent",
}
_MISSES = {
    "late": "judged too late",
    "not_sent": "recorded too late to be sent",
    "refused": "too late at the controller",
}


def status(
    line: Annotated[str, typer.Argument(help="The line.")],
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Say what state a line is in and why, its alarms, its counts, and how long its parts take.

    Exit code 1 if the line does not run, or does not answer.
    """
    from inspection import app, history
    from inspection.cli._options import data_dir_of_line

    told = history.status(data_dir_of_line(data_dir, line), line)
    runs = told is not None and app.is_running(told, datetime.now(UTC))
    if as_json:
        typer.echo(json.dumps({"runs": runs, "status": asdict(told) if told else None}, default=_iso))
    elif told is None:
        typer.echo(f"{line}: not started yet; to start it: inspection run {line}")
    else:
        _print(told, runs=runs)
    if not runs:
        raise typer.Exit(1)


def _iso(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _print(told: LineStatus, *, runs: bool) -> None:
    since = f"since {told.since_utc:%Y-%m-%d %H:%M:%S} UTC"
    typer.echo(f"{told.line}: {told.state} {since}" + (f": {told.reason}" if told.reason else ""))
    if not runs and told.state != "stopped":
        typer.echo(f"  does not answer: its last word is of {told.updated_utc:%Y-%m-%d %H:%M:%S} UTC")
    if told.paused is not None and told.paused != told.reason:
        typer.echo(f"  {told.paused}")
    on = [f"recipe {told.recipe}", f"gate {told.gate}", *([f"lot {told.lot}"] if told.lot else [])]
    typer.echo(f"  {', '.join(on)}{', monitor mode: nothing passes' if told.monitor else ''}")
    typer.echo(f"  {counted(len(told.alarms), 'alarm')}" + (":" if told.alarms else ""))
    for alarm in told.alarms:
        waits = "; waits for a person" if alarm.latched else ""
        typer.echo(f"    {alarm.key}, since {alarm.since_utc:%Y-%m-%d %H:%M:%S} UTC{waits}: {alarm.text}")
    if told.totals is not None:
        _print_totals(told.totals)
    if told.drift is not None:
        _print_drift(told.drift)
    if told.timing is not None:
        _print_timing(told.timing)


def _print_totals(totals: Totals) -> None:
    def listed(counts: dict[str, int]) -> str:
        return ", ".join(f"{count:,} {name}" for name, count in counts.items())

    typer.echo(f"  {counted(totals.parts, 'part')} since the start: {listed(totals.verdicts) or 'none judged'}")
    if totals.causes:
        typer.echo(f"    unjudged: {listed(totals.causes)}")
    if totals.outcomes:
        typer.echo(f"    at the gate: {listed(totals.outcomes)}")


def _print_drift(drift: DriftStatus) -> None:
    if drift.unwatched is not None:
        typer.echo(f"  drift is not watched: {drift.unwatched}")
        return
    last = "no window compared yet"
    if drift.compared_utc is not None:
        last = f"last compared {drift.compared_utc:%Y-%m-%d %H:%M} UTC: {', '.join(drift.moved) or 'nothing has moved'}"
    typer.echo(f"  drift: {last}; {drift.parts:,} of {drift.window_parts:,} parts of the next window")


def _print_timing(timing: Timing) -> None:
    heading = f"  time of the last {timing.last:,} parts, ms"
    typer.echo(f"{heading:<34}{'p50':>9}{'p95':>9}{'p99':>9}{'max':>9}")
    for stage, meaning in _STAGES.items():
        times = timing.stages.get(stage)
        cells = "".join(f"{times[name]:9.1f}" for name in ("p50", "p95", "p99", "max")) if times else f"{'-':>9}" * 4
        typer.echo(f"    {stage:<30}{cells}   {meaning}")
    missed = ", ".join(f"{count:,} {_MISSES.get(name, name)}" for name, count in timing.misses.items())
    typer.echo(f"  a part has {timing.budget_ms:,.0f} ms; too late since the start: {missed}")

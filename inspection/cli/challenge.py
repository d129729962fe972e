"""`inspection challenge LINE --by NAME`: golden parts prove, before production, that the line judges and ejects."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from inspection.cli._failure import EXIT_CONFIG, EXIT_FAILED
from inspection.cli._options import AsJson, DataDir
from inspection.domain.errors import InspectionError

if TYPE_CHECKING:
    from inspection.adapters.store.challenge_record import ChallengeRun, ChallengeStatus, GoldenPartShown

_LOOK_S = 0.2
_SILENT = timedelta(seconds=30)  # a line says something about twice a second, and carries requests out as often


def challenge(
    line: Annotated[str, typer.Argument(help="The line. It must be running, and its infeed stopped.")],
    by: Annotated[str, typer.Option(help="Who sends the parts through.")] = "",
    status: Annotated[bool, typer.Option("--status", help="Only tell if a run is due, and of the last one.")] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Send the line's golden parts through and see what becomes of each. Ctrl-C calls the run off.

    Exit code 0: passed (with --status: none is due); 1: failed, called off, or due; 2: it could not begin.
    """
    from inspection import app
    from inspection.cli._options import data_dir_of_line

    target = data_dir_of_line(data_dir, line)
    try:
        if status:
            _tell_status(target, line, as_json=as_json)
            return
        word = app.challenge(target, line, by)
    except InspectionError as error:
        _cannot(str(error))
    try:
        run = _Followed(target, line, word, quiet=as_json).to_the_end()
    except KeyboardInterrupt:
        app.abort_challenge(target, line, word, by)
        typer.echo(f"Asked line {line} to call the run off. A run that was on does not count: the next one is due.")
        raise
    if as_json:
        typer.echo(_json_of(run))
    elif run.result == "passed":
        typer.echo(f"Run {run.run} passed.")
    else:
        typer.echo(f"Run {run.run} {run.result}: {run.reason}.")
        if run.result == "failed":
            typer.echo(
                "Everything diverts. Find the cause and put it right, then type: "
                f"inspection acknowledge {line} challenge-failed --by NAME"
            )
    raise typer.Exit(0 if run.result == "passed" else EXIT_FAILED)


class _Followed:
    """A run as the line's status tells of it; each part is told of once."""

    def __init__(self, data_dir: Path, line: str, word: str, *, quiet: bool) -> None:
        self._data_dir = data_dir
        self._line = line
        self._word = word
        self._quiet = quiet
        self._told: set[str] = set()

    def to_the_end(self) -> ChallengeRun:
        """Ends the command with code 2 if the run cannot begin, with 1 if the line says no more."""
        from inspection import history

        asked_utc = datetime.now(UTC)
        has_answered = False
        while True:
            status = history.status(self._data_dir, self._line)
            now = datetime.now(UTC)
            if status is not None and status.challenge is not None:
                run = self._look(status.challenge)
                if run is not None and run.result != "begun":
                    return run
                has_answered = has_answered or run is not None or status.challenge.waiting == self._word
            if not has_answered and now - asked_utc > _SILENT:
                _cannot(f"line {self._line} does not answer; look at its console")
            if status is None or status.state == "stopped" or now - status.updated_utc > _SILENT:
                self._say(f"Line {self._line} says no more: the run does not count, and another one is due.", err=True)
                raise typer.Exit(EXIT_FAILED)
            time.sleep(_LOOK_S)

    def _look(self, told: ChallengeStatus) -> ChallengeRun | None:
        """Our run, if it has begun; what is new of it is told."""
        if told.refused is not None and told.refused[0] == self._word:
            _cannot(f"no run on line {self._line}: {told.refused[1]}")
        if told.waiting == self._word:
            self._once("waiting", "The run begins when the belt is empty. Stop the infeed.")
        run = told.run
        if run is None or run.word != self._word:
            return None
        order = "\n".join(f"  {place}. {_expected(part)}" for place, part in enumerate(run.parts, 1))
        self._once("begun", f"Run {run.run} is on. Send, in this order and nothing else:\n{order}")
        for place, part in enumerate(run.parts, 1):
            if part.as_expected is not None:
                self._once(f"part {place}", f"  {place}. {_happened(part)}")
        return run

    def _once(self, what: str, text: str) -> None:
        if what not in self._told:
            self._told.add(what)
            self._say(text)

    def _say(self, text: str, *, err: bool = False) -> None:
        if err or not self._quiet:
            typer.echo(text, err=err)


def _cannot(why: str) -> NoReturn:
    typer.secho(why, err=True, fg="red")
    raise typer.Exit(EXIT_CONFIG)


def _expected(part: GoldenPartShown) -> str:
    if part.expect == "PASS":
        return f"{part.name}, which must pass"
    return f"{part.name}, which must be rejected" + (
        f" for {part.expect_description}" if part.expect_description else ""
    )


def _happened(part: GoldenPartShown) -> str:
    verdict = " ".join(filter(None, (part.judged or "not judged", part.cause or part.description)))
    seen = {True: ", confirmed", False: ", NOT CONFIRMED", None: ""}[part.confirmed]
    told = f"{part.name}: {verdict}, {part.outcome or 'no outcome'}{seen}"
    return f"{told}: as expected" if part.as_expected else f"{told}: NOT AS EXPECTED: {part.why}"


def _tell_status(data_dir: Path, line: str, *, as_json: bool) -> None:
    """Ends the command with code 1 if a run is due, and with 2 if that cannot be told."""
    from inspection import history

    status = history.status(data_dir, line)
    if status is None or status.challenge is None:
        _cannot(f"line {line} does not say anything of challenge runs; it has none in its configuration, or never ran")
    told = status.challenge
    if as_json:
        content = {"line": line, "utc": status.updated_utc, "required": told.required, "due": told.due}
        typer.echo(json.dumps({**content, "run": asdict(told.run) if told.run else None}, default=str))
    else:
        at = f"{status.updated_utc:%Y-%m-%d %H:%M:%S} UTC"
        meanwhile = "; until then everything diverts" if told.required else ""
        due = f"A challenge run is due: {told.due}{meanwhile}." if told.due else "No challenge run is due."
        silent = status.state == "stopped" or datetime.now(UTC) - status.updated_utc > _SILENT
        typer.echo(f"Line {line} at {at}{', when it last said anything' if silent else ''}: {due}")
        if told.run is not None:
            run, why = told.run, f": {told.run.reason}" if told.run.reason else ""
            result = "is on" if run.result == "begun" else run.result
            typer.echo(f"Run {run.run}, begun {run.began_utc:%Y-%m-%d %H:%M:%S} UTC by {run.by}, {result}{why}.")
    if told.due:
        raise typer.Exit(EXIT_FAILED)


def _json_of(run: ChallengeRun) -> str:
    return json.dumps(asdict(run), default=str)

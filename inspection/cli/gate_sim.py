"""`inspection gate-sim`: a gate controller in software, at the end of a real pseudo-terminal."""

from __future__ import annotations

import json
import secrets
import signal
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from inspection.cli._options import AsJson
from inspection.domain.errors import InspectionError
from inspection.wording import counted

if TYPE_CHECKING:
    from inspection.adapters.gates.virtual import BeltFeed, PartFeed, PtyController
    from inspection.wire.belt_model import BeltModel
    from inspection.wire.controller import Gone

_CONFIRM_S = 5.0


def gate_sim(
    link: Annotated[Path | None, typer.Option(help="A name for the port, e.g. ./gate; the station opens it.")] = None,
    parts_per_s: Annotated[float, typer.Option(min=0.1, max=1000, help="How fast parts come.")] = 2.0,
    parts: Annotated[int, typer.Option(min=0, help="Stop after so many parts; 0: go on until Ctrl-C.")] = 0,
    wait_for_station: Annotated[
        bool, typer.Option("--wait-for-station", help="The first part comes when a station has begun an epoch.")
    ] = False,
    eject_confirm: Annotated[bool, typer.Option("--eject-confirm", help="It has an eject sensor.")] = False,
    gate_sensor: Annotated[
        bool, typer.Option("--gate-sensor", help="It has a part sensor at the gate, and sees every part there.")
    ] = False,
    permit: Annotated[bool, typer.Option(help="It has a run permit, which fails safe.")] = True,
    light: Annotated[bool, typer.Option(help="It has a stack light.")] = True,
    review_lane: Annotated[bool, typer.Option(help="It has a review lane; without one a REVIEW diverts.")] = True,
    belt: Annotated[
        str | None,
        typer.Option(
            help="A belt with an encoder, as seconds:mm_per_s,… round and round, e.g. 5:500,2:0,0.05:-20,3:200; "
            "parts come with it, --parts-per-s of them where it is fastest."
        ),
    ] = None,
    counts_per_mm: Annotated[float, typer.Option(min=0.1, max=10_000, help="Of the encoder of --belt.")] = 10.0,
    truth: Annotated[
        Path | None, typer.Option(help="Append what physically happened to each part, one JSON object a line.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Be the gate controller: number parts, let through those with a PASS in time, divert the rest.

    Prints the port that a station is to open ('inspection run LINE --gate-url PORT').
    """
    from inspection.adapters.gates.virtual import BeltFeed, PartFeed, PtyController, SeeingController, SteadyClock
    from inspection.wire.controller import Controller
    from inspection.wire.messages import U32_MAX, Can

    has = {
        Can.CONFIRM: eject_confirm,
        Can.SEE_AT_GATE: gate_sensor,
        Can.PERMIT | Can.PERMIT_IN_HARDWARE: permit,
        Can.LIGHT: light,
        Can.REVIEW: review_lane,
    }
    capabilities = sum(bit for bit, is_there in has.items() if is_there)
    kind = SeeingController if gate_sensor else Controller
    model = None if belt is None else _belt_model(belt, counts_per_mm)
    asked, clock = _Asked(), SteadyClock()
    with ExitStack() as stack:
        record = stack.enter_context(_opened(truth)) if truth else None
        controller = kind(1 + secrets.randbelow(U32_MAX), clock(), capabilities=capabilities)
        feed: PartFeed | BeltFeed
        if model is None:
            pty = stack.enter_context(PtyController(controller, link=link))
            feed = PartFeed(controller, parts_per_s=parts_per_s, parts=parts, wait_for_station=wait_for_station)
        else:
            pty = stack.enter_context(PtyController(controller, link=link, encoder=model.encoder))
            pitch_mm = model.fastest_mm_per_s / parts_per_s
            feed = BeltFeed(controller, model, pitch_mm=pitch_mm, parts=parts, wait_for_station=wait_for_station)
        typer.echo(f"gate controller at {pty.path}; Ctrl-C stops the belt, twice pulls the plug", err=as_json)
        gone = _serve(pty, feed, clock, asked, record)
        unconfirmed = not controller.is_idle
    if as_json:
        typer.echo(json.dumps({**asdict(gone), "unconfirmed": unconfirmed}))
    else:
        typer.echo(f"{counted(gone.parts, 'part')} went by: {gone.passed} passed, {gone.diverted} diverted")
        if unconfirmed:
            typer.echo("The station has not confirmed what became of all of them: 'inspection log verify LINE' counts")


def _belt_model(profile: str, counts_per_mm: float) -> BeltModel:
    from inspection.wire.belt_model import BeltModel, parse_profile

    try:
        return BeltModel(parse_profile(profile), counts_per_mm)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--belt") from error


def _opened(truth: Path) -> TextIO:
    try:
        return truth.open("a", encoding="utf-8")
    except OSError as error:
        told = "name a file in a folder that there is and that you may write to"
        raise InspectionError(f"cannot write --truth {truth}: {error.strerror}; {told}") from error


@dataclass(slots=True)
class _Tally:
    """What physically went past the gate; `epochs` that the parts were of."""

    parts: int = 0
    passed: int = 0
    diverted: int = 0
    epochs: list[int] = field(default_factory=list)

    def add(self, part: Gone) -> None:
        self.parts += 1
        self.passed += part.passed
        self.diverted += not part.passed
        if part.epoch not in self.epochs:
            self.epochs.append(part.epoch)


class _Asked:
    """How often Ctrl-C or SIGTERM came: once stops the belt, and the parts on it run out; twice ends it at once."""

    def __init__(self) -> None:
        self.times = 0
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._again)

    def _again(self, *_: object) -> None:
        self.times += 1


def _serve(
    pty: PtyController, feed: PartFeed | BeltFeed, clock: Callable[[], int], asked: _Asked, record: TextIO | None
) -> _Tally:
    """Until the last part is gone and on record (or nobody confirms it)."""
    controller = pty.controller
    tally = _Tally()
    gone_us: int | None = None
    while asked.times < 2:
        if asked.times:
            feed.stop()
        now_us = clock()
        pty.look(now_us)
        next_us = feed.feed(now_us)
        pty.flush()
        pty.exchange(clock, next_us)
        for part in controller.gone:
            tally.add(part)
            if record is not None:
                record.write(json.dumps({**part._asdict(), "way": part.way.name.lower(), "passed": part.passed}) + "\n")
                record.flush()
        controller.gone.clear()
        if feed.is_over and controller.is_empty:
            gone_us = gone_us or clock()
            if controller.is_idle or clock() - gone_us > _CONFIRM_S * 1e6:
                break
    return tally

"""Challenge runs of a line: known parts that prove, before production, that it still judges and ejects."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from inspection.config.fields import Name, Strict, limits, note
from inspection.config.problems import KeyPath, Problem, Source, child
from inspection.wording import unknown_name

if TYPE_CHECKING:
    from inspection.config.line import LineConfig

_LEAST_AFTER_TRAVEL_S = 10  # an outcome is waited for 5 s after the part is due at the gate, and a hand needs some too


class GoldenPartConfig(Strict):
    """A part of which is known what must become of it."""

    name: Annotated[Name, note("as it is marked, so that it is found again")]
    expect: Annotated[Literal["reject", "pass"], note("reject: judged REJECT and ejected; pass: judged PASS, goes on")]
    description: Annotated[str | None, note("the recipe's description that must be the one that decided")] = None


class ChallengeConfig(Strict):
    """Which parts are sent, in this order, and how often."""

    parts: Annotated[
        tuple[GoldenPartConfig, ...], Field(min_length=1, max_length=100, description="in the order they are sent")
    ]
    required: Annotated[bool, note("true: everything diverts while a run is due; false: an alarm says that it is")]
    every: Annotated[
        Literal["shift", "day", "hours", "change"], note("change: only after a change of recipe, camera or gate")
    ] = "day"
    hours: Annotated[float | None, limits(0.1, 1000, "h", "how long a run that passed counts; with every: hours")] = (
        None
    )
    timeout_s: Annotated[
        float, limits(5, 3600, "s", "how long the next part, an outcome or an empty belt is waited for")
    ] = 60


def counts_since(line: LineConfig, utc: datetime) -> datetime | None:
    """A run that began before this does not count any more at `utc`; None: age alone makes none due."""
    challenge = line.challenge
    match challenge and challenge.every:
        case "shift":
            return line.shift_since(utc)
        case "day":
            local = utc.replace(tzinfo=utc.tzinfo or UTC).astimezone(line.timezone)
            return local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0).astimezone(UTC)
        case "hours":
            assert challenge is not None
            return utc - timedelta(hours=challenge.hours or 0)
        case _:
            return None


def challenge_findings(source: Source, travel_ms: float | None) -> Iterator[tuple[KeyPath, str]]:
    """What is wrong between the settings of a challenge and the rest of its line."""
    challenge = source.data.get("challenge")
    if not isinstance(challenge, dict):
        return
    if child(source.data.get("gate"), "kind") == "dry":
        text = (
            "a run proves that parts are ejected, and a dry gate ejects none; remove challenge, or give the line a gate"
        )
        yield ("challenge",), text
    yield from _parts(challenge.get("parts"))
    every, hours = challenge.get("every"), challenge.get("hours")
    if every == "shift" and not source.data.get("shifts"):
        yield ("challenge", "every"), '"shift" needs shifts, and the line has none; add them, or write day'
    if every == "hours" and hours is None:
        yield ("challenge", "every"), '"hours" needs hours, how long a run counts; add it'
    if every != "hours" and hours is not None:
        yield ("challenge", "hours"), "is of no use without every: hours; write that, or remove it"
    timeout_s = challenge.get("timeout_s", ChallengeConfig.model_fields["timeout_s"].default)
    if travel_ms is None or isinstance(timeout_s, bool) or not isinstance(timeout_s, int | float):
        return
    least_s = travel_ms / 1000 + _LEAST_AFTER_TRAVEL_S
    if timeout_s < least_s:
        path: KeyPath = ("challenge", "timeout_s") if "timeout_s" in challenge else ("challenge",)
        way = f"a part is at the gate {travel_ms / 1000:g} s after the sensor, and its outcome takes some more"
        yield path, f"timeout_s {timeout_s:g} is too short: {way}; write {least_s:g} (s) or more"


def _parts(parts: Any) -> Iterator[tuple[KeyPath, str]]:
    if not isinstance(parts, tuple) or not parts:
        return
    names: set[str] = set()
    for index, part in enumerate(parts):
        name = child(part, "name")
        if isinstance(name, str) and name in names:
            yield ("challenge", "parts", index, "name"), f'"{name}" is another part\'s name already; rename one'
        if isinstance(name, str):
            names.add(name)
        if child(part, "expect") == "pass" and child(part, "description") is not None:
            text = "a part that passes has no description that decides; remove it"
            yield ("challenge", "parts", index, "description"), text
    expected = {child(part, "expect") for part in parts}
    if expected <= {"reject", "pass"} and len(expected) == 1:
        missing, why = (
            ("pass", "a gate that ejects everything would pass it")
            if expected == {"reject"}
            else ("reject", "a gate that ejects nothing would pass it")
        )
        yield ("challenge", "parts"), f"a run needs a part of each kind, or {why}; add one with expect: {missing}"


def descriptions_known(sources: list[Source], descriptions: Callable[[str], list[str] | None]) -> Iterator[Problem]:
    """Golden parts name descriptions of their line's recipe. `descriptions`: those of a recipe; None if unreadable."""
    for source in sources:
        recipe, challenge = source.data.get("recipe"), source.data.get("challenge")
        parts = challenge.get("parts") if isinstance(challenge, Mapping) else None
        known = descriptions(recipe) if isinstance(recipe, str) else None
        if known is None or not isinstance(parts, tuple):
            continue
        for index, part in enumerate(parts):
            name = child(part, "description")
            if isinstance(name, str) and name not in known:
                text = f'recipe {recipe} has no description "{name}"; {unknown_name(name, known)}'
                yield source.problem(("challenge", "parts", index, "description"), text)

"""Challenge runs as they are on record and in the status (`station.challenge_run.Run.as_data`), for whoever reads."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

KIND = "challenge"
COLUMNS = (
    "run by result reason began_utc ended_utc name expect expect_description epoch number judged cause description"
    " margin outcome confirmed as_expected why"
).split()


@dataclass(frozen=True, slots=True)
class GoldenPartShown:
    """One golden part: what was expected, and what happened as far as it is known. `expect`: REJECT or PASS.

    `as_expected`: None while that is open; `why`: what was not.
    """

    name: str
    expect: str
    expect_description: str | None
    epoch: int | None
    number: int | None
    judged: str | None
    cause: str | None
    description: str | None
    margin: float | None
    outcome: str | None
    confirmed: bool | None
    as_expected: bool | None
    why: str | None


@dataclass(frozen=True, slots=True)
class ChallengeRun:
    """`result`: begun (it is on), passed, failed or aborted. `word`: by which whoever asked for it knows it."""

    run: int
    word: str
    by: str
    result: str
    reason: str | None
    began_utc: datetime
    ended_utc: datetime | None
    parts: tuple[GoldenPartShown, ...]


@dataclass(frozen=True, slots=True)
class ChallengeStatus:
    """`due`: why a run is; None if none is. `required`: nothing passes until then. `waiting`: the word of one that
    begins when the belt is empty. `run`: the one that is on, else the last. `refused`: word and reason of the last
    that could not begin."""

    required: bool
    due: str | None
    waiting: str | None
    run: ChallengeRun | None
    refused: tuple[str, str] | None


def status_of(content: Mapping[str, Any]) -> ChallengeStatus:
    """Raises KeyError, TypeError or ValueError if it is not as this version writes it."""
    run, refused = content["run"], content["refused"]
    return ChallengeStatus(
        required=content["required"],
        due=content["due"],
        waiting=content["waiting"],
        run=_run(run) if run else None,
        refused=(refused["word"], refused["text"]) if refused else None,
    )


def _run(data: Mapping[str, Any]) -> ChallengeRun:
    return ChallengeRun(
        run=data["run"],
        word=data["word"],
        by=data["by"],
        result=data["result"],
        reason=data["reason"],
        began_utc=datetime.fromisoformat(data["began_utc"]),
        ended_utc=datetime.fromisoformat(data["ended_utc"]) if data["ended_utc"] else None,
        parts=tuple(GoldenPartShown(**part) for part in data["parts"]),
    )


def rows_of(events: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """A row a golden part, of every run in order, with COLUMNS. A run's end stands in place of its beginning."""
    runs = {(run := json.loads(event["data"]))["run"]: run for event in events if event["kind"] == KIND}
    rows = []
    for run in runs.values():
        of_run = {name: run[name] for name in ("run", "by", "result", "reason")}
        moments = {
            name: datetime.fromisoformat(run[name]) if run[name] else None for name in ("began_utc", "ended_utc")
        }
        rows += [{**of_run, **moments, **part} for part in run["parts"]]
    return rows

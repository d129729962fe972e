"""`inspection acknowledge`: a person clears a latched alarm that stands, on a line that runs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from inspection.adapters.store.paths import LinePaths
from inspection.adapters.store.requests import RequestInbox
from inspection.domain.ports import Request
from tests.cli.conftest import call
from tests.ui.site import Site

NOW = datetime.now(UTC)
ALARMS = [
    {"key": "outcome-unknown", "text": "Find part 1-3.", "latched": True, "since_utc": NOW},
    {"key": "drift", "text": "Parts have moved.", "latched": False, "since_utc": NOW},
    {"key": "link-down", "text": "The gate does not answer.", "latched": False, "since_utc": NOW},
]


def requests(data_dir: Path) -> list[Request]:
    inbox = RequestInbox(LinePaths(data_dir, "demo"))
    left = inbox.take()
    inbox.close()
    return left


def test_the_line_is_asked_in_the_name_of_a_person(tmp_path: Path) -> None:
    with Site(tmp_path) as site:
        site.say("running", alarms=ALARMS)
        called = call("acknowledge", "demo", "outcome-unknown", "--by", " Kim ", "--data-dir", tmp_path)
        assert called == (0, "Asked line demo to clear outcome-unknown, in the name of Kim.\n", "")
        assert requests(tmp_path) == [Request("acknowledge", "outcome-unknown", "Kim", "Find part 1-3.")]


def test_a_drift_that_goes_by_itself_may_be_put_aside(tmp_path: Path) -> None:
    with Site(tmp_path) as site:
        site.say("running", alarms=ALARMS)
        assert call("acknowledge", "demo", "drift", "--by", "Kim", "--data-dir", tmp_path).code == 0
        assert requests(tmp_path) == [Request("acknowledge", "drift", "Kim", "Parts have moved.")]


@pytest.mark.parametrize(
    ("key", "by", "status", "message"),
    [
        ("outcome-unkown", "Kim", {}, 'line demo has no alarm "outcome-unkown" now; did you mean "outcome-unknown"? '
         "known: drift, outcome-unknown\n"),
        ("link-down", "Kim", {}, 'the alarm "link-down" goes by itself once its cause is gone: The gate does not '),
        ("outcome-unknown", "Kim", {"state": "stopped"}, "line demo does not run (its last word is of "),
        ("outcome-unknown", "Kim", {"updated_utc": NOW - timedelta(minutes=2)}, "line demo does not run (its last "),
        ("outcome-unknown", " ", {}, "an alarm is acknowledged by a named person: give a name\n"),
    ],
)  # fmt: skip
def test_a_request_that_would_clear_nothing_is_refused(
    tmp_path: Path, key: str, by: str, status: dict[str, object], message: str
) -> None:
    with Site(tmp_path) as site:
        site.say(**{"alarms": ALARMS, **status})
        called = call("acknowledge", "demo", key, "--by", by, "--data-dir", tmp_path)
        assert (called.code, called.out) == (1, "")
        assert message in called.err
        assert requests(tmp_path) == []


def test_a_line_that_never_ran(tmp_path: Path) -> None:
    called = call("acknowledge", "demo", "outcome-unknown", "--by", "Kim", "--data-dir", tmp_path)
    assert called == (2, "", f'no line "demo" has run in {tmp_path}; there is none\n')

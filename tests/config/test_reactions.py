"""`gate.reactions`: what is refused, and what a line does where nothing is written."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from inspection.config import ConfigProblems, load_site
from inspection.devices import demands_of, reactions_of
from inspection.domain.types import Capability, Reaction
from inspection.judging.reactions import Reactions
from tests.config.site_files import LINE, LINE_FILE, changed, write_site

MODBUS = changed(
    changed(LINE, "kind: serial\n", "kind: modbus\n  map: {station: 0, plc: 100}\n"), "  margin_ms: 20\n", ""
)
KEYS = (
    "ejection_unconfirmed, eject_on_pass, part_not_seen, stranger_at_gate, closed_on_part, consecutive_rejects, "
    "reject_rate, bin_full, air_low, emergency_stop, guard_open"
)
NO_STOP = (
    '"stop" needs an output that stops the line; wire the controller\'s run-permit output and write '
    "run_permit_output: true, or write divert"
)


RELAY_GUIDE = (Path(__file__).parents[2] / "docs" / "relay-board.md").read_text(encoding="utf-8")
RELAY = changed(
    LINE, LINE[LINE.index("gate:\n") : LINE.index("timezone:")], RELAY_GUIDE.split("```yaml\n")[1].split("```")[0]
).replace("parts_per_s_max: 20", "parts_per_s_max: 10")
OR_A_CONTROLLER = "so that nothing can raise it; remove it, or use a gate controller (kind: serial or modbus)"


def with_reactions(reactions: str, text: str = LINE, permit: str = "false") -> str:
    return changed(
        text,
        "without_power: divert",
        f"without_power: divert\n  run_permit_output: {permit}\n  reactions: {reactions}",
    )


def load(tmp_path: Path, text: str):
    return load_site(write_site(tmp_path, {LINE_FILE: text}), tmp_path / "samples").line("demo")


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("{bin_full: halt}", 'bin_full: "halt" is not allowed; allowed alarm, divert, stop'),
        ("{bin_ful: stop}", f'bin_ful: unknown key; did you mean "bin_full"? allowed keys: {KEYS}; correct or '
         "remove it"),
        ("{bin_full: stop}", f"bin_full: {NO_STOP}"),
        ("{emergency_stop: stop}", f"emergency_stop: {NO_STOP}"),
        ("{reject_rate: {reaction: stop}}", f"reject_rate.reaction: {NO_STOP}"),
        ("{consecutive_rejects: {reaction: stop}}", f"consecutive_rejects.reaction: {NO_STOP}"),
        ("{emergency_stop: alarm}", 'emergency_stop: "alarm" is not allowed; allowed divert, stop'),
        ("{guard_open: alarm}", 'guard_open: "alarm" is not allowed; allowed divert, stop'),
        ("{reject_rate: {percent: 101}}", "reject_rate.percent: 101 is out of range; allowed 0 to 100 (%); more "
         "rejects than this are too many"),
        ("{consecutive_rejects: {count: 2.5}}", "consecutive_rejects.count: 2.5 is of the wrong type; allowed 0 to "
         "10000 (parts), a whole number; so many rejects in a row; 0: any number may come"),
        ("{consecutive_rejects: 5}", "consecutive_rejects: 5 is of the wrong type; allowed a mapping with the keys "
         "count, reaction"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("text", [LINE, MODBUS], ids=["serial", "modbus"])
def test_a_wrong_reaction_is_refused(tmp_path, monkeypatch, text, written, message):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigProblems) as caught:
        load(tmp_path, with_reactions(written, text))
    (told,) = str(caught.value).splitlines()
    assert told.partition("gate.reactions.")[2] == message


@pytest.mark.parametrize("text", [LINE, MODBUS], ids=["serial", "modbus"])
def test_what_must_not_go_on_stops_the_line_that_can_be_stopped(tmp_path, text):
    worst = {"ejection_unconfirmed", "bin_full", "air_low"}
    told_only = {"closed_on_part", "consecutive_rejects", "reject_rate"}
    for permit, reaction in (("false", Reaction.DIVERT), ("true", Reaction.STOP)):
        reactions = reactions_of(load(tmp_path, with_reactions("{}", text, permit)))
        for key in KEYS.split(", "):
            expected = reaction if key in worst else Reaction.ALARM if key in told_only else Reaction.DIVERT
            assert getattr(reactions, key) is expected, (permit, key)
        assert reactions.wrong_pass is reaction


def test_what_is_written_holds(tmp_path):
    written = (
        "{ejection_unconfirmed: alarm, bin_full: alarm, guard_open: stop, "
        "consecutive_rejects: {count: 3, reaction: stop}, reject_rate: {percent: 5, over_parts: 100, reaction: divert}}"
    )
    reactions = reactions_of(load(tmp_path, with_reactions(written, permit="true")))
    assert (reactions.ejection_unconfirmed, reactions.bin_full) == (Reaction.ALARM, Reaction.ALARM)
    assert (reactions.guard_open, reactions.air_low) == (Reaction.STOP, Reaction.STOP)
    assert (reactions.consecutive_rejects, reactions.consecutive_rejects_count) == (Reaction.STOP, 3)
    assert (reactions.reject_rate, reactions.reject_rate_percent) == (Reaction.DIVERT, 5)
    assert reactions.reject_rate_over_parts == 100
    assert reactions.wrong_pass is Reaction.DIVERT, "never milder"


@pytest.mark.parametrize("text", [LINE, MODBUS], ids=["serial", "modbus"])
def test_a_run_permit_is_asked_of_the_controller_and_one_that_fails_safe_where_the_gate_does_not(tmp_path, text):
    assert demands_of(load(tmp_path, text)) == {}
    with_permit = with_reactions("{}", text, permit="true")
    assert set(demands_of(load(tmp_path, with_permit))) == {Capability.RUN_PERMIT}
    air_jet = changed(with_permit, "without_power: divert", "without_power: pass")
    assert set(demands_of(load(tmp_path, air_jet))) == {Capability.RUN_PERMIT, Capability.PERMIT_FAILS_SAFE}


def of_a_relay(reactions: str) -> str:
    return changed(RELAY, "without_power: divert", f"without_power: divert\n  reactions: {reactions}")


@pytest.mark.parametrize(
    ("written", "message"),
    [
        *((f"{{{key}: divert}}", f"{key}: a relay board has no {lacks}, {OR_A_CONTROLLER}") for key, lacks in (
            ("ejection_unconfirmed", "eject sensor"),
            ("eject_on_pass", "eject sensor"),
            ("part_not_seen", "part sensor at the gate"),
            ("stranger_at_gate", "part sensor at the gate"),
            ("closed_on_part", "belt encoder"),
            ("bin_full", "inputs"),
            ("air_low", "inputs"),
            ("emergency_stop", "inputs"),
            ("guard_open", "inputs"),
        )),
        ("{air_low: stop}", f"air_low: a relay board has no inputs, {OR_A_CONTROLLER}"),
        ("{reject_rate: {reaction: stop}}", 'reject_rate.reaction: "stop" needs an output that stops the line; a relay '
         "board has none; write divert"),
    ],
)  # fmt: skip
def test_a_reaction_to_what_a_relay_cannot_tell_or_do_is_refused(tmp_path, written, message):
    with pytest.raises(ConfigProblems) as caught:
        load(tmp_path, of_a_relay(written))
    (told,) = str(caught.value).splitlines()
    assert told.partition("gate.reactions.")[2] == message


def test_on_a_relay_line_the_reactions_to_rejects_hold(tmp_path):
    written = (
        "{consecutive_rejects: {count: 3, reaction: divert}, "
        "reject_rate: {percent: 5, over_parts: 100, reaction: divert}}"
    )
    reactions = reactions_of(load(tmp_path, of_a_relay(written)))
    assert (reactions.consecutive_rejects, reactions.consecutive_rejects_count) == (Reaction.DIVERT, 3)
    assert (reactions.reject_rate, reactions.reject_rate_percent) == (Reaction.DIVERT, 5)
    assert reactions.reject_rate_over_parts == 100
    assert reactions_of(load(tmp_path, RELAY)) == Reactions()


def test_a_relay_has_no_review_lane(tmp_path):
    with pytest.raises(ConfigProblems, match=r"review\.lane: true does not go with a relay"):
        load(tmp_path, RELAY + "review: {lane: true}\n")


@pytest.mark.parametrize("text", [LINE, MODBUS], ids=["serial", "modbus"])
def test_a_review_lane_is_asked_of_the_controller(tmp_path, text):
    assert demands_of(load(tmp_path, text + "review: {lane: true}\n")) == {Capability.REVIEW_LANE: "review.lane: true"}
    assert demands_of(load(tmp_path, text + "review: {lane: false}\n")) == {}


def test_the_guide_shows_the_defaults_and_names_every_key(tmp_path):
    guide = (Path(__file__).parents[2] / "docs" / "gate-reactions.md").read_text(encoding="utf-8")
    gate = guide[guide.index("```yaml\n") + 8 : guide.index("trigger: {kind: gate}\n```")]
    line = LINE[: LINE.index("gate:\n")] + gate + LINE[LINE.index("trigger:") :]
    shown = load(tmp_path, line)
    assert reactions_of(shown) == reactions_of(load(tmp_path, with_reactions("{}", permit="true")))
    keys, written = set(KEYS.split(", ")), gate[gate.index("reactions:\n") :]
    assert set(re.findall(r"^    (\w+):", written, re.MULTILINE)) == keys
    rows = dict(re.findall(r"^\| `(\w+)` \| `([a-z-]+)` \|", guide, re.MULTILINE))
    assert rows == {key: key.replace("_", "-") for key in keys}
    source = "".join(
        path.read_text(encoding="utf-8") for path in (Path(__file__).parents[2] / "inspection").rglob("*.py")
    )
    assert all(f'"{alarm}"' in source or f'"{key}"' in source for key, alarm in rows.items())

"""A relay is taken behind a one-shot only, and refused with the reason."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from inspection.config import ConfigProblems, LineInputTriggerConfig, RelayGateConfig, load_site
from tests.config.site_files import LINE, LINE_FILE, changed, write_site

GUIDE = (Path(__file__).parents[2] / "docs" / "relay-board.md").read_text(encoding="utf-8")
RELAY = GUIDE.split("```yaml\n")[1].split("```")[0]
OLD = LINE[LINE.index("gate:\n") : LINE.index("timezone:")]
OURS = changed(LINE, OLD, RELAY).replace("parts_per_s_max: 20", "parts_per_s_max: 10")


def test_the_guides_example_is_taken(tmp_path: Path) -> None:
    site = write_site(tmp_path, {LINE_FILE: OURS})
    line = load_site(site, site / "samples").line("demo")
    assert isinstance(line.gate, RelayGateConfig)
    assert isinstance(line.trigger, LineInputTriggerConfig)
    assert line.durability == "power"


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("one_shot: true ", "one_shot: false ", "a relay that stays on after the station died would let everything"),
        ("one_shot: true ", "# ", "gate.one_shot: is missing"),
        ("without_power: divert", "without_power: pass", "a relay has no watchdog"),
        ("margin_ms: 20", "tracking: encoder", "a relay board has no input for one"),
        ("min_gap_ms: 70", "min_gap_ms: 60", "a second part could slip through the same opening"),
        ("delay_ms: 800", "delay_ms: 72", "before one too close behind it could be seen"),
        ("hold_ms: 20", "hold_ms: 60", "is as long as the one-shot"),
        ("channel: 1", "channel: 9", "allowed 1 to 8"),
        ("kind: line_input", "kind: gate", "does not go with a relay"),
        ("kind: relay\n  url: /dev/serial/by-id/usb-relay-board", "kind: relay\n  url: socket://a:1", "over a network"),
    ],
)
def test_a_wrong_relay_is_refused_with_the_reason(tmp_path: Path, old: str, new: str, says: str) -> None:
    site = write_site(tmp_path, {LINE_FILE: changed(OURS, old, new)})
    with pytest.raises(ConfigProblems, match=re.escape(says)):
        load_site(site, site / "samples")


@pytest.mark.parametrize(
    ("gate", "says"),
    [
        (f"{OLD[: OLD.index('trigger:')]}", '"line_input" does not go with a serial gate, whose sensor numbers'),
        ("gate: {kind: dry}\n", '"line_input" goes with a relay gate only'),
    ],
)
def test_a_light_barrier_at_the_station_goes_with_a_relay_alone(tmp_path: Path, gate: str, says: str) -> None:
    barrier = RELAY[RELAY.index("trigger:") :]
    site = write_site(tmp_path, {LINE_FILE: changed(LINE, OLD, gate + barrier)})
    with pytest.raises(ConfigProblems, match=re.escape(says)):
        load_site(site, site / "samples")

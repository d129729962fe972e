"""`challenge:` of a line: what is refused, how long a run counts, and the guide's own example."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from inspection.config import ConfigProblems, load_site
from inspection.config.challenge import counts_since
from tests.config.site_files import LINE, LINE_FILE, changed, write_site

GUIDE = Path(__file__).parents[2] / "docs" / "challenge.md"
BAD, GOOD = "{name: bad, expect: reject}", "{name: good, expect: pass}"


def challenge(*parts: str, more: str = "") -> str:
    return f"challenge: {{required: true, {more}parts: [{', '.join(parts)}]}}\n"


def load(folder: Path, text: str, line: str = LINE):
    write_site(folder, {LINE_FILE: line + text})
    return load_site(folder, folder / "samples").line("demo")


def test_the_guides_example_is_taken(tmp_path: Path) -> None:
    (example,) = re.findall(r"^```yaml\n(.*?)^```", GUIDE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    line = load(tmp_path, example)
    assert [part.name for part in line.challenge.parts] == ["bad-scratch", "bad-dent", "good-1"]
    assert (line.challenge.required, line.challenge.every) == (True, "shift")


def test_a_line_without_challenge_has_none(tmp_path: Path) -> None:
    assert load(tmp_path, "").challenge is None


DRY = changed(changed(LINE, LINE[LINE.index("gate:\n") : LINE.index("trigger:")], "gate: {kind: dry}\n"),
              "{kind: gate}", "{kind: timer, parts_per_s: 5}")  # fmt: skip
NO_SHIFTS = LINE[: LINE.index("shifts:")]
SLOW = changed(LINE, "belt_mm_per_s: 500", "belt_mm_per_s: 4")


@pytest.mark.parametrize(
    ("line", "text", "message"),
    [
        (LINE, challenge(), "challenge.parts: is empty; allowed a list"),
        (LINE, challenge(BAD), "challenge.parts: a run needs a part of each kind, or a gate that ejects everything "
         "would pass it; add one with expect: pass"),
        (LINE, challenge(GOOD), "challenge.parts: a run needs a part of each kind, or a gate that ejects nothing "
         "would pass it; add one with expect: reject"),
        (LINE, challenge(BAD, GOOD, BAD), 'challenge.parts[bad].name: "bad" is another part\'s name already; rename'),
        (LINE, challenge("{name: bad, expect: reject, description: scratches}", GOOD),
         'challenge.parts[bad].description: recipe nut has no description "scratches"; did you mean "scratch"? '
         "known: dent, scratch"),
        (LINE, challenge(BAD, "{name: good, expect: pass, description: dent}"),
         "challenge.parts[good].description: a part that passes has no description that decides; remove it"),
        (LINE, challenge("{name: bad, expect: rejected}", GOOD), '"rejected" is not allowed; did you mean "reject"?'),
        (LINE, "challenge: {parts: [{name: bad, expect: reject}, {name: good, expect: pass}]}\n",
         "challenge.required: is missing; add it"),
        (DRY, challenge(BAD, GOOD), "challenge: a run proves that parts are ejected, and a dry gate ejects none"),
        (NO_SHIFTS, challenge(BAD, GOOD, more="every: shift, "), 'challenge.every: "shift" needs shifts, and the line '
         "has none; add them, or write day"),
        (LINE, challenge(BAD, GOOD, more="every: hours, "), 'challenge.every: "hours" needs hours, how long a run '
         "counts; add it"),
        (LINE, challenge(BAD, GOOD, more="hours: 8, "), "challenge.hours: is of no use without every: hours"),
        (SLOW, challenge(BAD, GOOD), "challenge: timeout_s 60 is too short: a part is at the gate 100 s after the "
         "sensor, and its outcome takes some more; write 110 (s) or more"),
    ],
)  # fmt: skip
def test_what_would_prove_nothing_is_refused(tmp_path: Path, line: str, text: str, message: str) -> None:
    with pytest.raises(ConfigProblems) as caught:
        load(tmp_path, text, line)
    (told,) = str(caught.value).splitlines()
    assert message in told


@pytest.mark.parametrize(
    ("more", "utc", "since"),
    [
        ("every: shift, ", "2026-01-05T06:00", "2026-01-05T05:00"),  # 07:00 in Berlin; early begins at 06:00
        ("every: shift, ", "2026-01-05T04:59", "2026-01-04T13:00"),
        ("every: day, ", "2026-01-05T06:00", "2026-01-04T23:00"),
        ("every: day, ", "2026-07-05T21:59", "2026-07-04T22:00"),
        ("every: hours, hours: 8, ", "2026-01-05T06:00", "2026-01-04T22:00"),
        ("every: change, ", "2026-01-05T06:00", None),
    ],
)
def test_how_long_a_run_counts(tmp_path: Path, more: str, utc: str, since: str | None) -> None:
    line = load(tmp_path, challenge(BAD, GOOD, more=more))
    found = counts_since(line, datetime.fromisoformat(utc).replace(tzinfo=UTC))
    assert found == (since and datetime.fromisoformat(since).replace(tzinfo=UTC))

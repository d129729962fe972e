"""Which of a line's own parts may set a threshold, and when none may."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from inspection.calibration.line_sample import Counts, LoggedPart, sample_of
from inspection.domain.disposition import Disposition, DispositionKind
from inspection.domain.draw import is_drawn
from inspection.domain.errors import CalibrationError
from inspection.domain.types import PartId, VerdictKind

MORNING = datetime(2026, 1, 5, 6, tzinfo=UTC)
PASS, REJECT, REVIEW, UNJUDGED = VerdictKind.PASS, VerdictKind.REJECT, VerdictKind.REVIEW, VerdictKind.UNJUDGED
FALSE_REJECT, CONFIRMED = DispositionKind.FALSE_REJECT, DispositionKind.CONFIRMED_DEFECT


def part(number: int, verdict: VerdictKind | None = PASS, **changed: object) -> LoggedPart:
    utc = MORNING + timedelta(seconds=number)
    return replace(LoggedPart(PartId(1, number), utc, verdict, sha256=f"h{number}"), **changed)


def words(**said: DispositionKind) -> dict[PartId, Disposition]:
    """`_2=…`: of part 1-2."""
    return {PartId(1, int(name[1:])): Disposition(PartId(1, int(name[1:])), kind, "Kim") for name, kind in said.items()}


def sample(*parts: LoggedPart, share: float = 1, **said: DispositionKind):
    return sample_of(parts, words(**said), share, "demo")


def test_good_is_what_passed_without_an_escape_and_what_a_person_calls_a_false_reject():
    parts = [part(1), part(2, REJECT), part(3, REVIEW), part(4, REJECT), part(5)]
    found = sample(*parts, _2=FALSE_REJECT, _3=FALSE_REJECT, _4=CONFIRMED, _5=DispositionKind.ESCAPE)
    assert [each.part.number for each in found.good] == [1, 2, 3]
    assert [each.part.number for each in found.defects["unnamed"]] == [4, 5]
    assert found.counts == Counts(passed=1, false_rejects=2, confirmed_defects=1, escapes=1)
    assert found.counts.left_out == {}


def test_a_good_part_that_was_taken_for_another_one_is_a_false_reject_that_needs_a_word():
    """Left out, the good parts that look least like the others would be missing."""
    parts = [part(1), part(2, UNJUDGED, cause="not-the-part"), part(3, UNJUDGED, cause="not-the-part")]
    with pytest.raises(CalibrationError, match=r"1 of the 3 parts of the sample .* taken for no such part.*: 1-3\."):
        sample(*parts, _2=FALSE_REJECT)
    found = sample(*parts, _2=FALSE_REJECT, _3=CONFIRMED)
    assert [each.part.number for each in found.good] == [1, 2]
    assert found.counts == Counts(passed=1, false_rejects=1, confirmed_defects=1)
    assert {name: [each.part.number for each in parts] for name, parts in found.defects.items()} == {"no part": [3]}


def test_what_is_left_out_is_counted_by_why():
    parts = [
        part(1),
        part(2, UNJUDGED, cause="camera-timeout"),
        part(3, UNJUDGED, cause="monitor"),
        part(9, UNJUDGED, cause="not-the-part", is_monitored=True),
        part(4, is_golden=True),
        part(5, is_closed=False),
        part(6, None),
        part(7, sha256="h1"),
        *[part(number) for number in range(10, 20)],
        part(20, UNJUDGED, cause="paused", is_held_back=True),
    ]
    found = sample(*parts)
    assert found.counts.left_out == {
        "same_picture": 1,
        "held_back": 1,
        "unjudged": 1,
        "monitored": 2,
        "golden": 1,
        "on_the_belt": 2,
    }
    assert len(found.good) == 11


def test_only_the_drawn_share_counts_and_known_defects_beside_it_are_told_apart():
    numbers = range(1, 200)
    drawn = [number for number in numbers if is_drawn(PartId(1, number), 0.2)]
    inside, outside = drawn[0], next(number for number in numbers if number not in drawn)
    parts = [part(number, REJECT if number in (inside, outside) else PASS) for number in numbers]
    found = sample(*parts, share=0.2, **{f"_{inside}": CONFIRMED, f"_{outside}": CONFIRMED})
    assert [each.part.number for each in found.good] == drawn[1:]
    assert [each.part.number for each in found.defects["unnamed"]] == [inside]
    assert [each.part.number for each in found.beside["unnamed"]] == [outside]


def test_a_reject_outside_the_share_needs_no_word_and_no_picture():
    outside = next(number for number in range(1, 100) if not is_drawn(PartId(1, number), 0.2))
    drawn = [part(number) for number in range(1, 100) if is_drawn(PartId(1, number), 0.2)]
    assert len(sample(*drawn, part(outside, REJECT, sha256=None), share=0.2).good) == len(drawn)


@pytest.mark.parametrize(
    ("parts", "said", "message"),
    [
        ([], {}, "no part of line demo in that time is of the 100.00% drawn by number and was judged: take a longer"),
        ([part(1, UNJUDGED)], {}, r"was judged \(left out: 1 unjudged\)"),
        (
            [part(1), *[part(number, REJECT) for number in range(2, 15)]],
            {"_2": FALSE_REJECT},
            r"12 of the 14 parts of the sample .*: 1-3, 1-4, 1-5, 1-6, 1-7, 1-8, 1-9, 1-10, 1-11, 1-12 and 2 more\."
            r" .* inspection disposition demo 1-3 false-reject\|confirmed-defect --by NAME",
        ),
        (
            [part(1), part(2, REVIEW)],
            {},
            "1 of the 2 parts of the sample were rejected, held for review or taken",
        ),
        (
            [part(1, sha256=None), part(2), part(3, REJECT, sha256=None), part(4), part(5)],
            {"_3": FALSE_REJECT},
            r"2 of the 5 parts .* \(PASS 1, REJECT 1\): .* part 1-3, of 2026-01-05 06:00:03 UTC: take the 2 later ones"
            " with --since 2026-01-05T06:00:04Z",
        ),
        (
            [*[part(number) for number in range(1, 18)], *[part(n, UNJUDGED, is_held_back=True) for n in (18, 19)]],
            {},
            "2 parts of the sample would have passed and were held back .*, beside 17 that passed",
        ),
        ([part(1), part(2, REJECT, sha256="h1")], {"_2": CONFIRMED}, "parts 1-1 and 1-2 have the same picture"),
    ],
    ids=["nothing", "nothing-judged", "no-words", "no-word-on-a-review", "no-picture", "held-back", "both-sides"],
)
def test_what_would_not_be_fair_is_refused_with_what_to_do(parts, said, message):
    with pytest.raises(CalibrationError, match=message):
        sample(*parts, **said)


def test_a_tenth_of_the_passes_may_be_held_back():
    held = [part(number, UNJUDGED, is_held_back=True) for number in (19, 20)]
    assert sample(*[part(number) for number in range(1, 19)], *held).counts.held_back == 2

"""The share that is drawn by number is a fair sample: of every cavity of a tool alike, in SQL as in Python."""

from itertools import pairwise

import duckdb
import pytest

from inspection.domain.draw import drawn_below, is_drawn
from inspection.domain.types import PartId

PARTS = 2000


@pytest.mark.parametrize("epoch", [1, 3, 12, 700])
@pytest.mark.parametrize("share", [0.05, 0.5])
def test_no_cavity_fixture_or_position_is_drawn_more_often(epoch, share):
    drawn = [is_drawn(PartId(epoch, number), share) for number in range(1, PARTS + 1)]
    for period in range(1, 26):
        for position in range(period):
            of_one = drawn[position::period]
            deviation = (len(of_one) * share * (1 - share)) ** 0.5
            # The draw is fixed, so a pass is no luck: by the checksum of before, positions were 14 deviations off.
            assert abs(sum(of_one) - len(of_one) * share) < 5 * deviation, (period, position)


def test_a_smaller_share_is_part_of_a_larger_one_and_the_ends_are_none_and_all():
    parts = [PartId(2, number) for number in range(1, PARTS + 1)]
    shares = [0, 1e-9, 0.01, 0.05, 0.3, 0.999, 1]
    drawn = [{part for part in parts if is_drawn(part, share)} for share in shares]
    assert all(less <= more for less, more in pairwise(drawn))
    assert (drawn[0], drawn[-1]) == (set(), set(parts))


@pytest.mark.parametrize("share", [0, 0.05, 0.5, 1])
def test_sql_draws_the_same_parts(share):
    parts = f"(SELECT 3 AS epoch, range AS number FROM range(1, {PARTS + 1}))"
    asked = f"SELECT number FROM {parts} WHERE sha256(epoch || '-' || number) < '{drawn_below(share)}' ORDER BY number"
    expected = [number for number in range(1, PARTS + 1) if is_drawn(PartId(3, number), share)]
    assert [row[0] for row in duckdb.sql(asked).fetchall()] == expected

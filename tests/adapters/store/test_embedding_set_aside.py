"""A torn file of embeddings that was set aside is a fault until it would be gone by retention."""

from __future__ import annotations

from contextlib import closing

import pytest

from tests.adapters.store.damaged_line import cut, repaired
from tests.adapters.store.embedding_line import RULE, EmbeddingLine
from tests.adapters.store.test_verify import DAY_S


@pytest.mark.parametrize("is_set_aside", [True, False])
def test_it_is_named_until_retention_has_removed_a_later_one(tmp_path, is_set_aside):
    with closing(EmbeddingLine(tmp_path)) as line:
        for number in (1, 2, 3):
            line.keep(number)
            line.store.drain(everything=True)
            line.clock.advance(2 * DAY_S)
        first, torn, last = sorted(line.paths.embeddings_dir.rglob("*.parquet"))
        if is_set_aside:
            cut(torn)
            repaired(line.paths)
        else:
            torn.unlink()
        line.restart()
        told = []
        for days in (RULE.keep_days - 5, 2, 2):
            line.clock.advance(days * DAY_S)
            line.store.drain()
            told.append((first.exists(), last.exists(), [fault.place for fault in line.verify().faults]))
    named = [f"file {torn.relative_to(tmp_path)}"]
    assert told == [(False, True, named), (False, True, named), (False, False, [] if is_set_aside else named)]

"""Laws of `log verify`: what was altered anywhere is found and named, and what a station does is not."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import sqlite3
from contextlib import closing
from datetime import timedelta

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from inspection import history
from inspection.adapters.store import backup
from inspection.adapters.store import verify as verify_module
from inspection.adapters.store.backup import back_up
from inspection.adapters.store.chain import BOOKKEEPING, EVIDENCE_REMOVED, GENESIS, Event, linked
from inspection.adapters.store.chain_walk import Head
from inspection.adapters.store.compaction import compact_line
from inspection.adapters.store.events import append_event, writing
from inspection.adapters.store.evidence import write_jpeg
from inspection.adapters.store.exchange import exchange
from inspection.adapters.store.files import digest_of
from inspection.adapters.store.paths import LinePaths
from inspection.adapters.store.verify import head_of, verify_line
from tests.adapters.store.test_log import Line
from tests.fakes.clock import START_UTC

pytestmark = pytest.mark.usefixtures("one_database")

DAY_S = 86_400
in_place = settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=25)


def live(line):
    """Four days: ten parts and five states each, sealed, the events of the first three filed; a part on the belt."""
    for day in range(4):
        for n in range(1, 6):
            line.journal.record_event("state", f"running {day}.{n}", line.clock.utc(), {"day": day} if n % 2 else None)
        line.journal.record_event("challenge", "begun", line.clock.utc(), {"run": day}) if day == 0 else None
        for n in range(1, 11):
            line.part(10 * day + n, utc=line.clock.utc(), image_path=picture(line, 10 * day + n) if n == 1 else None)
        line.log.seal(everything=True)
        line.clock.advance(DAY_S)
    line.log.seal()
    line.part(41, closed=False, utc=line.clock.utc())
    line.journal.record_event("state", "stopped", line.clock.utc())


def picture(line, number):
    content = io.BytesIO()
    Image.fromarray(np.full((8, 8, 3), number, np.uint8)).save(content, "JPEG")
    path = line.paths.image(hashlib.sha256(content.getvalue()).hexdigest())
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.getvalue())
    return path.relative_to(line.data_dir).as_posix()


def image_of(paths, part):
    """The image that a part's row names."""
    (name,) = history.query(
        paths.data_dir, "demo", f"SELECT image_path FROM parts WHERE format('{{}}-{{}}', epoch, number) = '{part}'"
    )["image_path"]
    return paths.data_dir / name


def bury(paths, *images):
    """What retention says before it takes images, each a hash and a part."""
    data = {"images": [{"sha256": sha256, "part": part} for sha256, part in images], "rule": "age"}
    with closing(sqlite3.connect(paths.state_db)) as db, writing(db):
        append_event(db, EVIDENCE_REMOVED, "some images", 1, data)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    line = Line(tmp_path_factory.mktemp("whole") / "data")
    live(line)
    line.close()
    return line.paths


@pytest.fixture
def paths(whole, tmp_path):
    """A copy of it."""
    shutil.copytree(whole.data_dir, tmp_path / "data")
    return LinePaths(tmp_path / "data", "demo")


def broken(paths, *heads):
    """The first broken place, and what is wrong there."""
    faults = verify_line(paths, heads).faults
    return f"{faults[0].place}: {faults[0].what}" if faults else None


def edit(paths, *statements):
    with closing(sqlite3.connect(paths.state_db)) as db, db:
        for statement in statements:
            db.execute(*statement) if isinstance(statement, tuple) else db.execute(statement)


def event_files(paths):
    return sorted(paths.events_dir.rglob("*.parquet"))


def log_files(paths):
    return sorted(paths.log_dir.rglob("*.parquet"))


def test_what_a_station_leaves_is_whole(whole):
    found = verify_line(whole)
    assert (found.faults, found.notes) == ([], [])
    assert (found.numbers.parts, found.numbers.open, found.files, found.images) == (41, 1, 4, 4)
    assert found.head == Head(found.events, head_of(whole).hash)
    assert len(event_files(whole)) == 3


def test_events_are_read_as_one_from_files_and_journal(whole):
    events = history.events(whole.data_dir, "demo")
    assert events["id"].tolist() == list(range(1, len(events) + 1))
    assert events["previous"].tolist() == [GENESIS, *events["hash"][:-1]]
    assert (events["kind"] == "state").sum() == 21
    assert events["kind"].value_counts()["sealed"] == 4
    assert events["kind"].value_counts()["events-sealed"] == 3
    one_day = history.events(whole.data_dir, "demo", since=START_UTC, until=START_UTC + timedelta(days=1), kind="state")
    assert one_day["text"].tolist() == [f"running 0.{n}" for n in range(1, 6)]
    assert str(one_day["utc"].iloc[0]) == "2026-01-05 06:00:01+00:00"


def test_the_newest_event_of_each_kind_is_found_wherever_the_others_went(paths):
    with closing(sqlite3.connect(paths.state_db)) as db:
        assert db.execute("SELECT count(*) FROM events WHERE kind = 'challenge'").fetchone() == (1,)
    line = Line(paths.data_dir)
    assert line.journal.last_event("challenge") == {"run": 0}
    line.close()


def test_a_sealed_event_says_what_the_file_is(whole):
    sealed = history.events(whole.data_dir, "demo", kind="sealed")
    for text, path in zip(sealed["data"], log_files(whole), strict=True):
        said, (digest, size) = json.loads(text), digest_of(path)
        assert said == {
            "file": path.relative_to(whole.log_dir).as_posix(),
            "rows": 10,
            "sha256": digest,
            "bytes": size,
            "first": said["first"],
            "last": said["last"],
        }
        assert int(said["last"].removeprefix("1-")) - int(said["first"].removeprefix("1-")) == 9


@in_place
@given(data=st.data())
def test_a_flipped_byte_in_a_file_is_found_and_named(whole, data):
    path = data.draw(st.sampled_from([*log_files(whole), *event_files(whole)]))
    content = path.read_bytes()
    at, bit = data.draw(st.integers(0, len(content) - 1)), data.draw(st.integers(0, 7))
    altered = bytearray(content)
    altered[at] ^= 1 << bit
    path.write_bytes(altered)
    try:
        told = broken(whole)
    finally:
        path.write_bytes(content)
    assert told is not None
    assert path.name in told
    assert "altered" in told


VALUES = {
    "utc_us": st.integers(-(2**62), 2**62),
    "kind": st.sampled_from(["state", "alarm", "sealed"]),
    "text": st.text(st.characters(exclude_categories=["Cs"])),
    "data": st.none() | st.text(st.characters(exclude_categories=["Cs"])),
    "previous": st.none() | st.text("0123456789abcdef", min_size=64, max_size=64),
    "hash": st.none() | st.text("0123456789abcdef", min_size=64, max_size=64),
}


def stored_ids(paths):
    with closing(sqlite3.connect(paths.state_db)) as db:
        return [row[0] for row in db.execute("SELECT id FROM events ORDER BY id")]


@in_place
@given(data=st.data())
def test_an_event_that_was_changed_is_found_and_named(whole, data):
    column = data.draw(st.sampled_from(list(VALUES)))
    number = data.draw(st.sampled_from(stored_ids(whole)))
    value = data.draw(VALUES[column])
    before = whole.state_db.read_bytes()
    with closing(sqlite3.connect(whole.state_db)) as db, db:
        (was,) = db.execute(f"SELECT {column} FROM events WHERE id = ?", (number,)).fetchone()
        db.execute(f"UPDATE events SET {column} = ? WHERE id = ?", (value, number))
    try:
        told = broken(whole)
    finally:
        restore(whole, before)
    assert (told is None) == (was == value)
    assert told is None or told.startswith(f"event {number}:")


def restore(paths, content):
    for suffix in ("-wal", "-shm"):
        paths.state_db.with_name(f"state.db{suffix}").unlink(missing_ok=True)
    paths.state_db.write_bytes(content)


@in_place
@given(data=st.data())
def test_events_that_were_removed_are_found_and_named(whole, data):
    ids = stored_ids(whole)
    with closing(sqlite3.connect(whole.state_db)) as db:
        in_a_file_too = {row[0] for row in db.execute("SELECT id FROM events WHERE filed = ''")}
    gone = data.draw(st.sets(st.sampled_from(ids), min_size=1))
    before = whole.state_db.read_bytes()
    edit(whole, *(("DELETE FROM events WHERE id = ?", (n,)) for n in gone))
    try:
        told = broken(whole)
    finally:
        restore(whole, before)
    first = min(gone - in_a_file_too, default=max(gone))
    assert told.startswith(f"event {first}: ")
    assert "missing" in told


@in_place
@given(data=st.data())
def test_events_in_another_order_are_found_and_named(whole, data):
    ids = [n for n in stored_ids(whole) if n > 20]
    one, other = data.draw(st.lists(st.sampled_from(ids), min_size=2, max_size=2, unique=True))
    before = whole.state_db.read_bytes()
    edit(
        whole,
        ("UPDATE events SET id = -1 WHERE id = ?", (one,)),
        ("UPDATE events SET id = ? WHERE id = ?", (one, other)),
        ("UPDATE events SET id = ? WHERE id = -1", (other,)),
    )
    try:
        told = broken(whole)
    finally:
        restore(whole, before)
    assert told.startswith(f"event {min(one, other)}: it was altered")


@pytest.mark.parametrize("hashed", [False, True])
def test_an_event_that_was_put_in_is_found(paths, hashed):
    head = head_of(paths)
    event = Event(head.id + 1, 1, "acknowledged", "by nobody", None)
    row = linked(GENESIS, event) if hashed else event
    edit(paths, ("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, NULL)", tuple(row)))
    place = head.id if hashed else head.id + 1  # the one before it seems to have been replaced
    assert broken(paths).startswith(f"event {place}: ")


def exported(paths):
    head = head_of(paths)
    return Head(head.id, head.hash)


def rewrite(paths, number, text):
    """Change an event, and give it and all after it new hashes: what somebody does who knows how."""
    with closing(sqlite3.connect(paths.state_db)) as db, db:
        rows = db.execute("SELECT id, utc_us, kind, text, data, previous, hash FROM events ORDER BY id").fetchall()
        (previous,) = (row[-1] for row in rows if row[0] == number - 1)
        for stored in (Event(*row) for row in rows if row[0] >= number):
            event = linked(previous, stored._replace(text=text) if stored.id == number else stored)
            previous = event.hash
            db.execute(
                "UPDATE events SET text = ?, previous = ?, hash = ? WHERE id = ?",
                (event.text, event.previous, event.hash, event.id),
            )


def test_a_tail_that_was_cut_or_written_anew_is_found_by_a_head_that_was_exported(paths):
    head = exported(paths)
    last = max(stored_ids(paths)) - 1
    assert broken(paths, head) is None
    assert broken(paths, Head(None, head.hash)) is None
    rewrite(paths, last, "nothing happened")
    assert broken(paths) is None, "nobody can see it who has no head"
    assert "is not in the chain" in broken(paths, head)


def test_a_tail_that_was_cut_with_care_is_found_by_a_head_that_was_exported(paths):
    head = exported(paths)
    last = max(stored_ids(paths)) - 1
    edit(
        paths,
        ("DELETE FROM events WHERE id = ?", (head.id,)),
        ("UPDATE sqlite_sequence SET seq = ? WHERE name = 'events'", (last,)),
    )
    assert broken(paths) is None
    told = broken(paths, head)
    assert told.startswith(f"the chain's tail: event {head.id} with the hash {head.hash}, exported before, is not in")
    assert f"(it ends with event {last})" in told
    line = Line(paths.data_dir)  # and also when a station has gone on with it
    line.journal.record_event("state", "running", START_UTC)
    line.close()
    assert "is not in the chain" in broken(paths, head)


def test_a_file_that_is_gone_or_that_nobody_knows_is_named(paths):
    first, second, *_ = log_files(paths)
    stranger = second.with_name("000001-000000100_000001-000000100.parquet")
    stranger.write_bytes(second.read_bytes())
    assert broken(paths).startswith(f"file {stranger.relative_to(paths.data_dir)}: no event knows it")
    stranger.write_bytes(b"PAR1 torn")
    assert broken(paths).startswith(f"file {stranger.relative_to(paths.data_dir)}: it cannot be read")
    stranger.unlink()
    first.unlink()
    found = verify_line(paths)
    assert found.faults[0].place == f"file {first.relative_to(paths.data_dir)}"
    assert found.faults[0].what.startswith("it is gone; event ")
    assert found.numbers.missing == [f"1-{n}" for n in range(1, 11)]


def test_an_events_file_that_is_gone_or_that_nobody_knows_is_named(paths):
    first, *_ = event_files(paths)
    stranger = first.with_name("000000000001_000000000002.parquet")
    stranger.write_bytes(first.read_bytes())
    assert stranger.name in broken(paths)
    stranger.rename(first.with_name("stranger.parquet"))
    assert "stranger.parquet: no event knows it" in broken(paths)
    first.with_name("stranger.parquet").unlink()
    first.unlink()
    assert first.name in broken(paths)
    assert "it is gone; event " in broken(paths)


def test_a_file_whose_event_says_another_number_of_rows_is_named(paths):
    """As when somebody writes file and event anew, but for the rows."""
    *_, last = log_files(paths)
    events = history.events(paths.data_dir, "demo", kind="sealed")
    data = json.loads(events["data"].iloc[-1]) | {"rows": 11}
    with closing(sqlite3.connect(paths.state_db)) as db, writing(db):
        append_event(db, "sealed", "", 1, data)
    assert broken(paths).startswith(f"file {last.relative_to(paths.data_dir)}: it has 10 rows, and its event says 11")


def test_a_file_that_is_none_though_its_event_says_so_is_named_and_the_others_are_looked_at(paths):
    first, *_, last = log_files(paths)
    last.write_bytes(b"x" * 100)
    say_what_it_is(paths, last)
    first.unlink()
    faults = [f"{fault.place}: {fault.what}" for fault in verify_line(paths).faults]
    assert faults[0].startswith(f"file {first.relative_to(paths.data_dir)}: it is gone")
    assert faults[1].startswith(f"file {last.relative_to(paths.data_dir)}: it has the bytes that event ")
    assert "and cannot be read here: " in faults[1]
    (missing,) = faults[2:]
    assert missing.startswith("part 1-1: 20 numbers are missing: 1-1, ")


def test_a_part_that_is_in_a_file_and_in_the_journal_unmarked_is_there_twice(paths):
    columns = "epoch, number, context, verdict, outcome"
    edit(paths, f"INSERT INTO parts ({columns}) SELECT 1, 7, context, 'PASS', 'PASSED' FROM parts LIMIT 1")
    assert broken(paths) == "part 1-7: 1 number is there more than once: 1-7"


def test_images_that_are_gone_or_altered_or_of_no_part(paths):
    first, second = image_of(paths, "1-1"), image_of(paths, "1-11")
    first.with_name("stray.jpg").write_bytes(b"of no part")
    found = verify_line(paths)
    assert found.faults == []
    assert found.notes == [f"1 image that no part names: {first.with_name('stray.jpg').relative_to(paths.data_dir)}"]
    second.unlink()
    name = second.relative_to(paths.data_dir).as_posix()
    assert broken(paths) == f"image {name}: it is gone, and no event says that it was removed; it is of part 1-11"
    bury(paths, (second.stem, "1-11"))
    assert broken(paths) is None


def test_an_image_is_gone_by_right_of_the_parts_alone_whose_tombstone_there_is(paths):
    """Of its hash and its part: another part may have the same image still, and the same part have had another."""
    image = image_of(paths, "1-11")
    rewritten(paths, lambda table: set_images(table, image))  # 1-31 has the same one
    gone = f"image {image.relative_to(paths.data_dir)}: it is gone, and no event says that it was removed"
    image.unlink()
    assert broken(paths) == f"{gone}; it is of part 1-11"
    bury(paths, ("ab" * 32, "1-11"))
    assert broken(paths) == f"{gone}; it is of part 1-11"
    bury(paths, (image.stem, "1-11"))
    assert broken(paths) == f"{gone}; it is of part 1-31"
    bury(paths, (image.stem, "1-31"))
    assert broken(paths) is None


@pytest.mark.parametrize("of_all_lines", [True, False])
def test_a_folder_of_images_that_was_removed_is_broken_unless_a_person_says_that_the_copy_has_none(paths, of_all_lines):
    names = sorted(image.relative_to(paths.data_dir).as_posix() for image in paths.evidence_dir.rglob("*.jpg"))
    shutil.rmtree(paths.evidence_dir.parent if of_all_lines else paths.evidence_dir)
    faults = verify_line(paths).faults
    assert [fault.place for fault in faults] == [f"image {name}" for name in names]
    assert all("it is gone, and no event says that it was removed" in fault.what for fault in faults)
    found = verify_line(paths, with_images=False)
    assert (found.faults, found.notes) == ([], ["images and embeddings were not looked at, as it was asked"])


def test_an_image_of_a_part_in_the_journal_is_looked_for_too(paths):
    line = Line(paths.data_dir)
    line.part(42, utc=START_UTC, image_path=picture(line, 42))
    line.close()
    assert broken(paths) is None
    image_of(paths, "1-42").unlink()
    assert broken(paths).endswith("it is of part 1-42")


def test_images_of_before_they_had_a_hash_are_looked_for_and_a_note_says_that_nobody_can_tell(paths):
    rewritten(paths, lambda table: set_images(table, image_of(paths, "1-31"), hashed=False))
    found = verify_line(paths)
    assert (found.faults, found.images) == ([], 4)
    assert found.notes == ["1 image of before images had a hash: there, but held against nothing"]


def set_images(table, image, *, hashed=True):
    """Every row with an image has this one."""
    names = table["image_path"].to_pylist()
    path = f"evidence/{image.parent.parent.name}/{image.parent.name}/{image.name}"
    for name, value in (("image_path", path), ("image_sha256", image.stem if hashed else None)):
        values = pa.array([n and value for n in names], pa.string())
        table = table.set_column(table.schema.get_field_index(name), name, values)
    return table


def rewritten(paths, with_column):
    """The last file with another column, as a later version has it, and with the event that goes with that."""
    *_, path = log_files(paths)
    table = pq.read_table(path)
    pq.write_table(with_column(table), path)
    say_what_it_is(paths, path)


def say_what_it_is(paths, path):
    """In an event that goes with what a file is now."""
    digest, size = digest_of(path)
    data = {"file": path.relative_to(paths.log_dir).as_posix(), "rows": 10, "sha256": digest, "bytes": size}
    with closing(sqlite3.connect(paths.state_db)) as db, writing(db):
        append_event(db, "sealed", "", 1, data)


def test_images_are_held_against_their_hash(paths):
    image = image_of(paths, "1-31")
    content = bytearray(image.read_bytes())
    content[-1] ^= 1
    image.write_bytes(content)
    name = image.relative_to(paths.data_dir).as_posix()
    assert broken(paths) == f"image {name}: its bytes were altered; it is of part 1-31"


class Compacted:
    """The first day's file merged, in the steps of the compactor: the event, then the exchange."""

    def __init__(self, paths, *names):
        self.paths = paths
        self.merged = f"{names[0].rpartition('/')[0]}/000001-000000001_000001-000000010_r10.parquet"
        self.staged = paths.compacting_dir / self.merged
        self.staged.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.concat_tables(pq.read_table(paths.log_dir / name) for name in names), self.staged)
        self.names = {name: digest_of(paths.log_dir / name)[0] for name in names}

    def say(self):
        digest, size = digest_of(self.staged)
        rows = pq.read_metadata(self.staged).num_rows
        data = {"file": self.merged, "rows": rows, "sha256": digest, "bytes": size, "from": self.names}
        with closing(sqlite3.connect(self.paths.state_db)) as db, writing(db):
            append_event(db, "compacted", self.merged, 1, data)

    def exchange(self):
        staged = self.staged.parent
        live = self.paths.log_dir / staged.name
        for other in live.iterdir():
            if f"{live.name}/{other.name}" not in self.names:
                (staged / other.name).hardlink_to(other)
        exchange(staged, live)
        shutil.rmtree(staged)


def test_a_merged_file_is_as_it_should_be_before_and_after_it_takes_its_place(paths):
    first = log_files(paths)[0].relative_to(paths.log_dir).as_posix()
    compacted = Compacted(paths, first)
    assert broken(paths) is None
    compacted.say()
    assert broken(paths) is None
    content = compacted.staged.read_bytes()
    compacted.staged.write_bytes(content[:-9] + b"x" + content[-8:])
    assert compacted.merged in broken(paths)
    compacted.staged.write_bytes(content)
    compacted.exchange()
    assert broken(paths) is None
    shutil.copy(paths.log_dir / compacted.merged, paths.log_dir / first)
    assert "no event knows it, or what is in it was merged" in broken(paths)
    (paths.log_dir / first).unlink()
    (paths.log_dir / compacted.merged).unlink()
    assert f"{compacted.merged}: it is gone" in broken(paths)


@pytest.mark.parametrize("times", [1, 2])
def test_a_file_that_was_altered_before_it_was_merged_is_named(paths, times):
    """It is gone, and the merged one is as its event says: only the two digests of it tell."""
    first = log_files(paths)[0]
    name = first.relative_to(paths.log_dir).as_posix()
    table = pq.read_table(first)
    verdicts = pa.array(["PASS"] * len(table), pa.string())
    pq.write_table(table.set_column(table.schema.get_field_index("verdict"), "verdict", verdicts), first)
    compacted = Compacted(paths, name)
    for _ in range(times):
        compacted.say()
    compacted.exchange()
    assert broken(paths).startswith(f"file log/line=demo/{name}: it was altered before it was merged into another file")


def test_a_merged_file_that_was_altered_before_it_was_merged_again_is_named(paths):
    once = Compacted(paths, log_files(paths)[0].relative_to(paths.log_dir).as_posix())
    once.say()
    once.exchange()
    table = pq.read_table(paths.log_dir / once.merged)
    pq.write_table(table, paths.log_dir / once.merged, compression="none")
    twice = Compacted(paths, once.merged)
    twice.merged = twice.merged.replace("_r10", "_r010")
    twice.staged = twice.staged.rename(twice.staged.with_name(twice.merged.rpartition("/")[2]))
    twice.say()
    twice.exchange()
    told = broken(paths)
    assert told.startswith(f"file log/line=demo/{once.merged}: it was altered before it was merged into another file")


def test_a_file_that_was_merged_twice_is_looked_for_where_it_is_now(paths):
    first = log_files(paths)[0].relative_to(paths.log_dir).as_posix()
    once = Compacted(paths, first)
    once.say()
    once.say()  # died before the exchange
    once.exchange()
    twice = Compacted(paths, once.merged)
    twice.merged = twice.merged.replace("_r10", "_r010")
    twice.staged = twice.staged.rename(twice.staged.with_name(twice.merged.rpartition("/")[2]))
    twice.say()
    assert broken(paths) is None
    twice.exchange()
    assert broken(paths) is None


def test_what_a_line_does_while_it_is_looked_at_is_no_fault(paths, monkeypatch):
    line = Line(paths.data_dir)
    real, number = verify_module.walk, 41

    def busy(*args):
        nonlocal number
        found = real(*args)
        if number < 45:  # after the events were read, and before the files are
            first = log_files(paths)[0].relative_to(paths.log_dir).as_posix()
            if "_r" not in first:
                compacted = Compacted(paths, first)
                compacted.say()
                compacted.exchange()
            number += 1
            line.part(number, utc=line.clock.utc())
            line.log.seal(everything=True)
        return found

    monkeypatch.setattr(verify_module, "walk", busy)
    assert broken(paths) is None
    line.close()
    assert number > 42, "it was looked at again"


def test_a_merged_file_that_takes_its_place_while_it_is_looked_at_is_no_fault(paths, monkeypatch):
    compacted = Compacted(paths, log_files(paths)[0].relative_to(paths.log_dir).as_posix())
    compacted.say()
    real = verify_module.walk
    looks: list[object] = []

    def busy(*args):
        found = real(*args)
        if not looks:
            compacted.exchange()
        looks.append(found)
        return found

    monkeypatch.setattr(verify_module, "walk", busy)
    assert broken(paths) is None
    assert len(looks) == 2


@pytest.mark.parametrize("comes_back", [True, False])
def test_a_file_that_goes_before_its_rows_are_counted_is_looked_for_again(paths, monkeypatch, comes_back):
    compacted = Compacted(paths, log_files(paths)[0].relative_to(paths.log_dir).as_posix())
    compacted.say()
    real, last = verify_module._rows_in, log_files(paths)[-1]
    looks: list[object] = []

    def busy(file):
        if file == compacted.staged:
            compacted.exchange()
            if not comes_back:
                (paths.log_dir / compacted.merged).unlink()
        looks.append(file)
        return real(file)

    monkeypatch.setattr(verify_module, "_rows_in", busy)
    told = broken(paths)
    assert looks.count(compacted.staged) == 1
    assert looks.count(last) == 2
    assert told is None if comes_back else f"{compacted.merged}: it is gone" in told


def test_an_image_that_retention_takes_while_it_is_looked_at_is_no_fault(paths, monkeypatch):
    image = image_of(paths, "1-1")
    real = verify_module.look_at_numbers

    def busy(*args, **kwargs):
        bury(paths, (image.stem, "1-1"))
        image.unlink()
        return real(*args, **kwargs)

    monkeypatch.setattr(verify_module, "look_at_numbers", busy)
    assert broken(paths) is None


def test_a_backup_has_events_files_too_and_is_whole(paths, tmp_path):
    copied = back_up(paths, tmp_path / "copy")
    copy = LinePaths(tmp_path / "copy", "demo")
    assert copied.event_files == len(event_files(copy)) == 3
    assert (broken(copy), verify_line(copy).head) == (None, verify_line(paths).head)
    back_up(paths, tmp_path / "no-images", images=False)
    found = verify_line(LinePaths(tmp_path / "no-images", "demo"), with_images=False)
    assert (found.faults, found.images) == ([], 0)


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_backup_is_whole_though_retention_takes_an_image_and_another_comes_meanwhile(
    paths, tmp_path, monkeypatch, when
):
    image = image_of(paths, "1-1")
    copy_journal = backup._copy_journal

    def retention():
        bury(paths, (image.stem, "1-1"))
        image.unlink()
        paths.image("ab" * 32).parent.mkdir(exist_ok=True)
        write_jpeg(paths.image("ab" * 32), np.zeros((8, 8, 3), np.uint8))

    def busy(source, target):
        if when == "before":
            retention()
        copy_journal(source, target)
        if when == "after":
            retention()

    monkeypatch.setattr(backup, "_copy_journal", busy)
    copied = back_up(paths, tmp_path / "copy")
    copy = LinePaths(tmp_path / "copy", "demo")
    assert broken(copy) is None
    assert copied.images == len(list(copy.evidence_dir.rglob("*.jpg"))) == 5
    assert copy.image("ab" * 32).exists()


@pytest.mark.parametrize("has_more", [False, True])
def test_a_backup_of_a_merge_that_died_before_it_took_its_place_is_whole(paths, tmp_path, has_more):
    compacted = Compacted(paths, log_files(paths)[0].relative_to(paths.log_dir).as_posix())
    compacted.say()
    back_up(paths, tmp_path / "copy")
    copy = LinePaths(tmp_path / "copy", "demo")
    assert broken(copy) is None
    if has_more:  # then it is never done: a part of that day comes, and all are merged into another file
        line = Line(copy.data_dir)
        line.part(42, utc=START_UTC)
        line.log.seal(everything=True)
        line.close()
    compact_line(copy)
    assert broken(copy) is None
    assert len(log_files(copy)) == 4
    log_files(copy)[0].unlink()
    assert "it is gone" in broken(copy)


def test_of_events_that_are_filed_when_the_journal_was_copied_a_backup_has_each_once(paths, tmp_path, monkeypatch):
    line = Line(paths.data_dir)
    check_journal = backup._check_journal

    def busy(*given):
        check_journal(*given)
        line.clock.advance(9 * DAY_S)
        line.log.seal()

    monkeypatch.setattr(backup, "_check_journal", busy)
    copied = back_up(paths, tmp_path / "copy")
    line.close()
    assert (copied.event_files, len(event_files(paths))) == (3, 5)
    copy = LinePaths(tmp_path / "copy", "demo")
    assert broken(copy) is None
    restored = Line(copy.data_dir)
    restored.clock.advance(9 * DAY_S)
    restored.log.seal(everything=True)
    restored.close()
    assert broken(copy) is None
    assert len(event_files(copy)) == 5


def test_of_too_many_events_the_oldest_leave_the_journal(tmp_path):
    line = Line(tmp_path)
    with writing(line.log._db):
        for n in range(10_001):
            append_event(line.log._db, "state", f"running {n}", 1_767_592_800_000_000 + n)
    line.log.seal()
    line.close()
    assert [path.name for path in event_files(line.paths)] == ["000000000001_000000002000.parquet"]
    assert broken(line.paths) is None
    assert history.events(tmp_path, "demo")["id"].tolist() == list(range(1, 10_003))
    assert len(stored_ids(line.paths)) == 8002


def test_the_books_that_a_person_does_not_want_to_see_have_their_kinds():
    embeddings = {"embeddings-sealed", "embeddings-removed"}
    assert {"sealed", "compacted", "events-sealed", EVIDENCE_REMOVED, *embeddings} == BOOKKEEPING


def test_a_digest_is_that_of_the_bytes(tmp_path):
    (tmp_path / "file").write_bytes(b"abc" * 100_000)
    assert digest_of(tmp_path / "file") == (hashlib.sha256(b"abc" * 100_000).hexdigest(), 300_000)

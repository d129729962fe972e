"""A belt, a gate controller, a cable and a station, in one thread and on one manual clock.

Real: the station from the gate link's bytes to its disk, and the reference controller. Made up: what comes down the
belt, the camera, the model, and everything that goes wrong. Time moves in rounds of 10 ms; while the station is
busy the belt, the controller and the cable move on.
"""

from __future__ import annotations

import json
import random
import sqlite3
from collections import deque
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any

from benchmarks.fault_line.cable import Cable
from benchmarks.fault_line.clock import SteppedClock
from benchmarks.fault_line.devices import FaultyCamera, FaultyEncoder, RoomyMachine
from benchmarks.fault_line.gear import Gear
from benchmarks.fault_line.life import COUNTS_PER_MS, TRAVEL_US, WATCHDOG_MS, Life
from benchmarks.fault_line.onlooker import ROUND_US, Onlooker
from benchmarks.fault_line.stores import Disk, ProcessDied
from benchmarks.fault_line.truth import Key, Number, Part, Truth
from inspection.adapters.store.paths import LinePaths
from inspection.adapters.store.requests import leave_request
from inspection.domain.errors import StoreError
from inspection.domain.ports import Request
from inspection.domain.types import Decision, PartId, Trigger
from inspection.wire import messages as m
from inspection.wire.controller import LATE_US, Controller
from inspection.wire.framing import FrameDecoder

LINE = "bench"
RIVAL = "rival"
_RESTART_AFTER_US = 400_000  # systemd waits longer


class Site:
    """A station's data and its disk, which outlive the process."""

    def __init__(self, folder: Path, name: str) -> None:
        self.paths = LinePaths(folder, name)
        self.deaths = 0
        self.dies_at: str | None = None
        self.step_count = 1  # it dies when it comes to that step for the n-th time
        self.disk = Disk(self._reach)
        self.life: Life | None = None
        self.start_at_us: int | None = 0  # when it starts; None: when somebody starts it
        self.heard: set[PartId] = set()
        self._db: sqlite3.Connection | None = None
        self._holder: sqlite3.Connection | None = None

    def _reach(self, step: str) -> None:
        if step == self.dies_at:
            self.step_count -= 1
            if self.step_count <= 0:
                self.dies_at = None
                raise ProcessDied(step)

    def ask(self, sql: str, *values: object) -> tuple[object, ...] | None:
        """One row, as another connection sees it: what is committed, and would be there after a crash."""
        if self._db is None:
            self._db = sqlite3.connect(self.paths.state_db)
        row: tuple[object, ...] | None = self._db.execute(sql, values).fetchone()
        return row

    @cached_property
    def station(self) -> int:
        """By which its epochs are known."""
        row = self.ask("SELECT station FROM identity")
        assert row is not None
        return int(str(row[0]))

    def last_run(self) -> dict[str, Any] | None:
        """The newest challenge run on record."""
        row = self.ask("SELECT data FROM events WHERE kind = 'challenge' ORDER BY id DESC LIMIT 1")
        run: dict[str, Any] | None = json.loads(str(row[0])) if row else None
        return run

    def hold(self) -> None:
        """Another program writes to the journal, and does not end."""
        self._holder = sqlite3.connect(self.paths.state_db, isolation_level=None)
        self._holder.execute("BEGIN IMMEDIATE")

    def let_go(self) -> None:
        if self._holder:
            self._holder.close()
            self._holder = None

    def close(self) -> None:
        self.let_go()
        if self.life:
            self.life.end()
            self.life = None
        if self._db:
            self._db.close()


class Line:
    """`run` lets time pass; the attributes are there to be made to fail. What happened is in `truth`."""

    def __init__(self, folder: Path, seed: int, *, images: bool = True, gear: Gear | None = None) -> None:
        self.random = random.Random(seed)
        self.clock = SteppedClock()
        self.folder = folder
        self._images = images
        self.truth = Truth()
        self.camera = FaultyCamera(self.clock, self._looks, self.busy)
        self.encoder = FaultyEncoder(self.busy)
        self.machine = RoomyMachine()
        self.to_controller = Cable(self.random)
        self.to_station = Cable(self.random)
        self.echoes = False
        self.plugged = True
        self.port_breaks = False
        self.hung = False  # the controller
        self.sensor = "ok"  # bounces, doubles, misses, is-blind, chatters
        self.parts_every_us = 60_000
        self.pairs_up = False  # each part has another one right behind it
        self.gear = gear or Gear()
        self.has = self.gear.has  # what a controller that is powered up from now on has
        self.inputs = 0  # of the controller, bits of `messages.INPUTS`
        self.gate_sensor_is_blind = False
        self.doubts = False  # parts are such that nobody can say whether they are good
        self.doubtful_every = 0  # one in so many is
        self.is_pressed = False  # the emergency stop: the belt stands, whatever the station does
        self.counts = 0  # of the belt encoder
        self.counts_by = COUNTS_PER_MS  # 0: it is dead; less: the wrong way round
        self._boots: dict[Controller, int] = {}
        self._by_controller: dict[Controller, dict[tuple[int, int], Number]] = {}
        self._without_memory: list[Controller] = []
        self.controller = self.new_controller()
        self.feeds = False
        self.site = Site(folder, LINE)
        self.rival: Site | None = None
        self._next_part_us = 0
        self._edges: deque[tuple[int, Part]] = deque()
        self._on_belt: deque[Part] = deque()
        self._opened: list[Number] = []  # in this round
        self._owner = 0
        self._by_part: dict[tuple[int, PartId], Number] = {}
        self._tap = FrameDecoder()
        self.onlooker = Onlooker()
        self._progress: tuple[int, int] = (0, 0)
        self._progress_us = 0

    @property
    def now_us(self) -> int:
        return self.clock.monotonic_ns() // 1000

    @property
    def life(self) -> Life | None:
        return self.site.life

    @property
    def is_ours(self) -> bool:
        """The controller's epoch is this line's station's."""
        return self._owner != 0 and self._owner == self.site.station

    @property
    def hear_each_other(self) -> bool:
        """Station and controller, undisturbed."""
        cables = (self.to_controller, self.to_station)
        return self.plugged and not (self.hung or self.echoes or self.port_breaks) and all(c.is_well for c in cables)

    @property
    def is_delayed(self) -> bool:
        return not self.to_controller.is_prompt

    # --- time -----------------------------------------------------------------------------------------------

    def run(self, seconds: float) -> None:
        """Let the line run."""
        for _ in range(max(1, round(seconds * 1e6 / ROUND_US))):
            self._pass_time()
            self._step(self.site)
            if self.rival:
                self._step(self.rival)
            self.onlooker.look(self)

    def busy(self, seconds: float) -> None:
        """The station is held up; nothing else is."""
        for _ in range(max(1, round(seconds * 1e6 / ROUND_US))):
            self._pass_time()

    def _pass_time(self) -> None:
        self.clock.advance_us(ROUND_US)
        if self.stands:
            for part in self._on_belt:
                part.at_gate_us += ROUND_US
        else:
            self.counts += self.counts_by * ROUND_US // 1000
            self._feed()
        self._exchange()
        self._look_at_the_gate()

    @property
    def stands(self) -> bool:
        """The belt: without its run permit, where it has one, or by the emergency stop."""
        return self.is_pressed or (self.gear.has_permit and not self.controller.outputs & m.Outputs.RUN_PERMIT)

    def _step(self, site: Site) -> None:
        try:
            if site.life:
                site.life.step()
            elif site.start_at_us is not None and self.now_us >= site.start_at_us:
                self._start(site)
        except (ProcessDied, RuntimeError, StopIteration):  # the second is a bug of a driver: it ends the process too
            self.kill(site)
            site.start_at_us = self.now_us + _RESTART_AFTER_US

    def _start(self, site: Site) -> None:
        site.start_at_us = self.now_us + _RESTART_AFTER_US  # if it cannot start it is started again
        try:
            site.life = Life(self, site.paths, site.disk, images=self._images)
            site.life.path.recover()
        except StoreError:
            self.kill(site)
            site.start_at_us = self.now_us + _RESTART_AFTER_US
            return
        if self.plugged:
            site.life.session.connected()

    def kill(self, site: Site) -> None:
        """kill -9. It stays down until `start_at_us`."""
        if site.life is None:
            return
        site.deaths += 1
        site.life.end()
        site.life, site.start_at_us = None, None
        if site is self.site:
            self._forget_heard()

    def refit(self, gear: Gear) -> None:
        """The line is set up anew, on an empty belt: another controller, and a station with other settings."""
        self.kill(self.site)
        self.gear, self.has = gear, gear.has
        self.power_cycle()
        self.site.start_at_us = self.now_us

    def power_cycle(self) -> None:
        """Power off and on: what it counted and never told is gone, and the parts on the belt were diverted."""
        self._without_memory.append(self.controller)
        self._lose_memory(self.controller)
        self.swap(self.new_controller())

    def new_controller(self) -> Controller:
        """One that has just been powered up."""
        controller = Controller(len(self._boots) + 1, self.now_us, capabilities=self.has)
        self._boots[controller] = len(self._boots) + 1
        self._by_controller[controller] = {}
        return controller

    def swap(self, other: Controller) -> Controller:
        """Another controller takes its place; the one before keeps its memory."""
        before, self.controller = self.controller, other
        return before

    # --- the belt -------------------------------------------------------------------------------------------

    def put_part(self, is_good: bool, *, is_golden: bool = False) -> Part:
        """A part comes to the sensor."""
        now_us, serial = self.now_us, len(self.truth.parts)
        doubtful = self.doubts or bool(self.doubtful_every and serial % self.doubtful_every == 0 and not is_golden)
        part = Part(serial, is_good and not doubtful, now_us + TRAVEL_US, is_doubtful=doubtful, is_golden=is_golden)
        self.truth.parts.append(part)
        self._on_belt.append(part)
        match self.sensor:
            case "is-blind":
                return part
            case "misses" if part.serial % 2:
                return part
            case "bounces":
                self._sense(part, age_us=2_000)
            case "doubles":
                self._edges.append((now_us + 30_000, part))
            case "chatters":
                for edge in range(70, 0, -1):
                    self._sense(part, age_us=edge * 100)
        self._sense(part)
        return part

    def put_part_after(self, seconds: float) -> Part:
        """A good part comes, so long after the one before."""
        self.run(seconds)
        return self.put_part(is_good=True)

    @property
    def is_empty(self) -> bool:
        """No part is between sensor and gate, and the controller has nothing to tell."""
        return not self._on_belt and not self._edges and self.controller.is_idle

    def _feed(self) -> None:
        while self._edges and self._edges[0][0] <= self.now_us:
            self._sense(self._edges.popleft()[1])
        if not self.feeds or self.now_us < self._next_part_us:
            return
        self._next_part_us = self.now_us + self.parts_every_us
        self.put_part(len(self.truth.parts) % 4 != 2)
        if self.pairs_up:
            self.put_part(len(self.truth.parts) % 4 != 2)

    def _sense(self, part: Part, age_us: int = 0) -> None:
        if self.hung:
            return  # it sees nothing
        number = self.controller.sense(self.now_us, age_us, self.counts)
        epoch, boot = self.controller.epoch, self._boots[self.controller]
        key = Key(self._owner if epoch else 0, boot, epoch, number)
        given = Number(key, part, self.now_us - age_us + TRAVEL_US)
        part.numbers.append(given)
        self.truth.numbers.append(given)
        self._by_controller[self.controller][epoch, number] = given
        self._by_part[key.owner, PartId(epoch, number)] = given

    def put_on_behind_the_sensor(self) -> None:
        """Somebody lays a bad part between two others: nobody counted it."""
        if not self._on_belt:
            return
        ahead = self._on_belt[-1].at_gate_us
        at_gate_us = ahead - self.parts_every_us // 2
        stranger = Part(len(self.truth.parts), is_good=False, at_gate_us=at_gate_us, is_stranger=True)
        self.truth.parts.append(stranger)
        self._on_belt.insert(len(self._on_belt) - 1, stranger)

    def take_off(self) -> None:
        """Somebody takes the newest part off the belt."""
        if self._on_belt:
            self._on_belt.pop().passed = False

    def _looks(self, trigger: Trigger) -> str:
        """What lies in front of the camera; an empty place looks good."""
        number = self._by_part.get((self._owner, trigger.part))
        if number is None or number.part.is_good:
            return "good"
        return "doubtful" if number.part.is_doubtful else "scratched"

    # --- the cable ------------------------------------------------------------------------------------------

    def unplug(self, reason: str = "unplugged") -> None:
        self.plugged = False
        for site in self._sites():
            if site.life:
                site.life.session.disconnected(reason)

    def plug(self) -> None:
        self.plugged = True
        for site in self._sites():
            if site.life:
                site.life.session.connected()

    def _sites(self) -> list[Site]:
        return [self.site, self.rival] if self.rival else [self.site]

    def _exchange(self) -> None:
        """Both directions, and what the link's thread does."""
        sent = b""
        for site in self._sites():
            if site.life:
                site.life.session.tick()
                sent += site.life.session.take_output()
        if self.hung:
            return
        told = self.to_controller.carry(sent, self.now_us) if self.plugged else b""
        self._listen(told)
        answer = self.to_station.carry(self.controller.take_output(), self.now_us) if self.plugged else b""
        if self.echoes:
            answer += sent
        if answer:
            for site in self._sites():
                if site.life:
                    site.life.session.receive(answer)
                    site.life.is_told = True

    def _listen(self, told: bytes) -> None:
        """Hand it to the controller, and keep account of which PASS it has for which part."""
        controller, numbers = self.controller, self._by_controller[self.controller]
        controller.set_inputs(self.inputs)
        controller.tick(self.now_us, self.counts)  # what is at the gate by now was there before these bytes
        self._note_openings()
        before = controller.epoch
        messages = [m.decode(payload) for payload in self._tap.feed(told)] if told else []
        for message in messages:
            match message:
                case m.Verdict(epoch, number, _, command) if epoch == before and (epoch, number) in numbers:
                    number_ = numbers[epoch, number]
                    if command is m.Command.PASS:
                        number_.pass_taken_us = number_.pass_taken_us or self.now_us
                    else:
                        number_.pass_taken_us = None
                    number_.is_to_review = command is m.Command.REVIEW
                case m.Beat(epoch, progress) if (epoch, progress) != self._progress:
                    self._progress, self._progress_us = (epoch, progress), self.now_us
                case m.Hello() | m.Stop():
                    self._drop_passes(numbers)
        if told:
            controller.receive(told, self.now_us, self.counts)
        if controller.epoch != before:
            owner_before = self._owner
            self._owner = next(
                (x.station for x in messages if isinstance(x, m.Start) and x.epoch == controller.epoch), 0
            )
            self._progress_us = self.now_us
            self._drop_passes(numbers)
            if owner_before not in (0, self._owner):  # what ours has not heard, it tells nobody any more
                self._lose_memory(controller)

    @staticmethod
    def _drop_passes(numbers: dict[tuple[int, int], Number]) -> None:
        for number in numbers.values():
            if number.went is None:
                number.pass_taken_us, number.is_to_review = None, False

    # --- the gate -------------------------------------------------------------------------------------------

    def _look_at_the_gate(self) -> None:
        """Each part that is at the gate now goes through if it is open now, for whomever it was opened."""
        self._note_openings()
        opened, self._opened = self._opened, []
        while self._on_belt and self._on_belt[0].at_gate_us <= self.now_us:
            part = self._on_belt.popleft()
            if not (self.hung or self.gate_sensor_is_blind):
                self.controller.at_gate(self.now_us, self.counts)
                if part.is_stranger and self.has & m.Can.SEE_AT_GATE:
                    self.onlooker.stranger(self)
            part.passed = bool(opened)
            if opened and not any(number.part is part for number in opened):
                self.truth.passed_unjudged.append(f"part {part.serial} went through by the PASS of another")
            if part.passed and not part.is_good:
                self.truth.passed_unjudged.append(f"part {part.serial} is bad and went through")

    def _note_openings(self) -> None:
        """What the controller did with the gate since the last time."""
        for gone in self.controller.gone:
            number = self._by_controller[self.controller].get((gone.epoch, gone.number))
            if number is None:
                continue
            number.went = gone.passed
            is_led = number.due_us - self._progress_us <= WATCHDOG_MS * 1000
            if number.is_to_review and is_led and gone.way is not m.Command.REVIEW:
                self.truth.kept_from_review += 1
            if gone.way is m.Command.REVIEW:
                self.truth.to_review += 1
                if not number.part.is_doubtful:
                    self.truth.broken.append(f"part {number.part.serial} is not to review and went there")
            if gone.passed:
                self._opened.append(number)
                self._judge_opening(number)
        self.controller.gone.clear()

    def _judge_opening(self, number: Number) -> None:
        key = number.key
        if number.due_us <= self.now_us - LATE_US - ROUND_US:
            self.truth.opened_late += 1
        wrong = None
        sent = (key.owner, key.epoch, key.number)
        if sent not in self.truth.passes or sent in self.truth.premature:
            wrong = "without a PASS that was on record when it was sent"
        elif number.pass_taken_us is None or number.pass_taken_us >= self.now_us:
            wrong = "without a PASS that was there in time"
        elif number.due_us - self._progress_us > (WATCHDOG_MS * 1000 + ROUND_US):
            wrong = "although the station made no progress"
        if wrong:
            self.truth.passed_unjudged.append(f"number {key.epoch}-{key.number} (boot {key.boot}) went through {wrong}")

    # --- what the station does ------------------------------------------------------------------------------

    def heard(self, part: PartId, paths: LinePaths) -> None:
        self._site_at(paths).heard.add(part)

    def sent(self, part: PartId, decision: Decision, paths: LinePaths) -> None:
        """A PASS is looked up on the disk at the moment at which it is sent."""
        if decision is not Decision.PASS:
            return
        site = self._site_at(paths)
        row = site.ask("SELECT verdict FROM parts WHERE epoch = ? AND number = ?", *part)
        sent = self.truth.passes if row == ("PASS",) else self.truth.premature
        sent.add((site.station, *part))
        if self.gear.challenge and (why := self._is_due(site, part)):
            self.truth.broken.append(f"part {part} was sent a PASS, and {why}")

    def _is_due(self, site: Site, part: PartId) -> str | None:
        """What the challenge runs on record have against a PASS for this part."""
        run = site.last_run()
        if run is None or run["result"] not in ("passed", "begun"):
            return f"a challenge run is due: the last one {run and run['result']}"
        known = self._by_part.get((site.station, part))
        if run["result"] == "begun" and known is not None and not known.part.is_golden:
            return "a challenge run is on, to which it does not belong"
        return None

    def write_fails(self, part: PartId) -> bool:
        return self.port_breaks

    def _site_at(self, paths: LinePaths) -> Site:
        return next(site for site in self._sites() if site.paths == paths)

    def acknowledge(self, key: str, by: str = "bench") -> None:
        """A person has looked at what stands, and clears it."""
        standing = (
            {raised.alarm.key: raised.alarm.text for raised in self.life.condition.now.alarms} if self.life else {}
        )
        self.ask(Request("acknowledge", key, by, standing.get(key)))

    def ask(self, request: Request) -> None:
        """A person asks the station for something. One who is told that it cannot be asked now lets it be."""
        with suppress(StoreError):
            leave_request(self.site.paths, request, self.clock.utc())

    # --- numbers that nobody can know any more --------------------------------------------------------------

    def is_on_record(self, number: Number) -> bool:
        """It has a row of ours."""
        key = number.key
        where = ("epoch = ?", key.epoch) if key.epoch else ("boot = ?", key.boot)
        row = self.site.ask(f"SELECT high_water FROM epochs WHERE {where[0]}", where[1])
        return row is not None and int(str(row[0])) >= key.number

    def is_on_shelf(self, number: Number) -> bool:
        """The controller that gave it is not connected."""
        return number.key.boot != self._boots[self.controller]

    def _lose_memory(self, controller: Controller) -> None:
        """Numbers of it that no living station has heard are gone with it."""
        for number in self._by_controller[controller].values():
            is_heard = PartId(number.key.epoch, number.key.number) in self.site.heard
            number.is_forgotten |= not is_heard and not self.is_on_record(number)

    def _forget_heard(self) -> None:
        """The station is gone: what it had heard and not recorded is known to its controller alone, or to nobody."""
        self.site.heard.clear()
        for controller in self._without_memory:
            self._lose_memory(controller)

    def close(self) -> None:
        for site in self._sites():
            site.close()

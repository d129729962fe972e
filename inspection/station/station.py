"""A running line: the part path and the stores' thread under one supervisor.

The supervisor is the caller's thread. It watches that the part path makes progress and that no thread has died; the
error of the first that died is raised here. The gate needs no supervisor: when the part path stands still its
heartbeats say so, and the controller drops every PASS.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from inspection.domain.errors import InspectionError
from inspection.domain.ports import Clock, Gate
from inspection.domain.types import Alarm, RunState
from inspection.station.condition import ConditionKeeper
from inspection.station.keeper import StoreKeeper
from inspection.station.part_path import PartPath
from inspection.station.tally import Tally

log = logging.getLogger(__name__)

_POLL_S = 0.02
_STORES_PERIOD_S = 0.05
_SUPERVISE_S = 0.5
_STALL_NS = 5_000_000_000
_DRAIN_EXTRA_NS = 1_500_000_000


class Station:
    """Runs until it is told to stop."""

    def __init__(
        self,
        *,
        path: PartPath,
        gate: Gate,
        keeper: StoreKeeper,
        condition: ConditionKeeper,
        requests: Callable[[], None],
        tally: Tally,
        clock: Clock,
        travel_ns: int,
        at_end: Callable[[], None] = lambda: None,
    ) -> None:
        """`requests` carries out what people asked for (`inspection.app`); it is called between parts. `at_end` is
        called when everything is written.
        """
        self._path = path
        self._gate = gate
        self._keeper = keeper
        self._condition = condition
        self._requests = requests
        self._tally = tally
        self._clock = clock
        self._travel_ns = travel_ns
        self._at_end = at_end
        self._error: BaseException | None = None
        self._stop_stores = threading.Event()
        self._ended = threading.Event()

    def run(self, stop: threading.Event) -> None:
        """Block until `stop` is set and everything on the belt is diverted and on record.

        Raises whatever a thread died of, after the gate has been let go of.
        """
        self._path.recover()
        # Daemons: one that hangs for good must not keep the program from ending.
        part_path = threading.Thread(target=self._run_path, args=(stop,), name="part-path", daemon=True)
        stores = threading.Thread(target=self._run_stores, name="stores", daemon=True)
        try:
            part_path.start()
            stores.start()
            self._supervise(stop)
        finally:
            self._tally.tell(at_end=True)
            stop.set()
            if self._ended.is_set():
                part_path.join()
            self._gate.close()
            self._stop_stores.set()
            stores.join()
        if self._error is None:
            self._condition.state(RunState.STOPPED)
        if self._ended.is_set():  # else the part path still has it
            self._condition.finish()
        if self._error is not None:
            raise self._error
        self._keeper.finish()
        self._at_end()

    def _failed(self, error: BaseException) -> None:
        """A thread died: its error ends the station, and the first one is raised by `run`."""
        if self._error is None:
            self._error = error

    def _run_path(self, stop: threading.Event) -> None:
        try:
            self._go_round(stop)
        except BaseException as error:  # noqa: BLE001  (raised again by run(), in the supervisor's thread)
            self._failed(error)
        finally:
            self._ended.set()

    def _go_round(self, stop: threading.Event) -> None:
        while not stop.is_set() and self._error is None:
            self._requests()
            self._check_stores()
            self._path.step(_POLL_S)
        self._path.stop()
        until_ns = self._clock.monotonic_ns() + self._travel_ns + _DRAIN_EXTRA_NS
        while not self._path.is_empty() and self._clock.monotonic_ns() < until_ns and self._error is None:
            self._path.step(_POLL_S)

    def _check_stores(self) -> None:
        fault = self._keeper.fault
        if fault is None:
            self._condition.clear_alarm("stores")
        else:
            self._condition.raise_alarm(
                Alarm("stores", f"images and log files cannot be written; parts are safe in the journal: {fault}")
            )

    def _run_stores(self) -> None:
        try:
            while not self._stop_stores.wait(_STORES_PERIOD_S) and self._error is None:
                self._keeper.step()
        except BaseException as error:  # noqa: BLE001  (as above; the part path sees it and ends)
            self._failed(error)

    def _supervise(self, stop: threading.Event) -> None:
        """Wait for the part path to end; one that stands still is told of, and not waited for when it is to stop."""
        told = False
        while not self._ended.wait(_SUPERVISE_S):
            self._tally.tell()
            stands_still = self._clock.monotonic_ns() - self._path.rounded_ns > _STALL_NS
            if stands_still and not told:
                told_what = "the part path stands still for %.0f s: no part is judged, and a gate diverts everything"
                log.error(told_what, _STALL_NS / 1e9)
            told = stands_still
            if stands_still and stop.is_set():
                text = "the part path hangs and was left behind; its open parts are recorded at the next start"
                self._failed(InspectionError(text))
                return

"""Somebody who stands beside the line and looks at the lamps: what must hold at every moment, whatever the log says.

The run permit is off while an alarm stands that stops the line, green is off while everything diverts, and a part that
has no number is alarmed when the part sensor at the gate sees it. Each as far as station and controller hear each
other; where they do not, the controller's watchdog has the same time to put things right.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import Protocol

from benchmarks.fault_line.life import MIN_GAP_US, TRAVEL_US, WATCHDOG_MS, Life
from benchmarks.fault_line.truth import Truth
from inspection.station.condition import ConditionKeeper
from inspection.wire import messages as m
from inspection.wire.controller import BELT_CAPACITY, Controller

ROUND_US = 10_000
_OFF_AFTER_US = WATCHDOG_MS * 1000 + 3 * ROUND_US
_ALARM_AFTER_US = 500_000
_SETTLED_AFTER_US = TRAVEL_US + 100_000


class Scene(Protocol):
    """What there is to be looked at."""

    hung: bool
    controller: Controller
    truth: Truth

    @property
    def now_us(self) -> int: ...
    @property
    def life(self) -> Life | None: ...
    @property
    def is_ours(self) -> bool:
        """The controller is in the hands of this line's station."""

    @property
    def hear_each_other(self) -> bool: ...
    @property
    def is_delayed(self) -> bool:
        """What is said to the controller comes later than it was said."""


class _Lamp:
    """An output that must be off while something stands."""

    def __init__(self, output: m.Outputs, stands: Callable[[ConditionKeeper], bool], told: str) -> None:
        self._output = output
        self._stands = stands
        self._told = told
        self._since_us: int | None = None
        self.looked = 0

    def look(self, scene: Scene) -> None:
        now_us = scene.now_us
        if scene.life is not None:  # while it is dead, what stood stands
            if not self._stands(scene.life.condition):
                self._since_us = None
                return
            if self._since_us is None:
                self._since_us = now_us
                self.looked += 1
        if self._since_us is None:
            return
        if scene.hung or scene.is_delayed or not scene.is_ours:
            self._since_us = now_us
        elif now_us - self._since_us > _OFF_AFTER_US and scene.controller.outputs & self._output:
            scene.truth.broken.append(self._told)
            self._since_us = now_us


class Onlooker:
    """`look` once a round."""

    def __init__(self) -> None:
        self._permit = _Lamp(
            m.Outputs.RUN_PERMIT,
            lambda condition: condition.stops,
            "the run permit is on while an alarm stands that stops the line",
        )
        self._green = _Lamp(
            m.Outputs.GREEN, lambda condition: condition.diverts, "the stack light is green while everything diverts"
        )
        self._session: object = None
        self._session_us = 0
        self._strangers: list[int] = []  # until when each must be alarmed
        self.strangers = 0
        """Strangers that had to be alarmed, and were."""

    @property
    def stops(self) -> int:
        """How often the line was stopped."""
        return self._permit.looked

    def look(self, scene: Scene) -> None:
        self._permit.look(scene)
        self._green.look(scene)
        session = (scene.life, scene.controller, scene.controller.epoch) if self._is_in_session(scene) else None
        if session != self._session:
            self._session, self._session_us = session, scene.now_us
            self._strangers.clear()
        if self._strangers:
            self._await_alarms(scene)

    @staticmethod
    def _is_in_session(scene: Scene) -> bool:
        return scene.is_ours and scene.hear_each_other and scene.controller.in_session and scene.life is not None

    def _await_alarms(self, scene: Scene) -> None:
        assert scene.life is not None
        if any(raised.alarm.key == "stranger-at-gate" for raised in scene.life.condition.now.alarms):
            self.strangers += len(self._strangers)
            self._strangers.clear()
        elif scene.now_us > self._strangers[0]:
            scene.truth.broken.append("a part without a number was at the gate, and there is no alarm")
            self._strangers.clear()

    def stranger(self, scene: Scene) -> None:
        """It is at the gate now, where there is a part sensor that sees it."""
        now_us = scene.now_us
        if self._session is None or now_us - self._session_us < _SETTLED_AFTER_US or not self._is_in_session(scene):
            return
        near = MIN_GAP_US // 2 + ROUND_US
        numbers = islice(reversed(scene.truth.numbers), BELT_CAPACITY)
        if not any(abs(number.due_us - now_us) <= near for number in numbers):  # else it is taken for that one
            self._strangers.append(now_us + _ALARM_AFTER_US)

"""The gate controller is killed, or stops answering: the line says so, diverts, and recovers when it is back."""

from __future__ import annotations

import signal

import pytest

from tests.faults.processes import StubLine

pytestmark = pytest.mark.usefixtures("forks")


def test_a_killed_controller_is_told_and_another_one_taken_into_use(tmp_path):
    with StubLine(tmp_path) as line:
        line.start_gate()
        line.start_station()
        line.wait_for(lambda: line.passed() > 5, "parts to pass")
        line.kill_gate()
        line.wait_for(lambda: "gate-link" in line.alarms(), "the alarm")
        assert line.status().state == "degraded"
        assert "everything diverts: the gate controller is not in session" in line.alarms()["gate-link"]
        before = line.passed()
        line.start_gate()
        line.wait_for(lambda: line.is_running() and line.passed() > before + 5, "parts to pass again")
        assert "gate-link" not in line.alarms()
        line.stop()
        line.check_the_law()


def test_a_silent_controller_is_told_and_passes_nothing_it_was_sent_before(tmp_path):
    with StubLine(tmp_path) as line:
        line.start_gate()
        line.start_station()
        line.wait_for(lambda: line.passed() > 5, "parts to pass")
        line.gate.send_signal(signal.SIGSTOP)
        line.wait_for(lambda: "gate-link" in line.alarms(), "the alarm")
        assert "no answer" in line.alarms()["gate-link"]
        before = line.passed()
        line.gate.send_signal(signal.SIGCONT)
        line.wait_for(lambda: line.is_running() and line.passed() > before + 5, "parts to pass again")
        line.stop()
        line.check_the_law()

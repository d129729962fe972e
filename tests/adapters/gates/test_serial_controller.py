"""The serial gate on a real pseudo-terminal: a part's way, and every way in which a cable fails."""

from __future__ import annotations

import os
import random
import socket
import threading
import tty

import pytest

from inspection.domain.errors import GateError
from inspection.domain.ports import Acknowledged, Attached, Detached, Resolved, Triggered
from inspection.domain.types import Decision, OutcomeKind, PartId
from tests.adapters.gates.line import ME, Listener, Plugged


@pytest.fixture
def plugged(tmp_path):
    plugged = Plugged(tmp_path / "gate")
    yield plugged
    plugged.unplug()


@pytest.fixture
def line(plugged, tmp_path):
    line = Listener(str(tmp_path / "gate"))
    yield line
    line.gate.close()


def one_part(line: Listener, plugged: Plugged, decision: Decision) -> Resolved:
    plugged.sense()
    part = line.wait_for(Triggered).trigger.part
    line.gate.send(part, decision)
    ack = line.wait_for(Acknowledged)
    assert (ack.part, ack.accepted) == (part, True)
    resolved = line.wait_for(Resolved)
    assert resolved.part == part
    line.gate.confirm(part)
    return resolved


def test_a_part_passes_on_its_pass_and_is_diverted_otherwise(line, plugged):
    assert line.start(9) == Attached(boot=5, epoch=0, count=0, station=0)
    assert one_part(line, plugged, Decision.PASS).outcome.kind is OutcomeKind.PASSED
    assert one_part(line, plugged, Decision.DIVERT).outcome.kind is OutcomeKind.DIVERTED
    assert [gone.passed for gone in plugged.controller.gone] == [True, False]


def test_unplugged_and_plugged_in_again(line, plugged, tmp_path):
    line.start(9)
    plugged.unplug()
    assert str(tmp_path / "gate") in line.wait_for(Detached).reason
    again = Plugged(tmp_path / "gate", boot=6)
    try:
        assert line.start(10) == Attached(boot=6, epoch=0, count=0, station=0)
        assert one_part(line, again, Decision.PASS).outcome.kind is OutcomeKind.PASSED
    finally:
        again.unplug()


def test_a_silent_controller_is_lost_and_found(line, plugged):
    line.start(9)
    plugged.fall_silent()
    assert "no answer for 1 s" in line.wait_for(Detached).reason
    with pytest.raises(GateError):
        line.gate.send(PartId(9, 1), Decision.PASS)
    plugged.speak_again()
    assert line.start(10) == Attached(boot=5, epoch=9, count=0, station=ME)
    assert one_part(line, plugged, Decision.PASS).outcome.kind is OutcomeKind.PASSED


def test_noise_between_the_frames_does_no_harm(tmp_path):
    noise = random.Random(4)
    plugged = Plugged(tmp_path / "gate", noise=lambda: noise.randbytes(noise.randrange(30)) + b"\0")
    line = Listener(str(tmp_path / "gate"))
    try:
        line.start(9)
        for _ in range(5):
            assert one_part(line, plugged, Decision.PASS).outcome.kind is OutcomeKind.PASSED
        assert line.gate.bad_frames > 0
    finally:
        line.gate.close()
        plugged.unplug()


def test_garbage_alone_is_nobody(tmp_path):
    """Another device on the port: it talks, and never as a controller does."""
    plugged = Plugged(tmp_path / "gate", noise=lambda: b"\0\x01$GPGGA,garbage\0\0", controller=False)
    line = Listener(str(tmp_path / "gate"))
    try:
        assert "no answer" in line.wait_for(Detached).reason
    finally:
        line.gate.close()
        plugged.unplug()


def test_a_port_that_takes_no_bytes_is_a_fault_of_the_link(tmp_path):
    master, slave = os.openpty()
    tty.setraw(slave)
    line = Listener(os.ttyname(slave))
    try:
        line.wait_for(Detached)  # nobody answers
        with line.gate._lock:  # as many bytes as a port that nobody reads takes
            line.gate._session._output += bytes(100_000)
        assert "takes no bytes" in line.wait_for(Detached).reason
    finally:
        os.close(master)
        line.gate.close()
        os.close(slave)


def test_a_port_that_is_not_there_is_named_and_waited_for(tmp_path):
    line = Listener(str(tmp_path / "gate"))
    try:
        reason = line.wait_for(Detached).reason
        assert str(tmp_path / "gate") in reason
        assert "No such file or directory" in reason
        plugged = Plugged(tmp_path / "gate")
        try:
            line.start(9)
        finally:
            plugged.unplug()
    finally:
        line.gate.close()


def test_a_second_station_on_the_port_is_refused(line, plugged, tmp_path):
    line.start(9)
    other = Listener(str(plugged.path))
    try:
        assert "cannot be opened" in other.wait_for(Detached).reason
        assert one_part(line, plugged, Decision.PASS).outcome.kind is OutcomeKind.PASSED
    finally:
        other.gate.close()


def test_closing_drops_what_is_on_the_belt_and_can_be_done_twice(line, plugged):
    line.start(9)
    plugged.sense()
    part = line.wait_for(Triggered).trigger.part
    line.gate.send(part, Decision.PASS)
    line.wait_for(Acknowledged)
    line.gate.stop()
    resolved = line.wait_for(Resolved)
    line.gate.close()
    line.gate.close()
    assert (resolved.part, resolved.outcome.kind) == (part, OutcomeKind.DIVERTED)
    assert resolved.outcome.reason == "session-ended"
    assert [gone.passed for gone in plugged.controller.gone] == [False]


def test_a_controller_behind_a_network_port(plugged):
    """`socket://`: a serial device server, which is a pipe between a TCP port and the serial line."""
    server = socket.create_server(("127.0.0.1", 0))
    device = os.open(plugged.path, os.O_RDWR | os.O_NOCTTY)
    line = Listener(f"socket://127.0.0.1:{server.getsockname()[1]}")
    peer, _ = server.accept()
    pipes = [
        threading.Thread(target=_pipe, args=(lambda: peer.recv(4096), lambda data: os.write(device, data))),
        threading.Thread(target=_pipe, args=(lambda: os.read(device, 4096), peer.sendall)),
    ]
    for pipe in pipes:
        pipe.start()
    try:
        line.start(9)
        assert one_part(line, plugged, Decision.PASS).outcome.kind is OutcomeKind.PASSED
    finally:
        line.gate.close()
        plugged.unplug()
        peer.close()
        server.close()
        for pipe in pipes:
            pipe.join()
        os.close(device)


def _pipe(read, write):
    try:
        while data := read():
            write(data)
    except OSError:
        return  # one end is gone: the test is over

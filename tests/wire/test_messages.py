"""Messages: every value comes back, the bytes are those of the protocol's document, and nothing unknown is acted on."""

from __future__ import annotations

import json
from enum import IntEnum
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.wire import messages as m
from inspection.wire.framing import MAX_PAYLOAD_BYTES, encode_frame

KINDS = {kind.__name__: kind for kind in get_args(m.Message)}
VECTORS = json.loads((Path(__file__).parent / "vectors.json").read_text())
u32 = st.integers(0, m.U32_MAX)
FIELDS = {
    "watchdog_ms": st.integers(0, 2**16 - 1),
    "capabilities": st.integers(0, 2**16 - 1),
    "time_us": st.integers(0, 2**64 - 1),
    "encoder": st.integers(-(2**31), 2**31 - 1),
    "inputs": st.integers(0, 255),
    "session": st.sampled_from(m.Session),
    "outputs": st.integers(0, 15).map(m.Outputs),
    "command": st.sampled_from(m.Command),
    "status": st.sampled_from(m.Status),
    "result": st.sampled_from(m.Result),
    "reason": st.sampled_from(m.Reason),
    "confirmation": st.sampled_from(m.Confirmation),
}
messages = st.one_of(
    *(st.builds(kind, **{name: FIELDS.get(name, u32) for name in kind.__dataclass_fields__}) for kind in KINDS.values())
)


@given(messages)
def test_a_message_comes_back_as_it_was(message):
    payload = m.encode(message)
    assert len(payload) <= MAX_PAYLOAD_BYTES
    assert m.decode(payload) == message


@given(st.binary(max_size=MAX_PAYLOAD_BYTES))
def test_any_payload_is_a_message_or_nothing(payload):
    message = m.decode(payload)
    assert message is None or m.encode(message) == payload


@given(messages, st.integers(0, 255))
def test_another_version_is_not_understood(message, version):
    payload = bytes([version]) + m.encode(message)[1:]
    assert (m.decode(payload) is None) == (version != m.VERSION)


def test_a_value_that_has_no_name_is_not_understood():
    payload = m.encode(m.Verdict(1, 2, 3, m.Command.PASS))
    assert m.decode(payload[:-1] + b"\x04") is None
    assert m.decode(m.encode(m.Beat(1, 2))[:-1] + b"\x10") is None


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["message"])
def test_the_bytes_are_those_of_the_protocol(vector):
    """The vectors are for whoever writes firmware; they change only with the protocol's version."""
    message = KINDS[vector["message"]](**vector["fields"])
    assert m.encode(message).hex(" ") == vector["payload"]
    assert encode_frame(m.encode(message)).hex(" ") == vector["frame"]
    decoded = m.decode(bytes.fromhex(vector["payload"]))
    assert decoded == message
    for name, value in vector["fields"].items():
        assert getattr(decoded, name) == value


def test_every_message_has_a_vector():
    assert {vector["message"] for vector in VECTORS} == set(KINDS)


def test_numbers_of_meanings_are_fixed():
    meanings: list[type[IntEnum]] = [m.Command, m.Status, m.Result, m.Reason, m.Confirmation, m.Session]
    assert [[member.value for member in meaning] for meaning in meanings] == [
        [1, 2, 3], [0, 1, 2, 3, 4], [1, 2], [0, 1, 2, 3, 4, 5, 6, 7], [0, 1, 2], [0, 1, 2],
    ]  # fmt: skip
    assert [bit.value for bit in m.Outputs] == [1, 2, 4, 8]
    assert [bit.value for bit in m.Can] == [1, 2, 4, 8, 16, 32]

"""The core's frames and messages are those of the protocol, byte for byte."""

from __future__ import annotations

import ctypes
from dataclasses import astuple, fields
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.replay import Script, decoded
from inspection.wire import messages as m
from inspection.wire.framing import MAX_PAYLOAD_BYTES, encode_frame
from tests.wire.test_messages import KINDS, VECTORS, messages

FRAME_BYTES = 71


class CMessage(ctypes.Structure):
    """`ig_message`."""

    _fields_ = (
        ("type", ctypes.c_uint8),
        ("field", ctypes.c_uint64 * max(len(fields(kind)) for kind in get_args(m.Message))),
    )


def encoded(library: ctypes.CDLL, message: m.Message) -> bytes:
    """The core's payload; its type is taken from the reference's."""
    told = CMessage(type=m.encode(message)[1])
    for i, value in enumerate(astuple(message)):
        told.field[i] = value % 2**64
    payload = ctypes.create_string_buffer(MAX_PAYLOAD_BYTES)
    library.ig_encode.restype = ctypes.c_size_t
    size = library.ig_encode(ctypes.byref(told), payload)
    return payload.raw[:size]


def framed(library: ctypes.CDLL, payload: bytes) -> bytes:
    frame = ctypes.create_string_buffer(FRAME_BYTES)
    library.ig_encode_frame.restype = ctypes.c_size_t
    size = library.ig_encode_frame(payload, ctypes.c_size_t(len(payload)), frame)
    return frame.raw[:size]


def read(played, data: bytes) -> bytes:
    script = Script()
    script.decode(data)
    return played(bytes(script))


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["message"])
def test_the_bytes_are_those_of_the_protocol(library, played, vector):
    message = KINDS[vector["message"]](**vector["fields"])
    payload, frame = bytes.fromhex(vector["payload"]), bytes.fromhex(vector["frame"])
    assert encoded(library, message) == payload
    assert framed(library, payload) == frame
    values = [value % 2**64 for value in vector["fields"].values()]
    told = payload[1:2] + b"".join(value.to_bytes(8, "little") for value in values)
    assert read(played, frame) == b"D\0\0P" + bytes([len(payload)]) + payload + told


@given(messages)
def test_every_message_is_written_as_the_reference_writes_it(library, message):
    assert encoded(library, message) == m.encode(message)


@given(st.binary(max_size=MAX_PAYLOAD_BYTES + 3))
def test_every_payload_is_framed_as_the_reference_frames_it(library, payload):
    fits = 0 < len(payload) <= MAX_PAYLOAD_BYTES
    assert framed(library, payload) == (encode_frame(payload) if fits else b"")


@given(
    st.lists(
        st.one_of(
            st.binary(max_size=90),
            st.binary(min_size=1, max_size=MAX_PAYLOAD_BYTES).map(encode_frame),
            messages.map(lambda message: encode_frame(m.encode(message))),
            st.tuples(messages, st.integers(0, 40), st.integers(0, 255)).map(
                lambda odd: encode_frame(
                    m.encode(odd[0])[: odd[1] + 1] + bytes([odd[2]]) + m.encode(odd[0])[odd[1] + 2 :]
                )
            ),
        ),
        max_size=6,
    ).map(b"".join)
)
def test_any_bytes_are_read_as_the_reference_reads_them(played, data):
    assert read(played, data) == decoded(data)


@pytest.mark.parametrize("value", [0, 4, 15, 255])
def test_a_value_without_a_name_is_not_written(library, value):
    told = CMessage(type=0x03, field=(1, 1, 1, value))
    assert library.ig_encode(ctypes.byref(told), ctypes.create_string_buffer(MAX_PAYLOAD_BYTES)) == 0


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["message"])
@pytest.mark.parametrize("cut", [1, 2, 3, 4])
def test_what_is_left_of_a_frame_does_not_complete_the_next_one(played, vector, cut):
    frame = bytes.fromhex(vector["frame"])
    data = frame + frame[: -1 - cut] + b"\0"
    assert read(played, data) == decoded(data)
    assert decoded(data)[1:3] == b"\1\0"


def test_a_frame_of_nothing_but_its_crc_is_a_bad_one(played):
    assert read(played, b"\0\1\1\1\1\1\0") == decoded(b"\0\1\1\1\1\1\0") == b"D\1\0"

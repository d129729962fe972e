"""Frames survive the line: cut into any pieces, between any noise; and what was damaged never comes out."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.wire.framing import MAX_PAYLOAD_BYTES, FrameDecoder, encode_frame

payloads = st.binary(min_size=1, max_size=MAX_PAYLOAD_BYTES)


def fed(data: bytes, cuts: list[int] | None = None) -> list[bytes]:
    decoder = FrameDecoder()
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts or []), len(data)]
    return [payload for start, end in pairwise(edges) for payload in decoder.feed(data[start:end])]


@given(st.lists(payloads, max_size=8), st.lists(st.integers(0, 10_000), max_size=10))
def test_frames_come_out_as_they_went_in_however_the_bytes_are_cut(sent, cuts):
    assert fed(b"".join(map(encode_frame, sent)), cuts) == sent


@given(payloads)
def test_a_frame_has_zeros_at_its_ends_and_nowhere_else(payload):
    frame = encode_frame(payload)
    assert frame[0] == frame[-1] == 0
    assert 0 not in frame[1:-1]


@given(st.binary(max_size=300), payloads)
def test_a_frame_after_any_noise_comes_out(noise, payload):
    assert fed(noise + encode_frame(payload))[-1] == payload


@given(payloads, st.data())
def test_a_damaged_frame_does_not_come_out(payload, data):
    frame = bytearray(encode_frame(payload))
    at = data.draw(st.integers(1, len(frame) - 2))
    frame[at] ^= 1 << data.draw(st.integers(0, 7))
    assert payload not in fed(bytes(frame))


@given(st.binary(max_size=400))
def test_noise_is_counted_and_never_raises(noise):
    decoder = FrameDecoder()
    decoder.feed(noise)
    decoder.feed(encode_frame(b"x"))
    assert decoder.bad_frames <= noise.count(0) + 1


def test_an_endless_frame_takes_no_memory_and_the_next_one_comes_out():
    decoder = FrameDecoder()
    for _ in range(1000):
        assert decoder.feed(b"\x55" * 1000) == []
    assert len(decoder._pending) < 100
    assert decoder.feed(b"\0" + encode_frame(b"next")) == [b"next"]
    assert decoder.bad_frames == 1


@pytest.mark.parametrize("size", [0, MAX_PAYLOAD_BYTES + 1])
def test_a_payload_has_1_to_64_bytes(size):
    with pytest.raises(ValueError, match=f"not {size}"):
        encode_frame(bytes(size))

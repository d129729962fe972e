"""What the tests of models have in common: a tripwire for the network, and one thread of torch."""

from __future__ import annotations

import socket

import pytest
import torch
from transformers.utils import logging


@pytest.fixture(scope="session", autouse=True)
def quiet_and_alone() -> None:
    """A progress bar leaves a thread behind; several threads on cores that are taken are ten times slower."""
    logging.disable_progress_bar()
    torch.set_num_threads(1)


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looking up a name or connecting anywhere fails the test."""

    def tripped(*arguments: object, **_: object) -> None:
        pytest.fail(f"the network was used: {arguments}")

    monkeypatch.setattr(socket.socket, "connect", tripped)
    monkeypatch.setattr(socket, "getaddrinfo", tripped)

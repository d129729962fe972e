"""A real dashboard process, and Debian's chromium to look at it with."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, ViewportSize, expect, sync_playwright

from inspection.cli._dashboard import dashboard_command, dashboard_url
from tests.faults.conftest import forks  # noqa: F401

FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    " --disable-component-update --disable-sync"
).split()

expect.set_options(timeout=15_000)


@dataclass(frozen=True)
class Dashboard:
    data_dir: Path
    port: int
    process: subprocess.Popen[bytes]

    def url(self, line: str) -> str:
        return dashboard_url(line, self.port)


@contextmanager
def running_dashboard(data_dir: Path) -> Iterator[Dashboard]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    argv, environment = dashboard_command(data_dir, "demo", port)
    with subprocess.Popen(argv, env=environment, stdout=subprocess.DEVNULL) as process:
        try:
            _wait_until_it_answers(process, port)
            yield Dashboard(data_dir, port, process)
        finally:
            process.terminate()


def _wait_until_it_answers(process: subprocess.Popen[bytes], port: int) -> None:
    deadline_s = time.monotonic() + 30
    while time.monotonic() < deadline_s:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except ConnectionRefusedError:
            with suppress(subprocess.TimeoutExpired):
                pytest.fail(f"the dashboard ended at once, with {process.wait(0.05)}")
    pytest.fail("the dashboard does not answer")


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("no chromium; 'apt-get install chromium' has it")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        launched.new_page().close()  # its helpers start with the first page, and stay
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def dashboard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    """One for all tests of a module: each looks at a line of its own."""
    with running_dashboard(tmp_path_factory.mktemp("data")) as running:
        yield running


@contextmanager
def opened(browser: Browser, url: str, size: tuple[int, int] = (1280, 720), *, dark: bool = False) -> Iterator[Page]:
    """A page that fails its test if it asks for anything that is not on this machine."""
    viewport: ViewportSize = {"width": size[0], "height": size[1]}
    with browser.new_context(viewport=viewport, color_scheme="dark" if dark else "light") as context:
        page = context.new_page()
        page.set_default_timeout(15_000)
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(url)
        yield page
        local = ("http://127.0.0.1:", "data:", "blob:")
        assert [address for address in asked if not address.startswith(local)] == []


def figure(page: Page, name: str) -> Locator:
    """The value of one of the figures."""
    return page.locator(f'.figure[data-name="{name}"] > b')

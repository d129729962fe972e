"""The Line page before a real station and a real gate controller, each a process of its own."""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from inspection.adapters.store.journal import SqliteJournal
from inspection.adapters.store.paths import LinePaths
from inspection.domain.types import Alarm
from tests.browser.conftest import figure, opened, running_dashboard
from tests.browser.desk_station import write_desk
from tests.faults.processes import StubLine

ALARM = Alarm("outcome-unknown", "the controller never said what became of part 1-7. Find it.", latched=True)


@pytest.mark.usefixtures("forks")
def test_an_operator_follows_a_line_through_a_latched_fault_and_the_loss_of_its_gate(
    browser: Browser, tmp_path: Path
) -> None:
    with StubLine(tmp_path, parts_per_s=20) as line:
        latch(line.data_dir, ALARM)
        line.start_gate()
        line.start_station()
        with running_dashboard(line.data_dir) as dashboard, opened(browser, dashboard.url("stub")) as page:
            state, reason = page.locator(".state b"), page.locator(".state p")
            expect(state).to_have_text("FAULT")
            expect(reason).to_contain_text("The controller never said what became of part 1-7")
            expect(figure(page, "yield-now")).to_have_text("0.0%")  # nothing passes until a person has seen to it
            type_what_the_page_says(page)
            expect(state).to_have_text("RUNNING")
            expect(page.locator(".alarm")).to_have_count(0)
            sees_parts_go_by(page)
            line.kill_gate()
            expect(state).to_have_text("FAULT")
            expect(reason).to_contain_text("Everything diverts: the gate controller is not in session")
            expect(page.locator(".alarm")).to_contain_text("Check the gate controller's power and its cable.")
            line.start_gate()
            expect(state).to_have_text("RUNNING")
            expect(page.locator(".alarm")).to_have_count(0)
            sees_parts_go_by(page)


def test_a_line_without_a_gate_and_then_in_monitor_mode(browser: Browser, tmp_path: Path) -> None:
    site, data_dir = write_desk(tmp_path / "site"), tmp_path / "data"
    with running_dashboard(data_dir) as dashboard, opened(browser, dashboard.url("stub")) as page:
        warnings = page.locator(".warning b")
        with running(site, data_dir):
            expect(warnings).to_have_text(["NOT PROTECTED"])
            expect(page.locator(".state b")).to_have_text("RUNNING")
            sees_parts_go_by(page)
        expect(page.locator(".state b")).to_have_text("STOPPED")
        with running(site, data_dir, "--monitor"):
            expect(warnings).to_have_text(["NOT PROTECTED", "MONITOR"])
            judged = page.locator('.figure[data-name="yield-shift"] p').inner_text()
            would_reject = figure(page, "would-reject")
            expect(would_reject).not_to_have_text("–")
            shown = would_reject.inner_text()
            expect(would_reject).not_to_have_text(shown)  # it goes on counting,
            assert page.locator('.figure[data-name="yield-shift"] p').inner_text() == judged  # and not in the yield


def latch(data_dir: Path, alarm: Alarm) -> None:
    """As a run before left it."""
    with closing(SqliteJournal(LinePaths(data_dir, "stub").state_db, "process")) as journal:
        journal.latch(alarm, datetime.now(UTC))


def type_what_the_page_says(page: Page) -> None:
    program, *typed = shlex.split(page.locator(".alarm code").inner_text().replace("NAME", "'A. Person'"))
    assert program == "inspection"
    subprocess.run([sys.executable, "-m", program, *typed], check=True, capture_output=True, timeout=60)


def sees_parts_go_by(page: Page) -> None:
    """The yield moves, and there are more parts behind it."""
    now, note = figure(page, "yield-now"), page.locator('.figure[data-name="yield-shift"] p')
    expect(now).not_to_have_text("–")
    shown, behind, noted = now.inner_text(), judged_so_far(page), note.inner_text()
    expect(now).not_to_have_text(shown)
    expect(note).not_to_have_text(noted)  # the page may have been drawn anew between the two that were read
    assert judged_so_far(page) > behind


def judged_so_far(page: Page) -> int:
    """From "of 1,234 judged …"."""
    return int(page.locator('.figure[data-name="yield-shift"] p').inner_text().split()[1].replace(",", ""))


@contextmanager
def running(site: Path, data_dir: Path, *options: str) -> Iterator[None]:
    argv = [sys.executable, "-m", "tests.browser.desk_station", str(site), str(data_dir), *options]
    with subprocess.Popen(argv) as station:
        try:
            yield
        finally:
            station.terminate()
            assert station.wait(30) == 0

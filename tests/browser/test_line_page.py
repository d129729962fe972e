"""The Line page in a real browser, fed by the real store."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import Dashboard, opened, running_dashboard
from tests.ui.site import NO_PICTURE, PASS, REJECT, Site

expect.set_options(timeout=15_000)


def figure(page: Page, name: str) -> Locator:
    return page.locator(f'.figure[data-name="{name}"] > b')


def test_the_figures_follow_the_parts(browser: Browser, dashboard: Dashboard) -> None:
    with Site(dashboard.data_dir, "figures") as site, opened(browser, dashboard.url("figures")) as page:
        for seconds in range(9):
            site.part(PASS, datetime.now(UTC) - timedelta(seconds=seconds))
        site.part(REJECT)
        site.seal()
        site.say()
        expect(figure(page, "yield-hour")).to_have_text("90.0%")
        expect(figure(page, "yield-today")).to_have_text("90.0%")
        expect(figure(page, "rate")).to_have_text("10")
        expect(page.locator(".part .verdict")).to_have_text("Reject")
        expect(page.locator(".tiles figure")).to_have_count(1)
        expect(page.locator(".tiles figcaption")).to_contain_text("scratch")
        assert page.locator(".part img").evaluate("image => image.complete && image.naturalWidth") == 96
        expect(page.locator(".st-key-chart path[aria-roledescription=bar]")).not_to_have_count(0)
        for _ in range(9):
            site.part(PASS)
        site.part(NO_PICTURE)
        site.say()
        expect(figure(page, "yield-hour")).to_have_text("94.7%")
        expect(figure(page, "unjudged")).to_have_text("1")
        expect(page.locator(".part .verdict")).to_have_text("Not judged")


def test_the_state_follows_the_station(browser: Browser, dashboard: Dashboard) -> None:
    with Site(dashboard.data_dir, "state") as site, opened(browser, dashboard.url("state")) as page:
        word = page.locator(".state b")
        expect(word).to_have_text("NOT STARTED")
        site.say("degraded", reason="The gate does not answer.", updated_utc=datetime.now(UTC) + timedelta(seconds=2))
        expect(word).to_have_text("FAULT")
        expect(page.locator(".state p")).to_have_text("The gate does not answer.")
        expect(word).to_have_text("NOT RESPONDING")  # nothing more was said
        site.say("stopped", gate="dry")
        expect(word).to_have_text("STOPPED")
        expect(page.locator(".warning b")).to_have_text("NOT PROTECTED")


def test_a_line_that_starts_later_appears_by_itself(browser: Browser, dashboard: Dashboard) -> None:
    with opened(browser, dashboard.url("later")) as page:
        expect(page.locator(".notice h1")).to_have_text("There is no line named later")
        with Site(dashboard.data_dir, "later") as site:
            site.say("stopped")
            expect(page.locator(".state b")).to_have_text("STOPPED")
            expect(page.locator(".part")).to_contain_text("No part yet.")


@pytest.mark.parametrize(("size", "dark"), [((1280, 720), False), ((1920, 1080), True)])
def test_the_page_fits_the_screen_even_with_alarms(
    browser: Browser, dashboard: Dashboard, size: tuple[int, int], dark: bool
) -> None:
    line = f"fits-{size[0]}"
    text = "the controller never said what became of part 3-1042. Find the part; check the gate and its cable."
    alarm = {"key": "outcome-unknown", "text": text, "latched": True, "since_utc": datetime.now(UTC)}
    with Site(dashboard.data_dir, line) as site, opened(browser, dashboard.url(line), size, dark=dark) as page:
        for _ in range(7):
            site.part(REJECT)
        site.say("stopped", alarms=[alarm, alarm])
        expect(page.locator(".tiles figure")).to_have_count(6)
        expect(page.locator(".alarm")).to_have_count(2)
        expect(page.locator(".st-key-chart path[aria-roledescription=bar]")).not_to_have_count(0)
        assert page.get_by_test_id("stMain").evaluate("main => main.scrollHeight") <= size[1]
        cut = "cards => cards.filter(card => card.scrollHeight > card.clientHeight + 1).map(card => card.className)"
        assert page.locator(".card").evaluate_all(cut) == []
        assert page.locator(".stApp").evaluate("app => getComputedStyle(app).colorScheme") == (
            "dark" if dark else "light"
        )
        expect(page.get_by_test_id("stHeader")).to_be_hidden()


def test_a_dashboard_that_dies_does_not_leave_a_picture_of_health(browser: Browser, tmp_path: Path) -> None:
    with Site(tmp_path) as site:
        site.say()
        with running_dashboard(tmp_path) as dashboard, opened(browser, dashboard.url("demo")) as page:
            expect(page.locator(".state b")).to_be_visible()
            expect(page.locator(".frozen")).to_be_hidden()
            dashboard.process.kill()
            expect(page.locator(".frozen b")).to_be_visible()
            expect(page.locator(".frozen b")).to_have_text("THIS SCREEN HAS STOPPED")

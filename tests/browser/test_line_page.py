"""The Line page in a real browser, fed by the real store."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import Dashboard, figure, opened, running_dashboard
from tests.ui.site import NEAR, NO_PICTURE, PASS, REJECT, REVIEW, WOULD_NEARLY, WOULD_REJECT, WOULD_REVIEW, Site


def test_the_figures_follow_the_parts(browser: Browser, dashboard: Dashboard) -> None:
    with Site(dashboard.data_dir, "figures") as site, opened(browser, dashboard.url("figures")) as page:
        for seconds in range(9):
            site.part(PASS, datetime.now(UTC) - timedelta(seconds=seconds))
        site.part(REJECT)
        site.seal()
        site.say()
        expect(figure(page, "yield-hour")).to_have_text("90.0%")
        expect(figure(page, "yield-shift")).to_have_text("90.0%")
        expect(figure(page, "rate")).to_have_text("10")
        expect(page.locator(".part .verdict")).to_have_text("Reject")
        expect(page.locator(".tiles .reject")).to_have_count(1)
        expect(page.locator(".tiles figcaption")).to_contain_text("scratch")
        expect(page.locator(".pareto li")).to_have_text(["scratch1100%"])
        assert page.locator(".part img").evaluate("image => image.complete && image.naturalWidth") == 96
        for _ in range(9):
            site.part(PASS)
        site.part(NO_PICTURE)
        site.say()
        expect(figure(page, "yield-hour")).to_have_text("94.7%")
        expect(figure(page, "unjudged")).to_have_text("1")
        expect(page.locator(".part .verdict")).to_have_text("Not judged")


@pytest.mark.parametrize(("size", "dark"), [((1280, 720), False), ((1920, 1080), True)])
def test_parts_to_review_are_seen_apart_from_rejects(
    browser: Browser, dashboard: Dashboard, size: tuple[int, int], dark: bool
) -> None:
    line = f"review-{size[0]}"
    with Site(dashboard.data_dir, line) as site, opened(browser, dashboard.url(line), size, dark=dark) as page:
        for verdict in [REJECT, WOULD_REJECT] * 4 + [PASS] * 180 + [REVIEW, WOULD_REVIEW] * 12:
            site.part(verdict)
        for monitor in (True, False):
            if not monitor:
                site.part(REVIEW)
            site.say("stopped", monitor=monitor, review_below=0.5, review_above=0.0)
            expect(page.locator(".part .verdict")).to_have_text("Would review" if monitor else "To review")
            expect(page.locator(".tiles .review")).to_have_count(2)
            expect(page.locator(".tiles .reject")).to_have_count(4)
            cut_off = "all => all.filter(one => one.scrollWidth > one.clientWidth + 1).map(one => one.textContent)"
            assert page.locator(".small .figure :is(h2, p), .verdict").evaluate_all(cut_off) == []
            too_full = "all => all.filter(one => one.scrollHeight > one.clientHeight + 1).map(one => one.className)"
            assert page.locator(".card, .card section, .told").evaluate_all(too_full) == []
        expect(figure(page, "review")).to_have_text("13")


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


def test_pictures_that_stay_are_left_alone(browser: Browser, dashboard: Dashboard) -> None:
    with Site(dashboard.data_dir, "calm") as site, opened(browser, dashboard.url("calm")) as page:
        site.part(REJECT)
        site.say("stopped")
        pictures, clock = page.locator(".tiles img, .part img"), page.locator(".clock")
        expect(pictures).to_have_count(2)
        pictures.evaluate_all("pictures => pictures.forEach(picture => picture.dataset.seen = 'yes')")
        for _ in range(2):
            shown = clock.inner_text()
            expect(clock).not_to_have_text(shown)
        assert pictures.evaluate_all("pictures => pictures.map(picture => picture.dataset.seen)") == ["yes", "yes"]
        site.part(NEAR)
        expect(page.locator(".tiles .near")).to_have_count(1)


def test_a_kiosk_shows_the_page_and_nothing_else(browser: Browser, dashboard: Dashboard) -> None:
    with Site(dashboard.data_dir, "kiosk") as site, opened(browser, dashboard.url("kiosk") + "&kiosk=1") as page:
        site.say("stopped")
        expect(page.locator(".state b")).to_have_text("STOPPED")
        expect(page.locator(".head a")).to_have_count(0)
        main = page.get_by_test_id("stMain")
        assert main.evaluate("main => getComputedStyle(main).overflowY") == "hidden"
        expect(page.locator("body.still")).to_have_count(1)
        assert main.evaluate("main => getComputedStyle(main).cursor") == "none"
        page.mouse.move(200, 200)
        expect(page.locator("body.still")).to_have_count(0)


LONG = (
    "the controller never said what became of part 3-1042 (PASS at 10:42:07, no word within 250 ms). Find the part"
    " behind the gate and take it off the belt; then check the gate, its cable and its air before you clear this."
)


@pytest.mark.parametrize(("size", "dark"), [((1280, 720), False), ((1920, 1080), True)])
def test_the_page_fits_the_screen_even_with_alarms(
    browser: Browser, dashboard: Dashboard, size: tuple[int, int], dark: bool
) -> None:
    line, lot = f"fits-{size[0]}", "L-2026-11-23-0042 of a customer with a long name"
    alarms = [{"key": f"alarm-{n}", "text": LONG, "latched": True, "since_utc": datetime.now(UTC)} for n in range(4)]
    with Site(dashboard.data_dir, line) as site, opened(browser, dashboard.url(line), size, dark=dark) as page:
        for verdict in [REJECT, WOULD_REJECT] * 5 + [NEAR, WOULD_NEARLY] * 2 + [NO_PICTURE] * 2:
            site.part(verdict)
        for number in (0, 1, 2, 4):
            site.say("stopped", alarms=alarms[:number], gate="dry", monitor=number < 2, reason=LONG + LONG, lot=lot)
            expect(page.locator(".alarm")).to_have_count(min(number, 3))
            expect(page.locator(".tiles figure")).to_have_count(6)
            main = page.get_by_test_id("stMain")
            assert main.evaluate("main => [main.scrollWidth, main.scrollHeight]") == [size[0], size[1]]
            too_full = "all => all.filter(one => one.scrollHeight > one.clientHeight + 1).map(one => one.className)"
            assert page.locator(".card, .card section, .state, .warning").evaluate_all(too_full) == [], number
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

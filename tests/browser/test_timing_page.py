"""The Line page as an engineer opens it: times in place of pictures; and a line that is paused."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import Dashboard, opened
from tests.cli.test_pause_and_status import PAUSED, TIMING
from tests.ui.site import NEAR, PASS, REJECT, Site


@pytest.mark.parametrize("size", [(1280, 720), (1920, 1080)])
def test_an_engineer_sees_the_times_and_goes_back_to_the_pictures(
    browser: Browser, dashboard: Dashboard, size: tuple[int, int]
) -> None:
    line = f"timing-{size[0]}"
    with Site(dashboard.data_dir, line) as site, opened(browser, dashboard.url(line), size) as page:
        for verdict in (PASS, REJECT, NEAR):
            site.part(verdict)
        site.say("stopped", timing=TIMING)
        expect(page.locator(".gallery")).to_be_visible()
        page.get_by_text("Timing", exact=True).click()
        rows = page.locator(".timing tbody tr")
        expect(rows).to_have_count(5)
        expect(rows.nth(1)).to_have_text("Score: pictures rated12.220.031.044.0")
        expect(page.locator(".timing footer")).to_contain_text("A part has 780 ms.")
        expect(page.locator(".gallery")).to_have_count(0)
        main = page.get_by_test_id("stMain")
        assert main.evaluate("main => [main.scrollWidth, main.scrollHeight]") == list(size)
        too_full = "all => all.filter(one => one.scrollHeight > one.clientHeight + 1).map(one => one.className)"
        assert page.locator(".card, .card section").evaluate_all(too_full) == []
        page.get_by_text("Pictures", exact=True).click()
        expect(page.locator(".gallery")).to_be_visible()


def test_a_paused_line_says_who_why_and_how_it_goes_on(browser: Browser, dashboard: Dashboard) -> None:
    with Site(dashboard.data_dir, "pausing") as site, opened(browser, dashboard.url("pausing")) as page:
        site.say("paused", reason=PAUSED, paused=PAUSED)
        expect(page.locator(".state b")).to_have_text("PAUSED")
        expect(page.locator(".state p")).to_have_text("Paused by Kim: a jam.")
        expect(page.locator(".alarm code")).to_contain_text("inspection resume pausing --by NAME")

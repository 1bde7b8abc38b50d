"""Every page, in the system's Chromium: looks, keyboard, contrast, and no complaint."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser as Chromium
from playwright.async_api import BrowserContext, Page

from bezant.identity.authorization.interactions import COOKIE
from fixtures_pages import Branch
from fixtures_users import PASSWORD
from looking import Look
from waiting_requests import BROWSER

pytestmark = pytest.mark.long


@pytest.fixture
async def context(chromium: Chromium, branch: Branch) -> AsyncIterator[BrowserContext]:
    context = await chromium.new_context(locale="en-GB")
    await context.add_cookies(
        [{"name": COOKIE, "value": BROWSER, "url": branch.issuer.origin, "secure": True}]
    )
    yield context
    await context.close()


@pytest.fixture
async def page(context: BrowserContext) -> Page:
    return await context.new_page()


async def test_every_page_can_be_seen_read_and_used_by_keyboard(
    branch: Branch, page: Page, pictures: Path
) -> None:
    look = Look(page, pictures)
    await page.goto(branch.url(f"links/{await branch.operator_link()}"))
    await look.at("01-operator")
    await page.get_by_label("Login name").fill("owner")
    await page.get_by_label("Your name").fill("Ada Lovelace")
    await page.get_by_label("New password").fill("too short")
    await page.get_by_role("button", name="Create the account").click()
    await look.at("02-operator-password-refused")
    await page.get_by_label("New password").fill(PASSWORD)
    await page.get_by_role("button", name="Create the account").click()
    await look.at("03-factors")
    await page.get_by_role("link", name="Set up an app").click()
    await look.at("04-totp")
    assert look.faults == []

"""Logging out, and whose account it is, in the system's Chromium: looks, keyboard, language."""

from pathlib import Path
from uuid import uuid4

import pytest
from playwright.async_api import BrowserContext, Page

from fixtures_pages import Branch
from fixtures_users import PASSWORD
from looking import Look

pytestmark = pytest.mark.long


async def _log_in(page: Page) -> None:
    await page.locator("[name=name]").fill("ada@example.com")
    await page.locator("[name=password]").fill(PASSWORD)
    await page.locator("main form button").first.click()


async def test_who_is_asked_whether_to_log_out_can_see_read_and_use_every_page(
    branch: Branch, page: Page, pictures: Path
) -> None:
    await branch.somebody("ada@example.com")
    look = Look(page, pictures)
    waiting = branch.requests.begin(branch.tenant_id)
    await page.goto(branch.url(f"interactions/{waiting.id}"))
    await _log_in(page)
    await page.get_by_text("You are logged in as Ada Lovelace (ada@example.com).").wait_for()
    other = branch.requests.begin(branch.tenant_id, subject=uuid4())
    await page.goto(branch.url(f"interactions/{other.id}"))
    await page.get_by_role("heading", name="Another account is needed").wait_for()
    await look.at("40-another-account")

    await page.goto(branch.url("logout"))
    await look.at("41-logout")
    await page.get_by_role("button", name="Stay logged in").click()
    await page.get_by_role("heading", name="Ways to log in").wait_for()
    await page.goto(branch.url("logout"))
    await page.get_by_role("button", name="Yes, log out").press("Enter")
    await page.get_by_role("heading", name="You are logged out").wait_for()
    await look.at("42-logged-out")
    await page.goto(branch.url("account"))
    await page.get_by_role("heading", name="Log in").wait_for()
    assert look.faults == []


async def test_another_account_is_used_from_the_page_of_consent(branch: Branch, page: Page) -> None:
    await branch.somebody("ada@example.com")
    waiting = branch.requests.begin(branch.tenant_id)
    await page.goto(branch.url(f"interactions/{waiting.id}"))
    await _log_in(page)
    await page.get_by_role("button", name="Use another account").click()
    await page.get_by_role("heading", name="Log in").wait_for()
    await _log_in(page)
    await page.get_by_role("heading", name="Give Budget Buddy access?").wait_for()


@pytest.mark.parametrize(
    ("language", "title"),
    [
        ("de", "Abmelden?"),
        ("fr", "Se déconnecter ?"),
        ("es", "¿Cerrar sesión?"),
        ("pt", "Terminar a sessão?"),
    ],
    ids=["de", "fr", "es", "pt"],
)
async def test_the_page_of_logouts_fits_in_every_language(
    branch: Branch, context: BrowserContext, pictures: Path, language: str, title: str
) -> None:
    await branch.somebody("ada@example.com")
    page = await context.new_page()
    look = Look(page, pictures)
    await page.goto(branch.url("login"))
    await _log_in(page)
    await page.get_by_role("heading", name="Ways to log in").wait_for()
    await page.goto(branch.url(f"logout?ui_locales={language}"))
    await page.get_by_role("heading", name=title).wait_for()
    await look.at(f"43-logout-{language}")
    assert look.faults == []

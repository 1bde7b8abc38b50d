"""Every page, in the system's Chromium: looks, keyboard, contrast, and no complaint."""

from pathlib import Path

import pytest
from playwright.async_api import Browser as Chromium
from playwright.async_api import BrowserContext, Page

from bezant.identity.logins import Acr
from fixtures_pages import Branch
from fixtures_users import PASSWORD
from looking import Look

pytestmark = pytest.mark.long


async def test_who_sets_up_and_looks_after_an_account_can_see_read_and_use_every_page(
    branch: Branch, page: Page, pictures: Path
) -> None:
    look = Look(page, pictures)
    await page.goto(branch.url(f"link/{await branch.operator_link()}"))
    await look.at("01-operator")
    await page.get_by_label("E-mail address").fill("ada@example.com")
    await page.get_by_label("Your name").fill("Ada Lovelace")
    await page.get_by_label("New password").fill("too short")
    await page.get_by_role("button", name="Create the account").click()
    await look.at("02-operator-declined")
    await page.get_by_label("New password").fill(PASSWORD)
    await page.get_by_role("button", name="Create the account").click()
    await look.at("03-factors-first")

    await page.get_by_role("link", name="Set up an app").click()
    await look.at("04-totp")
    secret = await page.locator(".secret").inner_text()
    await page.get_by_label("Code that the app shows").fill("000000")
    await page.get_by_role("button", name="Confirm").click()
    await look.at("05-totp-declined")
    await page.get_by_label("Code that the app shows").fill(branch.totp(secret))
    await page.get_by_role("button", name="Confirm").click()
    await page.get_by_text("Your new way to log in is ready.").wait_for()

    # Codes take a login with the new factor, which leads back here.
    await page.get_by_role("link", name="Make codes").click()
    await look.at("06-recovery")
    await page.get_by_role("button", name="Make new codes").click()
    await look.at("07-again")
    await _log_in(page)
    await look.at("08-second")
    await page.get_by_label("Code from your authenticator app").fill("000000")
    await page.get_by_role("button", name="Continue").click()
    await look.at("09-second-declined")
    await page.get_by_label("Code from your authenticator app").fill(branch.totp(secret))
    await page.get_by_role("button", name="Continue").click()
    await page.get_by_role("button", name="Make new codes").click()
    await look.at("10-codes")
    assert await page.locator(".codes li").count() == 10

    await page.get_by_role("link", name="Back to ways to log in").click()
    await look.at("11-factors")
    await page.get_by_role("link", name="Set up a passkey").click()
    await look.at("12-passkey")
    await page.goto(branch.url("account/password"))
    await look.at("13-password")
    await page.get_by_role("link", name="Where you are logged in").click()
    await look.at("14-sessions")
    await page.get_by_role("button", name="Log out").click()
    await look.at("15-left")
    assert look.faults == []


async def test_who_is_asked_by_a_client_can_see_read_and_use_every_page(
    branch: Branch, page: Page, pictures: Path
) -> None:
    await branch.somebody("ada@example.com")
    look = Look(page, pictures)
    waiting = branch.requests.begin(branch.tenant_id)
    await page.goto(branch.url(f"interactions/{waiting.id}"))
    await look.at("20-login-for-client")
    await page.get_by_role("button", name="Log in", exact=True).click()
    await _log_in(page, "wrong horse battery staple")
    await look.at("21-login-declined")
    await _log_in(page)
    await look.at("22-consent")
    await page.goto(branch.url("login/forgotten"))
    await look.at("23-forgotten")
    await page.get_by_label("E-mail address").fill("ada@example.com")
    await page.get_by_role("button", name="Send the link").click()
    await look.at("24-forgotten-sent")
    await page.goto(branch.url("link/of-no-use"))
    await look.at("25-link-over")

    strong = branch.requests.begin(branch.tenant_id, acr=Acr.SCA)
    await page.goto(branch.url(f"interactions/{strong.id}"))
    await look.at("26-second-needed")
    assert look.faults == []


@pytest.mark.parametrize("language", ["de", "fr", "es", "pt"])
async def test_the_longest_pages_fit_in_every_language(
    branch: Branch, chromium: Chromium, context: BrowserContext, pictures: Path, language: str
) -> None:
    await branch.somebody("ada@example.com")
    page = await context.new_page()
    look = Look(page, pictures)
    waiting = branch.requests.begin(branch.tenant_id, locales=("xx", f"{language}-XX"))
    await page.goto(branch.url(f"interactions/{waiting.id}"))
    assert await page.locator("html").get_attribute("lang") == language
    await look.at(f"30-login-{language}")
    await page.locator("[name=name]").fill("ada@example.com")
    await page.locator("[name=password]").fill(PASSWORD)
    await page.locator("main form button").first.click()
    await look.at(f"31-consent-{language}")
    assert look.faults == []
    # The same person, whose browser prefers that language itself.
    state = await context.storage_state()
    async with await chromium.new_context(
        locale=f"{language}-CH", storage_state=state
    ) as preferring:
        page = await preferring.new_page()
        look = Look(page, pictures)
        await page.goto(branch.url("account"))
        assert await page.locator("html").get_attribute("lang") == language
        await look.at(f"32-factors-{language}")
    assert look.faults == []


async def test_what_is_looked_for_is_found_where_it_is(
    branch: Branch, page: Page, pictures: Path
) -> None:
    await page.goto(branch.url("login"))
    await page.evaluate("""() => {
      const card = document.querySelector(".card");
      card.querySelector("h1").style.color = "#bbb";
      card.querySelector("label").remove();
      card.querySelector("button").tabIndex = -1;
      card.style.width = "1400px";
      console.error("a complaint");
    }""")
    look = Look(page, pictures)
    await look.at("90-faulty")
    await page.evaluate("""() => {
      const style = document.createElement("script");
      style.textContent = "1";
      document.body.append(style);
    }""")
    found = " ".join(look.faults)
    for fault in ("faint", "nameless", "tab reaches", "sideways", "Content Security Policy"):
        assert fault in found


async def _log_in(page: Page, password: str = PASSWORD) -> None:
    await page.get_by_label("E-mail address").fill("ada@example.com")
    await page.get_by_label("Password", exact=True).fill(password)
    await page.get_by_role("button", name="Log in", exact=True).click()

"""A device's code, typed by people: looks, keyboard, languages, and the way through to the end."""

from pathlib import Path

import pytest
from playwright.async_api import Browser as Chromium
from playwright.async_api import Page

from bezant.identity.authorization import Wanted
from bezant.identity.authorization.secrets import digest
from bezant.identity.clients import DEVICE_GRANT, Authentication, ClientService
from bezant.identity.clients.schemas import NewOAuthClient, OAuthClient
from bezant.identity.device_grant import VALID, store, write_user_code
from bezant.identity.device_grant.domain import encode_wanted
from bezant.identity.jose import KeyFetcher
from bezant.kernel.outbound import CheckedNetwork, SystemResolver
from fixtures_pages import USER_CODES, Branch
from fixtures_users import IDS, PASSWORD
from looking import Look
from waiting_requests import PAYMENT

pytestmark = pytest.mark.long


async def waiting(branch: Branch) -> str:
    """A device of a new client waits; the code that it shows."""
    network = CheckedNetwork(SystemResolver(), allow_loopback=False)
    fetcher = KeyFetcher(network, allow_loopback=False)
    new = NewOAuthClient(
        name="Living Room Television",
        authentication=Authentication.NONE,
        grant_types=[DEVICE_GRANT],
        scopes=["openid", "ledger:read"],
    )
    database, now, code = branch.means.database, branch.clock.now(), USER_CODES.draw()
    clients = ClientService(database, branch.clock, IDS, fetcher)
    client_id = (await clients.create(branch.call(), new)).value(OAuthClient).id
    fetcher.close()
    wanted = Wanted(client_id=client_id, scopes=("openid", "ledger:read"), details=(PAYMENT,))
    await database.transaction(
        lambda connection: connection.fetchrow(
            store.INSERT,
            branch.tenant_id,
            digest(str(client_id)),
            USER_CODES.digest(code),
            client_id,
            encode_wanted(wanted),
            5,
            now,
            now + VALID,
        )
    )
    return write_user_code(code)


async def state(branch: Branch) -> str:
    """What became of the only device that waited."""
    rows = await branch.means.database.fetch(
        "SELECT state FROM device_authorization WHERE tenant_id = $1", branch.tenant_id
    )
    assert len(rows) == 1
    said: str = rows[0]["state"]
    return said


async def _log_in(page: Page) -> None:
    await page.locator("[name=name]").fill("ada@example.com")
    await page.locator("[name=password]").fill(PASSWORD)
    await page.locator("main form button").first.click()


async def test_who_types_a_code_can_see_read_and_use_every_page(
    branch: Branch, page: Page, pictures: Path
) -> None:
    await branch.somebody("ada@example.com")
    look, code = Look(page, pictures), await waiting(branch)
    await page.goto(branch.url("device"))
    await _log_in(page)
    await look.at("40-device")
    await page.get_by_label("Code on the device").fill("BBBB-BBBB")
    await page.get_by_role("button", name="Continue").click()
    await page.get_by_role("alert").get_by_text("We do not know this code").wait_for()
    await look.at("41-device-declined")
    # By the keyboard alone, as it is typed on a telephone.
    await page.get_by_label("Code on the device").focus()
    await page.keyboard.type(code.lower().replace("-", " "))
    await page.keyboard.press("Enter")
    await page.get_by_role("heading", name="Give Living Room Television access?").wait_for()
    await page.get_by_text("asks from another device").wait_for()
    await look.at("42-device-consent")
    await page.get_by_role("button", name="Allow").click()
    await page.get_by_role("heading", name="The device is connected").wait_for()
    await look.at("43-device-allowed")
    assert await state(branch) == "approved"
    assert look.faults == []


async def test_a_code_that_came_by_a_link_is_compared_and_can_be_refused(
    branch: Branch, page: Page, pictures: Path
) -> None:
    await branch.somebody("ada@example.com")
    look, code = Look(page, pictures), await waiting(branch)
    await page.goto(branch.url(f"device?user_code={code}"))
    await _log_in(page)
    await page.get_by_role("heading", name="Does your device show this code?").wait_for()
    await page.get_by_text(code, exact=True).wait_for()
    await look.at("44-device-check")
    assert await state(branch) == "pending"
    await page.get_by_role("button", name="Yes, it is the same code").click()
    await page.get_by_role("button", name="Refuse").click()
    await page.get_by_role("heading", name="The device gets no access").wait_for()
    await look.at("45-device-refused")
    assert await state(branch) == "refused"
    assert look.faults == []


@pytest.mark.parametrize("language", ["de", "fr", "es", "pt"])
async def test_the_pages_of_devices_fit_in_every_language(
    branch: Branch, chromium: Chromium, pictures: Path, language: str
) -> None:
    await branch.somebody("ada@example.com")
    context = await chromium.new_context(locale=f"{language}-CH")
    page = await context.new_page()
    look, code = Look(page, pictures), await waiting(branch)
    await page.goto(branch.url("device"))
    await _log_in(page)
    await page.locator("[name=user_code]").wait_for()
    assert await page.locator("html").get_attribute("lang") == language
    await look.at(f"46-device-{language}")
    await page.goto(branch.url(f"device?user_code={code}"))
    await look.at(f"47-device-check-{language}")
    await page.locator("main form button").first.click()
    await page.locator("[name=decision]").first.wait_for()
    await look.at(f"48-device-consent-{language}")
    assert look.faults == []
    await context.close()

"""Passkeys by a real browser's own WebAuthn, with an authenticator that it plays itself."""

from typing import Any

import pytest
from playwright.async_api import Browser as Chromium
from playwright.async_api import CDPSession, Page

from bezant.identity.logins import Acr
from fixtures_pages import Branch
from fixtures_users import PASSWORD
from waiting_requests import CLIENT

pytestmark = pytest.mark.long


class Authenticator:
    """Chromium's virtual one: always touched, verifies its user, and keeps its keys."""

    def __init__(self, session: CDPSession, authenticator_id: str) -> None:
        self._session = session
        self._of = {"authenticatorId": authenticator_id}

    @classmethod
    async def of(cls, page: Page) -> "Authenticator":
        session = await page.context.new_cdp_session(page)
        await session.send("WebAuthn.enable", {"enableUI": False})
        options = {
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": True,
            "automaticPresenceSimulation": True,
        }
        made = await session.send("WebAuthn.addVirtualAuthenticator", {"options": options})
        return cls(session, made["authenticatorId"])

    async def touch(self, *, is_on: bool) -> None:
        """Whether somebody touches it when it asks."""
        await self._session.send(
            "WebAuthn.setAutomaticPresenceSimulation", {**self._of, "enabled": is_on}
        )

    async def credentials(self) -> list[dict[str, Any]]:
        found = await self._session.send("WebAuthn.getCredentials", self._of)
        credentials: list[dict[str, Any]] = found["credentials"]
        return credentials

    async def forget(self) -> None:
        await self._session.send("WebAuthn.clearCredentials", self._of)


async def enrol(branch: Branch, page: Page) -> Authenticator:
    """Make a user, let them in and give them a passkey."""
    authenticator = await Authenticator.of(page)
    await page.goto(branch.url(f"link/{await branch.invitation()}"))
    await page.get_by_label("New password").fill(PASSWORD)
    await page.get_by_role("button", name="Set the password").click()
    await page.get_by_role("link", name="Set up a passkey").click()
    await page.get_by_role("button", name="Create a passkey").click()
    await page.get_by_text("Your new way to log in is ready.").wait_for()
    return authenticator


async def test_a_passkey_is_enrolled_then_offered_with_the_names_and_lets_its_user_in(
    branch: Branch, page: Page
) -> None:
    authenticator = await enrol(branch, page)
    assert len(await authenticator.credentials()) == 1
    # Conditional UI: the login page waits for a passkey, and somebody chooses it.
    await page.get_by_role("button", name="Log out").click()
    await page.get_by_role("heading", name="Ways to log in").wait_for()
    assert await page.get_by_role("heading", name="Passkey").count() == 2


async def test_a_passkey_by_its_button_is_strong_enough_for_a_payment(
    branch: Branch, page: Page
) -> None:
    await enrol(branch, page)
    # Else the page asks for a passkey by itself, and the touch may answer that before the button.
    await page.add_init_script(
        "PublicKeyCredential.isConditionalMediationAvailable = async () => false"
    )
    await page.get_by_role("button", name="Log out").click()
    await page.get_by_text("You are logged out.").wait_for()
    waiting = branch.requests.begin(branch.tenant_id, acr=Acr.SCA)
    await page.goto(branch.url(f"interactions/{waiting.id}"))
    await page.get_by_role("button", name="Log in with a passkey").click()
    await page.get_by_role("heading", name="Give Budget Buddy access?").wait_for()
    async with page.expect_request(f"{CLIENT}/callback?code=a-code"):
        await page.get_by_role("button", name="Allow").click()
    login = branch.requests.answers[waiting.id]
    assert login is not None
    assert login.acr is Acr.SCA
    assert "hwk" in login.amr


async def test_a_password_is_followed_by_the_passkey(branch: Branch, page: Page) -> None:
    authenticator = await enrol(branch, page)
    await authenticator.touch(is_on=False)
    await page.get_by_role("button", name="Log out").click()
    await page.get_by_label("E-mail address").fill("ada@example.com")
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    await page.get_by_role("button", name="Log in", exact=True).click()
    await page.get_by_role("heading", name="One more step").wait_for()
    await authenticator.touch(is_on=True)
    await page.get_by_role("button", name="Use your passkey").click()
    await page.get_by_role("heading", name="Ways to log in").wait_for()


async def test_an_authenticator_without_the_passkey_is_told_of_in_words(
    branch: Branch, page: Page
) -> None:
    authenticator = await enrol(branch, page)
    await authenticator.touch(is_on=False)
    await page.get_by_role("button", name="Log out").click()
    await authenticator.forget()
    await authenticator.touch(is_on=True)
    await page.get_by_role("button", name="Log in with a passkey").click()
    await page.get_by_text("That did not work. Try again, or use another way.").wait_for()


async def test_whoever_has_no_script_is_offered_no_passkey_and_logs_in_without(
    branch: Branch, chromium: Chromium
) -> None:
    who = await branch.with_totp("ada@example.com")
    scriptless = await chromium.new_context(java_script_enabled=False, locale="en-GB")
    page = await scriptless.new_page()
    await page.goto(branch.url("login"))
    assert not await page.get_by_role("button", name="Log in with a passkey").is_visible()
    await page.get_by_label("E-mail address").fill(who.email)
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    await page.get_by_role("button", name="Log in", exact=True).click()
    await page.get_by_label("Code from your authenticator app").fill(branch.totp(who.secret))
    await page.get_by_role("button", name="Continue").click()
    await page.get_by_role("heading", name="Ways to log in").wait_for()
    await scriptless.close()

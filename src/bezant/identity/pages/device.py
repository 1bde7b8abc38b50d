"""Devices: a user types the code that one shows, to be asked what it may do (RFC 8628, 3.3)."""

from http import HTTPStatus

from bezant.identity.authorization import browser_cookie
from bezant.identity.device_grant import (
    CodeEntry,
    UserCodeUnknown,
    read_user_code,
    write_user_code,
)
from bezant.identity.pages.destinations import Destination, Place
from bezant.identity.pages.rendering import FormError, Going, Page
from bezant.identity.pages.visits import Visit, retry_after
from bezant.identity.sessions.errors import TooManyAttempts


class DevicePages:
    """The page that takes codes. What is asked for is on the page of consent."""

    def __init__(self, codes: CodeEntry) -> None:
        self._codes = codes

    async def ask(self, visit: Visit) -> Page | Going:
        """`GET device`: by way of the login, which says who may try codes.

        A code in the address came by a picture or a link, which anybody can send: it is compared
        with the device's by the user, and does nothing before (RFC 8628, sections 3.3.1 and 5.4).
        """
        code = read_user_code(visit.request.query.get("user_code", "")) or ""
        if visit.session is None:
            return Going(visit.url("login", to=str(Destination(Place.DEVICE, code))))
        return _page(code)

    async def enter(self, visit: Visit) -> Page | Going:
        """`POST device`."""
        user_id, typed = visit.insider.user_id, visit.request.form.get("user_code")
        if typed is None:
            return _declined(FormError(visit.words.say("form.missing"), "user_code"))
        browser = self._codes.browser(visit.request.cookies)
        try:
            interaction_id = await self._codes.enter(
                visit.tenant_id, user_id, visit.browser.address, browser, typed
            )
        except UserCodeUnknown as refusal:
            return _declined(visit.error(refusal, "user_code"))
        except TooManyAttempts as refusal:
            error = visit.error(refusal, "user_code")
            return _declined(error, HTTPStatus.TOO_MANY_REQUESTS, retry_after(refusal))
        url = visit.url(f"interactions/{interaction_id}")
        return Going(url, headers=[browser_cookie(browser)])

    async def allowed(self, visit: Visit) -> Page:
        """`GET device/allowed`: where the user is told to go back to the device."""
        say = visit.words.say
        return _said(say("device.allowed_title"), say("device.allowed_text"))

    async def refused(self, visit: Visit) -> Page:
        """`GET device/refused`."""
        say = visit.words.say
        return _said(say("device.refused_title"), say("device.refused_text"))


def _page(code: str) -> Page:
    return Page(template="device", facts={"code": write_user_code(code) if code else ""})


def _declined(
    error: FormError,
    status: HTTPStatus = HTTPStatus.UNPROCESSABLE_ENTITY,
    headers: list[tuple[bytes, bytes]] | None = None,
) -> Page:
    """The page with an empty field: it is typed again, from the device."""
    return Page(
        template="device", facts={"code": ""}, errors=[error], status=status, headers=headers or []
    )


def _said(title: str, text: str) -> Page:
    return Page(template="message", facts={"title": title, "text": text, "link": None})

"""Visits: one request of a browser, with who it is and which language it speaks.

Every page is served through `Door.handler`, so that none goes without its headers, and every
form is checked to be one of ours before anything else is done with it.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlencode, urlsplit
from uuid import UUID

from bezant.identity.factors import CHARACTERS_MAX, CHARACTERS_MIN
from bezant.identity.http import ProtocolAnswer, ProtocolRequest
from bezant.identity.issuers import Issuer
from bezant.identity.pages.assets import Assets
from bezant.identity.pages.csrf import csrf_token, is_right
from bezant.identity.pages.languages import Catalogue, catalogue, language_of
from bezant.identity.pages.rendering import (
    FormError,
    Going,
    Page,
    going_headers,
    headers_of,
    render,
)
from bezant.identity.sessions.errors import SessionEnded
from bezant.identity.sessions.ports import Browser, BrowserSession, BrowserSessions, Doorkeeper
from bezant.kernel.errors import Refusal

SESSION_COOKIE: Final = "__Host-bezant"
DEVICE_COOKIE: Final = "__Host-bezant-device"
_DEVICE_SECONDS: Final = 365 * 24 * 3600
# Lax: a client's redirect to us is a navigation from elsewhere, and brings these along.
_COOKIE: Final = "{}={}; Path=/; Secure; HttpOnly; SameSite=Lax"


class FormForged(Refusal):
    """The form is none of ours, or its login is over. Nothing was done."""

    status, code, title = 403, "FORM_FORGED", "The form is not one of this session"


@dataclass(frozen=True, slots=True)
class Visit:
    """One request.

    Attributes:
        session: None when nobody is logged in here.
        is_new: the browser has no device cookie yet.
    """

    request: ProtocolRequest
    browser: Browser
    session: BrowserSession | None
    words: Catalogue
    is_new: bool

    @property
    def issuer(self) -> Issuer:
        """Whose pages these are."""
        return self.request.issuer

    @property
    def tenant_id(self) -> UUID:
        """Whose users."""
        return self.request.issuer.tenant_id

    @property
    def cookie(self) -> str | None:
        """The session's cookie, of a session that stands."""
        return self.request.cookies.get(SESSION_COOKIE) if self.session else None

    @property
    def insider(self) -> BrowserSession:
        """Who is logged in.

        Raises:
            SessionEnded: nobody is.
        """
        if self.session is None:
            raise SessionEnded("Log in first.")
        return self.session

    def speaking(self, locales: tuple[str, ...]) -> "Visit":
        """The same in the language that a client asked for."""
        return replace(self, words=_words(self.request, locales))

    def url(self, path: str, **query: str | None) -> str:
        """The address of a page of ours."""
        given = {name: value for name, value in query.items() if value}
        return f"{self.issuer.url}/{path}" + (f"?{urlencode(given)}" if given else "")

    def error(self, refusal: Refusal, field: str = "") -> FormError:
        """A refusal in the user's language."""
        return FormError(explain(self.words, refusal), field)


Handler = Callable[[Visit], Awaitable[Page | Going]]


class Door:
    """Makes a visit of each request, and an answer of what its handler says."""

    def __init__(self, doorkeeper: Doorkeeper, sessions: BrowserSessions, assets: Assets) -> None:
        self._doorkeeper = doorkeeper
        self._sessions = sessions
        self._assets = assets

    def handler(
        self, handle: Handler, *, is_open: bool = False
    ) -> Callable[[ProtocolRequest], Awaitable[ProtocolAnswer]]:
        """A protocol endpoint's handler of a page's; an open one takes others' forms, too."""

        async def answer(request: ProtocolRequest) -> ProtocolAnswer:
            visit = await self._visit(request)
            try:
                if request.method != "GET" and not is_open:
                    _require_ours(visit)
                said = await handle(visit)
            except SessionEnded:
                # To the login, and back to what was to be seen.
                here = request.url.removeprefix(f"{visit.issuer.url}/")
                said = Going(visit.url("login", to=here), "")
            except Refusal as refusal:
                said = _declined(visit, refusal)
            return self._answer(visit, said)

        return answer

    async def _visit(self, request: ProtocolRequest) -> Visit:
        device = request.cookies.get(DEVICE_COOKIE)
        browser = Browser(device or self._doorkeeper.new_device(), request.address)
        cookie = request.cookies.get(SESSION_COOKIE)
        session = None
        if cookie is not None and device is not None:
            try:
                session = await self._sessions.find(request.issuer.tenant_id, browser, cookie)
            except SessionEnded:
                session = None
        return Visit(request, browser, session, _words(request, ()), is_new=device is None)

    def _answer(self, visit: Visit, said: Page | Going) -> ProtocolAnswer:
        if isinstance(said, Going):
            headers = [*going_headers(), *said.headers, *_cookies(visit, said.cookie)]
            return ProtocolAnswer.redirect(said.url, headers)
        html = render(said, self._facts(visit, said.words or visit.words))
        headers = [*headers_of(said), *_cookies(visit, None)]
        return ProtocolAnswer.page(html, headers, said.status)

    def _facts(self, visit: Visit, words: Catalogue) -> Mapping[str, Any]:
        return {
            "say": words.say,
            "language": words.language,
            "asset": self._assets.path,
            "base": urlsplit(visit.issuer.url).path,
            "host": urlsplit(visit.issuer.origin).netloc,
            "password_min": CHARACTERS_MIN,
            "password_max": CHARACTERS_MAX,
            "csrf": csrf_token(visit.browser.device, visit.cookie),
        }


def explain(words: Catalogue, refusal: Refusal) -> str:
    """A refusal in the user's language."""
    key = f"refusal.{refusal.code}"
    if words.has(key):
        seconds = getattr(refusal, "retry_after_s", "")
        return words.say(key, seconds=seconds, min=CHARACTERS_MIN)
    is_outage = refusal.status in {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}
    return words.say("refusal.unavailable" if is_outage else "refusal.other")


def _words(request: ProtocolRequest, locales: tuple[str, ...]) -> Catalogue:
    accepted = b",".join(request.headers.every(b"accept-language")).decode("latin-1")
    return catalogue(language_of(locales, accepted))


def _require_ours(visit: Visit) -> None:
    """Refuse a form that did not come from a page of ours, in this browser and this login."""
    origin = visit.request.headers.one(b"origin")
    is_ours = origin is None or origin == visit.issuer.origin.encode()
    token = visit.request.form.get("csrf", "")
    if visit.is_new or not is_ours or not is_right(token, visit.browser.device, visit.cookie):
        raise FormForged("The form did not come from a page of this session.")


def _declined(visit: Visit, refusal: Refusal) -> Page:
    facts = {
        "title": visit.words.say("refusal.title"),
        "text": explain(visit.words, refusal),
        "link": {"href": visit.url("login"), "text": visit.words.say("refusal.home")},
    }
    return Page(
        template="message", facts=facts, status=refusal.status, headers=retry_after(refusal)
    )


def retry_after(refusal: Refusal) -> list[tuple[bytes, bytes]]:
    """When to try again, of those refusals that pass."""
    seconds = getattr(refusal, "retry_after_s", None)
    return [] if seconds is None else [(b"retry-after", str(seconds).encode())]


def _cookies(visit: Visit, session: str | None) -> list[tuple[bytes, bytes]]:
    """What the browser is to keep; an empty session is one to forget."""
    cookies = []
    if visit.is_new:
        kept = _COOKIE.format(DEVICE_COOKIE, visit.browser.device)
        cookies.append(f"{kept}; Max-Age={_DEVICE_SECONDS}")
    if session is not None:
        kept = _COOKIE.format(SESSION_COOKIE, session)
        cookies.append(kept if session else f"{kept}; Max-Age=0")
    return [(b"set-cookie", cookie.encode("ascii")) for cookie in cookies]

"""Bezant, as `bezant up` serves it: clients and the user are made through its API and its pages."""

import asyncio
import re
import ssl
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import time
from urllib.parse import urljoin

import httpx
import pyotp
from lxml import html

from conformance.fapi.intents import intent_of
from conformance.fapi.keys import Certificate, Keys
from conformance.fapi.mutants.switch import Switch
from conformance.fapi.mutants.table import MUTANTS
from conformance.fapi.peers import (
    IDENTITY_SCOPES,
    SCOPES,
    UK_VARIANTS,
    VARIANTS,
    Authentication,
    Profile,
    Registered,
    Shown,
    Variant,
)
from fixtures_api import fresh_key
from running_platform import RunningPlatform, running

UP = Path(__file__).parent / "mutants" / "up.py"
EMAIL = "ann@example.com"
PASSWORD = "a long way home in the rain"
STEP_S = 30
_METHODS = {
    Authentication.PRIVATE_KEY_JWT: "private_key_jwt",
    Authentication.MTLS: "self_signed_tls_client_auth",
}
_PROFILES = {
    Profile.SECURITY: "fapi2",
    Profile.MESSAGE_SIGNING: "fapi2-message-signing",
    Profile.UK: "fapi1-advanced",
}
_STEPS_MAX = 12


@dataclass
class Person:
    """Somebody at a browser, who stays logged in and looks at one page at a time.

    Attributes:
        secret: of the application that shows codes.
        last_step: the time step of the last code that was typed in; none is taken twice.
    """

    browser: httpx.AsyncClient
    secret: str = ""
    last_step: int = field(default_factory=lambda: int(time()) // STEP_S - 2)
    looking: asyncio.Lock = field(default_factory=asyncio.Lock)

    def code(self) -> str:
        """What the application shows, or will show next, or has shown just now."""
        self.last_step = max(self.last_step + 1, int(time()) // STEP_S - 1)
        return pyotp.TOTP(self.secret).at(self.last_step * STEP_S)

    async def submit(self, page: httpx.Response, decision: str = "") -> httpx.Response:
        """Fill in the page's form, or take a decision, and send it."""
        known = {"name": EMAIL, "password": PASSWORD}
        for form in html.fromstring(page.text).iter("form"):
            given = list(form.iter("input"))
            fields = {each.get("name") or "": each.get("value") or "" for each in given}
            decisions = {each.get("value") for each in form.iter("button")}
            if decision:
                if decision not in {*decisions, fields.get("decision")}:
                    continue
                fields["decision"] = decision
            elif "totp" in fields:
                fields["totp"] = self.code()
            elif "password" in fields:
                fields |= {name: value for name, value in known.items() if name in fields}
            else:
                continue
            action = urljoin(str(page.url), form.get("action") or "")
            return await self.browser.post(action, data=fields)
        raise AssertionError(f"nothing to press: {page.text}")


@dataclass
class Bezant:
    """The peer."""

    issuer: str
    platform: RunningPlatform
    person: Person
    switch: Switch
    registered: dict[Variant, tuple[Registered, Registered]]

    @property
    def discovery(self) -> str:
        return f"{self.issuer}/.well-known/openid-configuration"

    @property
    def authority(self) -> Path:
        return Path(self.platform.serving["ca"])

    def trust(self) -> ssl.SSLContext:
        return self.platform.trust()

    def clients(self, variant: Variant) -> tuple[Registered, Registered]:
        return self.registered[variant]

    def intent(self, client: Registered) -> str:
        return intent_of(client.id)

    async def decide(self, url: str, *, is_granted: bool, to: str) -> str:
        """Log in where it is asked for, and agree."""
        async with self.person.looking:
            return await self._decide(url, is_granted=is_granted, to=to)

    async def _decide(self, url: str, *, is_granted: bool, to: str) -> str:
        person = self.person
        page = await person.browser.get(url)
        for _ in range(_STEPS_MAX):
            if page.is_redirect:
                location = urljoin(str(page.url), page.headers["Location"])
                if location.startswith(to):
                    return location
                assert location.startswith(f"{self.issuer}/"), f"sent elsewhere: {location}"
                page = await person.browser.get(location)
            elif page.is_error:
                raise Shown(page.status_code, page.text)
            elif not is_granted and "refuse" in page.text:
                page = await person.submit(page, "refuse")
            elif 'value="allow"' in page.text:
                page = await person.submit(page, "allow")
            else:
                page = await person.submit(page)
        raise AssertionError(f"it went round in circles: {page.text}")

    async def look(self, url: str) -> None:
        async with httpx.AsyncClient(verify=self.trust(), follow_redirects=True) as browser:
            (await browser.get(url)).raise_for_status()


@asynccontextmanager
async def bezant(folder: Path) -> AsyncIterator[Bezant]:
    """A platform of its own, which ends with the block; it is whole until the switch is used."""
    switch = Switch(folder / "mutants", len(MUTANTS))
    command = (sys.executable, str(UP), str(switch.path))
    async with running(folder / "data", "--mtls-port", "0", command=command) as platform:
        async with platform.client() as api:
            registered = {
                variant: (
                    await _client(api, variant, folder, 1),
                    await _client(api, variant, folder, 2),
                )
                for variant in [*VARIANTS, *UK_VARIANTS]
            }
            invited = {"name": "Ann", "email": EMAIL, "phone": "+4915112345678"}
            answer = await api.post("/v1/users", json=invited, headers=fresh_key())
            assert answer.status_code == 201, answer.text
        issuer = platform.serving["issuer"]
        async with httpx.AsyncClient(verify=platform.trust(), timeout=20) as browser:
            person = Person(browser)
            await _enrol(person, issuer, answer.json()["link"])
            yield Bezant(issuer, platform, person, switch, registered)


async def _enrol(person: Person, issuer: str, link: str) -> None:
    """Take up the invitation: a password, and an application that shows codes."""
    page = await person.browser.get(f"{issuer}/link/{link}")
    page = await person.submit(page)
    for _ in range(_STEPS_MAX):
        if page.is_redirect:
            page = await person.browser.get(urljoin(str(page.url), page.headers["Location"]))
        elif 'name="password"' in page.text:
            page = await person.submit(page)
        else:
            break
    page = await person.browser.get(f"{issuer}/account/totp")
    found = re.search(r'class="secret">([^<]+)<', page.text)
    assert found is not None, page.text
    person.secret = found.group(1).replace(" ", "")
    page = await person.submit(page)
    assert page.is_redirect, page.text


async def _client(
    api: httpx.AsyncClient, variant: Variant, folder: Path, number: int
) -> Registered:
    name = f"{variant}-{number}"
    keys = Keys(Certificate.made(folder, name))
    host = f"{name.replace('_', '-')}.example"
    uris = (f"https://{host}/callback", f"https://{host}/other?with=query")
    is_mtls = variant.authentication is Authentication.MTLS
    body = {
        "name": name,
        "profile": _PROFILES[variant.profile],
        "authentication": _METHODS[variant.authentication],
        "binding": variant.binding.value,
        "redirect_uris": uris,
        "grant_types": ["authorization_code", "refresh_token"],
        "scopes": sorted({*SCOPES, *IDENTITY_SCOPES}),
        "jwks": keys.jwks_with_certificate() if is_mtls else keys.jwks(),
    }
    answer = await api.post("/v1/oauth-clients", json=body, headers=fresh_key())
    assert answer.status_code == 201, answer.text
    return Registered(answer.json()["id"], variant, keys, uris, SCOPES)

"""A client's request by way of the pages: pushed, logged in for, allowed, and good for tokens."""

import os
from collections.abc import AsyncIterator
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from authorizing import ORIGIN, REDIRECT, Realm
from bezant.identity.authorization import COOKIE
from bezant.identity.clients import Clients
from bezant.identity.device_grant.guesses import FREE
from bezant.identity.factors.passkeys import RelyingParty
from bezant.identity.issuers import TenantIssuers
from bezant.identity.openid import IdTokenHints, LogoutRequests
from bezant.identity.pages import Behind, page_routes
from bezant.identity.people import Secrecy, compose
from bezant.identity.users import Naming
from bezant.identity.users.means import Means
from bezant.kernel.cache import open_cache
from bezant.kernel.database import Database
from bezant.kernel.sealing import KeySealer
from bezant.kernel.sessions import Sessions
from bezant.server.embedded import EmbeddedServers
from bezant.vault import VaultClient
from devices import Device
from fixtures_users import CACHE_SECRET, IDS, PASSWORD, CountingPasswords, Somebody, Town
from page_forms import csrf


@pytest.fixture
async def who(
    realm: Realm,
    database: Database,
    sealer: VaultClient,
    embedded_servers: EmbeddedServers,
    passwords: CountingPasswords,
) -> AsyncIterator[Somebody]:
    """A user of the realm's, which has pages."""
    cache = open_cache(embedded_servers.valkey_url, CACHE_SECRET)
    sessions = Sessions(database, cache, realm.clock, IDS)
    means = Means(database, realm.clock, IDS)
    secrecy = Secrecy(sealer, KeySealer(bytes(32)), os.urandom(32))
    people = compose(means, secrecy, sessions, RelyingParty(ORIGIN), passwords)
    behind = Behind(
        doorkeeper=people.entrance,
        sessions=people.browsing,
        factors=people.factors,
        interactions=realm.interactions,
        codes=realm.entry,
        logouts=LogoutRequests(Clients(database), IdTokenHints(realm.keys)),
        naming=Naming(people.users, IDS),
        clock=realm.clock,
    )
    realm.app.router.routes.extend(page_routes(behind, TenantIssuers(database, ORIGIN)))
    town = Town(people, means, realm.clock, passwords, realm.issuer.tenant_id, sessions)
    yield await town.somebody(f"{IDS.new()}@example.com")
    await sessions.close()
    await cache.close()


@pytest.fixture
async def browser(realm: Realm) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(realm.app)
    async with httpx.AsyncClient(transport=transport, base_url=f"{realm.issuer.url}/") as browser:
        yield browser


async def _consent(
    realm: Realm, who: Somebody, browser: httpx.AsyncClient, request_uri: str, client_id: str
) -> httpx.Response:
    """Come with a pushed request and log in: the page that asks."""
    query = {"client_id": client_id, "request_uri": request_uri}
    login = await browser.get("authorize", params=query, follow_redirects=True)
    assert login.url.path == f"/id/{realm.issuer.tenant_id}/login"
    form = {
        "csrf": csrf(login),
        "to": login.url.params["to"],
        "name": who.email,
        "password": PASSWORD,
    }
    return await browser.post("login", data=form, follow_redirects=True)


async def test_a_pushed_request_becomes_tokens_by_way_of_the_pages(
    realm: Realm, who: Somebody, browser: httpx.AsyncClient
) -> None:
    app = await realm.register()
    asked = await _consent(realm, who, browser, await app.push(), str(app.id))
    assert "Give Budget access?" in asked.text
    assert "see the accounts that you choose" in asked.text
    assert "form-action 'self' https://client.test;" in asked.headers["content-security-policy"]
    allowed = await browser.post(asked.url, data={"csrf": csrf(asked), "decision": "allow"})
    assert allowed.headers["location"].startswith(f"{REDIRECT}?")
    answer = parse_qs(urlsplit(allowed.headers["location"]).query)
    assert answer["state"] == ["state-1"]
    tokens = await app.redeem(answer["code"][0])
    assert tokens.status_code == 200
    about = await realm.read(tokens.json()["id_token"])
    assert about["sub"] == str(who.id)
    # What was decided is not decided again.
    again = await browser.post(asked.url, data={"csrf": csrf(asked), "decision": "allow"})
    assert again.status_code == 404


async def test_a_request_that_the_user_declines_is_answered_with_that(
    realm: Realm, who: Somebody, browser: httpx.AsyncClient
) -> None:
    app = await realm.register()
    asked = await _consent(realm, who, browser, await app.push(), str(app.id))
    refused = await browser.post(asked.url, data={"csrf": csrf(asked), "decision": "refuse"})
    answer = parse_qs(urlsplit(refused.headers["location"]).query)
    assert answer["error"] == ["access_denied"]
    assert answer["iss"] == [realm.issuer.url]


async def test_a_client_that_asks_for_a_new_login_gets_one(
    realm: Realm, who: Somebody, browser: httpx.AsyncClient
) -> None:
    app = await realm.register()
    await _consent(realm, who, browser, await app.push(), str(app.id))
    realm.clock.advance(seconds=60)
    query = {"client_id": str(app.id), "request_uri": await app.push(prompt="login")}
    again = await browser.get("authorize", params=query, follow_redirects=True)
    assert "Confirm that it is you" in again.text
    form = {"csrf": csrf(again), "name": who.email, "password": PASSWORD}
    form["to"] = again.url.params["to"]
    asked = await browser.post("login", data=form, follow_redirects=True)
    assert "Give Budget access?" in asked.text


async def _log_in(browser: httpx.AsyncClient, who: Somebody, path: str) -> httpx.Response:
    """Come to a page by way of the login."""
    login = await browser.get(path, follow_redirects=True)
    form = {
        "csrf": csrf(login),
        "to": login.url.params["to"],
        "name": who.email,
        "password": PASSWORD,
    }
    return await browser.post("login", data=form, follow_redirects=True)


async def _type(browser: httpx.AsyncClient, page: httpx.Response, code: str) -> httpx.Response:
    form = {"csrf": csrf(page), "user_code": code}
    return await browser.post("device", data=form, follow_redirects=True)


async def test_a_code_that_is_typed_leads_to_what_its_device_asks_for_and_to_tokens(
    realm: Realm, who: Somebody, browser: httpx.AsyncClient
) -> None:
    device = await Device.of(await realm.register())
    page = await _log_in(browser, who, "device")
    assert "Never use a code that somebody sent or told you" in page.text
    asked = await _type(browser, page, device.told["user_code"].lower().replace("-", " "))
    assert "Give Budget access?" in asked.text
    assert "see the accounts that you choose" in asked.text
    assert "asks from another device" in asked.text
    assert "form-action 'self';" in asked.headers["content-security-policy"]
    assert browser.cookies[COOKIE]
    form = {"csrf": csrf(asked), "decision": "allow"}
    done = await browser.post(asked.url, data=form, follow_redirects=True)
    assert "The device is connected" in done.text
    tokens = await device.poll()
    about = await realm.read(tokens.json()["id_token"])
    assert about["sub"] == str(who.id)
    again = await browser.post(asked.url, data=form)
    assert again.status_code == 404


async def test_a_code_in_the_address_survives_the_login_and_is_compared_before_it_counts(
    realm: Realm, who: Somebody, browser: httpx.AsyncClient
) -> None:
    device = await Device.of(await realm.register())
    code, url = device.told["user_code"], device.told["verification_uri_complete"]
    page = await _log_in(browser, who, url)
    assert str(page.url) == url.replace(code, code.replace("-", ""))
    assert "Does your device show this code?" in page.text
    assert f'<p class="shown">{code}</p>' in page.text
    # To look at it has begun nothing.
    assert await device.error() == "authorization_pending"
    asked = await _type(browser, page, code)
    form = {"csrf": csrf(asked), "decision": "refuse"}
    done = await browser.post(asked.url, data=form, follow_redirects=True)
    assert "The device gets no access" in done.text
    assert (await device.poll()).json()["error"] == "access_denied"


async def test_a_code_is_typed_by_who_is_logged_in_on_a_form_of_ours(
    realm: Realm, who: Somebody, browser: httpx.AsyncClient
) -> None:
    device = await Device.of(await realm.register())
    code = device.told["user_code"]
    page = await browser.get("login")
    sent = await browser.post("device", data={"csrf": csrf(page), "user_code": code})
    assert sent.headers["location"] == f"{realm.issuer.url}/login?to=device"
    page = await _log_in(browser, who, "device")
    forged = await browser.post("device", data={"user_code": code})
    assert forged.status_code == 403
    origin = {"Origin": "https://evil.example"}
    form = {"csrf": csrf(page), "user_code": code}
    assert (await browser.post("device", data=form, headers=origin)).status_code == 403
    assert "Give Budget access?" in (await _type(browser, page, code)).text


async def test_wrong_codes_are_declined_and_soon_have_to_wait(
    realm: Realm, who: Somebody, browser: httpx.AsyncClient
) -> None:
    page = await _log_in(browser, who, "device")
    for code in ("", "hello", *["BBBB-BBBB"] * FREE):
        page = await _type(browser, page, code)
        assert page.status_code == 422
        assert "<title>Error:" in page.text
    page = await _type(browser, page, "BBBB-BBBB")
    assert (page.status_code, page.headers["retry-after"]) == (429, "5")
    assert "Wait 5 seconds" in page.text
    realm.clock.advance(seconds=5)
    assert (await _type(browser, page, "BBBB-BBBB")).status_code == 422

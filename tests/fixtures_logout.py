"""An issuer whose users log into clients in browsers, which are told when they leave."""

import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import httpx
import pytest

from authorizing import ORIGIN, App, Realm
from bezant.identity.clients import Clients, ClientService
from bezant.identity.factors.passkeys import RelyingParty
from bezant.identity.http import protocol_routes
from bezant.identity.issuers import TenantIssuers
from bezant.identity.jose import KeyFetcher
from bezant.identity.logout import LogoutTokens, SessionClients
from bezant.identity.openid import IdTokenHints, LogoutRequests
from bezant.identity.pages import Behind, CookieVisitors, logout_part, page_routes
from bezant.identity.parts import Part
from bezant.identity.people import Secrecy, compose
from bezant.identity.sessions.ports import Browser, BrowserSession
from bezant.identity.users import Naming
from bezant.identity.users.means import Means
from bezant.kernel.cache import open_cache
from bezant.kernel.database import Database
from bezant.kernel.outbound import CheckedNetwork
from bezant.kernel.sealing import KeySealer
from bezant.kernel.sessions import Sessions
from bezant.kernel.webhooks import Sender
from bezant.server.embedded import EmbeddedServers
from bezant.vault import VaultClient
from fixtures_users import CACHE_SECRET, IDS, PASSWORD, CountingPasswords, Somebody, Town
from jobbers import running
from page_forms import csrf
from receivers import Message, Names, Receiver, receiving

GONE = "https://client.test/gone"

_DEVICE = "__Host-bezant-device"
_SESSION = "__Host-bezant"


@dataclass
class Lobby:
    """Where users come in and leave.

    Attributes:
        receiver: of whichever client gave its address.
    """

    realm: Realm
    town: Town
    receiver: Receiver
    names: Names
    tokens: LogoutTokens
    database: Database
    opened: AsyncExitStack
    part: Part

    @property
    def tenant_id(self) -> UUID:
        return self.realm.issuer.tenant_id

    async def client(self, **members: Any) -> App:  # noqa: ANN401 - members by name
        """A client that wants to be told, and has a page for users who left."""
        given = {
            "backchannel_logout_uri": self.receiver.url,
            "post_logout_redirect_uris": [GONE, f"{GONE}?shop=1"],
        }
        return await self.realm.register(**given | members)

    async def somebody(self) -> Somebody:
        return await self.town.somebody(f"{IDS.new()}@example.com")

    async def browser(self, who: Somebody | None = None) -> httpx.AsyncClient:
        """A browser; somebody's, in which they are logged in."""
        transport = httpx.ASGITransport(self.realm.app)
        browser = httpx.AsyncClient(transport=transport, base_url=f"{self.realm.issuer.url}/")
        await self.opened.enter_async_context(browser)
        if who is not None:
            await self.log_in(browser, who)
        return browser

    async def log_in(self, browser: httpx.AsyncClient, who: Somebody) -> None:
        form = {"csrf": csrf(await browser.get("login")), "name": who.email, "password": PASSWORD}
        assert (await browser.post("login", data=form)).status_code == 303

    async def session(self, browser: httpx.AsyncClient) -> BrowserSession:
        """The session of a browser, as the pages find it."""
        cookie = browser.cookies[_SESSION]
        return await self.town.people.browsing.find(self.tenant_id, self.known_as(browser), cookie)

    def known_as(self, browser: httpx.AsyncClient) -> Browser:
        return Browser(browser.cookies[_DEVICE], "127.0.0.1")

    async def ask(self, app: App, browser: httpx.AsyncClient, **asked: str) -> httpx.Response:
        """Come with a request of a client's."""
        query = {"client_id": str(app.id), "request_uri": await app.push(**asked)}
        return await browser.get("authorize", params=query, follow_redirects=False)

    async def consent(self, app: App, browser: httpx.AsyncClient, **asked: str) -> str:
        """The code for a request that is agreed to by who is logged in."""
        begun = await self.ask(app, browser, **asked)
        page = await browser.get(begun.headers["location"])
        assert page.status_code == 200, page.headers
        allowed = await browser.post(page.url, data={"csrf": csrf(page), "decision": "allow"})
        return parse_qs(urlsplit(allowed.headers["location"]).query)["code"][0]

    async def log_into(self, app: App, browser: httpx.AsyncClient) -> str:
        """Log into a client; the ID token that it gets."""
        answer = await app.redeem(await self.consent(app, browser))
        assert answer.status_code == 200, answer.text
        token: str = answer.json()["id_token"]
        return token

    async def deliver(self) -> list[Message]:
        """Do what is due of what is to be told; all that the receiver ever got."""
        async with running(self.database, self.tokens.handling(), clock=self.realm.clock):
            while await self._due():
                await self.database.fetch("SELECT pg_sleep(0.01)")
        return self.receiver.messages

    async def jobs(self) -> list[str]:
        """The states of what is to be told of the tenant's."""
        rows = await self.database.fetch(
            "SELECT state FROM job WHERE tenant_id = $1 AND kind = 'logout.tell'", self.tenant_id
        )
        return [row["state"] for row in rows]

    async def _due(self) -> int:
        row = await self.database.fetchrow(
            "SELECT count(*) AS count FROM job WHERE tenant_id = $1 AND kind = 'logout.tell'"
            " AND (state = 'running' OR state = 'ready' AND run_at <= $2)",
            self.tenant_id,
            self.realm.clock.now(),
        )
        assert row is not None
        return int(row["count"])


@pytest.fixture
async def lobby(
    realm: Realm,
    database: Database,
    sealer: VaultClient,
    embedded_servers: EmbeddedServers,
    passwords: CountingPasswords,
    tmp_path: Path,
) -> AsyncIterator[Lobby]:
    clock = realm.clock
    cache = open_cache(embedded_servers.valkey_url, CACHE_SECRET)
    sessions = Sessions(database, cache, clock, IDS)
    means = Means(database, clock, IDS)
    secrecy = Secrecy(sealer, KeySealer(bytes(32)), os.urandom(32))
    people = compose(means, secrecy, sessions, RelyingParty(ORIGIN), passwords)
    issuers, clients = TenantIssuers(database, ORIGIN), Clients(database)
    naming, names = Naming(people.users, IDS), Names([["127.0.0.1"]])
    behind = Behind(
        doorkeeper=people.entrance,
        sessions=people.browsing,
        factors=people.factors,
        interactions=realm.interactions,
        codes=realm.entry,
        logouts=LogoutRequests(clients, IdTokenHints(realm.keys)),
        naming=naming,
        clock=clock,
    )
    realm.sessions.real = SessionClients(database, clock)
    realm.visitors.real = CookieVisitors(people.browsing, naming)
    part = logout_part(behind)
    ends = protocol_routes(part.endpoints, issuers)
    realm.app.router.routes.extend([*page_routes(behind, issuers), *ends])
    network = CheckedNetwork(names, allow_loopback=True)
    realm.clients = ClientService(database, clock, IDS, KeyFetcher(network, allow_loopback=True))
    town = Town(people, means, clock, passwords, realm.issuer.tenant_id, sessions)
    async with receiving(tmp_path) as receiver, AsyncExitStack() as opened:
        sender = Sender(network, clock, tls=receiver.tls)
        tokens = LogoutTokens(clients, issuers, realm.keys, clock, sender, allow_loopback=True)
        yield Lobby(realm, town, receiver, names, tokens, database, opened, part)
        await tokens.close()
    await sessions.close()
    await cache.close()

"""The pages over real users on real databases, served by TLS, and browsers to look at them with."""

import base64
import hashlib
import os
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pyotp
import pytest
import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from playwright.async_api import Browser as Chromium
from playwright.async_api import async_playwright
from starlette.applications import Starlette
from starlette.types import ASGIApp

from bezant.identity.clients import Clients
from bezant.identity.device_grant import CodeEntry, DeviceInteractions, UserCodes
from bezant.identity.factors.passkeys import RelyingParty
from bezant.identity.grants import GrantService
from bezant.identity.http import protocol_routes
from bezant.identity.issuers import Issuer, TenantIssuers
from bezant.identity.logout import SessionClients
from bezant.identity.openid import IdTokenHints, LogoutRequests
from bezant.identity.pages import Behind, logout_part, page_routes
from bezant.identity.people import People, Secrecy, compose
from bezant.identity.sessions.links import OperatorLinks
from bezant.identity.signing import SigningKeys
from bezant.identity.users import Naming
from bezant.identity.users.means import Means
from bezant.kernel.cache import open_cache
from bezant.kernel.clock import ManualClock, SystemClock
from bezant.kernel.database import Database
from bezant.kernel.sealing import KeySealer
from bezant.kernel.sessions import Sessions
from bezant.server.development_ca import DevelopmentCa
from bezant.server.embedded import EmbeddedServers
from bezant.vault import VaultClient
from fixtures_users import CACHE_SECRET, IDS, CountingPasswords, Town
from fixtures_vault import add_tenant
from waiting_requests import WaitingRequests

CHROMIUM = "chromium"
USER_CODES = UserCodes(bytes(32))


@dataclass
class Branch(Town):
    """A town whose people come to pages.

    Attributes:
        issuer: whose pages they are.
        app: serves them.
        requests: of clients, that wait for users.
    """

    issuer: Issuer
    app: ASGIApp
    requests: WaitingRequests
    keys: SigningKeys

    def url(self, path: str) -> str:
        return f"{self.issuer.url}/{path}"

    async def operator_link(self) -> str:
        return await OperatorLinks(self.means).make(self.tenant_id)

    async def invitation(self, email: str = "ada@example.com") -> str:
        link = (await self.invited(email)).link
        assert link is not None
        return link

    async def neighbour(self) -> UUID:
        """Another tenant on the same origin."""
        return await add_tenant(self.means.database)

    def totp(self, secret: str) -> str:
        """What an application shows a step later, so that no code comes twice."""
        self.later()
        return pyotp.TOTP(secret.replace(" ", "")).at(self.clock.now())


@pytest.fixture(scope="session")
def page_authority(tmp_path_factory: pytest.TempPathFactory) -> DevelopmentCa:
    """A certificate for this machine, and its key."""
    authority = DevelopmentCa(tmp_path_factory.mktemp("pages"), SystemClock())
    authority.ensure("localhost")
    return authority


@pytest.fixture
async def branch(
    database: Database,
    sealer: VaultClient,
    embedded_servers: EmbeddedServers,
    passwords: CountingPasswords,
    page_authority: DevelopmentCa,
) -> AsyncIterator[Branch]:
    """Pages of a tenant of the test's own."""
    clock = ManualClock(datetime.now(UTC))
    cache = open_cache(embedded_servers.valkey_url, CACHE_SECRET)
    sessions = Sessions(database, cache, clock, IDS)
    means = Means(database, clock, IDS)
    secrecy = Secrecy(sealer, KeySealer(bytes(32)), os.urandom(32))
    tenant_id = await add_tenant(database)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        origin = f"https://localhost:{listener.getsockname()[1]}"
        people = compose(means, secrecy, sessions, RelyingParty(origin), passwords)
        issuers, requests = TenantIssuers(database, origin), WaitingRequests(clock, IDS)
        keys = SigningKeys(database, SystemClock(), IDS, sealer)
        logouts = LogoutRequests(Clients(database), IdTokenHints(keys))
        app = _app(people, requests, issuers, means, clock, logouts)
        async with _served(app, listener, page_authority):
            yield Branch(
                people,
                means,
                clock,
                passwords,
                tenant_id,
                sessions,
                issuer=issuers.of(tenant_id),
                app=app,
                requests=requests,
                keys=keys,
            )
    await sessions.close()
    await cache.close()


def _app(
    people: People,
    requests: WaitingRequests,
    issuers: TenantIssuers,
    means: Means,
    clock: ManualClock,
    logouts: LogoutRequests,
) -> Starlette:
    behind = Behind(
        doorkeeper=people.entrance,
        sessions=people.browsing,
        factors=people.factors,
        interactions=DeviceInteractions(
            means.database,
            clock,
            issuers,
            Clients(means.database),
            GrantService(means.database, clock, IDS),
            SessionClients(means.database, clock),
            requests,
        ),
        codes=CodeEntry(means.database, clock, IDS, people.throttle, USER_CODES),
        logouts=logouts,
        naming=Naming(people.users, IDS),
        clock=clock,
    )
    ends = protocol_routes(logout_part(behind).endpoints, issuers)
    return Starlette(routes=[*page_routes(behind, issuers), *ends])


@asynccontextmanager
async def _served(
    app: ASGIApp, listener: socket.socket, authority: DevelopmentCa
) -> AsyncIterator[None]:
    config = uvicorn.Config(
        app,
        ssl_certfile=authority.certificate,
        ssl_keyfile=authority.key,
        log_level="warning",
        lifespan="off",
    )
    config.load()
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    # Not `serve`, which would take the test's signals.
    await server.startup([listener])
    yield
    server.force_exit = True
    await server.shutdown([listener])


@pytest.fixture(scope="session")
async def chromium(page_authority: DevelopmentCa) -> AsyncIterator[Chromium]:
    """The system's Chromium, which trusts the pages' certificate and nothing else besides."""
    executable = shutil.which(CHROMIUM)
    if executable is None:
        pytest.skip("Chromium is not installed")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=executable,
            args=["--no-sandbox", f"--ignore-certificate-errors-spki-list={_pin(page_authority)}"],
        )
        yield browser
        await browser.close()


def _pin(authority: DevelopmentCa) -> str:
    certificate = x509.load_pem_x509_certificate(authority.certificate.read_bytes())
    key = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(hashlib.sha256(key).digest()).decode()


@pytest.fixture
def pictures() -> Path:
    """Where screenshots go, to be looked at."""
    folder = Path(__file__).parents[1] / "build" / "pages"
    folder.mkdir(parents=True, exist_ok=True)
    return folder

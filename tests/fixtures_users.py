"""Users on real databases, with a clock to move and hashes that cost little."""

import os
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import msgspec
import pyotp
import pytest

from bezant.identity.backchannel import PingJobs
from bezant.identity.factors.domain import Method
from bezant.identity.factors.passkeys import RelyingParty
from bezant.identity.factors.passwords import BreachedPasswords, Cost, Passwords
from bezant.identity.logins import Acr
from bezant.identity.people import People, Secrecy, compose
from bezant.identity.sessions.ports import Browser, BrowserSession, Entered, Step
from bezant.identity.users.means import Means
from bezant.identity.users.schemas import InvitedUser, NewUser
from bezant.kernel.cache import open_cache
from bezant.kernel.calls import Call
from bezant.kernel.clock import ManualClock
from bezant.kernel.database import Database
from bezant.kernel.ids import TimeOrderedIds
from bezant.kernel.sealing import KeySealer
from bezant.kernel.sessions import Sessions
from bezant.server.embedded import EmbeddedServers
from bezant.vault import VaultClient
from fixtures_vault import add_tenant
from software_authenticator import SoftwareAuthenticator

ORIGIN = "https://bank.test:8443"
PASSWORD = "correct horse battery staple"
CHEAP = Cost(memory_kib=8, passes=1, lanes=1)
CACHE_SECRET = b"a secret of these tests, and long enough"

IDS = TimeOrderedIds()


class CountingPasswords(Passwords):
    """Counts verifications that computed a hash."""

    def __init__(self, breached: BreachedPasswords | None = None) -> None:
        super().__init__(breached, CHEAP)
        self.verified = 0

    async def verify(self, encoded: str | None, password: str) -> bool:
        self.verified += 1
        return await super().verify(encoded, password)


@dataclass
class Somebody:
    """A user, and what they know and have.

    Attributes:
        browser: where they log in.
        secret: of their authenticator application, once there is one.
    """

    id: UUID
    email: str
    browser: Browser
    password: str = PASSWORD
    secret: str = ""
    codes: Sequence[str] = ()
    authenticator: SoftwareAuthenticator | None = None
    cookie: str = ""


@dataclass
class Town:
    """People of a tenant of the test's own."""

    people: People
    means: Means
    clock: ManualClock
    passwords: CountingPasswords
    tenant_id: UUID
    sessions: Sessions

    def call(self, action: str = "test.call", purpose: str = "test") -> Call:
        """A request of the tenant's API key."""
        call_id = IDS.new()
        return Call(
            id=call_id,
            tenant_id=self.tenant_id,
            actor=f"key:{self.tenant_id}",
            action=action,
            resource="/v1/users",
            origin="test",
            idempotency_key=f"test-{call_id}",
            fingerprint=call_id.bytes,
            purpose=purpose,
        )

    def browser(self, address: str = "192.0.2.1") -> Browser:
        """A browser that nobody has logged in with."""
        return Browser(self.people.entrance.new_device(), address)

    async def invited(self, email: str = "ada@example.com") -> InvitedUser:
        """A user who has not used the link."""
        new = NewUser("Ada Lovelace", email)
        return (await self.people.users.invite(self.call(), new)).value(InvitedUser)

    async def somebody(self, email: str = "ada@example.com") -> Somebody:
        """A user with a password, logged in nowhere."""
        invited = await self.invited(email)
        assert invited.link is not None
        who = Somebody(invited.user.id, email, self.browser())
        await self.people.entrance.use_link(self.tenant_id, who.browser, invited.link, who.password)
        return who

    async def first_step(
        self, who: Somebody, needed: Acr = Acr.PASSWORD, browser: Browser | None = None
    ) -> Step:
        """Name and password."""
        return await self.people.entrance.with_password(
            self.tenant_id, browser or who.browser, who.email, who.password, needed
        )

    async def enter(self, who: Somebody, step: Step, browser: Browser | None = None) -> Entered:
        """Open the session; the user's browser keeps the cookie."""
        entered = await self.people.entrance.enter(
            self.tenant_id, browser or who.browser, step.ticket, who.cookie or None
        )
        if browser is None:
            who.cookie = entered.cookie
        return entered

    def code(self, who: Somebody) -> str:
        """What the user's application shows now."""
        return pyotp.TOTP(who.secret).at(self.clock.now())

    def later(self, seconds: int = 30) -> None:
        """Time goes by: a step of codes, unless told otherwise."""
        self.clock.advance(seconds=seconds)

    async def log_in(self, who: Somebody, needed: Acr = Acr.PASSWORD) -> BrowserSession:
        """Log in with whatever is asked for."""
        step = await self.first_step(who, needed)
        if Method.TOTP in step.left:
            self.later()
            step = await self.people.entrance.with_totp(
                self.tenant_id, who.browser, step.ticket, self.code(who)
            )
        elif who.authenticator is not None and step.left:
            step = await self.prove_passkey(who, step)
        return (await self.enter(who, step)).session

    async def log_in_by(self, who: Somebody, key: SoftwareAuthenticator) -> BrowserSession:
        """Log in by a passkey alone."""
        who.authenticator = key
        return (await self.enter(who, await self.prove_passkey(who))).session

    async def prove_passkey(self, who: Somebody, step: Step | None = None) -> Step:
        """Answer a challenge, in a login under way or to begin one."""
        assert who.authenticator is not None
        ticket = None if step is None else step.ticket
        entrance = self.people.entrance
        options = await entrance.passkey_options(self.tenant_id, who.browser, ticket)
        credential = who.authenticator.get(options)
        return await entrance.with_passkey(
            self.tenant_id, who.browser, credential, Acr.PASSWORD, ticket
        )

    async def with_totp(self, email: str = "ada@example.com") -> Somebody:
        """A user with a password and an authenticator application."""
        who = await self.somebody(email)
        session = await self.log_in(who)
        offer = await self.people.factors.begin_totp(session)
        who.secret = offer.secret
        await self.people.factors.confirm_totp(session, offer.ticket, self.code(who))
        return who

    async def with_passkey(
        self, authenticator: SoftwareAuthenticator | None = None, email: str = "ada@example.com"
    ) -> Somebody:
        """A user with a password and a passkey."""
        who = await self.somebody(email)
        session = await self.log_in(who)
        who.authenticator = authenticator or SoftwareAuthenticator(ORIGIN)
        options = await self.people.factors.begin_passkey(session)
        credential = who.authenticator.create(options)
        await self.people.factors.confirm_passkey(session, credential)
        return who

    async def with_recovery_codes(self) -> Somebody:
        """A user with a password, an authenticator application and recovery codes."""
        who = await self.with_totp()
        session = await self.log_in(who)
        who.codes = await self.people.factors.new_recovery_codes(session)
        return who

    async def events(self) -> list[tuple[str, dict[str, str]]]:
        """What the tenant was told of, by kind, in order."""
        rows = await self.means.database.fetch(
            "SELECT kind, data FROM event_pending WHERE tenant_id = $1 ORDER BY event_id",
            self.tenant_id,
        )
        return [(row["kind"], msgspec.json.decode(row["data"])) for row in rows]

    async def kinds(self) -> list[str]:
        """The kinds of what the tenant was told of."""
        return [kind for kind, _ in await self.events()]


@pytest.fixture
def passwords() -> Iterator[CountingPasswords]:
    """Hashes at little cost."""
    passwords = CountingPasswords()
    yield passwords
    passwords.close()


@pytest.fixture
async def town(
    database: Database,
    sealer: VaultClient,
    embedded_servers: EmbeddedServers,
    passwords: CountingPasswords,
) -> AsyncIterator[Town]:
    """A tenant's people."""
    clock = ManualClock(datetime.now(UTC))
    cache = open_cache(embedded_servers.valkey_url, CACHE_SECRET)
    sessions = Sessions(database, cache, clock, IDS)
    means = Means(database, clock, IDS)
    secrecy = Secrecy(sealer, KeySealer(bytes(32)), os.urandom(32))
    heard = PingJobs(IDS).heard
    people = compose(means, secrecy, sessions, RelyingParty(ORIGIN), passwords, heard)
    tenant_id = await add_tenant(database)
    yield Town(people, means, clock, passwords, tenant_id, sessions)
    await sessions.close()
    await cache.close()

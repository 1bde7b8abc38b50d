"""Sessions on a real database and real caches: what they grant, and how and when they end."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from bezant.kernel.cache import Cache, open_cache
from bezant.kernel.calls import Call
from bezant.kernel.clock import ManualClock
from bezant.kernel.database import Database
from bezant.kernel.errors import Unauthenticated
from bezant.kernel.sessions import OpenedSession, SessionEnded, Sessions, revocations
from bezant.kernel.sessions.revocations import TRUST_S, Revocations
from bezant.kernel.sessions.service import ENTRY_VALID
from bezant.kernel.sessions.token import SessionToken
from bezant.kernel.telemetry import CACHE_READS
from caches import KINDS, SECRET, CacheServer, running
from fixtures_ledger import IDS, new_bank

if TYPE_CHECKING:
    import asyncpg

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
SCOPES = frozenset({"ledger:read"})


class Seconds:
    """Seconds since boot that pass when told to."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class House:
    """A tenant, whose sessions several processes serve."""

    server: CacheServer
    database: Database
    tenant_id: UUID
    opened: AsyncExitStack
    clock: ManualClock = field(default_factory=lambda: ManualClock(datetime.now(UTC)))
    since_boot: Seconds = field(default_factory=Seconds)

    async def process(self) -> Sessions:
        """What one process has."""
        cache = open_cache(self.server.url, SECRET)
        cache._timeout_s = 5.0
        self.opened.push_async_callback(cache.close)
        known = Revocations(self.database, self.clock, self.since_boot)
        sessions = Sessions(self.database, cache, self.clock, IDS, revocations=known)
        self.opened.push_async_callback(sessions.close)
        return sessions

    def call(self, action: str = "session.change") -> Call:
        return Call(IDS.new(), self.tenant_id, "user:7", action, "/sessions", "test")

    async def open(
        self, sessions: Sessions, subject: str = "user:7", idle: timedelta = HOUR
    ) -> OpenedSession:
        return await sessions.open(self.call(), subject, SCOPES, lifetime=DAY, idle=idle)

    def pass_time(self, seconds: int) -> None:
        self.clock.advance(seconds=seconds)
        self.since_boot.now += seconds


@pytest.fixture(scope="module", params=KINDS)
async def server(request: pytest.FixtureRequest) -> AsyncIterator[CacheServer]:
    async with running(request.param) as server:
        yield server


@pytest.fixture
async def house(server: CacheServer, database: Database) -> AsyncIterator[House]:
    async with AsyncExitStack() as opened:
        bank = await new_bank(None, database)  # type: ignore[arg-type] # a tenant is all it is for
        yield House(server, database, bank.tenant_id, opened)


@pytest.fixture
async def one(house: House) -> Sessions:
    return await house.process()


@pytest.fixture
async def two(house: House) -> Sessions:
    return await house.process()


def hits() -> float:
    return float(CACHE_READS.labels("session", "hit")._value.get())


def _cache(sessions: Sessions) -> Cache:
    return sessions._cache


async def assert_ended(sessions: Sessions, token: str) -> None:
    with pytest.raises(SessionEnded) as refused:
        await sessions.find(token)
    assert refused.value.status == 401


async def test_a_session_is_found_by_its_token_in_every_process(
    house: House, one: Sessions, two: Sessions
) -> None:
    opened = await house.open(one)
    before = hits()
    for sessions in (one, two):
        found = await sessions.find(opened.token)
        assert (found.subject, found.scopes) == ("user:7", SCOPES)
        assert found.tenant_id == house.tenant_id
    assert hits() == before + 2


async def test_the_token_is_kept_nowhere(
    house: House, one: Sessions, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    opened = await house.open(one)
    token = SessionToken.read(opened.token)
    assert token is not None
    row = await owner.fetchrow(
        "SELECT * FROM session WHERE tenant_id = $1 AND session_id = $2",
        house.tenant_id,
        opened.session.id,
    )
    kept = b"".join((await house.server.snapshot()).values()) + repr(dict(row or {})).encode()
    assert opened.session.secret_hash in kept
    assert token.secret not in kept
    assert opened.token.encode() not in kept
    assert repr(token.secret).encode() not in kept


async def test_what_is_no_token_finds_nothing(house: House, one: Sessions) -> None:
    opened = await house.open(one)
    token = SessionToken.read(opened.token)
    assert token is not None
    other_secret = SessionToken(token.tenant_id, token.session_id, bytes(32))
    other_session = SessionToken(token.tenant_id, UUID(int=1), token.secret)
    other_tenant = SessionToken(UUID(int=999_999), token.session_id, token.secret)
    for text in (
        "", "bzs_", "bzs_!", opened.token[:-1], opened.token + "A", opened.token[4:],
        "é" * 90, other_secret.write(), other_session.write(), other_tenant.write(),
    ):  # fmt: skip
        await assert_ended(one, text)
    assert await one.find(opened.token) == opened.session


async def test_a_session_ends_when_it_is_not_used(house: House, one: Sessions) -> None:
    opened = await house.open(one, idle=timedelta(minutes=10))
    house.pass_time(599)
    await one.find(opened.token)
    await asyncio.gather(*one._touches)
    house.pass_time(599)
    await one.find(opened.token)
    await asyncio.gather(*one._touches)
    house.pass_time(600)
    await assert_ended(one, opened.token)


async def test_use_in_one_process_keeps_it_for_another(
    house: House, one: Sessions, two: Sessions
) -> None:
    opened = await house.open(one, idle=timedelta(seconds=40))
    old = await house.server.snapshot()
    house.pass_time(30)
    await one.find(opened.token)
    await asyncio.gather(*one._touches)
    house.pass_time(20)
    for key, value in old.items():
        await house.server.put_raw(key, value)
    assert (await two.find(opened.token)).id == opened.session.id


async def test_a_session_ends_in_the_end_however_much_it_is_used(
    house: House, one: Sessions
) -> None:
    opened = await house.open(one, idle=DAY)
    for _ in range(23):
        house.pass_time(3_600)
        await one.find(opened.token)
        await asyncio.gather(*one._touches)
    house.pass_time(3_600)
    await assert_ended(one, opened.token)


async def restored(house: House, snapshot: dict[bytes, bytes]) -> None:
    assert snapshot
    for key, value in snapshot.items():
        await house.server.put_raw(key, value)


async def test_a_revocation_reaches_everybody_within_a_second_against_the_caches_word(
    house: House, one: Sessions, two: Sessions
) -> None:
    opened = await house.open(one)
    await two.find(opened.token)
    old = await house.server.snapshot()
    await one.revoke(house.call(), opened.session.id)
    await restored(house, old)
    await assert_ended(one, opened.token)
    house.since_boot.now += TRUST_S
    await restored(house, old)
    await assert_ended(two, opened.token)
    # Nor does the entry's own word count for longer than it was given for.
    house.pass_time(int(ENTRY_VALID.total_seconds()))
    await restored(house, old)
    await assert_ended(two, opened.token)


async def test_without_asking_what_was_revoked_an_old_entry_would_be_believed(
    house: House, one: Sessions, two: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control of the test above."""
    opened = await house.open(one)
    old = await house.server.snapshot()
    await one.revoke(house.call(), opened.session.id)
    await restored(house, old)

    async def nothing(*_of: object) -> bool:
        return False

    monkeypatch.setattr(Revocations, "rules_out", nothing)
    assert await two.find(opened.token) == opened.session


async def test_all_sessions_of_a_subject_end_at_once_and_no_others(
    house: House, one: Sessions, two: Sessions
) -> None:
    theirs = [await house.open(one) for _ in range(5)]
    others = await house.open(one, subject="user:8")
    for each in theirs:
        await two.find(each.token)
    old = await house.server.snapshot()
    await one.revoke_all(house.call(), "user:7")
    await restored(house, old)
    house.since_boot.now += TRUST_S
    for each in theirs:
        for sessions in (one, two):
            await assert_ended(sessions, each.token)
    assert (await two.find(others.token)).subject == "user:8"
    later = await house.open(two)
    assert (await one.find(later.token)).subject == "user:7"


async def test_a_rotation_ends_the_old_token_and_keeps_the_end(
    house: House, one: Sessions, two: Sessions
) -> None:
    opened = await house.open(one)
    await two.find(opened.token)
    old = await house.server.snapshot()
    house.pass_time(5)
    wider = await one.rotate(house.call(), opened.token, {"ledger:read", "ledger:write"})
    await restored(house, old)
    for sessions in (one, two):
        await assert_ended(sessions, opened.token)
        found = await sessions.find(wider.token)
        assert found.scopes == {"ledger:read", "ledger:write"}
        assert found.expires_at == opened.session.expires_at
        assert found.id != opened.session.id


async def test_of_rotations_at_once_one_succeeds(house: House, one: Sessions) -> None:
    opened = await house.open(one)
    results = await asyncio.gather(
        *(one.rotate(house.call(), opened.token, SCOPES) for _ in range(5)),
        return_exceptions=True,
    )
    assert [type(each) for each in results].count(OpenedSession) == 1
    assert all(isinstance(each, OpenedSession | SessionEnded) for each in results)


async def test_only_the_tenants_own_token_can_be_rotated(
    house: House, one: Sessions, database: Database
) -> None:
    opened = await house.open(one)
    stranger = await new_bank(None, database)  # type: ignore[arg-type] # as above
    call = Call(IDS.new(), stranger.tenant_id, "user:1", "session.rotate", "/sessions", "test")
    for text in (opened.token, "bzs_nothing"):
        with pytest.raises(Unauthenticated):
            await one.rotate(call, text, SCOPES)
    await one.revoke(call, opened.session.id)
    assert await one.find(opened.token) == opened.session


async def test_sessions_live_on_without_their_cache(house: House, one: Sessions) -> None:
    opened = await house.open(one)
    await house.server.flush()
    assert await one.find(opened.token) == opened.session
    for key in await house.server.snapshot():
        await house.server.put_raw(key, b"garbage")
    assert await one.find(opened.token) == opened.session
    _cache(one)._breaker.failed()
    assert await one.find(opened.token) == opened.session
    await one.revoke(house.call(), opened.session.id)
    await assert_ended(one, opened.token)


async def test_too_many_revocations_to_look_at_leave_the_database_to_ask(
    house: House, one: Sessions, two: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(revocations, "REVOKED_MAX", 2)
    ended = [await house.open(one, subject="user:9") for _ in range(3)]
    alive = await house.open(one)
    old = await house.server.snapshot()
    await one.revoke_all(house.call(), "user:9")
    await restored(house, old)
    for each in ended:
        await assert_ended(two, each.token)
    assert (await two.find(alive.token)).id == alive.session.id


async def test_a_use_that_comes_late_brings_no_session_back(
    house: House, one: Sessions, two: Sessions
) -> None:
    opened = await house.open(one)
    house.pass_time(61)
    await two.find(opened.token)
    await one.revoke(house.call(), opened.session.id)
    await two._touch(opened.session, house.clock.now())
    await assert_ended(one, opened.token)


async def test_what_changes_sessions_is_audited(
    house: House, one: Sessions, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    opened = await one.open(house.call("session.open"), "user:7", SCOPES, lifetime=DAY, idle=HOUR)
    rotated = await one.rotate(house.call("session.rotate"), opened.token, SCOPES)
    await one.revoke(house.call("session.revoke"), rotated.session.id)
    await one.revoke_all(house.call("session.revoke_all"), "user:7")
    rows = await owner.fetch(
        "SELECT action FROM audit_entry WHERE tenant_id = $1 ORDER BY entry_id", house.tenant_id
    )
    assert [row["action"].partition(".")[2] for row in rows] == [
        "open", "rotate", "revoke", "revoke_all",
    ]  # fmt: skip

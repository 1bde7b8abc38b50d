"""How soon a revocation is felt, in other processes too, and what a lost database means."""

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import msgspec
import pytest

from bezant.identity.tokens import standing
from bezant.identity.tokens.access import InvalidAccessToken
from bezant.identity.tokens.sweeping import KEPT_AFTER, TokenSweep
from bezant.kernel.database import Capabilities, Database
from bezant.kernel.errors import Unavailable
from bezant.vault import VaultClient
from fixtures_api import Api, Tenant
from token_desk import CODES, TokenDesk, client_of, signing_keys

if TYPE_CHECKING:
    import asyncpg


class CountingDatabase(Database):
    """The real database, which counts look-ups, and can hold them up or be away."""

    def __init__(self, pool: "asyncpg.Pool", capabilities: Capabilities) -> None:
        super().__init__(pool, capabilities)
        self.lookups = 0
        self.is_away = False
        self.gate = asyncio.Event()
        self.gate.set()

    async def fetchrow(self, statement: str, *values: object) -> "asyncpg.Record | None":
        self.lookups += 1
        await self.gate.wait()
        if self.is_away:
            raise Unavailable("The database is away.")
        return await super().fetchrow(statement, *values)


@pytest.fixture
async def desk(
    app_url: str, tenant: Tenant, sealer: VaultClient, owner: "asyncpg.Connection[asyncpg.Record]"
) -> AsyncIterator[TokenDesk]:
    await owner.execute(CODES)
    database = await CountingDatabase.open(app_url)
    yield TokenDesk(database, tenant.id, signing_keys(database, sealer))
    await database.close()


@pytest.fixture
async def own_tenant(api: Api) -> AsyncIterator[Tenant]:
    async with api.tenant() as tenant:
        yield tenant


def counting(desk: TokenDesk) -> CountingDatabase:
    assert isinstance(desk.database, CountingDatabase)
    return desk.database


async def revoke(desk: TokenDesk, grant_id: UUID | None) -> None:
    assert grant_id is not None
    await desk.database.transaction(
        lambda connection: desk.grants.end(
            connection,
            desk.tenant_id,
            grant_id,
            desk.clock.now(),
        )
    )


async def test_a_revoked_grant_is_felt_by_every_process_within_a_second(desk: TokenDesk) -> None:
    given = await desk.begun(client_of(desk.tenant_id))
    others = [desk.other_process() for _ in range(2)]
    assert all([await other.holds(given) for other in others])
    await revoke(desk, given.claims.grant_id)
    for other in others:
        other.since_boot_s += standing.ANSWER_S_MAX
    assert not any([await other.holds(given) for other in others])


async def test_an_answer_is_used_for_a_while_and_asked_for_once_at_a_time(
    desk: TokenDesk,
) -> None:
    given = await desk.begun(client_of(desk.tenant_id))
    process, database = desk.other_process(), counting(desk)
    before = database.lookups
    database.gate.clear()
    waiting = [asyncio.create_task(process.holds(given)) for _ in range(20)]
    await asyncio.sleep(0)
    database.gate.set()
    assert all(await asyncio.gather(*waiting))
    assert await process.holds(given)
    assert database.lookups == before + 1
    process.since_boot_s += standing.FRESH_S
    assert await process.holds(given)
    assert database.lookups == before + 2


async def test_without_the_database_no_token_holds_for_longer_than_a_second(
    desk: TokenDesk,
) -> None:
    given = await desk.begun(client_of(desk.tenant_id))
    process = desk.other_process()
    assert await process.holds(given)
    await revoke(desk, given.claims.grant_id)
    counting(desk).is_away = True
    process.since_boot_s += standing.ANSWER_S_MAX
    with pytest.raises(Unavailable):
        await process.holds(given)
    counting(desk).is_away = False
    assert not await process.holds(given)


async def test_a_database_that_hangs_is_an_unavailable_one(
    desk: TokenDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = await desk.begun(client_of(desk.tenant_id))
    monkeypatch.setattr(standing, "CHECK_S_MAX", 0.01)
    counting(desk).gate.clear()
    with pytest.raises(Unavailable):
        await desk.holds(given)
    counting(desk).gate.set()
    assert await desk.holds(given)


async def test_an_answer_that_came_too_late_is_not_relied_on(desk: TokenDesk) -> None:
    given = await desk.begun(client_of(desk.tenant_id))
    process, database = desk.other_process(), counting(desk)
    database.gate.clear()
    waiting = asyncio.create_task(process.holds(given))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    process.since_boot_s += standing.ANSWER_S_MAX
    before = database.lookups
    database.gate.set()
    assert await waiting
    assert database.lookups == before + 1


async def test_a_token_that_was_never_written_down_does_not_hold_however_well_signed(
    desk: TokenDesk,
) -> None:
    given = await desk.begun(client_of(desk.tenant_id))
    text = await desk.access.sign(desk.tenant_id, given.claims)
    assert await desk.access.read(desk.issuer, text) == given.claims
    forged = msgspec.structs.replace(given.claims, jti=uuid4().hex)
    with pytest.raises(InvalidAccessToken):
        await desk.access.read(desk.issuer, await desk.access.sign(desk.tenant_id, forged))


async def test_a_token_is_read_until_its_end_and_by_its_own_issuer_only(
    desk: TokenDesk, other_tenant: Tenant
) -> None:
    given = await desk.begun(client_of(desk.tenant_id))
    text = await desk.access.sign(desk.tenant_id, given.claims)
    other = TokenDesk(desk.database, other_tenant.id, desk.keys)
    with pytest.raises(InvalidAccessToken):
        await other.access.read(other.issuer, text)
    mixed_up = await desk.access.sign(
        desk.tenant_id, msgspec.structs.replace(given.claims, iss=other.issuer.url)
    )
    with pytest.raises(InvalidAccessToken):
        await desk.access.read(desk.issuer, mixed_up)
    untyped = await desk.keys.sign(desk.tenant_id, msgspec.to_builtins(given.claims), typ="JWT")
    with pytest.raises(InvalidAccessToken):
        await desk.access.read(desk.issuer, untyped)
    desk.advance(299)
    assert await desk.access.read(desk.issuer, text) == given.claims
    desk.advance(1)
    with pytest.raises(InvalidAccessToken):
        await desk.access.read(desk.issuer, text)


async def test_memory_is_bounded(desk: TokenDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(standing, "CACHED_MAX", 2)
    given = [await desk.begun(client_of(desk.tenant_id)) for _ in range(3)]
    for each in given:
        assert await desk.holds(each)
    before = counting(desk).lookups
    assert await desk.holds(given[2])
    assert counting(desk).lookups == before
    assert await desk.holds(given[0])
    assert counting(desk).lookups == before + 1


async def test_what_nobody_can_use_any_more_is_swept_away(
    desk: TokenDesk, own_tenant: Tenant
) -> None:
    desk = TokenDesk(desk.database, own_tenant.id, desk.keys)
    public = client_of(desk.tenant_id, is_public=True)
    old = await desk.begun(public)
    sweep = TokenSweep(desk.database, desk.clock)
    desk.advance(KEPT_AFTER.total_seconds() + 300)
    assert await sweep.remove_access(desk.tenant_id, 1_000) == 0
    desk.advance(1)
    recent = await desk.begun(public)
    assert await sweep.remove_access(desk.tenant_id, 1_000) >= 1
    assert await sweep.remove_access(desk.tenant_id, 1_000) == 0
    assert await desk.holds(recent)
    assert old.refresh_token is not None
    assert await desk.refresh(public, old.refresh_token)
    desk.advance(31 * 24 * 3600)
    assert await sweep.remove_refresh(desk.tenant_id, 1_000) >= 2
    assert await sweep.remove_refresh(desk.tenant_id, 1_000) == 0


async def test_a_token_in_use_is_asked_about_before_anybody_has_to_wait(desk: TokenDesk) -> None:
    given = await desk.begun(client_of(desk.tenant_id))
    process, database = desk.other_process(), counting(desk)
    assert await process.holds(given)
    before = database.lookups
    process.since_boot_s += standing.RENEWED_AFTER_S
    database.gate.clear()
    assert await process.holds(given), "nobody waits for the database"
    await asyncio.sleep(0)
    assert database.lookups == before + 1
    database.gate.set()
    await process.standings.close()
    # Within the bound of the first answer; this is the second's.
    process.since_boot_s += standing.FRESH_S - standing.RENEWED_AFTER_S
    assert await process.holds(given)
    await process.standings.close()
    assert database.lookups == before + 2


async def test_a_revocation_is_told_by_the_answer_that_nobody_waited_for(desk: TokenDesk) -> None:
    given = await desk.begun(client_of(desk.tenant_id))
    process = desk.other_process()
    assert await process.holds(given)
    await revoke(desk, given.claims.grant_id)
    process.since_boot_s += standing.RENEWED_AFTER_S
    assert await process.holds(given)
    await process.standings.close()
    assert not await process.holds(given)

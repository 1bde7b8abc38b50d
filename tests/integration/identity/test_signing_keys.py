"""Signing keys: sealed at rest, one set for all processes, replaced in time."""

import asyncio
import json
from base64 import urlsafe_b64decode
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from bezant.identity.jose import Algorithm
from bezant.identity.signing import (
    PUBLISHED_AFTER,
    PUBLISHED_BEFORE,
    InvalidSignature,
    KeyRetirement,
    SigningKeys,
)
from bezant.identity.signing.keys import LOOKED_FOR_S
from bezant.identity.signing.life import SIGNS_FOR
from bezant.identity.tokens import InvalidAccessToken
from bezant.kernel.clock import ManualClock
from bezant.kernel.database import Database
from bezant.kernel.ids import TimeOrderedIds
from bezant.kernel.sealed import NoVault
from bezant.kernel.unsealed import Unsealed
from bezant.vault import VaultClient
from fixtures_api import Api, Tenant
from token_desk import TokenDesk, client_of, register


@pytest.fixture
async def mine(api: Api) -> Any:  # noqa: ANN401 - a generator of a tenant
    """A tenant of the test's own."""
    async with api.tenant() as tenant:
        yield tenant


class Watch:
    """Monotonic seconds that a test moves."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def keys(database: Database, clock: ManualClock, sealer: VaultClient, watch: Watch) -> SigningKeys:
    return SigningKeys(database, clock, TimeOrderedIds(), sealer, watch)


@pytest.mark.parametrize("algorithm", [None, *Algorithm])
async def test_what_is_signed_is_verified_as_what_it_is(
    keys: SigningKeys, tenant: Tenant, algorithm: Algorithm | None
) -> None:
    token = await keys.sign(tenant.id, {"sub": "a"}, typ="at+jwt", alg=algorithm)
    assert await keys.verify(tenant.id, token, "at+jwt") == {"sub": "a"}
    for text, typ in ((token, "JWT"), (token[:-8] + "AAAAAAAA", "at+jwt"), ("text", "at+jwt")):
        with pytest.raises(InvalidSignature):
            await keys.verify(tenant.id, text, typ)


async def test_a_tenant_does_not_verify_what_another_signed(
    keys: SigningKeys, tenant: Tenant, other_tenant: Tenant
) -> None:
    token = await keys.sign(tenant.id, {}, typ="JWT")
    with pytest.raises(InvalidSignature):
        await keys.verify(other_tenant.id, token, "JWT")


async def test_the_published_set_has_no_private_member(keys: SigningKeys, tenant: Tenant) -> None:
    published = (await keys.jwks(tenant.id))["keys"]
    assert {key["alg"] for key in published} == {"PS256", "ES256", "EdDSA"}
    for key in published:
        assert key["use"] == "sig"
        assert not {"d", "p", "q", "dp", "dq", "qi", "k"} & set(key)


async def test_no_private_key_is_in_the_database_in_clear(
    keys: SigningKeys, mine: Tenant, database: Database
) -> None:
    await keys.sign(mine.id, {}, typ="JWT")
    rows = await database.fetch("SELECT * FROM signing_key WHERE tenant_id = $1", mine.id)
    assert len(rows) == len(Algorithm)
    assert all(b'"d"' not in row["public_jwk"] for row in rows)
    opened = keys._loaded[mine.id].private.values()
    secrets = [str(key.key.as_dict(private=True)["d"]) for key in opened]
    stored = b"".join(bytes(row["public_jwk"]) for row in rows).decode()
    assert not any(secret in stored for secret in secrets)


async def test_processes_that_start_at_once_share_one_set(
    database: Database, clock: ManualClock, sealer: VaultClient, mine: Tenant
) -> None:
    processes = [SigningKeys(database, clock, TimeOrderedIds(), sealer) for _ in range(4)]
    tokens = await asyncio.gather(*(each.sign(mine.id, {}, typ="JWT") for each in processes))
    rows = await database.fetch("SELECT key_id FROM signing_key WHERE tenant_id = $1", mine.id)
    assert len(rows) == len(Algorithm)
    for token in tokens:
        for process in processes:
            await process.verify(mine.id, token, "JWT")


async def test_a_rotation_publishes_before_it_signs_and_after(
    keys: SigningKeys, mine: Tenant, clock: ManualClock, watch: Watch
) -> None:
    async def kids() -> set[str]:
        watch.now_s += 301
        jwks = await keys.jwks(mine.id)
        return {key["kid"] for key in jwks["keys"] if key["alg"] == "ES256"}

    def advance(by: timedelta) -> None:
        clock.advance(seconds=int(by.total_seconds()))

    old = await keys.sign(mine.id, {}, typ="JWT")
    [first] = await kids()
    advance(SIGNS_FOR - PUBLISHED_BEFORE)
    both = await kids()
    assert len(both) == 2
    token = await keys.sign(mine.id, {}, typ="JWT")
    assert first in _head(token)
    advance(PUBLISHED_BEFORE)
    assert await kids() == both
    [second] = both - {first}
    new = await keys.sign(mine.id, {}, typ="JWT")
    assert second in _head(new)
    await keys.verify(mine.id, old, "JWT")
    await keys.verify(mine.id, token, "JWT")
    advance(PUBLISHED_AFTER)
    assert await kids() == {second}
    with pytest.raises(InvalidSignature):
        await keys.verify(mine.id, old, "JWT")


def _head(token: str) -> str:
    head = token.split(".", maxsplit=1)[0]
    return urlsafe_b64decode(head + "=" * (-len(head) % 4)).decode()


async def test_old_keys_and_their_sealed_values_go(
    keys: SigningKeys,
    mine: Tenant,
    clock: ManualClock,
    watch: Watch,
    database: Database,
) -> None:
    await keys.jwks(mine.id)
    [*before] = await database.fetch(
        "SELECT reference FROM signing_key WHERE tenant_id = $1", mine.id
    )
    references = [row["reference"] for row in before]
    owner = keys.owner()
    assert set(await owner.find_held(mine.id, references)) == set(references)
    clock.advance(seconds=int((SIGNS_FOR + PUBLISHED_AFTER).total_seconds()) + 1)
    watch.now_s += 301
    await keys.jwks(mine.id)
    assert list(await owner.find_held(mine.id, references)) == []


async def test_another_process_learns_of_a_key_that_it_does_not_know(
    keys: SigningKeys,
    database: Database,
    clock: ManualClock,
    sealer: VaultClient,
    mine: Tenant,
    watch: Watch,
) -> None:
    await keys.jwks(mine.id)
    clock.advance(seconds=int(SIGNS_FOR.total_seconds()) + 1)
    other = SigningKeys(database, clock, TimeOrderedIds(), sealer)
    token = await other.sign(mine.id, {}, typ="JWT")
    with pytest.raises(InvalidSignature):
        await keys.verify(mine.id, token, "JWT")  # it has just looked
    watch.now_s += 3
    await keys.verify(mine.id, token, "JWT")


async def test_without_a_vault_nothing_is_signed(
    database: Database, clock: ManualClock, mine: Tenant
) -> None:
    keys = SigningKeys(database, clock, TimeOrderedIds(), Unsealed())
    with pytest.raises(NoVault):
        await keys.sign(mine.id, {}, typ="JWT")


async def test_a_retired_key_is_gone_from_every_process_within_a_second(
    keys: SigningKeys,
    database: Database,
    clock: ManualClock,
    sealer: VaultClient,
    mine: Tenant,
    watch: Watch,
) -> None:
    other = SigningKeys(database, clock, TimeOrderedIds(), sealer, watch)
    token = await keys.sign(mine.id, {"sub": "a"}, typ="JWT")
    spared = await keys.sign(mine.id, {"sub": "a"}, typ="JWT", alg=Algorithm.EDDSA)
    kid = UUID(json.loads(_head(token))["kid"])
    assert await other.verify(mine.id, token, "JWT")
    assert await other.holds(mine.id, str(kid))
    retirement = KeyRetirement(database, clock, TimeOrderedIds())
    assert kid in await retirement.kids(mine.id)
    assert await retirement.retire(mine.id, kid, "It was in a log.")
    watch.now_s += LOOKED_FOR_S
    for process in (keys, other):
        with pytest.raises(InvalidSignature):
            await process.verify(mine.id, token, "JWT")
        assert not await process.holds(mine.id, str(kid))
        assert await process.verify(mine.id, spared, "JWT")
        jwks = await process.jwks(mine.id)
        assert str(kid) not in {key["kid"] for key in jwks["keys"]}
        assert {key["alg"] for key in jwks["keys"]} == {"PS256", "ES256", "EdDSA"}
        new = await process.sign(mine.id, {}, typ="JWT")
        assert str(kid) not in _head(new)
        assert await other.verify(mine.id, new, "JWT") == {}
    entry = "SELECT purpose FROM audit_entry WHERE tenant_id = $1 AND action = 'signing_key.retire'"
    assert [row["purpose"] for row in await database.fetch(entry, mine.id)] == ["It was in a log."]


async def test_a_key_of_another_tenant_is_not_retired(
    keys: SigningKeys, database: Database, clock: ManualClock, mine: Tenant, other_tenant: Tenant
) -> None:
    token = await keys.sign(mine.id, {}, typ="JWT")
    kid = UUID(json.loads(_head(token))["kid"])
    retirement = KeyRetirement(database, clock, TimeOrderedIds())
    assert not await retirement.retire(other_tenant.id, kid, "a drill")
    assert await retirement.retire(mine.id, kid, "a drill")
    assert not await retirement.retire(mine.id, kid, "again")


async def test_an_access_token_ends_with_the_key_that_signed_it_however_often_it_was_read(
    keys: SigningKeys, database: Database, clock: ManualClock, mine: Tenant, watch: Watch
) -> None:
    desk = TokenDesk(database, mine.id, keys, clock)
    client = client_of(mine.id)
    await register(desk.database, client)
    claims = (await desk.givers.client_credentials(desk.asked(client))).claims
    text = await desk.access.sign(mine.id, claims)
    assert await desk.access.read(desk.issuer, text) == claims
    kid = UUID(json.loads(_head(text))["kid"])
    assert await KeyRetirement(database, clock, TimeOrderedIds()).retire(mine.id, kid, "a drill")
    watch.now_s += LOOKED_FOR_S
    with pytest.raises(InvalidAccessToken):
        await desk.access.read(desk.issuer, text)
    # The row is still there: what the new key signs of the same is believed.
    again = await desk.access.sign(mine.id, claims)
    assert await desk.access.read(desk.issuer, again) == claims

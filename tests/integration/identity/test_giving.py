"""Tokens are given once, to whom they belong, for no more than was granted, and end with it."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

import msgspec
import pytest

from bezant.identity.http import OAuthError
from bezant.identity.tokens.domain import GRACE
from bezant.kernel.database import Database
from bezant.vault import VaultClient
from fixtures_api import Tenant
from token_desk import (
    CERTIFICATE,
    CODES,
    GRANTED,
    ORIGIN,
    OTHER_KEY,
    PAYMENT,
    REFUND,
    TokenDesk,
    client_of,
    register,
    signing_keys,
)

if TYPE_CHECKING:
    import asyncpg

AT_ONCE = 50


@pytest.fixture
async def desk(
    database: Database,
    tenant: Tenant,
    sealer: VaultClient,
    owner: "asyncpg.Connection[asyncpg.Record]",
) -> TokenDesk:
    await owner.execute(CODES)
    return TokenDesk(database, tenant.id, signing_keys(database, sealer))


@contextmanager
def declined(error: str) -> Iterator[None]:
    with pytest.raises(OAuthError) as caught:
        yield
    assert caught.value.error == error


async def test_a_code_brings_tokens_of_its_grant(desk: TokenDesk) -> None:
    client = client_of(desk.tenant_id)
    grant = await desk.grant(client)
    given = await desk.redeem(client, await desk.code(grant))
    claims = given.claims
    assert (claims.grant_id, claims.sub) == (grant.id, str(grant.login.user_id))
    assert (claims.iss, claims.aud) == (desk.issuer.url, ORIGIN)
    assert claims.scopes == GRANTED
    assert claims.acr == grant.login.acr
    assert claims.authorization_details == [PAYMENT, REFUND]
    assert await desk.holds(given)


async def test_fifty_redemptions_of_a_code_at_once_bring_one_answer_and_end_what_it_gave(
    desk: TokenDesk,
) -> None:
    client = client_of(desk.tenant_id)
    grant = await desk.grant(client)
    code = await desk.code(grant)
    tries = await asyncio.gather(
        *(desk.redeem(client, code) for _ in range(AT_ONCE)), return_exceptions=True
    )
    given = [each for each in tries if not isinstance(each, BaseException)]
    errors = {each.error for each in tries if isinstance(each, OAuthError)}
    assert (len(given), errors) == (1, {"invalid_grant"})
    assert not await desk.holds(given[0])
    assert (await desk.grants.find(desk.tenant_id, grant.id)).revoked_at is not None


async def test_a_code_that_is_used_again_takes_back_the_tokens_that_came_of_it(
    desk: TokenDesk,
) -> None:
    client = client_of(desk.tenant_id)
    code = await desk.code(await desk.grant(client))
    first = await desk.redeem(client, code)
    assert first.refresh_token is not None
    later = await desk.refresh(client, first.refresh_token)
    assert await desk.holds(first)
    assert await desk.holds(later)
    with declined("invalid_grant"):
        await desk.redeem(client, code)
    assert not await desk.holds(first)
    assert not await desk.holds(later)
    with declined("invalid_grant"):
        await desk.refresh(client, first.refresh_token)


async def test_another_client_neither_redeems_nor_spoils_a_code(desk: TokenDesk) -> None:
    client = client_of(desk.tenant_id)
    code = await desk.code(await desk.grant(client))
    with declined("invalid_grant"):
        await desk.redeem(client_of(desk.tenant_id), code)
    assert await desk.holds(await desk.redeem(client, code))


async def test_a_confidential_clients_refresh_token_stays_and_serves_fifty_at_once(
    desk: TokenDesk,
) -> None:
    client = client_of(desk.tenant_id)
    token = (await desk.begun(client)).refresh_token
    assert token is not None
    given = await asyncio.gather(*(desk.refresh(client, token) for _ in range(AT_ONCE)))
    assert {each.refresh_token for each in given} == {None}
    assert len({each.claims.jti for each in given}) == AT_ONCE
    desk.advance(400 * 24 * 3600)
    # The client authenticates: it may bind what it gets to another key each time.
    assert (await desk.refresh(client, token, CERTIFICATE)).claims.cnf == CERTIFICATE


async def test_fifty_refreshes_of_a_public_client_at_once_bring_one_successor(
    desk: TokenDesk, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    client = client_of(desk.tenant_id, is_public=True)
    begun = await desk.begun(client)
    assert begun.refresh_token is not None
    token = begun.refresh_token
    given = await asyncio.gather(*(desk.refresh(client, token) for _ in range(AT_ONCE)))
    (successor,) = {each.refresh_token for each in given}
    assert successor not in (None, token)
    count = "SELECT count(*) FROM refresh_token WHERE tenant_id = $1 AND grant_id = $2"
    assert await owner.fetchval(count, desk.tenant_id, begun.claims.grant_id) == 2
    assert successor is not None
    assert await desk.holds(await desk.refresh(client, successor))


async def test_a_spent_refresh_token_that_comes_back_late_ends_its_whole_family(
    desk: TokenDesk,
) -> None:
    client = client_of(desk.tenant_id, is_public=True)
    token = (await desk.begun(client)).refresh_token
    assert token is not None
    first = await desk.refresh(client, token)
    desk.advance(GRACE.total_seconds() - 1)
    repeated = await desk.refresh(client, token)
    assert repeated.refresh_token == first.refresh_token
    desk.advance(1)
    with declined("invalid_grant"):
        await desk.refresh(client, token)
    assert not await desk.holds(first)
    assert first.refresh_token is not None
    with declined("invalid_grant"):
        await desk.refresh(client, first.refresh_token)


async def test_a_public_clients_refresh_token_needs_its_key(desk: TokenDesk) -> None:
    client = client_of(desk.tenant_id, is_public=True)
    token = (await desk.begun(client)).refresh_token
    assert token is not None
    with declined("invalid_grant"):
        await desk.refresh(client, token, OTHER_KEY)
    with declined("invalid_grant"):
        await desk.refresh(client_of(desk.tenant_id, is_public=True), token)
    assert await desk.refresh(client, token)


async def test_a_public_clients_refresh_token_waits_a_month_and_no_longer(
    desk: TokenDesk,
) -> None:
    client = client_of(desk.tenant_id, is_public=True)
    token = (await desk.begun(client)).refresh_token
    assert token is not None
    desk.advance(30 * 24 * 3600 - 1)
    token = (await desk.refresh(client, token)).refresh_token
    assert token is not None
    desk.advance(30 * 24 * 3600)
    with declined("invalid_grant"):
        await desk.refresh(client, token)


async def test_a_refusal_spends_no_refresh_token(desk: TokenDesk) -> None:
    client = client_of(desk.tenant_id, is_public=True)
    token = (await desk.begun(client)).refresh_token
    assert token is not None
    with declined("invalid_scope"):
        await desk.refresh(client, token, scope="accounts admin")
    desk.advance(GRACE.total_seconds())
    assert await desk.refresh(client, token)


async def test_a_refreshed_token_may_say_less_and_never_more(desk: TokenDesk) -> None:
    client = client_of(desk.tenant_id)
    token = (await desk.begun(client)).refresh_token
    assert token is not None
    details = msgspec.json.encode([REFUND]).decode()
    less = await desk.refresh(client, token, scope="accounts", authorization_details=details)
    assert less.claims.scopes == {"accounts"}
    assert less.claims.authorization_details == [REFUND]
    for beyond in ([REFUND | {"amount": "1.01"}], [], "all"):
        with declined("invalid_authorization_details"):
            more = msgspec.json.encode(beyond).decode()
            await desk.refresh(client, token, authorization_details=more)
    with declined("invalid_scope"):
        await desk.refresh(client, token, scope="accounts introspection")


async def test_a_client_that_lost_a_scope_does_not_get_it_from_former_grants(
    desk: TokenDesk,
) -> None:
    client = client_of(desk.tenant_id)
    token = (await desk.begun(client)).refresh_token
    assert token is not None
    narrowed = msgspec.structs.replace(client, scopes=frozenset({"accounts"}))
    assert (await desk.refresh(narrowed, token)).claims.scopes == {"accounts"}


async def test_a_token_is_for_the_resources_that_were_asked_for(desk: TokenDesk) -> None:
    client = client_of(desk.tenant_id)
    mtls = desk.issuer.mtls_origin
    assert mtls is not None
    one = await desk.givers.client_credentials(desk.asked(client, resource=mtls))
    two = await desk.givers.client_credentials(desk.asked(client, resource=f"{mtls}|{ORIGIN}"))
    assert (one.claims.aud, two.claims.aud) == (mtls, [mtls, ORIGIN])
    with declined("invalid_target"):
        await desk.givers.client_credentials(desk.asked(client, resource="https://evil.test"))


async def test_a_clients_own_token_says_nothing_of_a_user(desk: TokenDesk) -> None:
    client = client_of(desk.tenant_id)
    await register(desk.database, client)
    given = await desk.givers.client_credentials(desk.asked(client))
    assert (given.claims.sub, given.claims.grant_id) == (str(client.id), None)
    assert given.claims.scopes == client.scopes - {"openid", "offline_access"}
    assert given.refresh_token is None
    assert await desk.holds(given)
    with declined("invalid_scope"):
        await desk.givers.client_credentials(desk.asked(client, scope="openid"))
    with declined("invalid_authorization_details"):
        await desk.givers.client_credentials(desk.asked(client, authorization_details="[]"))


async def test_tokens_end_with_their_grant(desk: TokenDesk) -> None:
    client = client_of(desk.tenant_id)
    grant = await desk.grant(client, until=timedelta(seconds=90))
    given = await desk.redeem(client, await desk.code(grant))
    assert given.refresh_token is not None
    assert given.claims.exp - given.claims.iat == 90
    desk.advance(89)
    assert await desk.refresh(client, given.refresh_token)
    desk.advance(1)
    desk.since_boot_s += 1
    assert not await desk.holds(given)
    with declined("invalid_grant"):
        await desk.refresh(client, given.refresh_token)

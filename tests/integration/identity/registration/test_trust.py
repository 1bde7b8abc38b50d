"""Whom a tenant trusts to register clients: kept, listed, audited, and no more than it holds."""

from datetime import timedelta
from uuid import uuid4

import pytest

from bezant.identity.registration import RegistrationSweep
from bezant.kernel.clock import ManualClock
from bezant.kernel.database import Database
from fixtures_api import CLIENT_KEYS, Api, Tenant, fresh_key
from registering import INITIAL, ISSUERS, Registry, new_key, web

DIRECTORY = {"issuer": "Directory", "jwks": CLIENT_KEYS, "scopes": ["openid"]}
INVITATION = {"name": "Partner", "scopes": ["openid"]}


def directory(**changes: object) -> dict[str, object]:
    return DIRECTORY | {"issuer": f"Directory {uuid4()}"} | changes


async def test_issuers_of_statements_are_listed_until_they_are_removed(api: Api) -> None:
    async with api.tenant() as tenant:
        made = [await tenant.create(ISSUERS, directory()) for _ in range(2)]
        page = (await tenant.client.get(f"{ISSUERS}?limit=1")).json()
        rest = (await tenant.client.get(f"{ISSUERS}?cursor={page['next']}")).json()
        name = "software_statement_issuers"
        assert page[name] + rest[name] == made
        removed = await tenant.create(f"{ISSUERS}/{made[0]['id']}/remove", {})
        assert removed == made[0]
        assert (await tenant.client.get(ISSUERS)).json()[name] == made[1:]
        answer = await tenant.post(f"{ISSUERS}/{made[0]['id']}/remove", {})
        assert answer.json()["code"] == "SOFTWARE_STATEMENT_ISSUER_NOT_FOUND"


async def test_an_issuer_has_one_set_of_keys(tenant: Tenant) -> None:
    new = directory()
    await tenant.create(ISSUERS, new)
    answer = await tenant.post(ISSUERS, new)
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (409, "SOFTWARE_STATEMENT_ISSUER_EXISTS")


@pytest.mark.parametrize(
    "changes",
    [
        {"jwks": None},
        {"jwks": {"keys": []}},
        {"jwks": {"keys": [{"kty": "oct", "k": "AAAA"}]}},
        {"jwks_uri": "https://keys.example.com/jwks"},
        {"jwks": None, "jwks_uri": "https://169.254.169.254/"},
        {"jwks": None, "jwks_uri": "http://keys.example.com/"},
    ],
    ids=str,
)
async def test_an_issuer_needs_keys_that_can_be_used(
    tenant: Tenant, changes: dict[str, object]
) -> None:
    answer = await tenant.post(ISSUERS, directory(**changes))
    assert answer.json()["code"] == "SOFTWARE_STATEMENT_ISSUER_INVALID", answer.text
    await tenant.create(ISSUERS, directory())


async def test_nobody_lets_clients_have_more_of_the_api_than_they_hold(
    api: Api, tenant: Tenant
) -> None:
    issued = await api.issue(tenant.id, ("identity:registration", "ledger:read"))
    assert issued.key is not None
    async with api.client(issued.key) as client:
        for path, body in ((ISSUERS, directory()), (INITIAL, INVITATION)):
            wide = body | {"scopes": ["vault:detokenize"]}
            answer = await client.post(path, json=wide, headers=fresh_key())
            assert (answer.status_code, answer.json()["code"]) == (403, "CLIENT_GRANT_TOO_WIDE")
            narrow = body | {"scopes": ["ledger:read", "openid"]}
            answer = await client.post(path, json=narrow, headers=fresh_key())
            assert answer.status_code == 201, answer.text


async def test_the_text_of_a_token_is_told_once_and_kept_nowhere(tenant: Tenant) -> None:
    key = fresh_key()
    first = await tenant.client.post(INITIAL, json=INVITATION, headers=key)
    again = await tenant.client.post(INITIAL, json=INVITATION, headers=key)
    assert len(first.json()["token"]) == len("bzi_") + 43
    assert again.json() == first.json() | {"token": None}
    rows = await tenant.database.fetch(
        "SELECT token_hash FROM initial_access_token WHERE tenant_id = $1", tenant.id
    )
    assert {len(row["token_hash"]) for row in rows} == {32}


async def test_a_token_is_listed_and_lets_nobody_register_once_it_is_revoked(
    registry: Registry, tenant: Tenant
) -> None:
    made = await tenant.create(INITIAL, INVITATION | {"uses": 3})
    token_id, key = made["initial_access_token"]["id"], new_key()
    await registry.registered(web(key, scope="openid"), token=made["token"])
    revoked = await tenant.create(f"{INITIAL}/{token_id}/revoke", {})
    assert (revoked["uses_left"], revoked["revoked_at"] is None) == (2, False)
    assert await tenant.create(f"{INITIAL}/{token_id}/revoke", {}) == revoked
    answer = await registry.register(web(key, scope="openid"), token=made["token"])
    assert answer.status_code == 401
    page = (await tenant.client.get(f"{INITIAL}?limit=1000")).json()
    assert revoked in page["initial_access_tokens"]
    answer = await tenant.post(f"{INITIAL}/{uuid4()}/revoke", {})
    assert answer.json()["code"] == "INITIAL_ACCESS_TOKEN_NOT_FOUND"


async def test_an_expired_token_leaves_the_list_a_month_later(api: Api, database: Database) -> None:
    async with api.tenant() as tenant:
        await tenant.create(INITIAL, INVITATION | {"expires_in_s": 60})
        rows = await database.fetch(
            "SELECT expires_at FROM initial_access_token WHERE tenant_id = $1", tenant.id
        )
        clock = ManualClock(rows[0]["expires_at"])
        sweep = RegistrationSweep(database, clock)
        clock.advance(seconds=30 * 24 * 3600)
        assert await sweep.remove_tokens(tenant.id, clock.now(), 10) == 0
        clock.advance(seconds=1)
        assert await sweep.remove_tokens(tenant.id, clock.now() - timedelta(days=1), 10) == 1
        assert (await tenant.client.get(INITIAL)).json()["initial_access_tokens"] == []

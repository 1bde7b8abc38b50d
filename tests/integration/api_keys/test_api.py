"""The life of an API key, by its routes."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from fixtures_api import Api, Tenant, fresh_key

READER = {"name": "reports", "scopes": ["ledger:read"]}


async def _status(api: Api, key: str) -> int:
    async with api.client(key) as client:
        return (await client.get("/v1/books")).status_code


async def test_a_new_key_works_at_once_and_is_listed_without_its_text(
    api: Api, tenant: Tenant
) -> None:
    issued = await tenant.create("/v1/api-keys", READER)
    assert await _status(api, issued["key"]) == 200
    listed = (await tenant.client.get("/v1/api-keys?limit=1000")).json()["api_keys"]
    [mine] = [each for each in listed if each["id"] == issued["api_key"]["id"]]
    assert mine["scopes"] == ["ledger:read"]
    assert issued["key"] not in str(listed)


async def test_a_rotated_key_ends_with_its_overlap_and_its_successor_grants_as_much(
    api: Api, tenant: Tenant
) -> None:
    old = await tenant.create("/v1/api-keys", READER)
    path = f"/v1/api-keys/{old['api_key']['id']}"
    new = await tenant.create(f"{path}/rotate", {"overlap_s": 3600})
    assert new["api_key"]["scopes"] == ["ledger:read"]
    assert [await _status(api, each["key"]) for each in (old, new)] == [200, 200]
    listed = (await tenant.client.get("/v1/api-keys?limit=1000")).json()["api_keys"]
    [ending] = [each for each in listed if each["id"] == old["api_key"]["id"]]
    assert ending["replaced_by"] == new["api_key"]["id"]
    ends_in = datetime.fromisoformat(ending["expires_at"]) - datetime.now(UTC)
    assert timedelta(minutes=59) < ends_in <= timedelta(hours=1)
    again = await tenant.post(f"{path}/rotate", {})
    assert (again.status_code, again.json()["code"]) == (409, "API_KEY_ENDED")


async def test_without_an_overlap_the_old_key_ends_now(api: Api, tenant: Tenant) -> None:
    old = await tenant.create("/v1/api-keys", READER)
    await tenant.create(f"/v1/api-keys/{old['api_key']['id']}/rotate", {"overlap_s": 0})
    assert await _status(api, old["key"]) == 401


async def test_a_successor_lives_as_long_as_its_predecessor(tenant: Tenant) -> None:
    until = datetime.now(UTC) + timedelta(days=7)
    old = await tenant.create("/v1/api-keys", READER | {"expires_at": until.isoformat()})
    new = await tenant.create(f"/v1/api-keys/{old['api_key']['id']}/rotate", {})

    def lifetime(key: dict[str, Any]) -> timedelta:
        return datetime.fromisoformat(key["expires_at"]) - datetime.fromisoformat(key["created_at"])

    assert lifetime(new["api_key"]) == lifetime(old["api_key"])


async def test_a_revoked_key_is_refused_and_revoking_again_changes_nothing(
    api: Api, tenant: Tenant
) -> None:
    issued = await tenant.create("/v1/api-keys", READER)
    path = f"/v1/api-keys/{issued['api_key']['id']}/revoke"
    first, again = await tenant.create(path, {}), await tenant.create(path, {})
    assert first["revoked_at"] == again["revoked_at"]
    assert await _status(api, issued["key"]) == 401
    rotation = await tenant.post(path.replace("revoke", "rotate"), {})
    assert rotation.json()["code"] == "API_KEY_ENDED"


async def test_no_key_hands_on_more_than_it_has(api: Api, tenant: Tenant) -> None:
    strong = await tenant.create("/v1/api-keys", {"name": "s", "scopes": ["ledger:write"]})
    issued = await api.issue(tenant.id, ("keys:write", "ledger:read"))
    assert issued.key is not None
    async with api.client(issued.key) as client:
        wide = {"name": "w", "scopes": ["ledger:read", "ledger:write"]}
        made = await client.post("/v1/api-keys", json=wide, headers=fresh_key())
        path = f"/v1/api-keys/{strong['api_key']['id']}/rotate"
        stolen = await client.post(path, json={}, headers=fresh_key())
        narrow = await client.post("/v1/api-keys", json=READER, headers=fresh_key())
    assert (made.status_code, made.json()["code"]) == (403, "GRANT_TOO_WIDE")
    assert (stolen.status_code, stolen.json()["code"]) == (403, "GRANT_TOO_WIDE")
    assert narrow.status_code == 201


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (READER | {"scopes": []}, 400, "MALFORMED"),
        (READER | {"scopes": ["ledger:everything"]}, 400, "MALFORMED"),
        (READER | {"name": ""}, 400, "MALFORMED"),
        (READER | {"expires_at": "2030-01-01T00:00:00"}, 400, "MALFORMED"),
        (READER | {"expires_at": "0001-01-01T00:00:00+23:00"}, 400, "MALFORMED"),
        (READER | {"expires_at": "2026-01-01T00:00:00Z"}, 422, "EXPIRY_IN_THE_PAST"),
        (READER | {"expires_at": "9999-12-31T23:59:59-23:59"}, 400, "MALFORMED"),
    ],
)
async def test_a_key_that_makes_no_sense_is_refused(
    tenant: Tenant, body: dict[str, Any], status: int, code: str
) -> None:
    answer = await tenant.post("/v1/api-keys", body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_an_unknown_key_is_a_404(tenant: Tenant) -> None:
    for action in ("rotate", "revoke"):
        answer = await tenant.post(f"/v1/api-keys/{uuid4()}/{action}", {})
        assert (answer.status_code, answer.json()["code"]) == (404, "API_KEY_NOT_FOUND")


async def test_the_audit_log_tells_who_made_which_key(api: Api, tenant: Tenant) -> None:
    await tenant.create("/v1/api-keys", READER)
    row = await api.database.fetchrow(
        "SELECT actor, outcome FROM audit_entry"
        " WHERE tenant_id = $1 AND action = 'api_key.create' AND origin = 'http'"
        " ORDER BY at DESC LIMIT 1",
        tenant.id,
    )
    assert row is not None
    assert row["actor"].startswith("key:")
    assert row["outcome"] == "done"

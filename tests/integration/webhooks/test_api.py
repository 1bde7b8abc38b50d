"""Endpoints by their routes: what is taken, what is refused, what is told."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from bezant.kernel.webhooks.service import ENDPOINTS_MAX
from fixtures_api import HOOK_URL, Api, Book, Tenant, delivered, hook

NEW = {"url": HOOK_URL}
ENDPOINTS = "/v1/webhook-endpoints"
NOBODYS = UUID(int=0)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 400, "MALFORMED"),
        (NEW | {"url": ""}, 400, "MALFORMED"),
        (NEW | {"url": "https://a.example/" + "a" * 3_000}, 400, "MALFORMED"),
        (NEW | {"event_types": []}, 400, "MALFORMED"),
        (NEW | {"event_types": ["*"]}, 400, "MALFORMED"),
        (NEW | {"event_types": ["Transaction.Posted"]}, 400, "MALFORMED"),
        (NEW | {"event_types": ["a."]}, 400, "MALFORMED"),
        (NEW | {"event_types": ["a\n"]}, 400, "MALFORMED"),
        (NEW | {"event_types": ["a"] * 101}, 400, "MALFORMED"),
        (NEW | {"books": ["mine"]}, 400, "MALFORMED"),
        (NEW | {"signature": "rsa"}, 400, "MALFORMED"),
        (NEW | {"secret": "whsec_mine"}, 400, "MALFORMED"),
        (NEW | {"description": "a" * 201}, 400, "MALFORMED"),
        (NEW | {"url": "http://hooks.example.com/"}, 422, "WEBHOOK_URL_REFUSED"),
        (NEW | {"url": "https://127.0.0.1/"}, 422, "WEBHOOK_URL_REFUSED"),
        (NEW | {"url": "https://169.254.169.254/latest"}, 422, "WEBHOOK_URL_REFUSED"),
        (NEW | {"url": "https://user:pass@hooks.example.com/"}, 422, "WEBHOOK_URL_REFUSED"),
        (NEW | {"url": "https://hooks.example.com:6379/"}, 422, "WEBHOOK_URL_REFUSED"),
        (NEW | {"books": [str(NOBODYS)]}, 422, "WEBHOOK_BOOK_UNKNOWN"),
    ],
)
async def test_an_endpoint_that_makes_no_sense_is_refused(
    tenant: Tenant, body: dict[str, Any], status: int, code: str
) -> None:
    answer = await tenant.post(ENDPOINTS, body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert "pass" not in answer.text.replace("password", "")


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("", {"status": "gone"}, 400, "MALFORMED"),
        ("", {"url": "https://10.0.0.1/"}, 422, "WEBHOOK_URL_REFUSED"),
        ("", {"books": [str(NOBODYS)]}, 422, "WEBHOOK_BOOK_UNKNOWN"),
        ("/rotate", {"overlap_s": -1}, 400, "MALFORMED"),
        ("/rotate", {"overlap_s": 31 * 24 * 3600}, 400, "MALFORMED"),
        ("/ping", {"to": "me"}, 400, "MALFORMED"),
        ("/replay", {"stream": "book:x", "after": 0}, 422, "WEBHOOK_STREAM_UNKNOWN"),
        ("/replay", {"stream": "", "after": 0}, 400, "MALFORMED"),
        ("/replay", {"stream": "book:x", "after": -1}, 400, "MALFORMED"),
        ("/replay", {"stream": "book:x", "after": 2**63}, 400, "MALFORMED"),
        ("/deliveries/nothing/replay", {}, 404, "NOT_FOUND"),
        (f"/deliveries/{NOBODYS}/replay", {}, 404, "WEBHOOK_DELIVERY_NOT_FOUND"),
    ],
)
async def test_a_change_that_makes_no_sense_is_refused(
    tenant: Tenant, path: str, body: dict[str, Any], status: int, code: str
) -> None:
    target = await hook(tenant) + path
    if path:
        answer = await tenant.post(target, body)
    else:
        headers = {"Idempotency-Key": uuid4().hex}
        answer = await tenant.client.patch(target, json=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


@pytest.mark.parametrize("query", ["status=lost", "limit=0", "limit=1001", "cursor=x", "x=1"])
async def test_a_log_is_read_by_what_it_knows(tenant: Tenant, query: str) -> None:
    answer = await tenant.client.get(f"{await hook(tenant)}/deliveries?{query}")
    assert answer.status_code == 400


async def test_the_log_is_paged_newest_first(tenant: Tenant) -> None:
    made = [(await delivered(tenant)).rpartition("/")[2] for _ in range(3)]
    path = f"{await hook(tenant)}/deliveries"
    first = (await tenant.client.get(f"{path}?status=delivered&limit=2")).json()
    more = f"{path}?status=delivered&limit=1&cursor={first['next']}"
    second = (await tenant.client.get(more)).json()
    seen = [each["id"] for each in first["deliveries"] + second["deliveries"]]
    assert seen == made[::-1]


async def test_endpoints_are_listed_in_pages_without_secrets(api: Api) -> None:
    async with api.tenant() as tenant:
        made = [await tenant.create(ENDPOINTS, NEW) for _ in range(3)]
        first = (await tenant.client.get(f"{ENDPOINTS}?limit=2")).json()
        second = (await tenant.client.get(f"{ENDPOINTS}?limit=2&cursor={first['next']}")).json()
        listed = first["webhook_endpoints"] + second["webhook_endpoints"]
        assert listed == [each["webhook_endpoint"] for each in made]
        assert second["next"] is None
        assert "whsec_" not in str(listed)
        assert all(each["secret"].startswith("whsec_") for each in made)


async def test_a_deleted_endpoint_is_gone_with_its_keys_and_its_log(api: Api) -> None:
    async with api.tenant() as tenant:
        path = await hook(tenant)
        await tenant.create(f"{path}/ping", {})
        headers = {"Idempotency-Key": "delete"}
        deleted = await tenant.client.patch(path, json={"status": "deleted"}, headers=headers)
        assert (deleted.json()["status"], deleted.json()["keys"]) == ("deleted", [])
        for suffix in ("", "/deliveries"):
            answer = await tenant.client.get(path + suffix)
            assert answer.json()["code"] == "WEBHOOK_ENDPOINT_NOT_FOUND"
        assert (await tenant.client.get(ENDPOINTS)).json()["webhook_endpoints"] == []
        for table in ("webhook_key", "webhook_delivery", "webhook_cursor"):
            left = await api.database.fetch(
                f"SELECT endpoint_id FROM {table} WHERE tenant_id = $1", tenant.id
            )
            assert left == []


async def test_a_tenant_has_a_bounded_number_of_endpoints(api: Api) -> None:
    async with api.tenant() as tenant:
        for _ in range(ENDPOINTS_MAX):
            await tenant.create(ENDPOINTS, NEW)
        answer = await tenant.post(ENDPOINTS, NEW)
        assert (answer.status_code, answer.json()["code"]) == (409, "TOO_MANY_WEBHOOK_ENDPOINTS")
        headers = {"Idempotency-Key": "one-less"}
        await tenant.client.patch(await hook(tenant), json={"status": "deleted"}, headers=headers)
        assert (await tenant.post(ENDPOINTS, NEW)).status_code == 201


async def test_a_foreign_book_in_a_filter_is_as_unknown_as_any(
    book: Book, other_tenant: Tenant
) -> None:
    answer = await other_tenant.post(ENDPOINTS, NEW | {"books": [book.id]})
    assert answer.json()["code"] == "WEBHOOK_BOOK_UNKNOWN"
    assert (await book.tenant.post(ENDPOINTS, NEW | {"books": [book.id]})).status_code == 201


async def test_the_audit_log_tells_who_changed_what(api: Api, tenant: Tenant) -> None:
    path = await hook(tenant)
    await tenant.create(f"{path}/ping", {})
    row = await api.database.fetchrow(
        "SELECT actor, resource, outcome FROM audit_entry"
        " WHERE tenant_id = $1 AND action = 'webhook_endpoint.ping' ORDER BY at DESC LIMIT 1",
        tenant.id,
    )
    assert row is not None
    assert row["actor"].startswith("key:")
    assert (row["resource"], row["outcome"]) == (f"{path}/ping", "done")

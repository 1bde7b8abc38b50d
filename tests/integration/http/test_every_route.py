"""What holds for every route. A route of the document that has no case here fails the suite."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI

from bezant.kernel.telemetry import Traced
from fixtures_api import Api, Book, Tenant, fresh_key

Request = tuple[str, object]
"""A path and a body; None for no body."""


@dataclass(frozen=True)
class Case:
    """How to use a route well, on a book's data.

    Attributes:
        names: whether the path names something of the tenant, which another may not learn of.
    """

    method: str
    status: int
    request: Callable[[Book], Awaitable[Request]]
    names: bool = True

    async def send(self, client: httpx.AsyncClient, request: Request) -> httpx.Response:
        path, body = request
        if self.method == "GET":
            return await client.get(path)
        return await client.request(self.method, path, json=body, headers=fresh_key())


def _reads(path: str, *, names: bool = True) -> Case:
    async def request(book: Book) -> Request:
        return path.format(book=book), None

    return Case("GET", 200, request, names=names)


def _unique() -> str:
    return uuid4().hex


async def _new_book(_: Book) -> Request:
    return "/v1/books", {"name": "Other money", "assets": [{"code": "JPY", "scale": 0}]}


async def _new_account(book: Book) -> Request:
    return f"{book.path}/accounts", {"id": _unique(), "asset": "EUR", "type": "liability"}


async def _change(book: Book) -> Request:
    path, body = await _new_account(book)
    account = await book.tenant.create(path, body)
    return f"{path}/{account['id']}", {"status": "frozen"}


async def _transaction(book: Book) -> Request:
    return f"{book.path}/transactions", book.transfer("1")


async def _batch(book: Book) -> Request:
    item = book.transfer("1", id=str(uuid4()))
    return f"{book.path}/transactions/batch", {"transactions": [item]}


async def _new_accounts(book: Book) -> Request:
    _, body = await _new_account(book)
    return f"{book.path}/account-batches", {"accounts": [body]}


async def _hold_path(book: Book) -> str:
    body = book.transfer("5")
    body["postings"][0]["pending"] = True
    posted = await book.tenant.create(f"{book.path}/transactions", body)
    return f"{book.path}/holds/{posted['postings'][0]['hold_id']}"


async def _hold(book: Book) -> Request:
    return await _hold_path(book), None


async def _capture(book: Book) -> Request:
    return f"{await _hold_path(book)}/capture", {"amount": "2"}


async def _void(book: Book) -> Request:
    return f"{await _hold_path(book)}/void", {"group": True}


async def _new_limit_group(book: Book) -> Request:
    limits = {"overdraft": "50"}
    body = {"id": _unique(), "asset": "EUR", "type": "liability", "limits": limits}
    return f"{book.path}/limit-groups", body


async def _limit_group(book: Book) -> Request:
    path, body = await _new_limit_group(book)
    group = await book.tenant.create(path, body)
    return f"{path}/{group['id']}", None


async def _limit_group_change(book: Book) -> Request:
    path, _ = await _limit_group(book)
    return path, {"limits": {"overdraft": "60"}}


async def _new_key(_: Book) -> Request:
    return "/v1/api-keys", {"name": "reports", "scopes": ["ledger:read"]}


async def _key_path(book: Book) -> str:
    issued = await book.tenant.create(*await _new_key(book))
    return f"/v1/api-keys/{issued['api_key']['id']}"


async def _rotation(book: Book) -> Request:
    return f"{await _key_path(book)}/rotate", {"overlap_s": 60}


async def _revocation(book: Book) -> Request:
    return f"{await _key_path(book)}/revoke", {}


CASES: Mapping[str, Case] = {
    "create_book": Case("POST", 201, _new_book, names=False),
    "list_books": _reads("/v1/books", names=False),
    "get_book": _reads("{book.path}"),
    "open_account": Case("POST", 201, _new_account),
    "open_accounts": Case("POST", 200, _new_accounts),
    "list_accounts": _reads("{book.path}/accounts"),
    "get_account": _reads("{book.path}/accounts/wallet"),
    "change_account": Case("PATCH", 200, _change),
    "get_balance": _reads("{book.path}/accounts/wallet/balance"),
    "list_entries": _reads("{book.path}/accounts/wallet/entries"),
    "post_transaction": Case("POST", 201, _transaction),
    "post_batch": Case("POST", 200, _batch),
    "get_transaction": _reads("{book.path}/transactions/{book.transaction}"),
    "get_hold": Case("GET", 200, _hold),
    "capture_hold": Case("POST", 200, _capture),
    "void_hold": Case("POST", 200, _void),
    "open_limit_group": Case("POST", 201, _new_limit_group),
    "get_limit_group": Case("GET", 200, _limit_group),
    "change_limit_group": Case("PATCH", 200, _limit_group_change),
    "create_api_key": Case("POST", 201, _new_key, names=False),
    "list_api_keys": _reads("/v1/api-keys", names=False),
    "rotate_api_key": Case("POST", 201, _rotation),
    "revoke_api_key": Case("POST", 200, _revocation),
    "metrics": _reads("/metrics", names=False),
}

WITHOUT_AUTHENTICATION = {"live", "ready"}
"""Health. Documents are not operations."""


async def _operations(api: Api) -> dict[str, tuple[str, str, dict[str, Any]]]:
    """Operation id -> method, path, content of the document."""
    return {
        operation["operationId"]: (method.upper(), path, operation)
        for path, methods in (await api.document())["paths"].items()
        for method, operation in methods.items()
    }


async def test_every_operation_has_a_case(api: Api) -> None:
    documented = await _operations(api)
    assert set(CASES) == set(documented) - WITHOUT_AUTHENTICATION
    for name, case in CASES.items():
        method, path, content = documented[name]
        assert case.method == method
        assert case.names == ("{" in path)
        assert str(case.status) in content["responses"]


async def test_every_route_of_the_application_is_in_the_document(api: Api) -> None:
    assert isinstance(api.app, Traced)
    application = api.app._app
    assert isinstance(application, FastAPI)
    routes = application.routes
    documented = set((await api.document())["paths"])
    assert {route.path for route in routes if hasattr(route, "path")} - documented <= {
        "/openapi.json"
    }


async def test_every_operation_declares_its_credential_and_scope(api: Api) -> None:
    for name, (_, _, content) in (await _operations(api)).items():
        if name not in WITHOUT_AUTHENTICATION:
            [[(scheme, scopes)]] = [requirement.items() for requirement in content["security"]]
            assert (scheme, len(scopes)) == ("apiKey", 1)
            assert {"401", "403"} <= set(content["responses"])


@pytest.mark.parametrize("name", CASES)
async def test_its_owner_is_served(name: str, book: Book) -> None:
    case = CASES[name]
    answer = await case.send(book.tenant.client, await case.request(book))
    assert answer.status_code == case.status, answer.text


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.names])
async def test_another_tenant_gets_404_where_the_owner_is_served(
    name: str, book: Book, other_tenant: Tenant
) -> None:
    case = CASES[name]
    request = await case.request(book)
    foreign = await case.send(other_tenant.client, request)
    assert foreign.status_code == 404, foreign.text
    assert (await case.send(book.tenant.client, request)).status_code == case.status
    # And what is unknown to everyone reads the same, so that nothing is learnt of what exists.
    path, body = request
    known = {book.id, path.split("/")[3]}
    for each in known:
        path = path.replace(each, str(uuid4()))
    unknown = await case.send(other_tenant.client, (path, body))
    assert unknown.json().keys() == foreign.json().keys()
    assert unknown.json()["code"] == foreign.json()["code"]


async def test_lists_hold_only_the_tenants_own(book: Book, other_tenant: Tenant) -> None:
    books = (await other_tenant.client.get("/v1/books")).json()["books"]
    keys = (await other_tenant.client.get("/v1/api-keys")).json()["api_keys"]
    assert book.id not in [each["id"] for each in books]
    assert len(keys) == 1


@pytest.mark.parametrize("name", CASES)
async def test_without_a_credential_nothing_is_served(name: str, book: Book, api: Api) -> None:
    case = CASES[name]
    request = await case.request(book)
    for key in ("", book.tenant.key[:-1], book.tenant.key + "0"):
        async with api.client(key) as client:
            answer = await case.send(client, request)
        assert (answer.status_code, answer.json()["code"]) == (401, "UNAUTHENTICATED")


@pytest.mark.parametrize("name", CASES)
async def test_without_its_scope_nothing_is_served(name: str, book: Book, api: Api) -> None:
    [requirement] = (await _operations(api))[name][2]["security"]
    [scope] = requirement["apiKey"]
    others = {"keys:write", "ledger:read", "ledger:write", "metrics:read"} - {scope}
    issued = await api.issue(book.tenant.id, tuple(others))
    assert issued.key is not None
    case = CASES[name]
    request = await case.request(book)
    async with api.client(issued.key) as client:
        answer = await case.send(client, request)
    assert (answer.status_code, answer.json()["scope"]) == (403, scope)


WRITES = [name for name, case in CASES.items() if case.method != "GET"]

# Whatever the route takes, none of these is it.
BAD_BODIES: Mapping[str, bytes] = {
    "nothing": b"",
    "cut short": b'{"id": ',
    "an array": b"[]",
    "null": b"null",
    "a text": b'"text"',
    "an unknown field": b'{"surprise": 1}',
    "a NUL in a name": b'{"\\u0000": 1}',
    "invalid UTF-8": b'{"id": "\xff\xfe"}',
    "a lone surrogate": b'{"id": "\\udfff"}',
    "deep nesting": b'{"id":' * 20_000,
    "deep arrays": b"[" * 100_000,
    "a huge number": b'{"id": 1' + b"0" * 10_000 + b"}",
    "NaN": b"NaN",
}


@pytest.mark.parametrize("name", WRITES)
async def test_a_bad_body_is_a_400(name: str, book: Book) -> None:
    case = CASES[name]
    path, _ = await case.request(book)
    headers = {"Content-Type": "application/json"}
    for what, body in BAD_BODIES.items():
        answer = await book.tenant.client.request(
            case.method, path, content=body, headers=headers | fresh_key()
        )
        assert (answer.status_code, answer.json()["code"]) == (400, "MALFORMED"), what


@pytest.mark.parametrize("name", WRITES)
async def test_a_huge_body_is_a_413(name: str, book: Book) -> None:
    case = CASES[name]
    path, _ = await case.request(book)
    headers = {"Content-Type": "application/json"} | fresh_key()
    body = b" " * ((16 << 20) + 1)
    answer = await book.tenant.client.request(case.method, path, content=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (413, "BODY_TOO_LARGE")


@pytest.mark.parametrize("name", WRITES)
async def test_a_write_needs_an_idempotency_key(name: str, book: Book) -> None:
    case = CASES[name]
    path, body = await case.request(book)
    answer = await book.tenant.client.request(case.method, path, json=body)
    assert (answer.status_code, answer.json()["code"]) == (400, "IDEMPOTENCY_KEY_REQUIRED")


@pytest.mark.parametrize("name", WRITES)
async def test_a_replay_is_the_same_bytes_and_another_body_is_refused(
    name: str, book: Book
) -> None:
    case = CASES[name]
    path, body = await case.request(book)
    headers = fresh_key()
    send = book.tenant.client.request
    first = await send(case.method, path, json=body, headers=headers)
    again = await send(case.method, path, json=body, headers=headers)
    other_body = b" " + first.request.content
    other = await send(
        case.method,
        path,
        content=other_body,
        headers=headers | {"Content-Type": "application/json"},
    )
    assert (first.status_code, again.status_code) == (case.status, case.status)
    assert again.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    if "key" in first.json():
        # The one exception: a credential is shown once.
        assert again.json() == first.json() | {"key": None}
        assert first.json()["key"].startswith("bz_")
    else:
        assert again.content == first.content
    assert (other.status_code, other.json()["code"]) == (422, "IDEMPOTENCY_KEY_REUSED")

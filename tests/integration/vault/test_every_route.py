"""What holds for every route of the vault. One that has no case here fails the suite."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
import msgspec
import pytest

from fixtures_api import ALL_SCOPES, fresh_key
from fixtures_vault import Counter
from people import seal
from receivers import Receiver
from tokenized import PAN, TOKENS, card

Request = tuple[str, object]
"""A path and a body: None for no body."""

SUBJECTS = "/v1/vault/subjects"
ROTATIONS = "/v1/vault/rotations"


@dataclass(frozen=True)
class Case:
    """How to use a route well.

    Attributes:
        names: whether the request names something of the tenant, which another may not learn of.
        replays: whether a repeat is answered with the stored bytes.
    """

    method: str
    status: int
    request: Callable[[Counter, Receiver], Awaitable[Request]]
    names: bool = False
    replays: bool = True
    bytes_max: int = 5 << 20

    async def send(
        self, client: httpx.AsyncClient, request: Request, **headers: str
    ) -> httpx.Response:
        path, body = request
        if self.method == "GET":
            return await client.get(path)
        headers = {"Content-Type": "application/json"} | headers
        content = body if isinstance(body, bytes) else msgspec.json.encode(body)
        return await client.request(self.method, path, content=content, headers=headers)


async def _token(counter: Counter) -> str:
    return str((await counter.create(TOKENS, card()))["token"])


async def _create(_counter: Counter, _provider: Receiver) -> Request:
    return TOKENS, card(cvc="123")


async def _batch(_counter: Counter, _provider: Receiver) -> Request:
    return f"{TOKENS}/batch", {"tokens": [card() | {"id": str(uuid4())}]}


async def _get(counter: Counter, _provider: Receiver) -> Request:
    return f"{TOKENS}/{await _token(counter)}", None


async def _search(_counter: Counter, _provider: Receiver) -> Request:
    return f"{TOKENS}/search", {"card": {"number": PAN}}


async def _detokenize(counter: Counter, _provider: Receiver) -> Request:
    return f"{TOKENS}/detokenize", {"tokens": [await _token(counter)], "purpose": "test"}


async def _revoke(counter: Counter, _provider: Receiver) -> Request:
    return f"{TOKENS}/{await _token(counter)}/revoke", {}


async def _destination(_counter: Counter, provider: Receiver) -> Request:
    return "/v1/vault/destinations", {"url": provider.url}


async def _destinations(_counter: Counter, _provider: Receiver) -> Request:
    return "/v1/vault/destinations", None


async def _remove(counter: Counter, provider: Receiver) -> Request:
    made = await counter.create("/v1/vault/destinations", {"url": f"{provider.url}/removed"})
    return f"/v1/vault/destinations/{made['id']}/remove", {}


async def _forward(counter: Counter, provider: Receiver) -> Request:
    await counter.create("/v1/vault/destinations", {"url": provider.url})
    body = {"json": {"card": f"{{{{ {await _token(counter)} }}}}"}}
    return "/v1/vault/forward", {"url": provider.url, "body": body, "purpose": "test"}


async def _subject(counter: Counter) -> str:
    return f"{SUBJECTS}/{(await seal(counter.room)).id}"


async def _get_subject(counter: Counter, _provider: Receiver) -> Request:
    return await _subject(counter), None


async def _export(counter: Counter, _provider: Receiver) -> Request:
    return f"{await _subject(counter)}/export?purpose=subject_access", None


async def _restrict(counter: Counter, _provider: Receiver) -> Request:
    return f"{await _subject(counter)}/restrict", {"purpose": "accuracy_contested"}


async def _lift(counter: Counter, _provider: Receiver) -> Request:
    return f"{await _subject(counter)}/lift", {"purpose": "accuracy_verified"}


async def _hold(counter: Counter, _provider: Receiver) -> Request:
    return f"{await _subject(counter)}/holds", {"reason": "case-1"}


async def _release(counter: Counter, provider: Receiver) -> Request:
    path, body = await _hold(counter, provider)
    return f"{path}/{(await counter.create(path, body))['id']}/release", {}


async def _erase(counter: Counter, _provider: Receiver) -> Request:
    return f"{await _subject(counter)}/erase", {"reason": "objection"}


async def _rules(_counter: Counter, _provider: Receiver) -> Request:
    return "/v1/vault/retention", None


async def _rule(_counter: Counter, _provider: Receiver) -> Request:
    return "/v1/vault/retention/contact.iban", {"keep_days": 30, "reason": "tax-law"}


async def _rotate(counter: Counter, _provider: Receiver) -> Request:
    await _token(counter)
    return ROTATIONS, {"kind": "tenant"}


async def _rotation(counter: Counter, _provider: Receiver) -> Request:
    started = await counter.create(ROTATIONS, {"kind": "requests"})
    return f"{ROTATIONS}/{started['id']}", None


async def _rotations(_counter: Counter, _provider: Receiver) -> Request:
    return ROTATIONS, None


async def _keys(_counter: Counter, _provider: Receiver) -> Request:
    return "/v1/vault/keys", None


async def _destroy(_counter: Counter, _provider: Receiver) -> Request:
    return "/v1/vault/keys/destroy", {"kind": "data"}


CASES = {
    "create_token": Case("POST", 201, _create),
    "create_tokens": Case("POST", 200, _batch),
    "get_token": Case("GET", 200, _get, names=True),
    "search_tokens": Case("POST", 200, _search, replays=False),
    "detokenize": Case("POST", 200, _detokenize, names=True),
    "revoke_token": Case("POST", 200, _revoke, names=True),
    "add_destination": Case("POST", 201, _destination),
    "list_destinations": Case("GET", 200, _destinations),
    "remove_destination": Case("POST", 200, _remove, names=True),
    "forward": Case("POST", 200, _forward),
    "get_subject": Case("GET", 200, _get_subject, names=True),
    "export_subject": Case("GET", 200, _export, names=True),
    "restrict_subject": Case("POST", 200, _restrict, names=True),
    "lift_restriction": Case("POST", 200, _lift, names=True),
    "hold_subject": Case("POST", 201, _hold, names=True),
    "release_hold_on_subject": Case("POST", 200, _release, names=True),
    "erase_subject": Case("POST", 200, _erase, names=True),
    "list_retention_rules": Case("GET", 200, _rules),
    "change_retention_rule": Case("PUT", 200, _rule),
    "start_vault_rotation": Case("POST", 202, _rotate),
    "get_vault_rotation": Case("GET", 200, _rotation, names=True),
    "list_vault_rotations": Case("GET", 200, _rotations),
    "list_vault_keys": Case("GET", 200, _keys),
    "destroy_vault_key": Case("POST", 200, _destroy),
}
WRITES = [name for name, case in CASES.items() if case.method != "GET"]

# Whatever the route takes, none of these is it.
BAD_BODIES = {
    "nothing": b"",
    "cut short": b'{"id": ',
    "an array": b"[]",
    "an unknown field": b'{"surprise": 1}',
    "a NUL in a name": b'{"\\u0000": 1}',
    "invalid UTF-8": b'{"id": "\xff\xfe"}',
    "deep nesting": b'{"id":' * 20_000,
    "a huge number": b'{"id": 1' + b"0" * 10_000 + b"}",
}


async def operations(counter: Counter) -> dict[str, tuple[str, str, dict[str, Any]]]:
    """Method, path and content of every operation, by its id."""
    return {
        operation["operationId"]: (method.upper(), path, operation)
        for path, methods in (await counter.api.document())["paths"].items()
        for method, operation in methods.items()
    }


async def test_every_operation_has_a_case(counter: Counter) -> None:
    documented = await operations(counter)
    assert set(documented) == set(CASES)
    for name, case in CASES.items():
        method, _, content = documented[name]
        assert (case.method, str(case.status) in content["responses"]) == (method, True)


@pytest.mark.parametrize("name", CASES)
async def test_its_owner_is_served_and_nobody_else(
    name: str, counter: Counter, provider: Receiver
) -> None:
    case = CASES[name]
    request = await case.request(counter, provider)
    for key in ("", counter.tenant.key[:-1], counter.tenant.key + "0"):
        async with counter.api.client(key) as client:
            answer = await case.send(client, request, **fresh_key())
        assert (answer.status_code, answer.json()["code"]) == (401, "UNAUTHENTICATED")
    if case.names:
        async with counter.api.tenant() as stranger:
            foreign = await case.send(stranger.client, request, **fresh_key())
        assert foreign.status_code == 404, foreign.text
    served = await case.send(counter.tenant.client, request, **fresh_key())
    assert served.status_code == case.status, served.text


@pytest.mark.parametrize("name", CASES)
async def test_without_its_scope_nothing_is_served(
    name: str, counter: Counter, provider: Receiver
) -> None:
    [requirement] = (await operations(counter))[name][2]["security"]
    [scope] = requirement["apiKey"]
    issued = await counter.api.issue(counter.tenant.id, tuple({*ALL_SCOPES} - {scope}))
    assert issued.key is not None
    request = await CASES[name].request(counter, provider)
    async with counter.api.client(issued.key) as client:
        answer = await CASES[name].send(client, request, **fresh_key())
    assert (answer.status_code, answer.json()["scope"]) == (403, scope)


@pytest.mark.parametrize("name", WRITES)
async def test_a_bad_request_is_refused_and_not_quoted(
    name: str, counter: Counter, provider: Receiver
) -> None:
    case = CASES[name]
    path, body = await case.request(counter, provider)
    client = counter.tenant.client
    for what, bad in BAD_BODIES.items():
        answer = await case.send(client, (path, bad), **fresh_key())
        assert (answer.status_code, answer.json()["code"]) == (400, "MALFORMED"), what
    huge = await case.send(client, (path, b" " * (case.bytes_max + 1)), **fresh_key())
    assert (huge.status_code, huge.json()["code"]) == (413, "BODY_TOO_LARGE")
    keyless = await case.send(client, (path, body))
    assert (keyless.status_code, keyless.json()["code"]) == (400, "IDEMPOTENCY_KEY_REQUIRED")


@pytest.mark.parametrize("name", [name for name in WRITES if CASES[name].replays])
async def test_a_replay_is_the_same_bytes_and_another_body_is_refused(
    name: str, counter: Counter, provider: Receiver
) -> None:
    case = CASES[name]
    path, body = await case.request(counter, provider)
    key, client, content = fresh_key(), counter.tenant.client, msgspec.json.encode(body)
    first = await case.send(client, (path, content), **key)
    again = await case.send(client, (path, content), **key)
    other = await case.send(client, (path, b" " + content), **key)
    assert (first.status_code, again.status_code) == (case.status, case.status)
    assert again.content == first.content
    assert again.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    assert (other.status_code, other.json()["code"]) == (422, "IDEMPOTENCY_KEY_REUSED")

"""What every request and answer carries."""

import asyncio
from typing import Any
from uuid import UUID

import httpx
import pytest
import structlog
from starlette.types import Message, Receive, Scope, Send

from bezant.kernel.http import Exchange
from bezant.kernel.http.exchange import Exchanges
from bezant.kernel.ids import TimeOrderedIds
from fixtures_notes import Desk, Notes, client_of, desk_of

JSON = {"Content-Type": "application/json", "Idempotency-Key": "key-1"}
NOTE = "/v1/notes/00000000-0000-0000-0000-000000000007"


async def test_every_answer_may_not_be_stored_or_sniffed_and_is_identified(
    client: httpx.AsyncClient,
) -> None:
    answers = [
        await client.get(NOTE),
        await client.get("/v1/notes/none"),
        await client.get("/nowhere"),
        await client.post("/v1/notes", content=b"{", headers=JSON),
        await client.get("/openapi.json"),
    ]
    for answer in answers:
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert UUID(answer.headers["x-request-id"]).version == 7


async def test_a_sane_request_id_is_kept_and_another_is_replaced(client: httpx.AsyncClient) -> None:
    kept = await client.get(NOTE, headers={"X-Request-Id": "order-2031.retry_1"})
    replaced = await client.get(NOTE, headers={"X-Request-Id": "a b\tc<script>"})
    assert kept.headers["x-request-id"] == "order-2031.retry_1"
    assert UUID(replaced.headers["x-request-id"]).version == 7


async def test_an_unknown_path_is_a_404_problem(client: httpx.AsyncClient) -> None:
    for path in ("/", "/v1", "/v1/notes/", "/v1/notes/a/b", "/docs", "/redoc"):
        answer = await client.get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND"), path


@pytest.mark.parametrize("method", ["DELETE", "PUT", "PATCH", "OPTIONS", "TRACE", "BREW"])
async def test_a_wrong_method_is_a_405_that_names_the_right_ones(
    client: httpx.AsyncClient, method: str
) -> None:
    answer = await client.request(method, "/v1/notes")
    assert (answer.status_code, answer.json()["code"]) == (405, "METHOD_NOT_ALLOWED")
    assert answer.headers["allow"] == "GET, HEAD, POST"


async def test_a_wrong_method_on_a_document_is_a_405_problem(client: httpx.AsyncClient) -> None:
    answer = await client.post("/openapi.json")
    assert (answer.status_code, answer.json()["code"]) == (405, "METHOD_NOT_ALLOWED")
    assert "GET" in answer.headers["allow"]


async def test_head_is_get_without_its_body(client: httpx.AsyncClient) -> None:
    get, head = await client.get(NOTE), await client.head(NOTE)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == get.headers["content-length"]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": ""},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer nobody"},
        {"Authorization": "Bearer \u00ff\u0000".encode("latin-1")},
        {"Authorization": "Basic ZnVsbDo="},
        {"Authorization": "full"},
    ],
)
async def test_without_a_valid_credential_the_answer_is_401_with_a_challenge(
    client: httpx.AsyncClient, headers: dict[str, Any]
) -> None:
    del client.headers["Authorization"]
    answer = await client.get(NOTE, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "UNAUTHENTICATED")
    assert answer.headers["www-authenticate"] == 'Bearer realm="bezant"'


async def test_two_credentials_are_none(client: httpx.AsyncClient) -> None:
    del client.headers["Authorization"]
    two = [("Authorization", "Bearer full"), ("Authorization", "Bearer full")]
    assert (await client.get(NOTE, headers=two)).status_code == 401


async def test_the_scheme_is_compared_without_case(client: httpx.AsyncClient) -> None:
    answer = await client.get(NOTE, headers={"Authorization": "bearer full"})
    assert answer.status_code == 200


async def test_a_missing_scope_is_a_403_that_names_it(client: httpx.AsyncClient) -> None:
    headers = JSON | {"Authorization": "Bearer read-only"}
    answer = await client.post("/v1/notes", content=b'{"text": "a"}', headers=headers)
    assert (answer.status_code, answer.json()["scope"]) == (403, "notes:write")
    assert 'error="insufficient_scope", scope="notes:write"' in answer.headers["www-authenticate"]


async def test_the_credential_is_checked_before_anything_else_is_told(
    client: httpx.AsyncClient,
) -> None:
    del client.headers["Authorization"]
    for answer in (
        await client.post("/v1/notes", content=b"{"),
        await client.get("/v1/notes?limit=0"),
        await client.get("/v1/notes/none"),
    ):
        assert answer.status_code == 401


async def test_a_write_without_an_idempotency_key_is_refused(client: httpx.AsyncClient) -> None:
    headers = {"Content-Type": "application/json"}
    answer = await client.post("/v1/notes", content=b'{"text": "a"}', headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "IDEMPOTENCY_KEY_REQUIRED")


@pytest.mark.parametrize("key", [b"", b"a" * 256, b"a b", b"caf\xc3\xa9", b"a\x7f", b"a\tb"])
async def test_an_idempotency_key_is_visible_ascii_within_255(
    client: httpx.AsyncClient, key: bytes
) -> None:
    headers = [(b"Content-Type", b"application/json"), (b"Idempotency-Key", key)]
    answer = await client.post("/v1/notes", content=b'{"text": "a"}', headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "IDEMPOTENCY_KEY_INVALID")


async def test_the_longest_idempotency_key_is_taken(client: httpx.AsyncClient) -> None:
    headers = JSON | {"Idempotency-Key": "~" * 255}
    answer = await client.post("/v1/notes", content=b'{"text": "a"}', headers=headers)
    assert answer.status_code == 201


async def test_a_replay_says_so_and_equals_the_first_answer(client: httpx.AsyncClient) -> None:
    first = await client.post("/v1/notes", content=b'{"text": "a"}', headers=JSON)
    again = await client.post("/v1/notes", content=b'{"text": "a"}', headers=JSON)
    assert again.content == first.content
    assert again.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers


async def test_a_call_tells_requests_apart_by_method_path_and_body(
    client: httpx.AsyncClient, desk: Desk
) -> None:
    for key, body in (("1", b'{"text":"a"}'), ("2", b'{"text":"b"}'), ("3", b'{"text":"a"}')):
        await client.post("/v1/notes", content=body, headers=JSON | {"Idempotency-Key": key})
    first, other, same = (call.fingerprint for call in desk.notes.calls)
    assert first == same != other
    call = desk.notes.calls[0]
    assert (call.actor, call.resource, call.origin) == ("key:full", "/v1/notes", "http")


async def test_a_busy_answer_says_when_to_come_back(client: httpx.AsyncClient) -> None:
    answer = await client.post("/v1/notes", content=b'{"text": "be busy"}', headers=JSON)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "7")


async def test_a_fault_is_logged_once_and_not_told(client: httpx.AsyncClient) -> None:
    with structlog.testing.capture_logs() as logs:
        answer = await client.post("/v1/notes", content=b'{"text": "break"}', headers=JSON)
    assert (answer.status_code, answer.json()["code"]) == (500, "INTERNAL")
    assert "vault" not in answer.text
    assert [entry["event"] for entry in logs] == ["fault"]
    assert logs[0]["request_id"] == answer.headers["x-request-id"]


async def test_a_request_that_takes_too_long_is_a_503(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = desk_of(Notes(seconds_max=0.01))

    async def never_ends(*_: object, **__: object) -> bytes:
        return await asyncio.Future()

    monkeypatch.setattr("bezant.kernel.http.operations.read_body", never_ends)
    async with client_of(desk) as client:
        answer = await client.post("/v1/notes", content=b'{"text": "a"}', headers=JSON)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert desk.notes.calls == []


async def test_the_observer_sees_templates_and_never_paths(
    client: httpx.AsyncClient, desk: Desk
) -> None:
    await client.get(NOTE)
    await client.get("/v1/notes/none")
    await client.delete("/v1/notes")
    await client.get("/nowhere")
    await client.get("/openapi.json")
    assert [(each.method, each.route, each.status) for each in desk.seen] == [
        ("GET", "/v1/notes/{note}", 200),
        ("GET", "/v1/notes/{note}", 404),
        ("DELETE", "/v1/notes", 405),
        ("GET", "unrouted", 404),
        ("GET", "/openapi.json", 200),
    ]
    assert desk.seen[0].actor == "key:full"
    assert all(0 < each.elapsed_s < 60 for each in desk.seen)


async def test_a_timeout_inside_a_handler_is_a_fault_and_not_an_answer(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def times_out(*_: object, **__: object) -> bytes:
        raise TimeoutError

    monkeypatch.setattr("bezant.kernel.http.operations.read_body", times_out)
    with structlog.testing.capture_logs() as logs:
        answer = await client.post("/v1/notes", content=b'{"text": "a"}', headers=JSON)
    assert (answer.status_code, answer.json()["code"]) == (500, "INTERNAL")
    assert [entry["event"] for entry in logs] == ["fault"]


async def test_a_request_that_a_stopping_server_gives_up_is_told_to_repeat_it() -> None:
    reached, sent, seen = asyncio.Event(), list[Message](), list[Exchange]()

    async def endless(_scope: Scope, _receive: Receive, _send: Send) -> None:
        reached.set()
        await asyncio.Event().wait()

    async def receive() -> Message:
        raise AssertionError

    async def send(message: Message) -> None:
        sent.append(message)

    layer = Exchanges(endless, ids=TimeOrderedIds(), observe=seen.append)
    scope = {"type": "http", "method": "POST", "headers": []}
    serving = asyncio.create_task(layer(scope, receive, send))
    await reached.wait()
    serving.cancel()
    await serving
    assert sent[0]["status"] == seen[0].status == 503
    assert b'"UNAVAILABLE"' in sent[1]["body"]
    assert b"retry-after" in dict(sent[0]["headers"])

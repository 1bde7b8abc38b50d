"""Bad input is answered by a declared problem that names the fault, and never by a 500."""

import asyncio

import httpx
import pytest
from fastapi import FastAPI
from msgspec import Struct
from starlette.types import Message

from bezant.kernel.errors import Malformed
from bezant.kernel.http.bodies import BodyDecoder
from fixtures_notes import Desk

JSON = {"Content-Type": "application/json", "Idempotency-Key": "key-1"}

# What is sent, and the field that the problem names.
MALFORMED: dict[str, tuple[bytes, str | None]] = {
    "nothing": (b"", None),
    "cut short": (b'{"text": "he', None),
    "not an object": (b"[]", None),
    "a bare word": (b"hello", None),
    "two values": (b'{"text": "a"} {"text": "b"}', None),
    "NaN": (b'{"text": NaN}', None),
    "a byte order mark": (b'\xef\xbb\xbf{"text": "a"}', None),
    "UTF-16": ('{"text": "a"}'.encode("utf-16"), None),
    "invalid UTF-8": (b'{"text": "\xff"}', None),
    "an overlong encoding": (b'{"text": "\xc0\xaf"}', None),
    "a lone surrogate": (b'{"text": "a\\ud800b"}', None),
    "a lone low surrogate": (b'{"text": "\\udc00"}', None),
    "a lone surrogate in a name": (b'{"text": "a", "labels": {"\\ud800": "b"}}', None),
    "a control character": (b'{"text": "a\x01"}', None),
    "an escaped NUL": (b'{"text": "a\\u0000b"}', "text"),
    "an escaped NUL in a name": (b'{"text": "a", "labels": {"x\\u0000": "b"}}', "x"),
    "deep nesting in an unknown field": (b'{"x": ' + b"[" * 3_000, "x"),
    "deep nesting": (b"[" * 3_000 + b"]" * 3_000, None),
    "an unknown field": (b'{"text": "a", "colour": "red"}', "colour"),
    "a missing field": (b"{}", "text"),
    "a wrong type": (b'{"text": 1}', "text"),
    "null for text": (b'{"text": null}', "text"),
    "a long text": (b'{"text": "' + b"a" * 501 + b'"}', "text"),
    "a float as money": (b'{"text": "a", "moods": [{"amount": 12.5}]}', "moods[0].amount"),
    "an integer as money": (b'{"text": "a", "moods": [{"amount": 12}]}', "moods[0].amount"),
    "a signed amount": (b'{"text": "a", "moods": [{"amount": "-1"}]}', "moods[0].amount"),
    "a missing nested field": (b'{"text": "a", "moods": [{}]}', "moods[0].amount"),
    "a naive timestamp": (b'{"text": "a", "at": "2026-01-01T00:00:00"}', "at"),
    "a day that is none": (b'{"text": "a", "at": "2026-02-30T00:00:00Z"}', "at"),
    "a wrong value in a map": (b'{"text": "a", "labels": {"x": 1}}', "labels[...]"),
    "a member twice": (b'{"text": "a", "text": "b"}', "text"),
    "a member twice, equal": (b'{"text": "a", "text": "a"}', "text"),
    "a member twice, escaped": (b'{"text": "a", "te\\u0078t": "b"}', "text"),
    "a member twice, deep": (b'{"text":"a","moods":[{"amount":"1","amount":"9"}]}', "amount"),
    "a label twice": (b'{"text": "a", "labels": {"x": "1", "x": "1"}}', "x"),
}


@pytest.mark.parametrize("name", MALFORMED)
async def test_a_malformed_body_is_a_400_that_names_the_field(
    client: httpx.AsyncClient, name: str
) -> None:
    body, field = MALFORMED[name]
    answer = await client.post("/v1/notes", content=body, headers=JSON)
    problem = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status_code, problem["code"]) == (400, "MALFORMED")
    assert problem.get("field") == field


@pytest.mark.parametrize(
    "body",
    [
        b'{"text": "caf\\u00e9 \\ud83d\\ude00"}',
        b'{"text": "a backslash before \\\\u0000"}',
        b' {\n"text" : "spaced" } ',
        b'{"text":"a","moods":[{"amount":"1"},{"amount":"1"}],"labels":{"text":"b"}}',
        '{"text": "é😀"}'.encode(),
    ],
)
async def test_what_only_looks_odd_is_taken(client: httpx.AsyncClient, body: bytes) -> None:
    answer = await client.post("/v1/notes", content=body, headers=JSON)
    assert answer.status_code == 201


class Open(Struct):
    """A model that ignores what it does not know."""

    text: str = ""


@pytest.mark.parametrize(
    "junk", [b"[" * 9_000 + b"]" * 9_000, b'"\xff"', b"1" + b"0" * 9_000, b'"\\ud800"']
)
def test_what_a_model_ignores_must_still_be_sane(junk: bytes) -> None:
    with pytest.raises(Malformed):
        BodyDecoder(Open).decode(b'{"text": "a\\u0041", "junk": ' + junk + b"}")


async def test_a_problem_never_repeats_the_value_at_fault(client: httpx.AsyncClient) -> None:
    body = b'{"text": "a", "moods": [{"amount": "4111111111111112x"}]}'
    answer = await client.post("/v1/notes", content=body, headers=JSON)
    assert answer.status_code == 400
    assert "4111111111111112" not in answer.text


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "text/plain",
        "application/json; charset=latin-1",
        "application/x-www-form-urlencoded",
        "application/jsonx",
    ],
)
async def test_a_body_not_declared_as_json_is_a_415(
    client: httpx.AsyncClient, content_type: str | None
) -> None:
    headers = {"Idempotency-Key": "k"} | ({"Content-Type": content_type} if content_type else {})
    answer = await client.post("/v1/notes", content=b'{"text": "a"}', headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (415, "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.parametrize("content_type", ["Application/JSON", 'application/json; charset="UTF-8"'])
async def test_media_types_are_compared_without_case_and_quotes(
    client: httpx.AsyncClient, content_type: str
) -> None:
    headers = {"Idempotency-Key": "k", "Content-Type": content_type}
    answer = await client.post("/v1/notes", content=b'{"text": "a"}', headers=headers)
    assert answer.status_code == 201


async def test_a_compressed_body_is_a_415(client: httpx.AsyncClient) -> None:
    headers = JSON | {"Content-Encoding": "gzip"}
    answer = await client.post("/v1/notes", content=b"\x1f\x8b", headers=headers)
    assert answer.status_code == 415


class Sender:
    """A client that sends a body in chunks and counts how many were taken."""

    def __init__(self, chunks: list[bytes], *, then_leaves: bool = False) -> None:
        self.left = list(chunks)
        self.taken = 0
        self.sent: list[Message] = []
        self._then_leaves = then_leaves

    async def receive(self) -> Message:
        if not self.left:
            assert self._then_leaves, "read past the end"
            return {"type": "http.disconnect"}
        self.taken += 1
        body = self.left.pop(0)
        return {
            "type": "http.request",
            "body": body,
            "more_body": bool(self.left) or self._then_leaves,
        }

    async def send(self, message: Message) -> None:
        self.sent.append(message)

    async def post(self, app: FastAPI, *, content_length: int | None = None) -> None:
        headers = [
            (b"authorization", b"Bearer full"),
            (b"idempotency-key", b"k"),
            (b"content-type", b"application/json"),
        ]
        if content_length is not None:
            headers.append((b"content-length", str(content_length).encode()))
        scope = {
            "type": "http",
            "method": "POST",
            "path": "/v1/notes",
            "query_string": b"",
            "headers": headers,
        }
        await app(scope, self.receive, self.send)


async def test_a_body_is_put_together_from_its_chunks(desk: Desk) -> None:
    sender = Sender([b'{"te', b'xt": ', b'"hello"}'])
    await sender.post(desk.app)
    assert sender.sent[0]["status"] == 201
    assert desk.notes.calls[0].action == "note.write"


async def test_a_body_declared_too_large_is_refused_unread(desk: Desk) -> None:
    sender = Sender([b"x" * 4_096] * 8)
    await sender.post(desk.app, content_length=16_385)
    assert (sender.sent[0]["status"], sender.taken) == (413, 0)
    assert (b"connection", b"close") in sender.sent[0]["headers"]


async def test_reading_stops_at_the_limit_when_no_length_was_declared(desk: Desk) -> None:
    sender = Sender([b"x" * 1_024] * 1_000)
    await sender.post(desk.app)
    assert (sender.sent[0]["status"], sender.taken) == (413, 17)


async def test_a_body_of_exactly_the_limit_is_read(client: httpx.AsyncClient) -> None:
    body = b'{"text": "a"' + b" " * (16_384 - 13) + b"}"
    assert len(body) == 16_384
    assert (await client.post("/v1/notes", content=body, headers=JSON)).status_code == 201
    over = await client.post("/v1/notes", content=body + b" ", headers=JSON)
    assert (over.status_code, over.json()["bytes_max"]) == (413, "16384")


async def test_a_client_that_leaves_mid_body_is_answered_nothing_and_did_nothing(
    desk: Desk,
) -> None:
    sender = Sender([b'{"text": '], then_leaves=True)
    await sender.post(desk.app)
    assert sender.sent == []
    assert desk.notes.calls == []
    assert [exchange.status for exchange in desk.seen] == [499]


async def test_a_body_that_does_not_arrive_in_time_is_a_408(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bezant.kernel.http.bodies.BODY_SECONDS_MAX", 0.01)
    sender = Sender([])

    async def never() -> Message:
        return await asyncio.Future()

    sender.receive = never  # type: ignore[method-assign]
    await sender.post(desk.app)
    assert sender.sent[0]["status"] == 408


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("limit=ten", "limit"),
        ("limit=", "limit"),
        ("limit=99999999999999999999999999", "limit"),
        ("limit=1&limit=2", None),
        ("colour=red", "colour"),
        ("limit", None),
        ("word=%ff", None),
        ("word=%00", "word"),
        ("&".join(f"a{n}=1" for n in range(30)), None),
    ],
)
async def test_a_bad_query_is_a_400_that_names_the_parameter(
    client: httpx.AsyncClient, query: str, field: str | None
) -> None:
    answer = await client.get(f"/v1/notes?{query}")
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (400, "MALFORMED")
    assert problem.get("field") == field


async def test_a_query_on_a_route_that_takes_none_is_a_400(client: httpx.AsyncClient) -> None:
    post = await client.post("/v1/notes?dry_run=true", content=b'{"text": "a"}', headers=JSON)
    get = await client.get("/v1/notes/00000000-0000-0000-0000-000000000007?x=1")
    assert (post.status_code, get.status_code) == (400, 400)


@pytest.mark.parametrize(
    "path", ["no-uuid", "%00", "%ff", "00000000-0000-0000-0000-00000000000", "a%2fb", "7%0A"]
)
async def test_what_is_no_identifier_identifies_nothing(
    client: httpx.AsyncClient, path: str
) -> None:
    answer = await client.get(f"/v1/notes/{path}")
    assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")


async def test_valid_queries_are_read(client: httpx.AsyncClient) -> None:
    answer = await client.get("/v1/notes", params={"limit": 7, "word": "é&="})
    assert answer.json() == {"limit": 7, "word": "é&="}

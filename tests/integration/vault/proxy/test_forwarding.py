"""Requests that leave with values in the place of tokens, to a real TLS server."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID, uuid4

import httpx
import pytest

from bezant.vault.tokens import codes
from fixtures_vault import Counter
from receivers import NAME, OK, Message, Receiver, status
from tokenized import PAN, TOKENS, card, rows_of, value

FORWARD = "/v1/vault/forward"
DESTINATIONS = "/v1/vault/destinations"


@pytest.fixture(autouse=True)
def fresh(provider: Receiver) -> Iterator[None]:
    """A server that knows nothing of other tests."""
    provider.messages.clear()
    provider.script = lambda _: OK
    yield
    provider.script = lambda _: OK


@pytest.fixture
async def open_counter(counter: Counter, provider: Receiver) -> Counter:
    """A tenant that may send to the server."""
    await counter.create(DESTINATIONS, {"url": provider.url})
    return counter


def wanting(provider: Receiver, body: object, **members: object) -> dict[str, Any]:
    return {"url": provider.url, "body": body, "purpose": "payment", **members}


async def token_of(counter: Counter, body: dict[str, Any]) -> str:
    return str((await counter.create(TOKENS, body))["token"])


def echo(message: Message) -> bytes:
    return status(200, "Content-Type: application/json", body=message.body)


async def test_the_receiver_gets_the_values_and_the_caller_its_tokens(
    open_counter: Counter, provider: Receiver
) -> None:
    token = await token_of(open_counter, card(cvc="739"))
    provider.script = echo
    template = {
        "amount": 12345678901234567890.10,
        "card": {
            "number": f"{{{{ {token} }}}}",
            "month": f"{{{{ {token}.expiry_month }}}}",
            "year": f"{{{{{token}.expiry_year}}}}",
            "short": f"{{{{ {token}.expiry_year_short }}}}",
            "name": f"{{{{ {token}.holder }}}}",
            "cvc": f"{{{{ {token}.cvc }}}}",
        },
    }
    body = wanting(provider, {"json": template}, headers={"Authorization": "Bearer merchant"})
    answer = await open_counter.create(FORWARD, body)
    [message] = provider.messages
    assert message.content["card"] == {
        "number": PAN,
        "month": "12",
        "year": "2039",
        "short": "39",
        "name": "Ann Lee",
        "cvc": "739",
    }
    assert message.headers["authorization"] == "Bearer merchant"
    assert message.headers["content-type"] == "application/json"
    assert message.headers["host"] == f"{NAME}:{provider.port}"
    echoed = json.loads(answer["response"]["body"])["card"]
    assert (echoed["number"], echoed["cvc"], echoed["name"]) == (token, "[redacted]", "[redacted]")
    assert answer["response"]["status"] == 200


async def test_a_value_changes_nothing_around_it(open_counter: Counter, provider: Receiver) -> None:
    sly = 'x", "amount": "0'
    token = await token_of(open_counter, value(sly))
    place = f"{{{{ {token} }}}}"
    await open_counter.create(FORWARD, wanting(provider, {"json": {"a": place, "amount": "1"}}))
    assert provider.messages[-1].content == {"a": sly, "amount": "1"}
    await open_counter.create(FORWARD, wanting(provider, {"form": {"a": place, "b": "1"}}))
    assert parse_qs(provider.messages[-1].body.decode()) == {"a": [sly], "b": ["1"]}
    xml = {"text": f'<a b="{place}"/>', "content_type": "application/xml"}
    await open_counter.create(FORWARD, wanting(provider, xml))
    assert b'b="x&quot;, &quot;amount&quot;: &quot;0"' in provider.messages[-1].body


async def test_nothing_goes_to_a_place_that_is_not_on_the_list(
    counter: Counter, provider: Receiver
) -> None:
    token = await token_of(counter, card())
    body = wanting(provider, {"json": f"{{{{ {token} }}}}"})
    assert (await counter.post(FORWARD, body)).json()["code"] == "DESTINATION_NOT_ALLOWED"
    added = await counter.create(DESTINATIONS, {"url": provider.url})
    for url in (f"{provider.url}side", f"https://{NAME}:{provider.port}/", f"https://{NAME}/in"):
        answer = await counter.post(FORWARD, body | {"url": url})
        assert answer.json()["code"] == "DESTINATION_NOT_ALLOWED", url
    for url in (f"{provider.url}/../x", f"{provider.url}/%2e%2e/x", f"{provider.url}//x"):
        answer = await counter.post(FORWARD, body | {"url": url})
        assert answer.json()["code"] == "DESTINATION_REFUSED", url
    assert (await counter.post(FORWARD, body | {"url": f"{provider.url}/x"})).status_code == 200
    await counter.create(f"{DESTINATIONS}/{added['id']}/remove", {})
    assert (await counter.post(FORWARD, body)).json()["code"] == "DESTINATION_NOT_ALLOWED"
    assert len(provider.messages) == 1


async def test_another_tenants_destinations_are_its_own(
    open_counter: Counter, provider: Receiver
) -> None:
    [mine] = (await open_counter.tenant.client.get(DESTINATIONS)).json()["destinations"]
    async with open_counter.api.tenant() as stranger:
        assert (await stranger.client.get(DESTINATIONS)).json() == {"destinations": []}
        path = f"{DESTINATIONS}/{mine['id']}/remove"
        assert (await stranger.post(path, {})).status_code == 404
        token = (await stranger.create(TOKENS, card()))["token"]
        answer = await stranger.post(FORWARD, wanting(provider, {"json": f"{{{{ {token} }}}}"}))
        assert answer.json()["code"] == "DESTINATION_NOT_ALLOWED"
    again = await open_counter.create(DESTINATIONS, {"url": provider.url})
    assert again["id"] == mine["id"]


async def test_another_tenants_token_is_not_sent(open_counter: Counter, provider: Receiver) -> None:
    async with open_counter.api.tenant() as stranger:
        token = (await stranger.create(TOKENS, card()))["token"]
    answer = await open_counter.post(FORWARD, wanting(provider, {"json": f"{{{{ {token} }}}}"}))
    assert (answer.status_code, answer.json()["code"]) == (404, "TOKEN_NOT_FOUND")
    assert provider.messages == []


async def test_an_address_that_is_not_public_is_not_connected_to(
    open_counter: Counter, provider: Receiver
) -> None:
    token = await token_of(open_counter, card())
    open_counter.room.names.answers = [["10.0.0.1"]]
    answer = await open_counter.post(FORWARD, wanting(provider, {"json": f"{{{{ {token} }}}}"}))
    assert answer.status_code == 502
    assert answer.json()["reason"] == "address_refused"
    assert provider.messages == []


@pytest.mark.parametrize(
    "url",
    ["http://hooks.example.com/in", "https://10.0.0.1/in", "https://a.example/x?y=1", "ftp://a.b"],
)
async def test_some_places_are_never_destinations(counter: Counter, url: str) -> None:
    answer = await counter.post(DESTINATIONS, {"url": url})
    assert (answer.status_code, answer.json()["code"]) == (422, "DESTINATION_REFUSED")


async def test_a_certificate_that_is_not_trusted_gets_nothing(
    open_counter: Counter, provider: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = await token_of(open_counter, card())
    outbound = open_counter.room.vault._outbound
    monkeypatch.setattr(outbound, "tls", httpx.create_ssl_context(trust_env=False))
    answer = await open_counter.post(FORWARD, wanting(provider, {"json": f"{{{{ {token} }}}}"}))
    assert (answer.status_code, answer.json()["reason"]) == (502, "tls_failed")
    assert provider.messages == []


async def test_a_redirect_is_an_answer(open_counter: Counter, provider: Receiver) -> None:
    token = await token_of(open_counter, card())
    provider.script = lambda _: status(307, "Location: https://elsewhere.example/")
    body = wanting(provider, {"json": f"{{{{ {token} }}}}"})
    assert (await open_counter.create(FORWARD, body))["response"]["status"] == 307
    assert len(provider.messages) == 1


async def test_every_token_that_is_sent_is_told_of_with_the_purpose(
    open_counter: Counter, provider: Receiver
) -> None:
    tokens = [await token_of(open_counter, card()) for _ in range(2)]
    await open_counter.create(
        FORWARD, wanting(provider, {"json": [f"{{{{ {token} }}}}" for token in tokens]})
    )
    rows = await open_counter.room.database.fetch(
        "SELECT resource, purpose FROM audit_entry WHERE tenant_id = $1"
        " AND action = 'token.forward' AND resource LIKE '/v1/vault/tokens/%'",
        open_counter.tenant.id,
    )
    assert {(row["resource"], row["purpose"]) for row in rows} == {
        (f"{TOKENS}/{token}", "payment") for token in tokens
    }


async def test_a_cvc_is_sent_once(open_counter: Counter, provider: Receiver) -> None:
    token = await token_of(open_counter, card(cvc="739"))
    body = wanting(provider, {"json": f"{{{{ {token}.cvc }}}}"})
    key = {"Idempotency-Key": "pay"}
    first = await open_counter.post(FORWARD, body, **key)
    assert first.json()["response"]["status"] == 204
    other = await open_counter.post(FORWARD, body)
    assert (other.status_code, other.json()["code"]) == (409, "CVC_GONE")
    again = await open_counter.post(FORWARD, body, **key)
    assert again.json() == first.json()
    assert again.headers["Idempotency-Replayed"] == "true"
    assert len(provider.messages) == 1


async def test_one_of_ten_at_once_sends_a_cvc(open_counter: Counter, provider: Receiver) -> None:
    token = await token_of(open_counter, card(cvc="739"))
    body = wanting(provider, {"json": f"{{{{ {token}.cvc }}}}"})
    answers = await asyncio.gather(*(open_counter.post(FORWARD, body) for _ in range(10)))
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 9
    assert len(provider.messages) == 1


async def test_a_cvc_is_in_no_table(open_counter: Counter, provider: Receiver) -> None:
    code = "7391"
    token = await token_of(open_counter, card(cvc=code))
    provider.script = echo
    await open_counter.create(FORWARD, wanting(provider, {"json": f"{{{{ {token}.cvc }}}}"}))
    for table in ("idempotency_record", "audit_entry", "vault_token", "vault_forward"):
        rows = await open_counter.room.database.fetch(
            f"SELECT * FROM {table} WHERE tenant_id = $1", open_counter.tenant.id
        )
        assert rows
        for row in rows:
            for name in ("body", "resource", "purpose"):
                assert code not in str(row.get(name, ""))


async def test_after_a_crash_the_cvc_is_gone(open_counter: Counter, provider: Receiver) -> None:
    token = await token_of(open_counter, card(cvc="739"))
    open_counter.room.vault.tokens.codes.clear()  # what a new process has
    answer = await open_counter.post(FORWARD, wanting(provider, {"json": f"{{{{ {token}.cvc }}}}"}))
    assert answer.json()["code"] == "CVC_GONE"
    assert codes.SECONDS_MAX <= 3600
    assert provider.messages == []


async def test_a_request_without_an_answer_is_never_sent_again(
    open_counter: Counter, provider: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = await token_of(open_counter, card(cvc="739"))
    monkeypatch.setattr(open_counter.room.vault._outbound, "seconds_max", 0.5)

    async def hang(_: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    provider.script = lambda _: hang
    body = wanting(provider, {"json": f"{{{{ {token}.cvc }}}}"})
    key = {"Idempotency-Key": "hang"}
    for _ in range(2):
        answer = await open_counter.post(FORWARD, body, **key)
        assert (answer.status_code, answer.json()["code"]) == (504, "FORWARD_UNKNOWN")
    assert len(provider.messages) == 1


async def test_what_never_left_is_sent_by_a_repeat(
    open_counter: Counter, provider: Receiver
) -> None:
    token = await token_of(open_counter, card(single_use=True, cvc="739"))
    body = wanting(provider, {"json": [f"{{{{ {token} }}}}", f"{{{{ {token}.cvc }}}}"]})
    key = {"Idempotency-Key": "unreachable"}
    open_counter.room.names.answers = [[]]
    down = await open_counter.post(FORWARD, body, **key)
    assert (down.status_code, down.json()["reason"]) == (502, "dns_failed")
    open_counter.room.names.answers = [["127.0.0.1"]]
    assert (await open_counter.post(FORWARD, body)).json()["code"] == "TOKEN_USED"
    again = await open_counter.post(FORWARD, body, **key)
    assert again.status_code == 200
    assert json.loads(provider.messages[-1].body) == [PAN, "739"]


async def test_what_was_erased_is_not_in_a_repeats_answer(
    open_counter: Counter, provider: Receiver
) -> None:
    subject = uuid4()
    token = await token_of(open_counter, card(subject))
    provider.script = lambda _: status(200, body=b"about Ann")
    body, key = wanting(provider, {"json": f"{{{{ {token} }}}}"}), {"Idempotency-Key": "ann"}
    first = await open_counter.post(FORWARD, body, **key)
    assert first.json()["response"]["body"] == "about Ann"
    assert b"about Ann" not in await _sealed_bytes(open_counter)
    await open_counter.room.database.transaction(
        lambda connection: connection.execute(
            "UPDATE vault_subject SET state = 'erased' WHERE tenant_id = $1 AND subject_id = $2",
            open_counter.tenant.id,
            subject,
        )
    )
    again = await open_counter.post(FORWARD, body, **key)
    assert again.json() == {"id": first.json()["id"], "response": None}


async def _sealed_bytes(counter: Counter) -> bytes:
    rows = await counter.room.database.fetch(
        "SELECT sealed FROM vault_value WHERE tenant_id = $1", counter.tenant.id
    )
    return b"".join(row["sealed"] for row in rows)


@pytest.mark.parametrize(
    ("answer", "withheld"),
    [
        (status(200, body=b"x" * (300 << 10)), "too_large"),
        (status(200, body=b"\xff\xfe"), "not_text"),
        (status(200, "Content-Encoding: gzip", body=b"zz"), "encoded"),
        (b"HTTP/1.1 200 X\r\nContent-Length: 9\r\n\r\nhalf", "cut"),
        (b"HTTP/1.1 200 X\r\n\r\nall of it", None),
    ],
)
async def test_an_answer_that_cannot_be_looked_through_is_withheld(
    open_counter: Counter, provider: Receiver, answer: bytes, withheld: str | None
) -> None:
    token = await token_of(open_counter, card())

    async def write(writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        await writer.drain()

    provider.script = lambda _: write
    body = wanting(provider, {"json": f"{{{{ {token} }}}}"})
    response = (await open_counter.create(FORWARD, body))["response"]
    assert (response["status"], response["withheld"]) == (200, withheld)
    assert (response["body"] is None) == (withheld is not None)


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ({"body": {"json": {"a": "none"}}}, "TEMPLATE_REFUSED"),
        ({"body": {"json": "{{ tok x }}"}}, "TEMPLATE_REFUSED"),
        ({"body": {"form": {"{{ x }}": "y"}}}, "TEMPLATE_REFUSED"),
        ({"body": {"json": "{{ TOKEN.iban }}"}}, "TEMPLATE_REFUSED"),
        ({"body": {"json": "{{ TOKEN.cvc }}"}}, "CVC_GONE"),
        ({"body": {"json": "1", "text": "2"}}, "MALFORMED"),
        ({"headers": {"Host": "other"}}, "MALFORMED"),
        ({"headers": {"X-A": "b\r\nX-C: d"}}, "MALFORMED"),
        ({"headers": {"X-A": "{{ TOKEN }}"}}, "MALFORMED"),
        ({"method": "GET"}, "MALFORMED"),
    ],
)
async def test_what_cannot_be_sent_is_refused_before_anything_is(
    open_counter: Counter, provider: Receiver, members: dict[str, Any], code: str
) -> None:
    token = await token_of(open_counter, card())
    body = wanting(provider, {"json": "{{ TOKEN }}"}) | members
    filled = json.loads(json.dumps(body).replace("TOKEN", token))
    answer = await open_counter.post(FORWARD, filled)
    assert answer.json()["code"] == code
    assert provider.messages == []
    assert await rows_of(open_counter, "vault_forward") == 0


async def test_old_forwards_are_removed_with_their_answers(
    open_counter: Counter, provider: Receiver
) -> None:
    token = await token_of(open_counter, card())
    await open_counter.create(FORWARD, wanting(provider, {"json": f"{{{{ {token} }}}}"}))
    tenant_id: UUID = open_counter.tenant.id
    assert await open_counter.room.vault.proxy.sweep(tenant_id) == 0
    assert await rows_of(open_counter, "vault_value") == 4
    open_counter.room.clock.advance(seconds=4 * 86_400)
    await open_counter.room.vault.sweep()  # as the vault itself does now and then
    assert await rows_of(open_counter, "vault_forward") == 0
    assert await rows_of(open_counter, "vault_value") == 3

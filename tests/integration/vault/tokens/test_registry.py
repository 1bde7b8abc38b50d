"""Tokens that are looked at, searched, revoked, and whose time is over."""

import asyncio
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from bezant.kernel.http import TokenBuckets
from bezant.vault.keys import KeyKind
from bezant.vault.keys.tenants import context_of
from fixtures_vault import Counter
from tokenized import IBAN, PAN, TOKENS, card, reveal, rows_of, value

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

SEARCH = f"{TOKENS}/search"


async def test_a_token_shows_its_hints_and_no_value(counter: Counter) -> None:
    issued = await counter.create(TOKENS, card())
    shown = await counter.tenant.client.get(f"{TOKENS}/{issued['token']}")
    assert shown.json() == {
        name: member for name, member in issued.items() if name not in {"reused", "cvc_held"}
    }
    assert PAN not in shown.text


async def test_another_tenants_token_is_unknown_to_every_route(counter: Counter) -> None:
    path = f"{TOKENS}/{(await counter.create(TOKENS, card()))['token']}"
    async with counter.api.tenant() as stranger:
        assert (await stranger.client.get(path)).status_code == 404
        assert (await stranger.post(f"{path}/revoke", {})).status_code == 404
        found = await stranger.post(SEARCH, {"card": {"number": PAN}})
        assert found.json() == {"tokens": []}
    assert (await counter.tenant.client.get(path)).json()["status"] == "active"


async def test_a_search_finds_every_token_of_a_value(counter: Counter) -> None:
    subject = uuid4()
    made = [
        (await counter.create(TOKENS, each))["token"]
        for each in (card(subject), card(), card(subject, format="card"), card(single_use=True))
    ]
    await counter.create(TOKENS, card(number="5555555555554444"))
    found = await counter.create(SEARCH, {"card": {"number": "4111-1111-1111-1111"}})
    assert {each["token"] for each in found["tokens"]} == set(made)
    mine = await counter.create(SEARCH, {"card": {"number": PAN}, "subject_id": str(subject)})
    assert {each["token"] for each in mine["tokens"]} == {made[0], made[2]}


async def test_equal_texts_of_two_kinds_have_nothing_in_common(counter: Counter) -> None:
    await counter.create(TOKENS, value(PAN))
    iban = {"bank_account": {"iban": IBAN}}
    for search in ({"card": {"number": PAN}}, iban, {"value": {"name": "other", "text": PAN}}):
        assert (await counter.create(SEARCH, search))["tokens"] == []
    same = await counter.create(SEARCH, {"value": {"name": "passport_number", "text": PAN}})
    assert len(same["tokens"]) == 1


async def test_a_value_is_found_under_every_version_of_the_key(counter: Counter) -> None:
    subject = uuid4()
    old = await counter.create(TOKENS, card(subject))
    room = counter.room
    bound = room.vault.tenants._keys
    wrapped = await bound.wrap(bytes(range(32)), context_of(counter.tenant.id, "fingerprint", 2))

    async def rotate(connection: "PoolConnectionProxy[asyncpg.Record]") -> None:
        await connection.execute(
            "UPDATE vault_key SET state = 'restore_only' WHERE tenant_id = $1 AND kind = $2",
            counter.tenant.id,
            KeyKind.FINGERPRINT,
        )
        await connection.execute(
            "INSERT INTO vault_key (tenant_id, kind, version, state, root_version, wrapped,"
            " created_at) VALUES ($1, $2, 2, 'active', $3, $4, now())",
            counter.tenant.id,
            KeyKind.FINGERPRINT,
            wrapped.version,
            wrapped.blob,
        )

    await room.database.transaction(rotate)
    same = await counter.create(TOKENS, card(subject))
    assert (same["token"], same["reused"]) == (old["token"], True)
    new = await counter.create(TOKENS, card())
    found = await counter.create(SEARCH, {"card": {"number": PAN}})
    assert {each["token"] for each in found["tokens"]} == {old["token"], new["token"]}
    rows = await room.database.fetch(
        "SELECT fingerprint_version FROM vault_token WHERE tenant_id = $1 AND token = $2",
        counter.tenant.id,
        new["token"],
    )
    assert [row["fingerprint_version"] for row in rows] == [2]


async def test_whoever_searches_too_much_waits(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry = counter.room.vault.tokens.registry
    monkeypatch.setattr(registry, "_searches", TokenBuckets(per_s=1, burst=1))
    body = {"card": {"number": PAN}}
    assert (await counter.post(SEARCH, body)).status_code == 200
    limited = await counter.post(SEARCH, body)
    assert (limited.status_code, limited.json()["code"]) == (429, "TOO_MANY_SEARCHES")


async def test_a_revoked_token_is_over_with_what_it_stood_for(counter: Counter) -> None:
    subject = uuid4()
    token = (await counter.create(TOKENS, card(subject, cvc="123")))["token"]
    revoked = await counter.create(f"{TOKENS}/{token}/revoke", {})
    assert revoked["status"] == "revoked"
    assert await rows_of(counter, "vault_value") == 0
    assert len(counter.room.vault.tokens.codes) == 0
    again = await counter.create(f"{TOKENS}/{token}/revoke", {})
    assert again == revoked
    refused = await counter.post(f"{TOKENS}/detokenize", {"tokens": [token], "purpose": "test"})
    assert (refused.status_code, refused.json()["code"]) == (410, "TOKEN_REVOKED")
    new = await counter.create(TOKENS, card(subject))
    assert (new["token"] != token, new["reused"]) == (True, False)


async def test_a_token_whose_time_is_over_is_refused_and_then_removed(counter: Counter) -> None:
    subject = uuid4()
    token = (await counter.create(TOKENS, card(subject, ttl_s=60)))["token"]
    kept = (await counter.create(TOKENS, card(ttl_s=600)))["token"]
    counter.room.clock.advance(seconds=60)
    refused = await counter.post(f"{TOKENS}/detokenize", {"tokens": [token], "purpose": "test"})
    assert (refused.status_code, refused.json()["code"]) == (410, "TOKEN_EXPIRED")
    assert (await counter.tenant.client.get(f"{TOKENS}/{token}")).json()["status"] == "expired"
    assert await counter.room.vault.tokens.registry.sweep(counter.tenant.id) == 1
    assert (await counter.tenant.client.get(f"{TOKENS}/{token}")).status_code == 404
    assert await rows_of(counter, "vault_value") == 3
    assert (await reveal(counter, kept))[0]["card"]["number"] == PAN


async def test_a_value_whose_token_is_over_gets_a_new_one_before_any_sweep(
    counter: Counter,
) -> None:
    subject = uuid4()
    old = (await counter.create(TOKENS, card(subject, ttl_s=60)))["token"]
    counter.room.clock.advance(seconds=60)
    answers = await asyncio.gather(*(counter.post(TOKENS, card(subject)) for _ in range(10)))
    [new] = {answer.json()["token"] for answer in answers}
    assert new != old
    assert await rows_of(counter, "vault_token") == 1
    assert await rows_of(counter, "vault_value") == 3

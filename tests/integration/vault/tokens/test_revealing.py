"""Detokenizing: who may, once, and with what trace."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest

from bezant.kernel.database import DatabaseUnavailable
from bezant.kernel.http import TokenBuckets
from bezant.vault.tokens import revealing
from fixtures_vault import Counter
from tokenized import PAN, TOKENS, card, reveal, rows_of

DETOKENIZE = f"{TOKENS}/detokenize"


def wanting(*tokens: str) -> dict[str, Any]:
    return {"tokens": list(tokens), "purpose": "test"}


async def entries(counter: Counter) -> list[tuple[str, str]]:
    """The audit log's reveals: resource and purpose."""
    rows = await counter.room.database.fetch(
        "SELECT resource, purpose FROM audit_entry WHERE tenant_id = $1"
        " AND action = 'token.detokenize' AND resource <> $2 ORDER BY at, entry_id",
        counter.tenant.id,
        DETOKENIZE,
    )
    return [(row["resource"], row["purpose"]) for row in rows]


async def erase(counter: Counter, subject: UUID) -> None:
    """What erasing a subject comes down to."""
    tenant_id = counter.tenant.id
    await counter.room.keys.transaction(
        lambda connection: connection.execute(
            "UPDATE subject_key SET state = 'destroyed', wrapped = NULL, destroyed_at = now()"
            " WHERE tenant_id = $1 AND subject_id = $2",
            tenant_id,
            subject,
        )
    )
    await counter.room.database.transaction(
        lambda connection: connection.execute(
            "UPDATE vault_subject SET state = 'erased' WHERE tenant_id = $1 AND subject_id = $2",
            tenant_id,
            subject,
        )
    )


async def test_each_reveal_has_an_entry_with_its_purpose(counter: Counter) -> None:
    tokens = [(await counter.create(TOKENS, card()))["token"] for _ in range(3)]
    await reveal(counter, *tokens)
    assert sorted(await entries(counter)) == sorted(
        (f"{TOKENS}/{token}", "test") for token in tokens
    )


async def test_a_token_that_is_named_twice_is_revealed_once(counter: Counter) -> None:
    token = (await counter.create(TOKENS, card()))["token"]
    assert len(await reveal(counter, token, token)) == 1
    assert len(await entries(counter)) == 1


async def test_what_cannot_be_told_of_is_not_revealed(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = (await counter.create(TOKENS, card(single_use=True)))["token"]

    async def lose(*_: object) -> None:
        raise DatabaseUnavailable("Lost by a test.")

    with monkeypatch.context() as patched:
        patched.setattr(revealing, "write_rows", lose)
        answer = await counter.post(DETOKENIZE, wanting(token))
    assert answer.json()["code"] == "DATABASE_UNAVAILABLE"
    assert PAN not in answer.text
    # Nor was it used: the two are one commit.
    assert (await reveal(counter, token))[0]["status"] == 200


async def test_a_reveal_needs_its_scope_and_a_purpose(counter: Counter) -> None:
    token = (await counter.create(TOKENS, card()))["token"]
    issued = await counter.api.issue(counter.tenant.id, ("vault:tokenize", "vault:read"))
    assert issued.key is not None
    async with counter.api.client(issued.key) as client:
        answer = await client.post(
            DETOKENIZE, json=wanting(token), headers={"Idempotency-Key": "1"}
        )
    assert answer.json()["code"] == "FORBIDDEN"
    for body in ({"tokens": [token]}, wanting(token) | {"purpose": "For Ann"}):
        assert (await counter.post(DETOKENIZE, body)).json()["code"] == "MALFORMED"
    assert await entries(counter) == []


async def test_another_tenants_token_is_unknown(counter: Counter) -> None:
    token = (await counter.create(TOKENS, card()))["token"]
    async with counter.api.tenant() as stranger:
        answer = await stranger.post(DETOKENIZE, wanting(token))
        assert (answer.status_code, answer.json()["code"]) == (404, "TOKEN_NOT_FOUND")


async def test_some_are_revealed_where_others_cannot_be(counter: Counter) -> None:
    token = (await counter.create(TOKENS, card()))["token"]
    revealed, refused = await reveal(counter, token, "tok_unknown")
    assert revealed["card"]["number"] == PAN
    assert (refused["token"], refused["status"], refused["code"]) == (
        "tok_unknown",
        404,
        "TOKEN_NOT_FOUND",
    )


async def test_one_of_fifty_uses_a_token_for_one_use(counter: Counter) -> None:
    token = (await counter.create(TOKENS, card(single_use=True)))["token"]
    answers = await asyncio.gather(*(counter.post(DETOKENIZE, wanting(token)) for _ in range(50)))
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 49
    assert len(await entries(counter)) == 1


async def test_the_request_that_used_a_token_is_answered_again_and_no_other(
    counter: Counter,
) -> None:
    token = (await counter.create(TOKENS, card(single_use=True)))["token"]
    key = {"Idempotency-Key": "use"}
    first = await counter.post(DETOKENIZE, wanting(token), **key)
    again = await counter.post(DETOKENIZE, wanting(token), **key)
    other = await counter.post(DETOKENIZE, wanting(token))
    assert again.content == first.content
    assert again.headers["Idempotency-Replayed"] == "true"
    assert other.json()["code"] == "TOKEN_USED"
    assert len(await entries(counter)) == 2  # either reveal


async def test_a_repeat_does_not_reveal_what_was_erased_meanwhile(counter: Counter) -> None:
    subject = uuid4()
    token = (await counter.create(TOKENS, card(subject)))["token"]
    other = (await counter.create(TOKENS, card()))["token"]
    key = {"Idempotency-Key": "erased"}
    await counter.post(DETOKENIZE, wanting(token, other), **key)
    await erase(counter, subject)
    results = (await counter.post(DETOKENIZE, wanting(token, other), **key)).json()["results"]
    assert [(each["token"], each["status"]) for each in results] == [(other, 200), (token, 404)]
    only = await counter.post(DETOKENIZE, wanting(token))
    assert only.json()["code"] == "TOKEN_NOT_FOUND"


async def test_the_stored_answer_holds_no_value(counter: Counter) -> None:
    token = (await counter.create(TOKENS, card()))["token"]
    await counter.post(DETOKENIZE, wanting(token), **{"Idempotency-Key": "stored"})
    [row] = await counter.room.database.fetch(
        "SELECT body FROM idempotency_record WHERE tenant_id = $1 AND key = 'stored'",
        counter.tenant.id,
    )
    assert token.encode() in row["body"]
    assert PAN.encode() not in row["body"]


async def test_an_erased_subject_has_no_new_tokens_and_others_of_the_batch_do(
    counter: Counter,
) -> None:
    subject = uuid4()
    await counter.create(TOKENS, card(subject))
    await erase(counter, subject)
    alone = await counter.post(TOKENS, card(subject))
    assert alone.json()["code"] == "SUBJECT_ERASED"
    items = [card(subject) | {"id": str(uuid4())}, card() | {"id": str(uuid4())}]
    results = (await counter.create(f"{TOKENS}/batch", {"tokens": items}))["results"]
    assert [each["status"] for each in results] == [404, 201]


async def test_whatever_races_with_an_erasure_stands_before_it_or_is_refused(
    counter: Counter,
) -> None:
    subject = uuid4()
    await counter.create(TOKENS, card(subject))
    async with asyncio.TaskGroup() as group:
        asked = [
            group.create_task(counter.post(TOKENS, card(subject, single_use=True)))
            for _ in range(12)
        ]
        group.create_task(erase(counter, subject))
    answers = [task.result() for task in asked]
    assert {answer.status_code for answer in answers} <= {201, 404}
    late = await counter.post(TOKENS, card(subject, single_use=True))
    assert late.json()["code"] == "SUBJECT_ERASED"
    given = [each.json()["token"] for each in answers if each.status_code == 201]
    for token in given:
        answer = await counter.post(DETOKENIZE, wanting(token))
        assert answer.json()["code"] == "TOKEN_NOT_FOUND"


async def test_a_caller_reveals_so_many_and_is_then_told_to_wait(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = counter.room.vault.tokens.revealing
    monkeypatch.setattr(service, "_buckets", TokenBuckets(per_s=1, burst=3, monotonic=lambda: 0.0))
    body = wanting("tok_a", "tok_b")
    assert (await counter.post(DETOKENIZE, body)).status_code == 404
    limited = await counter.post(DETOKENIZE, body)
    assert (limited.status_code, limited.json()["code"]) == (429, "TOO_MANY_REVEALS")
    assert int(limited.headers["Retry-After"]) >= 1
    assert await rows_of(counter, "vault_token") == 0


async def test_with_the_key_store_down_a_used_token_is_revealed_to_the_repeat(
    counter: Counter,
) -> None:
    token = (await counter.create(TOKENS, card(single_use=True)))["token"]
    vault, key = counter.room.vault, {"Idempotency-Key": "down"}
    await vault.fields.cover(counter.room.call())
    counter.room.key_store.is_down = True
    tenant_key = (counter.tenant.id, "tenant", 1)
    vault._cache.drop(tenant_key)
    down = await counter.post(DETOKENIZE, wanting(token), **key)
    assert (down.status_code, down.json()["code"]) == (503, "KEY_STORE_DOWN")
    counter.room.key_store.is_down = False
    again = await counter.post(DETOKENIZE, wanting(token), **key)
    assert again.json()["results"][0]["card"]["number"] == PAN

"""The routes of subjects: what a data protection officer and a person see."""

from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from bezant.kernel.database import Database
from bezant.kernel.sealed import Sealing, SubjectRestricted
from fixtures_vault import Counter
from people import EMAIL, ERASED, NAME, PERSON, Person, counts, everything, opened, restart, seal

BASE = "/v1/vault/subjects"
NOTHING = {"tokens": 0, "forwards": 0}
CARD = {"number": "4242424242424242", "expiry_month": 12, "expiry_year": 2040}


@pytest.fixture
async def person(counter: Counter) -> Person:
    return await seal(counter.room)


async def export(counter: Counter, person: Person) -> dict[str, Any]:
    answer = await counter.tenant.client.get(f"{BASE}/{person.id}/export?purpose=subject_access")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_subject_is_shown_without_a_value(counter: Counter, person: Person) -> None:
    held = await counter.create(f"{BASE}/{person.id}/holds", {"reason": "case-1"})
    answer = await counter.tenant.client.get(f"{BASE}/{person.id}")
    found = answer.json()
    assert (found["id"], found["state"], found["erasure"]) == (str(person.id), "active", None)
    assert found["fields"] == [
        {"field": "contact.email", "current": 1, "former": 0},
        {"field": "contact.name", "current": 1, "former": 0},
    ]
    assert found["holds"] == [held]
    assert not any(value in answer.text for value in PERSON.values())


async def test_an_export_has_everything_and_what_was_rectified(
    counter: Counter, person: Person
) -> None:
    room = counter.room
    await room.vault.fields.replace(
        room.call(), [Sealing(person.references[NAME], person.id, NAME, "Grace Murray Hopper")]
    )
    token = await counter.create(
        "/v1/vault/tokens",
        {"card": CARD, "subject_id": str(person.id)},
    )
    await opened(room, person, purpose="customer_service")
    found = await export(counter, person)
    values = {
        (each["field"], each["value"], each["rectified_at"] is None) for each in found["values"]
    }
    assert {
        ("contact.email", "grace@example.com", True),
        ("contact.name", "Grace Hopper", False),
        ("contact.name", "Grace Murray Hopper", True),
    } <= values
    [described] = found["holdings"]["tokens"]
    assert (described["token"], described["last_four"]) == (token["token"], "4242")
    told = {(each["action"], each["purpose"]) for each in found["audit"]}
    assert ("sealed_value.open", "customer_service") in told
    # The next one knows of this one.
    again = await export(counter, person)
    told = {(each["action"], each["purpose"]) for each in again["audit"]}
    assert {("subject.export", "subject_access"), ("sealed_value.export", "subject_access")} <= told


async def test_a_page_is_for_people_and_runs_nothing(counter: Counter) -> None:
    room = counter.room
    subject_id, reference = uuid4(), uuid4()
    nasty = '<script>alert(1)</script> & "Co"'
    await room.vault.fields.seal(room.call(), [Sealing(reference, subject_id, NAME, nasty)])
    answer = await counter.tenant.client.get(
        f"{BASE}/{subject_id}/export?purpose=subject_access&format=html"
    )
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-disposition"].startswith("attachment")
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;Co&quot;" in answer.text
    assert "<script" not in answer.text
    assert "contact.name" in answer.text


async def test_an_export_needs_a_purpose_that_is_a_word(counter: Counter, person: Person) -> None:
    client = counter.tenant.client
    for query in ("", "?purpose=", "?purpose=Grace%20Hopper%20asked"):
        answer = await client.get(f"{BASE}/{person.id}/export{query}")
        assert (answer.status_code, answer.json()["code"]) == (400, "MALFORMED")


async def test_restricted_data_are_opened_for_few_purposes_and_still_kept_right(
    counter: Counter, person: Person
) -> None:
    room = counter.room
    token = await counter.create("/v1/vault/tokens", {"card": CARD, "subject_id": str(person.id)})
    await counter.create(f"{BASE}/{person.id}/restrict", {"purpose": "accuracy_contested"})
    with pytest.raises(SubjectRestricted):
        await opened(room, person, purpose="marketing")
    assert await opened(room, person, purpose="legal_claims") == everything(person)
    find = room.vault.fields.find
    assert await find(room.call(purpose="marketing"), EMAIL, "grace@example.com") == []
    assert await find(room.call(purpose="consent"), EMAIL, "grace@example.com") == [
        person.references[EMAIL]
    ]
    reveal = {"tokens": [token["token"]], "purpose": "settlement"}
    answer = await counter.post("/v1/vault/tokens/detokenize", reveal)
    assert (answer.status_code, answer.json()["code"]) == (409, "SUBJECT_RESTRICTED")
    # To be told what is kept, and to have it put right, are rights of their own.
    await export(counter, person)
    await room.vault.fields.replace(
        room.call(), [Sealing(person.references[NAME], person.id, NAME, "G. M. Hopper")]
    )
    await counter.create(f"{BASE}/{person.id}/lift", {"purpose": "accuracy_verified"})
    assert (await opened(room, person, purpose="marketing"))[person.references[NAME]] == (
        "G. M. Hopper"
    )
    assert (await counter.post("/v1/vault/tokens/detokenize", reveal)).is_success


async def test_a_refused_opening_is_told_to_the_audit_log(counter: Counter, person: Person) -> None:
    await counter.create(f"{BASE}/{person.id}/restrict", {"purpose": "accuracy_contested"})
    with pytest.raises(SubjectRestricted):
        await opened(counter.room, person, purpose="marketing")
    entries = (await export(counter, person))["audit"]
    refused = [each for each in entries if each["outcome"] == "refused"]
    assert {each["resource"] for each in refused} == {
        f"/v1/vault/values/{reference}" for reference in person.references.values()
    }
    assert {(each["action"], each["purpose"]) for each in refused} == {
        ("sealed_value.open", "marketing")
    }


async def test_erasure_takes_everything_with_it(
    counter: Counter, person: Person, erasures: Path
) -> None:
    room = counter.room
    token = await counter.create("/v1/vault/tokens", {"card": CARD, "subject_id": str(person.id)})
    answer = await counter.post(f"{BASE}/{person.id}/erase", {"reason": "consent_withdrawn"})
    assert answer.status_code == 200
    assert await counts(room, person) == ERASED
    client = counter.tenant.client
    assert (await client.get(f"/v1/vault/tokens/{token['token']}")).status_code == 404
    found = (await client.get(f"{BASE}/{person.id}")).json()
    assert (found["state"], found["fields"], found["holdings"]) == ("erased", [], NOTHING)
    assert found["erasure"] == answer.json()
    gone = await client.get(f"{BASE}/{person.id}/export?purpose=subject_access")
    assert (gone.status_code, gone.json()["code"]) == (404, "SUBJECT_ERASED")
    for act in ("restrict", "lift"):
        answer = await counter.post(f"{BASE}/{person.id}/{act}", {"purpose": "too_late"})
        assert (answer.status_code, answer.json()["code"]) == (404, "SUBJECT_ERASED")
    await restart(room, erasures)


async def test_a_blocked_erasure_says_what_blocks_it(counter: Counter, person: Person) -> None:
    await counter.create(f"{BASE}/{person.id}/holds", {"reason": "litigation-2026-17"})
    answer = await counter.post(f"{BASE}/{person.id}/erase", {"reason": "consent_withdrawn"})
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (409, "ERASURE_BLOCKED")
    assert (problem["blocked_by"], problem["reason"]) == ("hold", "litigation-2026-17")
    path = f"{BASE}/{person.id}/holds/{problem['hold_id']}/release"
    assert (await counter.create(path, {}))["released_by"] is not None
    rule = {"keep_days": 30, "reason": "tax-law"}
    await counter.tenant.client.put(
        "/v1/vault/retention/contact.email", json=rule, headers={"Idempotency-Key": "rule"}
    )
    answer = await counter.post(f"{BASE}/{person.id}/erase", {"reason": "consent_withdrawn"})
    problem = answer.json()
    assert (problem["blocked_by"], problem["retained"]) == ("retention", "contact.email")
    assert problem["until"] == (counter.room.clock.now() + timedelta(days=30)).isoformat()
    listed = (await counter.tenant.client.get("/v1/vault/retention")).json()["rules"]
    assert [(each["field"], each["keep_days"]) for each in listed] == [("contact.email", 30)]


async def test_reasons_are_no_sentences(counter: Counter, person: Person) -> None:
    for reason in ("Grace Hopper sued", "", "é"):
        answer = await counter.post(f"{BASE}/{person.id}/holds", {"reason": reason})
        assert (answer.status_code, answer.json()["code"]) == (400, "MALFORMED")
    answer = await counter.post(f"{BASE}/{person.id}/erase", {"reason": "she asked"})
    assert answer.status_code == 400


async def test_another_tenant_learns_nothing(counter: Counter, person: Person) -> None:
    async with counter.api.tenant() as other:
        for path in (f"{BASE}/{person.id}", f"{BASE}/{person.id}/export?purpose=subject_access"):
            answer = await other.client.get(path)
            assert (answer.status_code, answer.json()["code"]) == (404, "SUBJECT_NOT_FOUND")
        for path, body in (
            ("erase", {"reason": "objection"}),
            ("restrict", {"purpose": "curious"}),
            ("lift", {"purpose": "curious"}),
            ("holds", {"reason": "case-1"}),
        ):
            answer = await other.post(f"{BASE}/{person.id}/{path}", body)
            assert answer.status_code == 404, path
    assert await opened(counter.room, person) == everything(person)


@pytest.mark.parametrize(
    ("scope", "granted"),
    [("vault:subjects", {"", "/erase"}), ("vault:holds", {"/holds"}), ("vault:read", set())],
)
async def test_each_scope_grants_its_own(
    counter: Counter, person: Person, scope: str, granted: set[str]
) -> None:
    issued = await counter.api.issue(counter.tenant.id, (scope,))
    assert issued.key is not None
    async with counter.api.client(issued.key) as client:
        allowed = set()
        if (await client.get(f"{BASE}/{person.id}")).status_code != 403:
            allowed.add("")
        for act, body in (("/holds", {"reason": "case-1"}), ("/erase", {"reason": "objection"})):
            answer = await client.post(
                f"{BASE}/{person.id}{act}", json=body, headers={"Idempotency-Key": act}
            )
            if answer.status_code != 403:
                allowed.add(act)
    assert allowed == granted


async def test_what_was_done_to_a_subject_is_audited_with_who_and_why(
    counter: Counter, person: Person, database: Database
) -> None:
    await counter.create(f"{BASE}/{person.id}/restrict", {"purpose": "accuracy_contested"})
    held = await counter.create(f"{BASE}/{person.id}/holds", {"reason": "case-1"})
    await counter.post(f"{BASE}/{person.id}/erase", {"reason": "objection"})
    await counter.create(f"{BASE}/{person.id}/holds/{held['id']}/release", {})
    await counter.post(f"{BASE}/{person.id}/erase", {"reason": "unlawful"})
    rows = await database.fetch(
        "SELECT action, purpose, outcome, actor, resource FROM audit_entry"
        " WHERE tenant_id = $1 AND origin = 'http' ORDER BY entry_id",
        counter.tenant.id,
    )
    assert [(row["action"], row["purpose"], row["outcome"]) for row in rows] == [
        ("subject.restrict", "accuracy_contested", "done"),
        ("hold.place", "case-1", "done"),
        ("subject.erase", "objection", "refused"),
        ("hold.release", "", "done"),
        ("subject.erase", "unlawful", "done"),
    ]
    assert len({row["actor"] for row in rows}) == 1
    assert all(str(person.id) in row["resource"] for row in rows)
    for row in await database.fetch(
        "SELECT * FROM audit_entry WHERE tenant_id = $1", counter.tenant.id
    ):
        assert not any(value in str(dict(row)) for value in PERSON.values())

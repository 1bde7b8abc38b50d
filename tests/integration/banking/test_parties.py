"""Parties: who they are in the vault, what they are to each other in the open."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import msgspec
import pytest

from bezant.banking import PartyHolding, PartyService
from bezant.banking.parties.fields import field_of
from bezant.banking.parties.schemas import NewParty, Party, PartyKind
from bezant.kernel.calls import Call
from bezant.kernel.clock import ManualClock
from bezant.kernel.database import Database
from bezant.kernel.ids import TimeOrderedIds
from bezant.kernel.sealed import Sealing, VaultDown
from bezant.kernel.sealed_owners import ABANDONED_AFTER, SealedSweep
from bezant.vault import VaultClient
from fixtures_api import Api, Tenant, fresh_key

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

PARTIES = "/v1/parties"
ADA: dict[str, Any] = {
    "kind": "person",
    "legal_name": "Ada Lovelace-Canary",
    "other_names": ["Ада Лавлейс"],
    "birth_date": "1990-12-10",
    "addresses": [
        {"country": "GB", "town": "Canaryham", "street": "Canary Lane"},
        {"country": "FR", "town": "Canaryville"},
    ],
    "emails": ["ada.canary@example.com", "ada@canary.example"],
    "phones": ["+442071838750", "+4915112345678"],
    "iban": "GB33BUKB20201555555555",
    "tax_residencies": [
        {"country": "DE", "tax_id": "12345678903"},
        {"country": "GB", "tax_id": "1123456789"},
    ],
    "documents": [{"type": "passport", "country": "GB", "number": "533380006"}],
}
ENGINES = {"kind": "organisation", "legal_name": "Engines Ltd", "registration_number": "HRB 1"}


@pytest.fixture
async def mine(api: Api) -> AsyncIterator[Tenant]:
    """A tenant of the test's own."""
    async with api.tenant() as tenant:
        yield tenant


async def make(tenant: Tenant, **values: object) -> Any:  # noqa: ANN401 - JSON
    return await tenant.create(PARTIES, {"kind": "person", "legal_name": "Ada"} | values)


async def read(tenant: Tenant, path: str, purpose: str = "support") -> Any:  # noqa: ANN401 - JSON
    answer = await tenant.client.get(f"{path}?purpose={purpose}")
    assert answer.status_code == 200, answer.text
    return answer.json()


async def opened(tenant: Tenant, party: dict[str, Any]) -> Any:  # noqa: ANN401 - JSON
    return await read(tenant, f"{PARTIES}/{party['id']}")


async def parties_of(tenant: Tenant) -> list[Any]:
    return list((await read(tenant, PARTIES))["parties"])


async def patch(tenant: Tenant, party: dict[str, Any], body: object) -> Any:  # noqa: ANN401 - JSON
    path = f"{PARTIES}/{party['id']}"
    answer = await tenant.client.patch(path, json=body, headers=fresh_key())
    assert answer.status_code == 200, answer.text
    return answer.json()


async def search(tenant: Tenant, **by: str) -> list[str]:
    body = {"purpose": "support", **by}
    found = await tenant.create(f"{PARTIES}/search", body)
    return [each["id"] for each in found["parties"]]


async def refused(tenant: Tenant, path: str, body: object) -> tuple[int, str]:
    answer = await tenant.post(path, body)
    return answer.status_code, answer.json()["code"]


async def relate(tenant: Tenant, party: Any, related: Any, kind: str, **more: int) -> Any:  # noqa: ANN401 - JSON
    body = {"kind": kind, "related_party_id": related["id"], **more}
    return await tenant.create(f"{PARTIES}/{party['id']}/relationships", body)


async def test_what_is_sealed_is_opened_and_nothing_else_shows_it(mine: Tenant) -> None:
    made = await mine.create(PARTIES, ADA)
    told = msgspec.json.encode(made).decode()
    for value in ("Canary", "canary", "1990", "12345678903", "533380006"):
        assert value not in told
    assert await parties_of(mine) == [made]
    answer = await opened(mine, made)
    assert answer["party"] == made
    values = {name: value for name, value in answer["values"].items() if value is not None}
    passport = {**ADA["documents"][0], "expires_on": None}
    assert values.pop("documents") == [passport]
    expected = {name: ADA[name] for name in ADA if name not in {"kind", "documents"}}
    assert values == expected


async def test_no_table_of_parties_holds_personal_data(
    mine: Tenant, owner: "asyncpg.Connection[Any]"
) -> None:
    made = await mine.create(PARTIES, ADA)
    await patch(mine, made, {"addresses": [{"country": "IT", "town": "Canaryana"}]})
    texts = []
    for table in ("party", "party_value", "event_pending", "event", "audit_entry"):
        rows = await owner.fetch(f"SELECT * FROM {table} WHERE tenant_id = $1", mine.id)
        texts += [str(value) for row in rows for value in row.values()]
    told = "\n".join(texts)
    assert made["references"]["legal_name"] in told, "the control: what is there is seen"
    for value in ("Canary", "canary", "1990", "12345678903", "533380006", "20201555"):
        assert value not in told


async def test_a_party_is_found_by_whole_values_in_any_spelling(mine: Tenant) -> None:
    made = await mine.create(PARTIES, ADA)
    await make(mine, emails=["else@example.com"])
    assert await search(mine, email="ADA.Canary@Example.com") == [made["id"]]
    assert await search(mine, email="ada@CANARY.example") == [made["id"]], "any of them"
    assert await search(mine, phone="+44 20 7183 8750") == [made["id"]]
    assert await search(mine, phone="+49 151 12345678") == [made["id"]], "any of them"
    assert await search(mine, iban="gb33 bukb 2020 1555 5555 55") == [made["id"]]
    assert await search(mine, tax_id="11 234 56789") == [made["id"]], "each residency's"
    assert await search(mine, email="nobody@example.com") == []


async def test_nobody_reaches_another_tenants_parties(mine: Tenant, other_tenant: Tenant) -> None:
    made = await mine.create(PARTIES, ADA)
    assert made["id"] not in await search(other_tenant, email=ADA["emails"][0])
    path = f"{PARTIES}/{made['id']}"
    answer = await other_tenant.client.get(f"{path}?purpose=curious")
    assert (answer.status_code, answer.json()["code"]) == (404, "PARTY_NOT_FOUND")
    assessment = {"verification": "standard", "risk": "low"}
    assert await refused(other_tenant, f"{path}/assessments", assessment) == (
        404,
        "PARTY_NOT_FOUND",
    )
    theirs = await make(other_tenant)
    body = {"kind": "guardian", "related_party_id": made["id"]}
    path = f"{PARTIES}/{theirs['id']}/relationships"
    assert await refused(other_tenant, path, body) == (422, "UNKNOWN_PARTY")


async def test_lists_are_rectified_from_their_start_and_grow(mine: Tenant) -> None:
    made = await make(mine, tax_residencies=[{"country": "DE", "tax_id": "12345678903"}])
    both = [{"country": "FR", "tax_id": "0123456789012"}, {"country": "GB", "tax_id": "1123456789"}]
    changed = await patch(mine, made, {"tax_residencies": both})
    assert changed["references"].items() >= made["references"].items()
    assert (await opened(mine, made))["values"]["tax_residencies"] == both
    assert await search(mine, tax_id="12345678903") == []


async def test_contacts_are_rectified_in_their_place_and_found_by_what_they_are_now(
    mine: Tenant,
) -> None:
    made = await make(mine, emails=["one@example.com"], phones=["+442071838750"])
    emails = ["first@example.com", "second@example.com", "third@example.com"]
    changed = await patch(mine, made, {"emails": emails})
    assert changed["references"].items() >= made["references"].items()
    values = (await opened(mine, made))["values"]
    assert (values["emails"], values["phones"]) == (emails, ["+442071838750"])
    assert await search(mine, email="one@example.com") == []
    for email in emails:
        assert await search(mine, email=email) == [made["id"]]


async def test_an_organisation_is_shown_by_extracts_from_registers(mine: Tenant) -> None:
    extract = {"type": "register_extract", "country": "DE", "number": "HRB 1", "expires_on": None}
    made = await mine.create(PARTIES, ENGINES | {"documents": [extract]})
    assert (await opened(mine, made))["values"]["documents"] == [extract]


@pytest.mark.parametrize(
    ("member", "wrong"),
    [("emails", ["ada@example.com", "nowhere"]), ("phones", ["+442071838750", "12-34"])],
)
async def test_a_contact_that_cannot_be_found_again_is_refused_and_leaves_nothing(
    mine: Tenant, member: str, wrong: list[str]
) -> None:
    body = {"kind": "person", "legal_name": "Ada", member: wrong}
    assert await refused(mine, PARTIES, body) == (422, "FIELD_VALUE_REFUSED")
    assert await parties_of(mine) == []


async def audited(tenant: Tenant, owner: "asyncpg.Connection[Any]", action: str) -> list[Any]:
    """Resource, purpose and outcome of what the audit log has of an action, by resource."""
    rows = await owner.fetch(
        "SELECT resource, purpose, outcome, actor FROM audit_entry"
        " WHERE tenant_id = $1 AND action = $2 ORDER BY resource",
        tenant.id,
        action,
    )
    assert all(row["actor"].startswith("key:") for row in rows)
    return [(row["resource"], row["purpose"], row["outcome"]) for row in rows]


async def test_every_opened_value_is_in_the_audit_log_with_its_purpose(
    mine: Tenant, owner: "asyncpg.Connection[Any]"
) -> None:
    made = await mine.create(PARTIES, ADA)
    await read(mine, f"{PARTIES}/{made['id']}", "fraud_review")
    assert await audited(mine, owner, "sealed_value.open") == [
        (f"/v1/vault/values/{reference}", "fraud_review", "done")
        for reference in sorted(made["references"].values())
    ]


async def test_a_search_is_in_the_audit_log_with_its_purpose_found_or_not(
    mine: Tenant, owner: "asyncpg.Connection[Any]"
) -> None:
    await mine.create(PARTIES, ADA)
    for email in (ADA["emails"][1], "nobody@example.com"):
        await mine.create(f"{PARTIES}/search", {"purpose": "fraud_review", "email": email})
    entry = (f"{PARTIES}/search", "fraud_review", "done")
    assert await audited(mine, owner, "party.search") == [entry, entry]


@pytest.mark.parametrize(
    ("action", "of"),
    [
        ("party.list", ""),
        ("party.list_assessments", "/{id}/assessments"),
        ("party.list_relationships", "/{id}/relationships"),
    ],
)
async def test_what_tells_about_a_party_is_read_for_a_purpose_and_on_record(
    mine: Tenant, owner: "asyncpg.Connection[Any]", action: str, of: str
) -> None:
    made = await make(mine)
    path = f"{PARTIES}{of.format(id=made['id'])}"
    without = await mine.client.get(path)
    assert (without.status_code, without.json()["code"]) == (400, "MALFORMED")
    assert await audited(mine, owner, action) == []
    await read(mine, path, "fraud_review")
    assert await audited(mine, owner, action) == [(path, "fraud_review", "done")]


async def test_two_who_add_the_same_value_at_once_both_succeed(mine: Tenant) -> None:
    made = await make(mine)
    answers = await asyncio.gather(
        *(patch(mine, made, {"emails": [f"ada{number}@example.com"]}) for number in range(4))
    )
    assert len({answer["references"]["email"] for answer in answers}) == 1
    answer = await opened(mine, made)
    [email] = answer["values"]["emails"]
    assert email in {f"ada{number}@example.com" for number in range(4)}
    assert answer["party"]["row_version"] == 5


async def test_a_repeat_seals_nothing_again(mine: Tenant, owner: "asyncpg.Connection[Any]") -> None:
    raced = fresh_key()
    answers = await asyncio.gather(*(mine.post(PARTIES, ENGINES, **raced) for _ in range(5)))
    assert len({answer.content for answer in answers}) == 1
    rows = await owner.fetch("SELECT kept_at FROM vault_value WHERE tenant_id = $1", mine.id)
    assert len(rows) == 2
    assert all(row["kept_at"] is not None for row in rows)


@pytest.mark.parametrize(
    "body",
    [
        {"kind": "person", "legal_name": "Ada", "registration_number": "HRB 1"},
        {"kind": "organisation", "legal_name": "Engines", "birth_date": "1990-12-10"},
    ],
    ids=["registered person", "born organisation"],
)
async def test_a_party_has_only_what_its_kind_has(mine: Tenant, body: dict[str, str]) -> None:
    assert await refused(mine, PARTIES, body) == (422, "UNFIT_FOR_KIND")
    assert await parties_of(mine) == []


async def test_an_assessment_takes_the_last_ones_place_and_both_are_told(mine: Tenant) -> None:
    made = await make(mine)
    assert (made["verification"], made["risk"], made["status"]) == ("none", "unrated", "active")
    path = f"{PARTIES}/{made['id']}/assessments"
    for assessment in (
        {"verification": "standard", "risk": "low"},
        {"verification": "standard", "risk": "prohibited", "suspended": True},
    ):
        assert (await mine.post(path, assessment)).status_code == 200
    told = (await read(mine, path))["assessments"]
    found = [(each["row_version"], each["risk"], each["status"]) for each in told]
    assert found == [(3, "prohibited", "suspended"), (2, "low", "active")]
    [party] = await parties_of(mine)
    assert (party["risk"], party["status"], party["row_version"]) == ("prohibited", "suspended", 3)


async def test_who_may_write_parties_may_not_assess_them(mine: Tenant, api: Api) -> None:
    made = await make(mine)
    body = {"verification": "standard", "risk": "low"}
    issued = await api.issue(mine.id, ("parties:read", "parties:write"))
    path = f"{PARTIES}/{made['id']}/assessments"
    assert issued.key is not None
    async with api.client(issued.key) as client:
        answer = await client.post(path, json=body, headers=fresh_key())
    assert answer.status_code == 403
    assert (await mine.post(path, body)).status_code == 200, "the control"


async def test_relationships_last_until_they_end_and_stay_after(mine: Tenant) -> None:
    engines, ada = await mine.create(PARTIES, ENGINES), await make(mine)
    owns = await relate(mine, engines, ada, "beneficial_owner", share=2500)
    directs = await relate(mine, engines, ada, "director")
    path = f"{PARTIES}/{engines['id']}/relationships"
    again = {"kind": "director", "related_party_id": ada["id"]}
    assert await refused(mine, path, again) == (409, "ALREADY_RELATED")
    ended = (await mine.post(f"{path}/{directs['id']}/end", {})).json()
    assert ended["valid_until"] >= ended["valid_from"]
    assert await refused(mine, f"{path}/{directs['id']}/end", {}) == (409, "RELATIONSHIP_ENDED")
    once_more = await relate(mine, engines, ada, "director")
    listed = (await read(mine, path))["relationships"]
    assert listed == [owns, ended, once_more]
    elsewhere = f"{PARTIES}/{ada['id']}/relationships/{owns['id']}/end"
    assert await refused(mine, elsewhere, {}) == (404, "RELATIONSHIP_NOT_FOUND")


async def test_of_two_who_relate_the_same_parties_at_once_one_does(mine: Tenant) -> None:
    engines, ada = await mine.create(PARTIES, ENGINES), await make(mine)
    path = f"{PARTIES}/{engines['id']}/relationships"
    body = {"kind": "director", "related_party_id": ada["id"]}
    answers = await asyncio.gather(*(mine.post(path, body) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409]


@pytest.mark.parametrize(
    ("kind", "of", "who"),
    [
        ("guardian", "organisation", "person"),
        ("guardian", "person", "organisation"),
        ("director", "person", "person"),
        ("beneficial_owner", "organisation", "organisation"),
    ],
)
async def test_only_fit_parties_are_related(mine: Tenant, kind: str, of: str, who: str) -> None:
    party, related = await make(mine, kind=of), await make(mine, kind=who)
    body = {"kind": kind, "related_party_id": related["id"]}
    path = f"{PARTIES}/{party['id']}/relationships"
    assert await refused(mine, path, body) == (422, "UNFIT_FOR_KIND")


async def test_nobody_is_their_own_guardian(mine: Tenant) -> None:
    ada = await make(mine)
    body = {"kind": "guardian", "related_party_id": ada["id"]}
    path = f"{PARTIES}/{ada['id']}/relationships"
    assert await refused(mine, path, body) == (422, "UNFIT_FOR_KIND")


class Unkept:
    """A sealer that seals, and is gone when values are to be kept."""

    def __init__(self, sealer: VaultClient) -> None:
        self._sealer = sealer

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the sealer has
        return getattr(self._sealer, name)

    async def keep(self, _tenant_id: UUID, _references: Sequence[UUID]) -> None:
        raise VaultDown("Switched off by a test.")


async def test_the_sweep_keeps_what_a_committed_party_holds_and_nothing_else(
    mine: Tenant, database: Database, sealer: VaultClient, owner: "asyncpg.Connection[Any]"
) -> None:
    ids, later = TimeOrderedIds(), ManualClock(datetime.now(UTC))
    parties = PartyService(database, later, ids, Unkept(sealer))
    call = Call(
        id=ids.new(),
        tenant_id=mine.id,
        actor="key:test",
        action="party.create",
        resource=PARTIES,
        origin="test",
        idempotency_key="once",
        purpose="",
    )
    new = NewParty(kind=PartyKind.PERSON, legal_name="Ada", emails=["ada@example.com"])
    made = (await parties.create(call, new)).value(Party)
    orphan = Sealing(uuid4(), made.subject_id, field_of("email"), "orphan@example.com")
    await sealer.seal(call, [orphan])
    statement = "SELECT reference, kept_at FROM vault_value WHERE tenant_id = $1"
    assert [row["kept_at"] for row in await owner.fetch(statement, mine.id)] == [None] * 3

    later.advance(seconds=int(ABANDONED_AFTER.total_seconds()) + 5)
    await SealedSweep(sealer, later, [parties.owner()]).sweep()
    rows = await owner.fetch(statement, mine.id)
    assert {row["reference"] for row in rows} == set(made.references.values())
    assert all(row["kept_at"] is not None for row in rows)


async def new_user(tenant: Tenant) -> Any:  # noqa: ANN401 - JSON
    body = {"name": "Ada", "email": f"ada.{uuid4()}@example.com"}
    return (await tenant.create("/v1/users", body))["user"]


async def test_a_user_is_linked_to_the_party_of_the_same_subject_only(mine: Tenant) -> None:
    user = await new_user(mine)
    ada = await make(mine, subject_id=user["subject_id"])
    stranger = await make(mine)
    body = {"user_id": user["id"]}
    unfit = (422, "USER_UNFIT_FOR_PARTY")
    assert await refused(mine, f"{PARTIES}/{stranger['id']}/user", body) == unfit
    nobody = {"user_id": str(uuid4())}
    assert await refused(mine, f"{PARTIES}/{ada['id']}/user", nobody) == unfit
    linked = await mine.post(f"{PARTIES}/{ada['id']}/user", body)
    assert (linked.status_code, linked.json()["user_id"]) == (200, user["id"])
    assert linked.json()["row_version"] == 2


async def test_of_two_parties_of_one_subject_one_is_linked_to_the_user(mine: Tenant) -> None:
    user = await new_user(mine)
    twins = [await make(mine, subject_id=user["subject_id"]) for _ in range(2)]
    answers = await asyncio.gather(
        *(mine.post(f"{PARTIES}/{each['id']}/user", {"user_id": user["id"]}) for each in twins)
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    codes = {answer.json().get("code") for answer in answers}
    assert codes == {None, "USER_LINKED"}


async def test_export_tells_of_parties_and_erasure_leaves_opaque_relationships(
    mine: Tenant, vault_databases: tuple[Database, Database]
) -> None:
    database, _ = vault_databases
    user = await new_user(mine)
    engines, ada = (
        await mine.create(PARTIES, ENGINES),
        await make(mine, subject_id=user["subject_id"]),
    )
    await mine.post(f"{PARTIES}/{ada['id']}/user", {"user_id": user["id"]})
    related = await relate(mine, engines, ada, "director")
    holding, subject_id = PartyHolding(database), UUID(ada["subject_id"])
    [party, tie] = await holding.describe(mine.id, subject_id)
    assert (party["id"], party["kind"]) == (ada["id"], "person")
    assert (tie["relationship"], tie["is"]) == (related["id"], "director")

    async def forget(connection: "PoolConnectionProxy[asyncpg.Record]") -> None:
        await holding.forget(connection, mine.id, [subject_id])

    await database.transaction(forget)
    listed = {each["id"]: each for each in await parties_of(mine)}
    assert (listed[ada["id"]]["status"], listed[ada["id"]]["user_id"]) == ("erased", None)
    assert listed[engines["id"]]["status"] == "active"
    path = f"{PARTIES}/{engines['id']}/relationships"
    assert (await read(mine, path))["relationships"] == [related]
    erased = (409, "PARTY_ERASED")
    answer = await mine.client.patch(
        f"{PARTIES}/{ada['id']}", json={"legal_name": "Eve"}, headers=fresh_key()
    )
    assert (answer.status_code, answer.json()["code"]) == erased
    body: dict[str, object] = {"verification": "standard", "risk": "low"}
    assert await refused(mine, f"{PARTIES}/{ada['id']}/assessments", body) == erased
    body = {"user_id": user["id"]}
    assert await refused(mine, f"{PARTIES}/{ada['id']}/user", body) == erased
    body = {"kind": "shareholder", "related_party_id": ada["id"], "share": 1}
    assert await refused(mine, path, body) == erased

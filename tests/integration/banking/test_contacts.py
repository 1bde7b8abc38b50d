"""Contacts: values in the vault, references everywhere else."""

import asyncio
import gzip
from base64 import b64encode
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec
import pytest

from bezant.banking import Contact, ContactService, NewContact
from bezant.banking.contacts.schemas import ContactChange
from bezant.kernel.calls import Call
from bezant.kernel.clock import ManualClock, SystemClock
from bezant.kernel.database import CommitUnknown, Database
from bezant.kernel.errors import Unavailable
from bezant.kernel.ids import TimeOrderedIds
from bezant.kernel.outbox import Sequencer
from bezant.kernel.sealed import NoVault, Sealing, VaultDown
from bezant.kernel.sealed_owners import ABANDONED_AFTER, COMMITTED_WITHIN, SealedSweep
from bezant.kernel.unsealed import Unsealed
from bezant.vault import VaultClient
from fixtures_api import Api, Tenant, fresh_key, hook

if TYPE_CHECKING:
    import asyncpg

IDS = TimeOrderedIds()
CONTACTS = "/v1/contacts"
ADA = {
    "name": "Ada Lovelace-Canary",
    "email": "ada.canary@example.com",
    "phone": "+442071838750",
    "iban": "GB33BUKB20201555555555",
}
CHANGED = {"name": "Ada King-Canary", "email": "ada.king.canary@example.com"}


@pytest.fixture
async def mine(api: Api) -> AsyncIterator[Tenant]:
    """A tenant of the test's own."""
    async with api.tenant() as tenant:
        yield tenant


async def get(tenant: Tenant, contact: dict[str, Any], purpose: str = "customer_service") -> Any:  # noqa: ANN401 - JSON
    answer = await tenant.client.get(f"{CONTACTS}/{contact['id']}?purpose={purpose}")
    assert answer.status_code == 200, answer.text
    return answer.json()


async def patch(tenant: Tenant, contact: dict[str, Any], body: object) -> Any:  # noqa: ANN401 - JSON
    path = f"{CONTACTS}/{contact['id']}"
    answer = await tenant.client.patch(path, json=body, headers=fresh_key())
    assert answer.status_code == 200, answer.text
    return answer.json()


async def search(tenant: Tenant, **by: str) -> list[str]:
    body = {"purpose": "customer_service", **by}
    found = await tenant.create(f"{CONTACTS}/search", body)
    return [each["id"] for each in found["contacts"]]


async def test_what_is_sealed_is_opened_and_nothing_else_shows_it(mine: Tenant) -> None:
    made = await mine.create(CONTACTS, ADA)
    assert not set(ADA.values()) & {str(value) for value in made.values()}
    listed = (await mine.client.get(CONTACTS)).json()
    assert listed == {"contacts": [made], "next": None}
    opened = await get(mine, made)
    assert {member: opened[member] for member in ADA} == ADA
    assert opened["subject_id"] == made["subject_id"]


async def test_a_contact_is_found_by_whole_values_in_any_spelling(mine: Tenant) -> None:
    made = await mine.create(CONTACTS, ADA)
    await mine.create(CONTACTS, {"name": "Somebody Else", "email": "else@example.com"})
    assert await search(mine, email="ADA.Canary@Example.com") == [made["id"]]
    assert await search(mine, phone="+44 20 7183 8750") == [made["id"]]
    assert await search(mine, iban="gb33 bukb 2020 1555 5555 55") == [made["id"]]
    assert await search(mine, email="nobody@example.com") == []
    both = {"purpose": "customer_service", "email": ADA["email"], "phone": ADA["phone"]}
    for body in (both, {"purpose": "customer_service"}):
        answer = await mine.post(f"{CONTACTS}/search", body)
        assert (answer.status_code, answer.json()["code"]) == (400, "MALFORMED")


async def test_nobody_finds_another_tenants_contacts(mine: Tenant, other_tenant: Tenant) -> None:
    made = await mine.create(CONTACTS, ADA)
    assert made["id"] not in await search(other_tenant, email=ADA["email"])
    answer = await other_tenant.client.get(f"{CONTACTS}/{made['id']}?purpose=curious")
    assert (answer.status_code, answer.json()["code"]) == (404, "CONTACT_NOT_FOUND")


async def test_a_value_that_cannot_be_found_again_is_refused_and_leaves_nothing(
    mine: Tenant,
) -> None:
    for member, value in (("email", "no address"), ("phone", "12-34"), ("iban", "GB00 NOT ONE")):
        answer = await mine.post(CONTACTS, ADA | {member: value})
        assert answer.status_code == 422
        assert value not in answer.text
    assert (await mine.client.get(CONTACTS)).json()["contacts"] == []


async def test_rectifying_keeps_references_and_adding_makes_some(mine: Tenant) -> None:
    made = await mine.create(CONTACTS, {"name": ADA["name"], "email": ADA["email"]})
    changed = await patch(mine, made, CHANGED | {"phone": ADA["phone"]})
    assert (changed["name_ref"], changed["email_ref"]) == (made["name_ref"], made["email_ref"])
    assert (changed["row_version"], made["phone_ref"]) == (2, None)
    assert changed["phone_ref"] is not None
    opened = await get(mine, made)
    assert {name: opened[name] for name in CHANGED} == CHANGED
    assert opened["phone"] == ADA["phone"]
    assert await search(mine, email=CHANGED["email"]) == [made["id"]]
    assert await search(mine, email=ADA["email"]) == []


async def test_two_who_add_the_same_value_at_once_both_succeed(mine: Tenant) -> None:
    made = await mine.create(CONTACTS, {"name": ADA["name"]})
    answers = await asyncio.gather(
        *(patch(mine, made, {"email": f"ada{number}@example.com"}) for number in range(4))
    )
    assert len({answer["email_ref"] for answer in answers}) == 1
    opened = await get(mine, made)
    assert opened["email"] in {f"ada{number}@example.com" for number in range(4)}
    assert opened["row_version"] == 5


async def test_every_opening_is_in_the_audit_log_with_its_purpose(
    mine: Tenant, database: Database
) -> None:
    made = await mine.create(CONTACTS, ADA)
    await get(mine, made, purpose="fraud_review")
    rows = await database.fetch(
        "SELECT resource, purpose FROM audit_entry WHERE tenant_id = $1 AND action = $2",
        mine.id,
        "sealed_value.open",
    )
    references = {made[f"{member}_ref"] for member in ADA}
    assert {row["resource"] for row in rows} == {f"/v1/vault/values/{each}" for each in references}
    assert {row["purpose"] for row in rows} == {"fraud_review"}


async def test_a_repeat_seals_nothing_again(mine: Tenant, owner: "asyncpg.Connection[Any]") -> None:
    headers = fresh_key()
    first = await mine.post(CONTACTS, ADA, **headers)
    again = await mine.post(CONTACTS, ADA, **headers)
    assert again.content == first.content
    raced = fresh_key()
    answers = await asyncio.gather(*(mine.post(CONTACTS, ADA, **raced) for _ in range(5)))
    assert len({answer.content for answer in answers}) == 1
    assert len((await mine.client.get(CONTACTS)).json()["contacts"]) == 2
    rows = await owner.fetch("SELECT kept_at FROM vault_value WHERE tenant_id = $1", mine.id)
    assert len(rows) == 2 * len(ADA)
    assert all(row["kept_at"] is not None for row in rows)


def spellings(text: str) -> list[bytes]:
    """A value as it might hide."""
    raw = text.encode()
    return [raw, raw.lower(), b64encode(raw), text.encode("utf-16-le"), raw.hex().encode()]


async def test_nothing_but_the_vault_holds_personal_data(
    mine: Tenant, database: Database, owner: "asyncpg.Connection[Any]"
) -> None:
    await hook(mine)
    made = await mine.create(CONTACTS, ADA)
    await get(mine, made)
    await patch(mine, made, CHANGED)
    await search(mine, email=CHANGED["email"])
    await mine.post(CONTACTS, {"name": ADA["name"], "email": "no address of ada.canary"})
    await Sequencer(database, SystemClock(), IDS).number()
    tables = await owner.fetch(
        "SELECT table_name FROM information_schema.columns"
        " WHERE table_schema = 'public' AND column_name = 'tenant_id'"
    )
    held: dict[str, bytes] = {}
    for table in sorted(row["table_name"] for row in tables):
        rows = await owner.fetch(f"SELECT * FROM {table} WHERE tenant_id = $1", mine.id)
        held[table] = b"\n".join(raw(value) for row in rows for value in row.values())
    for told in ("audit_entry", "idempotency_record", "vault_value", "contact"):
        assert held[told], told
    assert held["event"] or held["event_pending"]
    for value in (*ADA.values(), *CHANGED.values(), "ada.canary"):
        for spelling in spellings(value):
            for table, content in held.items():
                assert spelling not in content, table
    # The control: what is planted is found.
    planted = raw(gzip.compress(ADA["name"].encode()))
    assert any(spelling in planted for spelling in spellings(ADA["name"]))


def raw(value: object) -> bytes:
    """A column's content, unpacked where it is packed."""
    if isinstance(value, bytes):
        return gzip.decompress(value) if value.startswith(b"\x1f\x8b") else value
    return str(value).encode()


async def test_events_tell_of_references(mine: Tenant, database: Database) -> None:
    made = await mine.create(CONTACTS, ADA)
    await patch(mine, made, {"name": "Ada King"})
    rows = await database.fetch(
        "SELECT kind, subject, data FROM event_pending WHERE tenant_id = $1"
        " UNION ALL SELECT kind, subject, data FROM event WHERE tenant_id = $1",
        mine.id,
    )
    told = {row["kind"]: msgspec.json.decode(row["data"]) for row in rows}
    assert told["contact.created"] == {"row_version": 1, "fields": sorted(ADA)}
    assert told["contact.changed"] == {"row_version": 2, "fields": ["name"]}
    assert {row["subject"] for row in rows} >= {f"{CONTACTS}/{made['id']}"}


class Faulty:
    """A sealer that fails where a test says so, before or after it did what it was asked."""

    def __init__(self, sealer: VaultClient) -> None:
        self._sealer = sealer
        self.fails: set[str] = set()

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._sealer, name)

        async def act(*given: object) -> object:
            if name in self.fails:
                raise VaultDown("Switched off by a test.")
            result = await method(*given)
            if f"{name} answered" in self.fails:
                raise VaultDown("Switched off by a test.")
            return result

        return act


@pytest.fixture
def faulty(sealer: VaultClient) -> Faulty:
    return Faulty(sealer)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime.now(UTC))


@pytest.fixture
def contacts(database: Database, faulty: Faulty, clock: ManualClock) -> ContactService:
    return ContactService(database, clock, IDS, faulty)


def call(tenant: Tenant, key: str | None = None, purpose: str = "") -> Call:
    return Call(
        id=IDS.new(),
        tenant_id=tenant.id,
        actor="key:test",
        action="contact.create",
        resource=CONTACTS,
        origin="test",
        idempotency_key=key or f"key-{IDS.new()}",
        purpose=purpose,
    )


NEW = NewContact(ADA["name"], ADA["email"])


async def values(owner: "asyncpg.Connection[Any]", tenant: Tenant) -> tuple[int, int]:
    """How many values the vault has of a tenant, and how many of them are kept."""
    row = await owner.fetchrow(
        "SELECT count(*) AS every, count(kept_at) AS kept FROM vault_value WHERE tenant_id = $1",
        tenant.id,
    )
    assert row is not None
    return row["every"], row["kept"]


async def sweep(
    tenant: Tenant, sealer: VaultClient, contacts: ContactService, after_s: float
) -> None:
    clock = ManualClock(datetime.now(UTC))
    clock.advance(seconds=int(after_s))
    del tenant
    await SealedSweep(sealer, clock, [contacts.owner()]).sweep()


@pytest.mark.parametrize("step", ["cover", "seal", "seal answered"])
async def test_without_the_vault_nothing_is_made_and_a_repeat_makes_it_once(
    mine: Tenant,
    faulty: Faulty,
    contacts: ContactService,
    sealer: VaultClient,
    owner: "asyncpg.Connection[Any]",
    step: str,
) -> None:
    faulty.fails = {step}
    with pytest.raises(VaultDown):
        await contacts.create(call(mine, "once"), NEW)
    assert (await contacts.page(mine.id, after=None, limit=10)).contacts == []
    faulty.fails = set()
    made = (await contacts.create(call(mine, "once"), NEW)).value(Contact)
    assert (await contacts.page(mine.id, after=None, limit=10)).contacts == [made]
    await sweep(mine, sealer, contacts, ABANDONED_AFTER.total_seconds() + 5)
    assert await values(owner, mine) == (2, 2)


@pytest.mark.parametrize("step", ["keep", "keep answered"])
async def test_a_contact_whose_values_could_not_be_kept_has_them_all_the_same(
    mine: Tenant,
    faulty: Faulty,
    contacts: ContactService,
    sealer: VaultClient,
    owner: "asyncpg.Connection[Any]",
    step: str,
) -> None:
    faulty.fails = {step}
    made = (await contacts.create(call(mine), NEW)).value(Contact)
    opened = await contacts.open(call(mine, purpose="test"), made.id)
    assert (opened.name, opened.email) == (NEW.name, NEW.email)
    await sweep(mine, sealer, contacts, 60)  # too early to judge
    await sweep(mine, sealer, contacts, ABANDONED_AFTER.total_seconds() + 5)
    assert await values(owner, mine) == (2, 2)


async def test_the_answer_of_a_commit_that_was_in_doubt_keeps_its_values(
    mine: Tenant,
    contacts: ContactService,
    owner: "asyncpg.Connection[Any]",
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    transaction = Database.transaction
    tries = []

    async def doubtful(self: Database, work: Any, **more: Any) -> Any:  # noqa: ANN401 - as the real one
        result = await transaction(self, work, **more)
        if self is contacts._database:
            tries.append(1)
            if len(tries) == 1:
                raise CommitUnknown
        return result

    monkeypatch.setattr(Database, "transaction", doubtful)
    answer = await contacts.create(call(mine), NEW)
    monkeypatch.undo()
    assert answer.is_replay
    made = answer.value(Contact)
    opened = await contacts.open(call(mine, purpose="test"), made.id)
    assert (opened.name, opened.email) == (NEW.name, NEW.email)
    assert await values(owner, mine) == (2, 2)


async def test_a_commit_that_comes_too_late_for_its_values_is_not_made(
    mine: Tenant, faulty: Faulty, contacts: ContactService, clock: ManualClock
) -> None:
    seal = faulty._sealer.seal

    async def slowly(call: Call, sealings: Sequence[Sealing]) -> None:
        await seal(call, sealings)
        clock.advance(seconds=int(COMMITTED_WITHIN.total_seconds()) + 1)

    faulty.__dict__["seal"] = slowly
    with pytest.raises(Unavailable):
        await contacts.create(call(mine, "late"), NEW)
    assert (await contacts.page(mine.id, after=None, limit=10)).contacts == []
    del faulty.__dict__["seal"]
    assert (await contacts.create(call(mine, "late"), NEW)).status == 201


async def test_a_change_without_the_vault_changes_nothing(
    mine: Tenant, faulty: Faulty, contacts: ContactService
) -> None:
    made = (await contacts.create(call(mine), NEW)).value(Contact)
    change = ContactChange(name="Ada King", phone=ADA["phone"])
    for step in ("replace", "seal"):
        faulty.fails = {step}
        with pytest.raises(VaultDown):
            await contacts.change(call(mine, "change"), made.id, change)
    faulty.fails = set()
    page = await contacts.page(mine.id, after=None, limit=10)
    assert page.contacts == [made]
    changed = (await contacts.change(call(mine, "change"), made.id, change)).value(Contact)
    opened = await contacts.open(call(mine, purpose="test"), made.id)
    assert (opened.name, opened.phone, changed.row_version) == ("Ada King", ADA["phone"], 2)


async def test_where_there_is_no_vault_it_is_said(mine: Tenant, database: Database) -> None:
    contacts = ContactService(database, SystemClock(), IDS, Unsealed())
    with pytest.raises(NoVault, match="no vault"):
        await contacts.create(call(mine), NEW)
    with pytest.raises(NoVault):
        await contacts.change(call(mine), UUID(int=1), ContactChange(name="Ada King"))
    assert (await contacts.page(mine.id, after=None, limit=10)).contacts == []
    swept = await SealedSweep(Unsealed(), SystemClock(), [contacts.owner()]).sweep()
    assert (swept.kept, swept.discarded) == (0, 0)


def test_an_answer_is_made_of_references_only() -> None:
    assert set(Contact.__struct_fields__) & set(ADA) == set()

"""Answering other banks about our accounts, by the scheme's API."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from time import monotonic
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import httpx
import msgspec
import pytest
from fastapi import FastAPI

from bezant.kernel.calls import Call, Principal
from bezant.kernel.clock import SystemClock
from bezant.kernel.database import Database
from bezant.kernel.http import Credentials, Guard, ScopeAuthorizer, install
from bezant.kernel.ids import TimeOrderedIds
from bezant.kernel.sealed import Sealer
from bezant.kernel.unsealed import Unsealed
from bezant.ledger import Ledger
from bezant.payments import ListedPayees, Patience
from bezant.payments.vop import SchemeEndpoint, add_payee_scheme, scheme
from bezant.payments.vop.answering import GUESSES_MAX
from bezant.payments.vop.endpoint import ANSWER_SECONDS
from bezant.server.banking import Banking
from bezant.server.payees import Payees
from bezant.vault import VaultClient
from bezant.vault.subjects.store import SET_STATE
from customers import CustomerBank
from fixtures_api import BASE, PATIENT, Api, Tenant
from payees import OUTSIDE, held, verified

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

PATH = "/vop/v1/payee-verifications"


def question(iban: str, name: str | None, **party: object) -> dict[str, Any]:
    """What another bank sends."""
    return {
        "party": ({} if name is None else {"name": name}) | party,
        "partyAccount": {"iban": iban},
        "partyAgent": {"financialInstitutionId": {"bicfi": "COBADEFFXXX"}},
        "requestingAgent": {"financialInstitutionId": {"bicfi": "BUKBGB22"}},
    }


@pytest.fixture(scope="module")
async def other_bank(api: Api, own: Tenant) -> AsyncIterator[httpx.AsyncClient]:
    """A client with the credential that another bank was given, for nothing else."""
    issued = await api.issue(own.id, ("payees:answer",))
    assert issued.key is not None
    async with api.client(issued.key) as client:
        yield client


async def ask(client: httpx.AsyncClient, body: object, **headers: str) -> httpx.Response:
    """Send a question as it is, or as JSON."""
    content = body if isinstance(body, bytes) else msgspec.json.encode(body)
    given = {"X-Request-ID": str(uuid4()), "Content-Type": "application/json"} | headers
    return await client.post(PATH, content=content, headers=given)


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("Grace Hopper", {"partyNameMatch": "MTCH"}),
        ("grace hopper", {"partyNameMatch": "MTCH"}),
        ("Alan Turing", {"partyNameMatch": "MTCH"}),
        ("G Hopper", {"partyNameMatch": "CMTC", "matchedName": "Grace Hopper"}),
        ("Hopper", {"partyNameMatch": "NMTC"}),
    ],
)
async def test_another_bank_is_told_whether_a_name_fits(
    bank: CustomerBank, other_bank: httpx.AsyncClient, name: str, answer: dict[str, str]
) -> None:
    iban = await bank.iban(await held(bank, "Grace Hopper", "Alan Turing"))
    request_id = str(uuid4())
    told = await ask(other_bank, question(iban, name), **{"X-Request-ID": request_id})
    assert (told.status_code, told.json()) == (200, answer)
    assert told.headers["x-request-id"] == request_id
    assert told.headers["content-type"] == "application/json"
    stamp = datetime.fromisoformat(told.headers["x-response-timestamp"])
    assert stamp.tzinfo == UTC


async def test_what_it_cannot_be_told_has_one_answer(
    bank: CustomerBank, other_bank: httpx.AsyncClient
) -> None:
    for iban in (OUTSIDE, await bank.iban(await held(bank))):
        told = await ask(other_bank, question(iban, "Grace Hopper"))
        assert (told.status_code, told.json()) == (200, {"partyNameMatch": "NOAP"})
    lei = {"organisationId": {"lei": "529900T8BM49AURSDO55"}}
    told = await ask(other_bank, question(OUTSIDE, None, identification=lei))
    assert told.json() == {"partyIdMatch": "NOAP"}


async def test_another_tenants_accounts_are_none(bank: CustomerBank, other_tenant: Tenant) -> None:
    iban = await bank.iban(await held(bank, "Grace Hopper"))
    told = await ask(other_tenant.client, question(iban, "Grace Hopper"))
    assert told.json() == {"partyNameMatch": "NOAP"}


async def test_every_answer_is_in_the_audit_log_without_the_name(
    bank: CustomerBank, other_bank: httpx.AsyncClient, database: Database
) -> None:
    iban = await bank.iban(await held(bank, "Grace Hopper"))
    request_id = uuid4()
    await ask(other_bank, question(iban, "G Hopper"), **{"X-Request-ID": str(request_id)})
    [row] = await database.fetch(
        "SELECT verdict, asked_by, to_jsonb(a)::text AS text FROM payee_answer a"
        " WHERE tenant_id = $1 AND request_id = $2",
        bank.tenant.id,
        request_id,
    )
    assert row["verdict"] == "close_match"
    assert "Hopper" not in row["text"]
    assert iban not in row["text"]
    entries = await database.fetch(
        "SELECT action FROM audit_entry"
        " WHERE tenant_id = $1 AND actor = $2 AND purpose = 'payee_verification'",
        bank.tenant.id,
        row["asked_by"],
    )
    assert {each["action"] for each in entries} == {
        "payee_verification.answer",
        "sealed_value.open",
    }


async def test_who_guesses_at_an_account_is_told_nothing_more(
    bank: CustomerBank, other_bank: httpx.AsyncClient, own: Tenant
) -> None:
    iban = await bank.iban(await held(bank, "Grace Hopper"))
    guesses = [question(iban, f"Grace Guess{index}") for index in range(GUESSES_MAX)]
    told = await asyncio.gather(*(ask(other_bank, guess) for guess in guesses))
    assert {each.json()["partyNameMatch"] for each in told} == {"NMTC"}
    right = await ask(other_bank, question(iban, "G Hopper"))
    assert right.json() == {"partyNameMatch": "NOAP"}
    elsewhere = await bank.iban(await held(bank, "Grace Hopper"))
    assert (await ask(other_bank, question(elsewhere, "G Hopper"))).json()["matchedName"]
    another = await ask(own.client, question(iban, "Grace Hopper"))
    assert another.json() == {"partyNameMatch": "MTCH"}, "others are told all the same"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"\xff",
        b'{"party": {"identification": {"deep": ' + b"[" * 15_000,
        msgspec.json.encode(question("de12", "Grace Hopper")),
        msgspec.json.encode(question(OUTSIDE, "x" * 141)),
        msgspec.json.encode(question(OUTSIDE, "")),
        msgspec.json.encode(question(OUTSIDE, None)),
        msgspec.json.encode(question(OUTSIDE, "Grace", identification={"lei": "5299"})),
        msgspec.json.encode(question(OUTSIDE, "Grace") | {"partyAgent": {}}),
    ],
)
async def test_what_is_no_question_is_a_format_error(
    other_bank: httpx.AsyncClient, body: bytes
) -> None:
    told = await ask(other_bank, body)
    problem = told.json()
    assert (told.status_code, problem["code"], problem["status"]) == (400, "FORMAT_ERROR", 400)
    assert "Grace" not in told.text


async def test_a_question_has_an_identifier_and_is_short(other_bank: httpx.AsyncClient) -> None:
    told = await ask(other_bank, question(OUTSIDE, "Grace"), **{"X-Request-ID": "seventeen"})
    assert (told.status_code, told.json()["code"]) == (400, "FORMAT_ERROR")
    told = await ask(other_bank, b" " * 20_000)
    assert (told.status_code, told.json()["code"]) == (413, "FORMAT_ERROR")
    told = await other_bank.get(PATH)
    assert (told.status_code, told.headers["allow"]) == (405, "POST")


async def test_only_who_was_given_the_scope_is_answered(api: Api, own: Tenant) -> None:
    reader = await api.issue(own.id, ("banking:read",))
    assert reader.key is not None
    async with api.client(reader.key) as client:
        told = await ask(client, question(OUTSIDE, "Grace Hopper"))
        assert (told.status_code, told.json()["code"]) == (403, "CLIENT_INCONSISTENT")
    async with api.client("bz_nobody") as client:
        told = await ask(client, question(OUTSIDE, "Grace Hopper"))
        assert (told.status_code, told.json()["code"]) == (401, "CLIENT_INVALID")
        assert "www-authenticate" in told.headers


def _payees(
    database: Database, ledger: Ledger, sealer: Sealer, patience: Patience = PATIENT
) -> Payees:
    clock, ids = SystemClock(), TimeOrderedIds()
    banking = Banking.of(database, clock, ids, ledger, sealer, bytes(32))
    nobody = ListedPayees([])
    return Payees.of(database, clock, ids, banking, sealer, bytes(32), nobody, patience)


async def test_without_the_vault_nothing_is_told_and_nothing_fails(
    bank: CustomerBank, database: Database, ledger: Ledger, own: Tenant
) -> None:
    iban = await bank.iban(await held(bank, "Grace Hopper"))
    answers = _payees(database, ledger, Unsealed()).answers
    asked = scheme.Request.of("Grace Hopper", iban, "COBADEFFXXX", "BUKBGB22")
    call = Call(uuid4(), own.id, "key:another-bank", "payee_verification.answer", PATH, "http")
    told = await answers.answer(call, uuid4(), asked)
    assert told == scheme.Response("NOAP")


@pytest.mark.parametrize("locked", ["payee_answer", "bank_account", "audit_entry"])
async def test_a_slow_store_delays_no_answer_beyond_the_schemes_limit(
    bank: CustomerBank,
    database: Database,
    ledger: Ledger,
    sealer: VaultClient,
    own: Tenant,
    owner: "asyncpg.Connection[asyncpg.Record]",
    locked: str,
) -> None:
    iban = await bank.iban(await held(bank, "Grace Hopper"))
    answers = _payees(database, ledger, sealer, Patience(60, 60, 60, answer_s=1.0)).answers
    call = Call(uuid4(), own.id, "key:another-bank", "payee_verification.answer", PATH, "http")
    asked = scheme.Request.of("Grace Hopper", iban, "COBADEFFXXX", "BUKBGB22")
    async with owner.transaction():
        # Whoever reads or writes it waits for as long as this transaction lasts.
        await owner.execute(f"LOCK TABLE {locked} IN ACCESS EXCLUSIVE MODE")
        began = monotonic()
        told = await answers.answer(call, uuid4(), asked)
        assert monotonic() - began < scheme.CEILING_S
    assert told == scheme.Response("NOAP")
    # The control: nothing but the wait was in the way.
    assert await answers.answer(call, uuid4(), asked) == scheme.Response("MTCH")


def test_what_we_take_ourselves_leaves_time_for_the_way() -> None:
    assert Patience().own_s < Patience().answer_s < scheme.CEILING_S


@pytest.mark.parametrize("state", ["restricted", "erased"])
async def test_nothing_is_told_of_whose_data_are_restricted_or_erased(
    bank: CustomerBank,
    other_bank: httpx.AsyncClient,
    vault_databases: tuple[Database, Database],
    state: str,
) -> None:
    account = await bank.funded(10_000)
    party = await bank.tenant.create("/v1/parties", {"kind": "person", "legal_name": "Ada King"})
    holder = {"party_id": party["id"], "role": "holder"}
    await bank.tenant.create(f"/v1/accounts/{account}/parties", holder)
    iban = await bank.iban(account)
    payer = await held(bank, "Grace Hopper")
    subject = UUID(party["subject_id"])

    async def stand(state: str) -> None:
        # What the vault writes first when either is decided; nothing is opened from then on.
        async def work(connection: "PoolConnectionProxy[asyncpg.Record]") -> None:
            await connection.execute(SET_STATE, own, subject, state, datetime.now(UTC))

        await vault_databases[0].transaction(work)

    own = bank.tenant.id
    # The control: nothing but the state will be in the way.
    told = await ask(other_bank, question(iban, "Ada King"))
    assert told.json() == {"partyNameMatch": "MTCH"}
    await stand(state)
    try:
        for name in ("Ada King", "Ada Kong", "Somebody Else"):
            told = await ask(other_bank, question(iban, name))
            assert (told.status_code, told.json()) == (200, {"partyNameMatch": "NOAP"})
            shown = await verified(bank, payer, iban, name)
            assert shown["verdict"] == "not_possible"
            assert shown["matched_name"] is None
    finally:
        await stand("active")


class _Admitting:
    """Lets whoever comes in, as a tenant's bank."""

    def __init__(self, tenant_id: UUID) -> None:
        self._tenant_id = tenant_id

    async def authenticate(self, credentials: Credentials) -> Principal:
        del credentials
        return Principal(self._tenant_id, "key:another-bank", frozenset({"payees:answer"}))


async def test_an_answer_takes_its_time_whether_there_is_such_an_account_or_not(
    bank: CustomerBank, database: Database, ledger: Ledger, sealer: VaultClient, own: Tenant
) -> None:
    waited: list[float] = []

    async def pause(seconds: float) -> None:
        waited.append(seconds)

    payees = _payees(database, ledger, sealer)
    guard = Guard(_Admitting(own.id), ScopeAuthorizer())
    endpoint = SchemeEndpoint(payees.answers, guard, SystemClock(), TimeOrderedIds(), pause=pause)
    app = FastAPI(redirect_slashes=False)
    install(app, [], guard=guard, ids=TimeOrderedIds(), observe=lambda _: None)
    add_payee_scheme(app, endpoint)
    transport = httpx.ASGITransport(app)
    headers = {"Authorization": "Bearer x"}
    known = await bank.iban(await held(bank, "Grace Hopper"))
    async with httpx.AsyncClient(transport=transport, base_url=BASE, headers=headers) as client:
        for index, iban in enumerate((known, OUTSIDE), 1):
            told = await ask(client, question(iban, "Grace Hopper"))
            assert told.status_code == 200
            assert len(waited) == index
    assert all(0 <= seconds <= ANSWER_SECONDS for seconds in waited)

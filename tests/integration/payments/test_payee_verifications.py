"""Verifications of payees: what payers are shown, and what they can then order."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest

from bezant.kernel.clock import SystemClock
from bezant.kernel.database import Database
from bezant.kernel.ibans import check_digits
from bezant.kernel.ids import TimeOrderedIds
from bezant.ledger import Ledger
from bezant.payments.sandbox.vop import Misbehaviour, SandboxPayee, SandboxResponder
from bezant.payments.vop import ListedPayees, Verdict
from bezant.payments.vop.schemas import (
    NewVerification,
    NewVerifications,
    Payee,
    Verification,
    Verifications,
)
from bezant.server.banking import Banking
from bezant.server.payees import Payees
from bezant.vault import VaultClient
from customers import CustomerBank
from fixtures_api import PATIENT, Tenant, fresh_key
from fixtures_ledger import Bank
from payees import OUTSIDE, answering, held, verified

if TYPE_CHECKING:
    import asyncpg

FAULTY = f"GB{check_digits('GB', 'BUKB20201530093459')}BUKB20201530093459"


@pytest.fixture
def responder() -> SandboxResponder:
    return SandboxResponder({}, slow_s=0.01)


@pytest.fixture
async def payees(
    database: Database,
    ledger: Ledger,
    sealer: VaultClient,
    responder: SandboxResponder,
    tmp_path: Path,
) -> AsyncIterator[Payees]:
    """Verifications of a process that knows another bank."""
    clock, ids = SystemClock(), TimeOrderedIds()
    banking = Banking.of(database, clock, ids, ledger, sealer, bytes(32))
    async with answering(tmp_path, responder) as listed:
        directory = ListedPayees([listed])
        payees = Payees.of(database, clock, ids, banking, sealer, bytes(32), directory, PATIENT)
        yield payees
        await payees.asker.close()


@pytest.fixture
def teller(ledger: Ledger, database: Database, own: Tenant, bank: CustomerBank) -> Bank:
    return Bank(ledger, database, own.id, UUID(bank.book))


def order(payer: str, iban: str, name: str, **more: object) -> dict[str, Any]:
    """A payment by a rail that people's payees are verified for."""
    return {
        "debtor_account": payer,
        "debtor_name": "Ada Lovelace",
        "creditor": {"iban": iban, "name": name},
        "asset": "EUR",
        "amount": "100",
        "rail": "sct_inst",
        **more,
    }


async def refused(bank: CustomerBank, new: dict[str, Any]) -> str:
    """The code with which a payment is refused."""
    answer = await bank.tenant.post("/v1/payments", new)
    assert answer.status_code in {409, 422}, answer.text
    return str(answer.json()["code"])


@pytest.mark.parametrize(
    ("name", "verdict", "shown"),
    [
        ("Grace Hopper", "match", None),
        ("HOPPER Grace", "match", None),
        ("G. Hopper", "close_match", "Grace Hopper"),
        ("Ada Lovelace", "no_match", None),
    ],
)
async def test_a_payer_is_shown_whether_the_name_fits(
    bank: CustomerBank, name: str, verdict: str, shown: str | None
) -> None:
    payer, payee = await held(bank, "Ada Lovelace"), await held(bank, "Grace Hopper")
    found = await verified(bank, payer, await bank.iban(payee), name)
    assert (found["verdict"], found["matched_name"]) == (verdict, shown)


async def test_companies_are_known_by_the_names_they_trade_under(bank: CustomerBank) -> None:
    payer = await held(bank, "Ada Lovelace")
    shop = await held(bank, "Muster Handels GmbH", kind="organisation", other_names=["Kaffeebar"])
    iban = await bank.iban(shop)
    assert (await verified(bank, payer, iban, "kaffeebar"))["verdict"] == "match"
    assert (await verified(bank, payer, iban, "Muster Handels"))["verdict"] == "match"


async def test_what_nobody_can_tell_is_not_possible(bank: CustomerBank) -> None:
    payer, nobodys = await held(bank, "Ada Lovelace"), await held(bank)
    closed = (await bank.open())["id"]
    closing = {"status": "closed", "reason": "customer_wish"}
    await bank.tenant.create(f"/v1/accounts/{closed}/status", closing)
    for iban in (await bank.iban(nobodys), await bank.iban(closed), OUTSIDE):
        assert (await verified(bank, payer, iban, "Grace Hopper"))["verdict"] == "not_possible"


async def test_a_repeat_shows_the_same_and_the_database_no_name(
    bank: CustomerBank, database: Database
) -> None:
    payer, payee = await held(bank, "Ada Lovelace"), await held(bank, "Grace Hopper")
    iban, key = await bank.iban(payee), fresh_key()
    asked = {"debtor_account": payer, "iban": iban, "name": "G. Hopper"}
    answers = [await bank.tenant.post("/v1/payee-verifications", asked, **key) for _ in "12"]
    assert answers[0].content == answers[1].content
    assert answers[1].headers["idempotency-replayed"] == "true"
    assert answers[0].json()["matched_name"] == "Grace Hopper"
    stored = await database.fetch(
        "SELECT to_jsonb(v)::text AS told FROM payee_verification v WHERE tenant_id = $1"
        " UNION ALL SELECT encode(sealed, 'escape') FROM payee_verification_content"
        " WHERE tenant_id = $1"
        " UNION ALL SELECT encode(body, 'escape') FROM idempotency_record"
        " WHERE tenant_id = $1 AND key = $2",
        bank.tenant.id,
        key["Idempotency-Key"],
    )
    assert len(stored) >= 3
    for row in stored:
        assert "Hopper" not in row["told"]
        assert iban not in row["told"]


async def test_one_key_asks_for_one_verification_at_once(bank: CustomerBank) -> None:
    payer, payee = await held(bank, "Ada Lovelace"), await held(bank, "Grace Hopper")
    asked = {"debtor_account": payer, "iban": await bank.iban(payee), "name": "Grace Hopper"}
    key = fresh_key()
    answers = await asyncio.gather(
        *(bank.tenant.post("/v1/payee-verifications", asked, **key) for _ in range(5))
    )
    assert len({answer.json()["id"] for answer in answers}) == 1


async def test_what_cannot_be_asked_is_refused(bank: CustomerBank) -> None:
    payer = await held(bank, "Ada Lovelace")
    path = "/v1/payee-verifications"
    for asked, code in (
        ({"debtor_account": payer, "iban": "DE00123"}, "PAYEE_IBAN_INVALID"),
        ({"debtor_account": str(uuid4()), "iban": OUTSIDE}, "UNKNOWN_PAYER_ACCOUNT"),
    ):
        answer = await bank.tenant.post(path, {**asked, "name": "Grace Hopper"})
        assert (answer.status_code, answer.json()["code"]) == (422, code)
    payee = {"iban": OUTSIDE, "name": "Grace Hopper"}
    many = {"debtor_account": payer, "payees": [payee, payee | {"iban": "DE00123"}]}
    answer = await bank.tenant.post(f"{path}/batch", many)
    assert answer.json()["field"] == "payees[1].iban"


async def test_people_do_not_pay_whom_nobody_verified(bank: CustomerBank) -> None:
    payer = await held(bank, "Ada Lovelace")
    assert await refused(bank, order(payer, OUTSIDE, "Grace Hopper")) == "PAYEE_NOT_VERIFIED"
    assert (await bank.balance(payer))["booked"] == "10000"
    business = await held(bank, "Muster GmbH", kind="organisation")
    await bank.tenant.create("/v1/payments", order(business, OUTSIDE, "Grace Hopper"))


async def test_a_payment_is_ordered_on_a_match_once(bank: CustomerBank) -> None:
    payer, payee = await held(bank, "Ada Lovelace"), await held(bank, "Grace Hopper")
    iban = await bank.iban(payee)
    found = await verified(bank, payer, iban, "Grace Hopper")
    new = order(payer, iban, "Grace  Hopper", verification_id=found["id"])
    key = fresh_key()
    made = await bank.tenant.post("/v1/payments", new, **key)
    assert made.status_code == 201, made.text
    again = await bank.tenant.post("/v1/payments", new, **key)
    assert again.json() == made.json(), "a repeat is no second use"
    assert await refused(bank, new) == "VERIFICATION_USED"
    path = f"/v1/payee-verifications/{found['id']}?purpose=dispute"
    record = (await bank.tenant.client.get(path)).json()
    assert record == {
        "verification": found,
        "iban": iban,
        "name": "Grace Hopper",
        "payment": made.json()["id"],
        "confirmed": False,
    }


async def test_of_two_payments_at_once_one_uses_a_verification(bank: CustomerBank) -> None:
    payer, payee = await held(bank, "Ada Lovelace"), await held(bank, "Grace Hopper")
    iban = await bank.iban(payee)
    found = await verified(bank, payer, iban, "Grace Hopper")
    new = order(payer, iban, "Grace Hopper", verification_id=found["id"])
    answers = await asyncio.gather(*(bank.tenant.post("/v1/payments", new) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7


async def test_a_standing_order_is_made_on_a_verification_once(bank: CustomerBank) -> None:
    payer, payee = await held(bank, "Ada Lovelace"), await held(bank, "Grace Hopper")
    iban = await bank.iban(payee)
    found = await verified(bank, payer, iban, "Grace Hopper")
    first = (datetime.now(UTC).date() + timedelta(days=3)).isoformat()
    rule = {"rule": {"every": "week", "first": first}}
    path, new = "/v1/standing-orders", order(payer, iban, "Grace Hopper", **rule)
    unverified = await bank.tenant.post(path, new)
    assert (unverified.status_code, unverified.json()["code"]) == (422, "PAYEE_NOT_VERIFIED")
    another = order(payer, iban, "Grace Hoppers", verification_id=found["id"], **rule)
    assert (await bank.tenant.post(path, another)).json()["code"] == "VERIFICATION_OF_ANOTHER"
    proof = {"verification_id": found["id"]}
    answers = await asyncio.gather(*(bank.tenant.post(path, new | proof) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 3
    assert await refused(bank, order(payer, iban, "Grace Hopper", **proof)) == "VERIFICATION_USED"
    unlike = await verified(bank, payer, iban, "Rear Admiral")
    asked = order(payer, iban, "Rear Admiral", verification_id=unlike["id"], **rule)
    assert (await bank.tenant.post(path, asked)).json()["code"] == "PAYEE_NOT_CONFIRMED"
    assert (await bank.tenant.post(path, asked | {"confirmed": True})).status_code == 201


@pytest.mark.parametrize("name", ["G. Hopper", "Rear Admiral"])
async def test_what_does_not_match_takes_the_payers_word(bank: CustomerBank, name: str) -> None:
    payer, payee = await held(bank, "Ada Lovelace"), await held(bank, "Grace Hopper")
    iban = await bank.iban(payee)
    found = await verified(bank, payer, iban, name)
    new = order(payer, iban, name, verification_id=found["id"])
    assert await refused(bank, new) == "PAYEE_NOT_CONFIRMED"
    await bank.tenant.create("/v1/payments", new | {"confirmed": True})
    path = f"/v1/payee-verifications/{found['id']}?purpose=dispute"
    record = (await bank.tenant.client.get(path)).json()
    assert record["confirmed"] is True
    assert record["verification"]["matched_name"] == found["matched_name"], "what was shown"


async def test_a_verification_is_about_one_payee_and_one_payer(bank: CustomerBank) -> None:
    payer, other = await held(bank, "Ada Lovelace"), await held(bank, "Ada Lovelace")
    iban = await bank.iban(await held(bank, "Grace Hopper"))
    found = await verified(bank, payer, iban, "Grace Hopper")
    proof = {"verification_id": found["id"], "confirmed": True}
    for new in (
        order(payer, OUTSIDE, "Grace Hopper", **proof),
        order(payer, iban, "Grace Hoppers", **proof),
        order(other, iban, "Grace Hopper", **proof),
        order(payer, iban, "Grace Hopper", rail=None, **proof)
        | {"creditor": {"account_id": other}},
    ):
        assert await refused(bank, new) == "VERIFICATION_OF_ANOTHER"
    unknown = order(payer, iban, "Grace Hopper", verification_id=str(uuid4()))
    assert await refused(bank, unknown) == "UNKNOWN_VERIFICATION"


async def test_another_tenants_verification_is_none(
    bank: CustomerBank, other_tenant: Tenant
) -> None:
    payer = await held(bank, "Ada Lovelace")
    found = await verified(bank, payer, OUTSIDE, "Grace Hopper")
    path = f"/v1/payee-verifications/{found['id']}?purpose=dispute"
    assert (await bank.tenant.client.get(path)).status_code == 200
    assert (await other_tenant.client.get(path)).status_code == 404


async def test_a_verification_expires(
    bank: CustomerBank, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    payer = await held(bank, "Ada Lovelace")
    found = await verified(bank, payer, OUTSIDE, "Grace Hopper")
    lasts = datetime.fromisoformat(found["expires_at"]) - datetime.fromisoformat(found["asked_at"])
    assert lasts == timedelta(minutes=15)
    await owner.execute(
        "UPDATE payee_verification SET expires_at = now()"
        " WHERE tenant_id = $1 AND verification_id = $2",
        bank.tenant.id,
        UUID(found["id"]),
    )
    new = order(payer, OUTSIDE, "Grace Hopper", verification_id=found["id"], confirmed=True)
    assert await refused(bank, new) == "VERIFICATION_EXPIRED"


async def test_another_bank_is_asked_and_believed(
    payees: Payees, responder: SandboxResponder, bank: CustomerBank, teller: Bank
) -> None:
    payer = UUID(await held(bank, "Ada Lovelace"))
    responder.payees = {OUTSIDE: SandboxPayee(("Grace Hopper",))}
    asked = NewVerification(payer, "GB33 BUKB 2020 1555 5555 55", "G. Hopper")
    answer = await payees.verifications.verify(teller.call(), asked)
    found = answer.value(Verification)
    assert (found.verdict, found.matched_name) == (Verdict.CLOSE_MATCH, "Grace Hopper")
    assert responder.asked == [found.id], "both banks know the question by one identifier"


async def test_a_repeat_asks_nobody_again(
    payees: Payees, responder: SandboxResponder, bank: CustomerBank, teller: Bank
) -> None:
    payer = UUID(await held(bank, "Ada Lovelace"))
    responder.payees = {OUTSIDE: SandboxPayee(("Grace Hopper",))}
    asked = NewVerification(payer, OUTSIDE, "Grace Hopper")
    first = await payees.verifications.verify(teller.call("one"), asked)
    responder.payees = {}
    again = await payees.verifications.verify(teller.call("one"), asked)
    assert (again.body, again.is_replay) == (first.body, True)
    assert len(responder.asked) == 1


async def test_many_payees_are_verified_at_once_whatever_some_banks_do(
    payees: Payees, responder: SandboxResponder, bank: CustomerBank, teller: Bank
) -> None:
    payer = UUID(await held(bank, "Ada Lovelace"))
    own = await bank.iban(await held(bank, "Grace Hopper"))
    responder.payees = {
        OUTSIDE: SandboxPayee(("Alan Turing",)),
        "GB94BARC10201530093459": SandboxPayee(("Nobody",)),
        FAULTY: SandboxPayee(("Alan",), misbehaviour=Misbehaviour.FAULT),
    }
    asked = [
        Payee(OUTSIDE, "Alan Turing"),
        Payee(own, "Grace Hopper"),
        Payee("GB94BARC10201530093459", "Nobody"),
        Payee(OUTSIDE, "A Turing"),
        Payee(FAULTY, "Alan"),
        *[Payee(own, "Kurt Goedel")] * 20,
    ]
    answer = await payees.verifications.verify_all(teller.call(), NewVerifications(payer, asked))
    found = answer.value(Verifications).verifications
    assert [each.verdict for each in found[:5]] == [
        Verdict.MATCH,
        Verdict.MATCH,
        Verdict.NOT_POSSIBLE,
        Verdict.CLOSE_MATCH,
        Verdict.NOT_POSSIBLE,
    ]
    assert {each.verdict for each in found[5:]} == {Verdict.NO_MATCH}
    assert found[3].matched_name == "Alan Turing"
    assert len({each.id for each in found}) == 25

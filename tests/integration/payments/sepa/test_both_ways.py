"""The platform and the clearing system, each with its own books, over HTTP in both directions."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID, uuid4

import httpx
import pytest

from bezant.formats.iso20022 import camt056, pacs004, pacs008
from bezant.kernel.clock import SystemClock
from bezant.kernel.database import Database
from bezant.kernel.ids import TimeOrderedIds
from bezant.kernel.jobs import Done, Job, Outcome
from bezant.ledger import Ledger, verify_book
from bezant.payments import NewPayment, OrderState, Payment
from bezant.payments.orders.schemas import Creditor
from bezant.payments.returns.jobs import TELL, Tell
from bezant.payments.sandbox import csm
from bezant.payments.sandbox.csm import Misbehaviour
from bezant.server.banking import Banking
from bezant.server.payments import Payments
from bezant.server.sepa import sepa_rails, sepa_routes
from bezant.server.task import CsmTask
from bezant.vault import VaultClient
from clearing import OUR_BIC, SECRET, THEIR_BIC, THEIR_IBAN, System, clearing_system, listening
from customers import CustomerBank
from fixtures_ledger import Bank

SENDER = "PSSTFRPPXXX"


@dataclass
class Street:
    """A bank of the platform, and the clearing system that it is in.

    Attributes:
        url: where the bank takes messages.
    """

    url: str
    bank: CustomerBank
    payments: Payments
    system: System
    http: httpx.AsyncClient
    teller: Bank

    async def tell(self, command: str, **members: object) -> dict[str, str]:
        """Have the clearing system bring something, and wait until we have heard it."""
        answer = await self.http.post(f"{self.system.url}/admin/{command}", json=members)
        assert answer.status_code == 200, answer.text
        await self.system.deliveries.drained()
        is_json = answer.headers["content-type"].startswith("application/json")
        content: dict[str, str] = answer.json() if is_json else {}
        return content

    async def credit(self, account: str, amount: int) -> dict[str, str]:
        """Have another bank pay one of our accounts."""
        iban = await self.bank.iban(account)
        return await self.tell(
            "credits", bic=OUR_BIC, iban=iban, name="Ada Lovelace", amount=str(amount)
        )

    async def pay(self, account: str, amount: int) -> Payment:
        """Pay somebody at another bank at once; how the order stands then."""
        new = NewPayment(
            UUID(account), Creditor(iban=THEIR_IBAN, name="Grace Hopper"), "EUR", str(amount),
            "Ada Lovelace", "sct_inst",
        )  # fmt: skip
        made = (await self.payments.orders.create(self.teller.call(), new)).value(Payment)
        self.payments.execution.begin(self.bank.tenant.id, made.id)
        await self.payments.execution.close()
        path = f"/v1/payments/{made.id}"
        return Payment(**(await self.bank.tenant.client.get(path)).json())

    async def told(self, recall: str) -> Outcome:
        """Have what a recall has become be told, as its job says."""
        payload = Tell(UUID(recall))
        job = Job(
            uuid4(), self.bank.tenant.id, TELL.name, payload, 1, 1, None, 0, datetime.now(UTC)
        )
        return await self.payments.recalls.tell(job)

    async def settle_back(self, original: str, amount: int) -> None:
        """Have a return settled that the clearing system has not looked at, and bring it twice."""
        now, name = datetime.now(UTC), uuid4().hex
        back = pacs004.PaymentReturn(
            name, now, now.date(), name, "NOTPROVIDED", pacs008.VERSION, None, original, amount,
            amount, "EUR", "AC04",
        )  # fmt: skip
        self.system.clearing.books.move(THEIR_BIC, OUR_BIC, amount)
        url = f"{self.url}/sct_inst/{OUR_BIC}"
        for _ in range(2):
            self.system.deliveries.tell(url, pacs004.write_pacs004(back))
        await self.system.deliveries.drained()

    @property
    def position(self) -> int:
        """What the clearing system owes us."""
        return self.system.clearing.books.position(OUR_BIC)

    async def settlement(self) -> int:
        """What the ledger says of that."""
        path = f"{self.bank.book_path}/accounts/settlement:sct_inst:EUR/balance"
        return int((await self.bank.tenant.client.get(path)).json()["posted"])


@pytest.fixture
async def street(
    bank: CustomerBank, database: Database, ledger: Ledger, sealer: VaultClient
) -> AsyncIterator[Street]:
    clock, ids = SystemClock(), TimeOrderedIds()
    tenant = bank.tenant.id
    accounts = Banking.of(database, clock, ids, ledger, sealer, bytes(32)).accounts
    async with clearing_system(clock) as system, AsyncExitStack() as opened:
        task = CsmTask(system.url, SECRET, None, [(OUR_BIC, tenant, UUID(bank.institution))])
        rails = sepa_rails(task, clock, ids, opened)
        payments = Payments.of(database, clock, ids, ledger, accounts, bytes(32), rails)
        url = await opened.enter_async_context(listening(sepa_routes(task, clock, ids, payments)))
        system.clearing.admit(csm.Participant(OUR_BIC, f"{url}/sepa"))
        headers = {"Authorization": f"Bearer {SECRET}"}
        http = await opened.enter_async_context(
            httpx.AsyncClient(headers=headers, trust_env=False, timeout=60)
        )
        teller = Bank(ledger, database, tenant, UUID(bank.book))
        yield Street(f"{url}/sepa", bank, payments, system, http, teller)
        await system.deliveries.close()


async def test_money_goes_both_ways_and_both_books_say_the_same(
    street: Street, database: Database
) -> None:
    bank = street.bank
    account = str((await bank.open())["id"])
    assert (await street.credit(account, 2_500))["status"] == "ACSC"
    assert (await bank.balance(account))["booked"] == "2500"
    paid = await street.pay(account, 1_000)
    assert paid.state == OrderState.SETTLED
    assert (await bank.balance(account))["booked"] == "1500"
    assert street.position == 1_500
    assert await street.settlement() == 1_500
    report = await verify_book(database, bank.tenant.id, UUID(bank.book))
    assert report.findings == []


async def test_a_credit_to_nobody_is_refused_by_its_reason(street: Street) -> None:
    made = await street.tell(
        "credits", bic=OUR_BIC, iban="DE02120300000000202051", name="Nobody", amount="100"
    )
    assert (made["status"], made["reason"]) == ("RJCT", "AC03")
    assert street.position == 0


async def test_a_credit_of_the_day_to_nobody_goes_back_by_one_message(street: Street) -> None:
    now, name = datetime.now(UTC), uuid4().hex
    transfer = pacs008.CreditTransfer(
        None, "E-1", name, 100, "EUR", now,
        pacs008.AccountOwner("Grace Hopper", THEIR_IBAN, THEIR_BIC),
        pacs008.AccountOwner("Nobody", "DE02120300000000202051", OUR_BIC),
        None,
    )  # fmt: skip
    message = pacs008.CreditTransfers(name, now, now.date(), None, (transfer,))
    url, raw = f"{street.url}/sct/{OUR_BIC}", pacs008.write_pacs008(message)
    first = await street.http.post(url, content=raw)
    assert pacs004.read_pacs004(first.content).reason == "AC03"
    assert (await street.http.post(url, content=raw)).content == first.content


async def test_many_credits_at_once_some_told_twice_are_each_booked_once(street: Street) -> None:
    account = str((await street.bank.open())["id"])
    for _ in range(5):
        street.system.behave(Misbehaviour.DELIVERED_TWICE)
    cleared = await asyncio.gather(*(street.credit(account, 100) for _ in range(20)))
    assert {each["status"] for each in cleared} == {"ACSC"}
    assert (await street.bank.balance(account))["booked"] == "2000"
    assert street.position == 2_000


async def test_what_comes_back_is_on_the_payers_account_again(street: Street) -> None:
    account = await street.bank.funded(5_000)
    paid = await street.pay(account, 1_000)
    assert paid.state == OrderState.SETTLED
    [name] = street.system.clearing.transfers
    await street.tell(
        "returns", sender_bic=OUR_BIC, transaction_id=name[1], code="AC04", amount="1000"
    )
    assert (await street.bank.balance(account))["booked"] == "5000"
    found = await street.bank.tenant.client.get(f"/v1/payments/{paid.id}")
    assert found.json()["state"] == "returned"
    assert street.position == 0


async def test_whatever_settled_coming_back_is_on_the_books_as_on_the_clearing_systems(
    street: Street, database: Database
) -> None:
    account = await street.bank.funded(5_000)
    await street.pay(account, 1_000)
    # Of tests before this one the ledger knows, and this clearing system does not.
    before = await street.settlement() - street.position
    [name] = street.system.clearing.transfers
    await street.tell(
        "returns", sender_bic=OUR_BIC, transaction_id=name[1], code="AC04", amount="1000"
    )
    await street.settle_back(name[1], 300)
    await street.settle_back("NEVER-SENT", 70)
    assert street.position == await street.settlement() - before == 370
    assert (await street.bank.balance(account))["booked"] == "5000"
    listed = (await street.bank.tenant.client.get("/v1/unapplied-money?limit=1000")).json()
    waiting = [each["remaining"] for each in listed["unapplied_money"]]
    assert sorted(waiting) == ["300", "70"]
    report = await verify_book(database, street.bank.tenant.id, UUID(street.bank.book))
    assert report.findings == []


async def test_what_comes_back_of_a_payment_that_was_said_to_be_rejected_moves_nothing(
    street: Street,
) -> None:
    account = await street.bank.funded(5_000)
    street.system.behave(Misbehaviour.DECLINED)
    paid = await street.pay(account, 1_000)
    assert paid.state == OrderState.REJECTED
    before = await street.settlement() - street.position
    [(name, transfer)] = street.system.clearing.transfers.items()
    # It was carried out all the same, which nobody here is told, and is given back.
    transfer.status = "ACSC"
    street.system.clearing.books.move(OUR_BIC, THEIR_BIC, 1_000)
    await street.tell(
        "returns", sender_bic=OUR_BIC, transaction_id=name[1], code="AC04", amount="1000"
    )
    assert street.position == await street.settlement() - before == 0
    assert (await street.bank.balance(account))["booked"] == "5000"


async def test_a_recall_is_a_case_that_waits_for_an_answer(street: Street) -> None:
    account = str((await street.bank.open())["id"])
    name = (await street.credit(account, 700))["transaction_id"]
    await street.tell("recalls", sender_bic=SENDER, transaction_id=name, code="DUPL")
    listed = (await street.bank.tenant.client.get("/v1/recalls")).json()["recalls"]
    assert [each["state"] for each in listed if each["code"] == "DUPL"] == ["open"]
    assert (await street.bank.balance(account))["booked"] == "700"


async def test_a_recall_of_ours_reaches_the_payees_bank(
    street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    paid = await street.pay(await street.bank.funded(5_000), 1_000)
    made = await street.bank.tenant.create(f"/v1/payments/{paid.id}/recall", {"reason": "AM09"})
    told: list[tuple[str, bytes]] = []
    monkeypatch.setattr(
        street.system.deliveries, "tell", lambda url, raw, *_: told.append((url, raw))
    )
    street.system.clearing.admit(csm.Participant(THEIR_BIC, "https://bank.example/sepa"))
    assert isinstance(await street.told(made["id"]), Done)
    assert isinstance(await street.told(made["id"]), Done)
    [(url, raw), (_, again)] = told
    assert url.startswith("https://bank.example/")
    assert raw == again, "a repeat is the same message"
    request = camt056.read_camt056(raw)
    assert (request.reason, f"{request.assignee_bic}XXX") == ("AM09", THEIR_BIC)


async def test_a_credit_is_given_back_although_its_first_return_was_refused(
    street: Street,
) -> None:
    bank = street.bank
    account = str((await bank.open())["id"])
    name = (await street.credit(account, 700))["transaction_id"]
    await street.tell("recalls", sender_bic=SENDER, transaction_id=name, code="TECH")
    listed = (await bank.tenant.client.get("/v1/recalls?limit=1000")).json()["recalls"]
    [case] = [each["id"] for each in listed if each["code"] == "TECH"]
    transfer = street.system.clearing.transfers[SENDER, name]
    for status, state in (("PDNG", "open"), ("ACSC", "accepted")):
        transfer.status = status
        answer = await bank.tenant.post(f"/v1/recalls/{case}/answer", {"answer": "accept"})
        assert answer.status_code == 200, answer.text
        assert isinstance(await street.told(case), Done)
        assert (await bank.tenant.client.get(f"/v1/recalls/{case}")).json()["state"] == state
    assert (await bank.balance(account))["booked"] == "0"
    assert street.position == 0

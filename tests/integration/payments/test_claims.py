"""What the payer did not authorise comes back to them once, whoever pays it back."""

import asyncio
import random
from uuid import UUID

import httpx
import pytest

from bezant.kernel.database import Database
from bezant.ledger import verify_book
from customers import CustomerBank
from fixtures_api import Tenant
from paying import Desk, posted
from shopping import Shop, code_of, open_shop

FUNDS = 10_000
MANY = 20


@pytest.fixture
async def shop(bank: CustomerBank) -> Shop:
    """A payee who has money of other sales too: only the payment has no more."""
    shop = await open_shop(bank, FUNDS)
    await shop.captured(2_000)
    return shop


async def back_of(shop: Shop, payment: str) -> tuple[int, int, int]:
    """What came back to the payer, what the institution bears, what is left with the payee."""
    payer, _, payee = await shop.money()
    borne = int(await posted(shop.bank, f"unauthorised:{payment}") or 0)
    captured = int((await shop.standing(payment))["captured"])
    return payer - (FUNDS - 2_000 - captured), borne, payee - 2_000


async def bought(shop: Shop, *, amount: int = 100) -> str:
    """A payment that was settled at once."""
    order = {"debtor_account": shop.payer, "creditor": {"account_id": shop.payee}}
    body = order | {"asset": "EUR", "amount": str(amount)}
    return str((await shop.bank.tenant.create("/v1/payments", body))["id"])


async def refund(shop: Shop, payment: str, amount: int) -> httpx.Response:
    return await shop.ask(payment, "refunds", amount=str(amount), reason="returned")


async def claim(shop: Shop, payment: str, **body: object) -> str:
    """Claim a payment; the amount."""
    made = await shop.bank.tenant.create(f"/v1/payments/{payment}/unauthorised", body)
    return str(made["amount"])


async def test_what_the_payee_refunded_is_not_paid_back_a_second_time(shop: Shop) -> None:
    payment = await bought(shop)
    assert (await refund(shop, payment, 60)).status_code == 201
    assert await claim(shop, payment) == "40"
    assert (await shop.money())[0] == FUNDS - 2_000
    assert await posted(shop.bank, f"unauthorised:{payment}") == "40"


async def test_only_what_was_captured_is_paid_back(shop: Shop) -> None:
    payment = await shop.authorize(100)
    await shop.ask(payment, "captures", amount="40", final=True)
    await refund(shop, payment, 10)
    assert await claim(shop, payment) == "30"
    assert await back_of(shop, payment) == (40, 30, 30)


async def test_all_that_an_authorisation_was_raised_to_is_paid_back(shop: Shop) -> None:
    payment = await shop.authorize(100)
    await shop.ask(payment, "increment", amount="50")
    await shop.ask(payment, "captures")
    assert await claim(shop, payment) == "150"
    assert await back_of(shop, payment) == (150, 150, 150)


async def test_what_can_still_be_captured_is_voided_before_it_is_claimed(shop: Shop) -> None:
    payment = await shop.authorize(100)
    path = f"/v1/payments/{payment}/unauthorised"
    assert code_of(await shop.bank.tenant.post(path, {})) == (409, "PAYMENT_NOT_RECALLABLE")
    await shop.ask(payment, "captures", amount="40")
    assert code_of(await shop.bank.tenant.post(path, {})) == (409, "PAYMENT_NOT_RECALLABLE")
    await shop.ask(payment, "void", reason="unauthorised")
    assert await claim(shop, payment) == "40"
    assert await back_of(shop, payment) == (40, 40, 40)


async def test_what_is_wholly_refunded_is_not_claimed(shop: Shop) -> None:
    payment = await shop.captured()
    await refund(shop, payment, 100)
    path = f"/v1/payments/{payment}/unauthorised"
    assert code_of(await shop.bank.tenant.post(path, {})) == (409, "PAYMENT_NOT_RECALLABLE")


async def test_what_the_payee_refunds_after_a_claim_is_the_institutions(shop: Shop) -> None:
    payment = await shop.captured()
    assert await claim(shop, payment) == "100"
    made = await refund(shop, payment, 30)
    assert (made.status_code, made.json()["amount"]) == (201, "30")
    assert await back_of(shop, payment) == (100, 70, 70)
    assert (await refund(shop, payment, 70)).status_code == 201
    assert await back_of(shop, payment) == (100, 0, 0)
    assert (await shop.steps(payment))[-2:] == ["partially_returned", "returned"]


async def test_a_refund_pays_the_institution_whose_payer_takes_nothing_any_more(
    shop: Shop, own: Tenant
) -> None:
    payment, further = await shop.captured(), await shop.captured()
    await claim(shop, payment)
    block = {"kind": "legal", "direction": "both", "reason": "attachment"}
    await own.create(f"/v1/accounts/{shop.payer}/blocks", block)
    assert (await refund(shop, payment, 100)).status_code == 201
    assert await posted(shop.bank, f"unauthorised:{payment}") == "0"
    assert code_of(await refund(shop, further, 100)) == (422, "ACCOUNT_BLOCKED")


@pytest.mark.parametrize("disputed_first", [True, False])
async def test_a_dispute_that_is_lost_pays_the_institution_that_has_refunded(
    shop: Shop, *, disputed_first: bool
) -> None:
    payment = await shop.captured()
    await refund(shop, payment, 10)
    if not disputed_first:
        await claim(shop, payment)
    assert (await shop.ask(payment, "dispute", reason="not_mine")).status_code == 200
    if disputed_first:
        # The next business day comes before most disputes are resolved.
        assert await claim(shop, payment) == "90"
    assert await back_of(shop, payment) == (100, 90, 90)
    lost = await shop.ask(payment, "dispute/resolve", outcome="lost", reason="no_proof")
    assert lost.json()["state"] == "returned"
    assert await back_of(shop, payment) == (100, 0, 0)


async def test_a_claim_that_is_due_pays_what_the_payee_has_not_refunded_by_then(
    shop: Shop, desk: Desk
) -> None:
    payment = await shop.captured()
    assert await claim(shop, payment, refund="when_due") == "100"
    await refund(shop, payment, 60)
    for _ in range(2):
        await desk.pay_claim(UUID(payment))
    assert await back_of(shop, payment) == (100, 40, 40)


async def test_a_claim_and_refunds_at_once_pay_the_payer_once_in_all(shop: Shop) -> None:
    payment = await shop.captured()
    path = f"/v1/payments/{payment}/unauthorised"
    claims = [shop.bank.tenant.post(path, {}) for _ in range(MANY)]
    refunds = [refund(shop, payment, 60) for _ in range(MANY)]
    asked = [call for both in zip(refunds, claims, strict=True) for call in both]
    answers = await asyncio.gather(*asked)
    codes = [answer.status_code for answer in answers]
    assert (codes[::2].count(201), codes[1::2].count(201)) == (1, 1)
    assert await back_of(shop, payment) == (100, 40, 40)


class Story:
    """One payment of a shop, and whatever is asked for of it."""

    def __init__(self, shop: Shop, desk: Desk, payment: str, dice: random.Random) -> None:
        self._shop, self._desk, self._payment, self._dice = shop, desk, payment, dice
        self._claimed = False

    async def turn(self) -> None:
        """Ask for something; what does not fit is refused."""
        turns = [self._refund, self._claim, self._pay, self._dispute, self._resolve, self._take]
        await self._dice.choices(turns, [4, 1, 1, 2, 2, 1])[0]()

    async def _refund(self) -> None:
        await refund(self._shop, self._payment, self._dice.randint(1, 60))

    async def _claim(self) -> None:
        when = self._dice.choice(["now", "when_due"])
        answer = await self._shop.ask(self._payment, "unauthorised", refund=when)
        self._claimed |= answer.status_code == 201

    async def _pay(self) -> None:
        if self._claimed:
            await self._desk.pay_claim(UUID(self._payment))

    async def _dispute(self) -> None:
        await self._shop.ask(self._payment, "dispute", reason="not_mine")

    async def _resolve(self) -> None:
        outcome = self._dice.choice(["won", "lost"])
        await self._shop.ask(self._payment, "dispute/resolve", outcome=outcome, reason="proof")

    async def _take(self) -> None:
        is_final = self._dice.choice([True, False])
        amount = str(self._dice.randint(1, 100))
        await self._shop.ask(self._payment, "captures", amount=amount, final=is_final)


@pytest.mark.parametrize("seed", range(12))
async def test_in_any_sequence_the_payer_gets_back_what_was_captured_at_the_most(
    shop: Shop, desk: Desk, seed: int
) -> None:
    dice = random.Random(seed)
    payment = await shop.authorize(100)
    await shop.ask(payment, "captures", amount=str(dice.randint(20, 100)), final=seed % 3 > 0)
    story = Story(shop, desk, payment, dice)
    for _ in range(10):
        await story.turn()
        standing = await shop.standing(payment)
        captured, refunded = int(standing["captured"]), int(standing["refunded"])
        payer, borne, payee = await back_of(shop, payment)
        assert 0 <= payer <= captured
        assert borne >= 0
        assert payee == captured - refunded, "is what the payee was not paid back from"
        assert payer + payee == captured + borne, "is what somebody has, or bears"


async def test_the_books_are_whole_after_all_of_this(
    bank: CustomerBank, database: Database
) -> None:
    report = await verify_book(database, bank.tenant.id, UUID(bank.book))
    assert report.findings == []

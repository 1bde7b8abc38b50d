"""Scenes of the month before: what happened in it, what was wrong with it, and how it is closed."""

from typing import Final

from msgspec.structs import replace

from bezant.cli import wire
from bezant.cli.demo.bank import BankLine
from bezant.cli.demo.chart import ACCRUED, AUDIT, BANK_COSTS, FEES, HOSTING, NOSTRO, RESULTS
from bezant.cli.demo.day import Day, leg, shown, wallet
from bezant.cli.demo.report import MonthReport, ProofRow
from bezant.kernel.money import format_units
from bezant.ledger import proof, schemas

PAID_OUT: Final = ("merchants:1", "merchants:2", "merchants:3")
PAYERS: Final = 4
MONTHLY_FEE: Final = 4_50
FEE_PER_MILLE: Final = 15


def look_back(day: Day) -> str:
    """The month's movements at the bank, each told to the bank and to the books."""
    taken = _take_top_ups(day)
    paid_out = _pay_merchants(day)
    _pay_bills(day)
    day.bank.charge(day.month)
    return (
        f"In {day.month.title} {shown(taken)} came in from {PAYERS} customers; merchants got"
        f" {shown(paid_out)} in one collective payment."
    )


def _take_top_ups(day: Day) -> int:
    total = 0
    for customer in range(PAYERS):
        amount, when = day.dice.randrange(200_00, 400_00), day.month.day(2 + customer)
        id_ = f"TOPUP-{customer + 1}"
        day.post_on(
            when, leg(NOSTRO["EUR"], wallet(customer), amount, code="top-up"), end_to_end_id=id_
        )
        day.bank.book(BankLine(when, amount, "Top-up", end_to_end_id=id_))
        total += amount
    return total


def _pay_merchants(day: Day) -> int:
    """Purchases, and what the merchants get for them: one line at the bank, three in the books."""
    total, batch = 0, f"PAYOUT-{day.month.first:%y%m}"
    for customer, shop in enumerate(PAID_OUT):
        amount = day.dice.randrange(20_00, 90_00)
        fee = amount * FEE_PER_MILLE // 1000
        purchase = leg(wallet(customer), shop, amount, code="card")
        day.post_on(day.month.day(9), purchase, leg(shop, FEES, fee, code="fee"))
        payout = leg(shop, NOSTRO["EUR"], amount - fee, code="payout")
        day.post_on(day.month.day(12), payout, batch=batch)
        total += amount - fee
    day.bank.book(BankLine(day.month.day(12), -total, "Payouts", reference=batch))
    return total


def _pay_bills(day: Day) -> None:
    """A bill with its number, and the bank's fee, which comes without any reference."""
    number, bill, fee = f"INV-{day.month.first:%y%m}", day.dice.randrange(30_00, 90_00), 9_90
    when = day.month.day(15)
    day.post_on(when, leg(HOSTING, NOSTRO["EUR"], bill, code="bill"), reference=number)
    day.bank.book(BankLine(when, -bill, f"Servers, invoice {number}, thank you"))
    when = day.month.day(20)
    day.post_on(when, leg(BANK_COSTS, NOSTRO["EUR"], fee, code="bank"))
    day.bank.book(BankLine(when, -fee, "Account fee"))


def take_back(day: Day) -> str:
    """A fee that is booked twice: it is taken back, and both stay visible."""
    when = day.month.day(24)
    fee = leg(wallet(1), FEES, MONTHLY_FEE, code="monthly")
    day.post_on(when, fee)
    wrong = day.post_on(when, fee).id
    back = day.client.reverse(
        day.book,
        wrong,
        schemas.ReversalOfTransaction(
            effective_at=day.month.noon(day.month.day(25)),
            booking_date=day.month.day(25),
            reason="The monthly fee was booked twice",
        ),
    )
    seen = day.client.transaction(day.book, wrong)
    both = "both stay visible" if seen.reversed_by == [back.id] else "NOT VISIBLE"
    day.refuse(
        "the same fee is taken back a second time",
        "NOTHING_TO_REVERSE",
        lambda: day.client.reverse(day.book, wrong, schemas.ReversalOfTransaction()),
    )
    return f"A fee of {shown(MONTHLY_FEE)} was booked twice and is reversed once; {both}."


def accrue(day: Day) -> str:
    """A cost of the month whose bill is still to come."""
    amount = day.dice.randrange(30, 60) * 1_00
    day.post_on(day.month.last, leg(AUDIT, ACCRUED, amount, code="accrual"))
    return f"The auditor's bill for {day.month.title} is not here yet: {shown(amount)} are accrued."


def close_month(day: Day) -> str:
    """The month is closed with closing entries; from then on nothing gets into it."""
    asked = wire.PeriodClosing(wire.ClosingEntries(RESULTS))
    closed = day.client.close_period(day.book, day.month.id, asked)
    result = 0
    if closed.closing_transaction is not None:
        entries = day.client.transaction(day.book, closed.closing_transaction)
        for entry in entries.postings:
            amount = int(entry.amount)
            result += amount if entry.credit.startswith(RESULTS) else -amount
    title = day.month.title
    day.refuse(
        f"a payment is booked into {title}, which is closed",
        "ACCOUNTING_CLOSED",
        lambda: day.post_on(day.month.last, leg(wallet(0), FEES, 1)),
    )
    day.refuse(
        f"{day.month.next.title} is closed before it is over",
        "PERIOD_NOT_OVER",
        lambda: day.client.close_period(day.book, day.month.next.id, asked),
    )
    day.closed = MonthReport(day.month.id, title, closed.status, format_units(result, 2))
    word = "profit" if result >= 0 else "loss"
    return f"{title} is {closed.status}; its {word} of {shown(abs(result))} goes to equity."


def prove(day: Day) -> str:
    """The proof that a transaction is in the book's log holds; of another amount it does not."""
    amount = day.dice.randrange(10_00, 30_00)
    posted = day.post(leg(wallet(2), "merchants:1", amount, code="proven"))
    given = day.client.proof(day.book, posted.id)
    changed = replace(
        given, leaf=given.leaf.replace(f'"{amount}"', f'"{amount + 1}"'), checkpoint=None
    )
    row = ProofRow(
        f"a payment of {shown(amount)}",
        given.seq,
        holds=given.transaction == posted.id and _holds(given),
        changed_holds=changed.leaf == given.leaf or _holds(changed),
    )
    day.proven.append(row)
    holds = "holds" if row.holds else "DOES NOT HOLD"
    changed_holds = "ALSO" if row.changed_holds else "not"
    return (
        f"The proof of a payment of {shown(amount)} {holds}, checked offline;"
        f" with a cent more it does {changed_holds} hold."
    )


def _holds(given: proof.InclusionProof) -> bool:
    try:
        proof.check_proof(given, None)
    except proof.ProofInvalid:
        return False
    return True

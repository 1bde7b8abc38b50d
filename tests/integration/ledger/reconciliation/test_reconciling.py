"""Statements against a book, through the database and the job that does the work."""

from datetime import date, timedelta

import msgspec
import pytest

from bezant.kernel.calls import Answer
from bezant.ledger.reconciliation import schemas as wire
from bezant.ledger.reconciliation.domain import Reason, Side
from bezant.ledger.reconciliation.rules import Agreement, LineCondition, Rule
from fixtures_ledger import code
from integration.ledger.reconciliation.conftest import DAY, Desk
from swift import Line, Swift


def eref(reference: str, text: str = "") -> tuple[str, ...]:
    return (f"166?00TRANSFER?20EREF+{reference}?21SVWZ+{text}",)


async def test_what_agrees_is_matched_and_explained(desk: Desk) -> None:
    lines = [
        Line(1250, DAY, text=eref("E-1")),
        Line(-300, DAY, reference="INV-7"),
        Line(77, DAY + timedelta(days=1)),
    ]
    await desk.imported(Swift(lines))
    first = await desk.book(1250, end_to_end_id="e-1")
    second = await desk.book(-300, DAY + timedelta(days=3), reference="INV-7")
    third = await desk.book(77)
    report = await desk.reconcile()
    assert report.breaks == []
    assert [
        (each.rule, each.lines, each.entries, each.agreed, each.difference, each.days)
        for each in report.matches
    ] == [
        ("end-to-end-id", [1], [first], ["end_to_end_id=metadata.end_to_end_id"], "0", 0),
        ("own-reference", [2], [second], ["reference=metadata.reference"], "0", 3),
        ("amount-and-date", [3], [third], [], "0", 1),
    ]
    assert report.summary.difference == "0"
    assert report.summary.by_rule == {
        "amount-and-date": 1, "end-to-end-id": 1, "own-reference": 1,
    }  # fmt: skip


async def test_every_planted_break_is_found_and_named(desk: Desk) -> None:
    lines = [
        Line(1000, DAY, text=eref("MISSING-IN-LEDGER")),
        Line(2001, DAY, text=eref("WRONG-AMOUNT")),
        Line(3000, DAY, text=eref("FAR-OFF")),
        Line(4000, DAY, servicer="TWICE", text=eref("TWICE")),
        Line(4000, DAY, servicer="TWICE", text=eref("TWICE")),
        Line(5000, DAY),
        Line(9, DAY, text=eref("FINE")),
    ]
    await desk.imported(Swift(lines))
    fine = await desk.book(9, end_to_end_id="FINE")
    wrong = await desk.book(2000, end_to_end_id="WRONG-AMOUNT")
    far = await desk.book(3000, DAY + timedelta(days=20), end_to_end_id="FAR-OFF")
    once = await desk.book(4000, end_to_end_id="TWICE")
    twins = [await desk.book(5000), await desk.book(5000)]
    missing = await desk.book(6000, end_to_end_id="MISSING-IN-STATEMENT")
    report = await desk.reconcile()
    assert report.pairs() == {(4,): (once,), (7,): (fine,)}
    expected: dict[object, str] = {
        1: Reason.MISSING_IN_LEDGER,
        2: Reason.WRONG_AMOUNT,
        3: Reason.DATE_FAR_OFF,
        5: Reason.DUPLICATE_LINE,
        6: Reason.AMBIGUOUS,
        wrong: Reason.WRONG_AMOUNT,
        far: Reason.DATE_FAR_OFF,
        missing: Reason.MISSING_IN_STATEMENT,
        twins[0]: Reason.AMBIGUOUS,
        twins[1]: Reason.AMBIGUOUS,
    }
    assert report.reasons() == expected
    related = {each.line or each.entry: (each.related_side, each.related) for each in report.breaks}
    assert related[2] == (Side.ENTRY, [wrong])
    assert related[3] == (Side.ENTRY, [far])
    assert related[5] == (Side.LINE, ["4"])
    assert related[6] == (Side.ENTRY, twins)
    assert related[twins[0]] == (Side.LINE, ["6"])
    explained = report.summary.explained
    assert explained is not None
    assert msgspec.structs.astuple(explained) == ("0", "0", "0", "15001", "-21000")
    assert report.summary.difference == "-5999"
    assert report.summary.by_reason[Reason.AMBIGUOUS] == wire.Tally(3, "15000")


async def test_one_line_is_a_batch_and_several_are_one_entry(desk: Desk) -> None:
    lines = [
        Line(-600, DAY, reference="PAYOUT-1"),
        Line(30, DAY, reference="PARTS"),
        Line(70, DAY + timedelta(days=1), reference="PARTS"),
        Line(55, DAY),
    ]
    await desk.imported(Swift(lines))
    batch = [await desk.book(-amount, batch="PAYOUT-1") for amount in (100, 200, 300)]
    whole = await desk.book(100, reference="PARTS")
    parts = [await desk.book(amount) for amount in (20, 34)]
    rules = [
        Rule("batch", cardinality="1:n", agree=[Agreement("reference", "metadata.batch")]),
        Rule("parts", cardinality="n:1", agree=[Agreement("reference", "metadata.reference")]),
        Rule("sum", cardinality="1:n", tolerance="1", priority=200),
    ]
    report = await desk.reconcile(rules=rules)
    assert report.pairs() == {(1,): tuple(batch), (2, 3): (whole,), (4,): tuple(parts)}
    assert {each.rule: each.difference for each in report.matches} == {
        "batch": "0", "parts": "0", "sum": "1",
    }  # fmt: skip
    # The cent that was tolerated is what the balances differ by, and is accounted for.
    assert report.summary.difference == "1"
    assert report.summary.explained is not None
    assert report.summary.explained.matched == "1"


async def test_a_rule_of_a_user_reads_the_text(desk: Desk) -> None:
    text = ("166?00TRANSFER?20SVWZ+Thanks for invoice RE-2026-?21017, great!",)
    await desk.imported(Swift([Line(998, DAY, text=text), Line(2, DAY, text=("fee",))]))
    paid = await desk.book(1000, invoice="re-2026-017")
    rule = Rule(
        "invoice",
        line=[LineCondition("remittance", "pattern", "*invoice*RE-####-###*")],
        agree=[Agreement("remittance", "metadata.invoice", "mentions")],
        tolerance="5",
    )
    report = await desk.reconcile(rules=[rule])
    assert report.pairs() == {(1,): (paid,)}
    assert report.matches[0].difference == "-2"
    assert report.reasons() == {2: Reason.MISSING_IN_LEDGER}


async def test_again_finds_nothing_and_leaves_what_is_matched(desk: Desk) -> None:
    await desk.imported(Swift([Line(10, DAY), Line(20, DAY)]))
    await desk.book(10)
    first = await desk.reconcile()
    again = await desk.reconcile()
    assert (len(first.matches), len(again.matches)) == (1, 0)
    assert again.reasons() == first.reasons() == {2: Reason.MISSING_IN_LEDGER}
    # A twin of what was matched comes later: the match stands, and the twin is open.
    twin = await desk.book(10)
    third = await desk.reconcile()
    assert third.matches == []
    assert third.reasons() == {2: Reason.MISSING_IN_LEDGER, twin: Reason.MISSING_IN_STATEMENT}


async def test_a_person_matches_and_takes_apart_on_record(desk: Desk) -> None:
    await desk.imported(Swift([Line(10, DAY), Line(25, DAY, reference="X")]))
    wrong = await desk.book(10)
    parts = [await desk.book(12), await desk.book(12, DAY + timedelta(days=9))]
    report = await desk.reconcile()
    service, place = desk.service, (desk.bank.book_id, report.id)

    async def match(lines: list[int], entries: list[str], tolerance: str = "0") -> Answer:
        new = wire.NewMatch(lines, entries, "The bank cut it.", tolerance)
        return await service.match(desk.bank.call(), *place, new)

    assert code(await match([2], parts)) == "AMOUNTS_DIFFER"
    assert code(await match([2, 99], parts)) == "UNKNOWN_ITEM"
    assert code(await match([2], ["99.0"])) == "UNKNOWN_ITEM"
    assert code(await match([1], [wrong])) == "ALREADY_RECONCILED"
    made = (await match([2], parts, "1")).value(wire.MatchView)
    assert (made.rule, made.cardinality, made.author) == ("manual", "1:n", "key:test")
    assert (made.difference, made.days, made.reason) == ("1", 9, "The bank cut it.")
    after = await desk.report(report.id)
    assert [each.resolved for each in after.breaks] == [wire.Resolution(report.id, 2)] * 3

    undoing = wire.NewUndoing("Not theirs.")
    answer = await service.undo(desk.bank.call(), *place, 1, undoing)
    assert answer.value(wire.Undoing).author == "key:test"
    assert code(await service.undo(desk.bank.call(), *place, 1, undoing)) == "MATCH_UNDONE"
    assert code(await service.undo(desk.bank.call(), *place, 9, undoing)) == "MATCH_NOT_FOUND"
    stands = (await desk.report(report.id)).matches[0]
    assert stands.undone is not None
    assert stands.undone.reason == "Not theirs."
    # Rules do not put together what a person took apart.
    again = await desk.reconcile()
    assert again.reasons() == {1: Reason.RELEASED, wrong: Reason.RELEASED}


async def test_nobody_matches_while_rules_are_at_work(desk: Desk) -> None:
    await desk.imported(Swift([Line(10, DAY)]))
    entry = await desk.book(10)
    reconciliation = await desk.ask()
    new = wire.NewMatch([1], [entry], "At once.")
    answer = await desk.service.match(desk.bank.call(), desk.bank.book_id, reconciliation, new)
    assert code(answer) == "RECONCILIATION_RUNNING"
    await desk.done(reconciliation)


async def test_what_is_left_ages_by_the_calendar_of_the_book(desk: Desk) -> None:
    today = date.today()  # noqa: DTZ011 - the book is in UTC, and so is the machine of the tests
    days = (0, 1, 2, 7, 8, 30, 31)
    lines = [Line(1 + ago, today - timedelta(days=ago)) for ago in days]
    await desk.imported(Swift(lines, day=today - timedelta(days=40), closing_day=today))
    report = await desk.reconcile(last=today)
    ages = [(each.age_days, each.age) for each in report.breaks]
    assert ages == [
        (0, "0-1"), (1, "0-1"), (2, "2-7"), (7, "2-7"), (8, "8-30"), (30, "8-30"), (31, ">30"),
    ]  # fmt: skip


async def test_a_period_explains_its_own_difference(desk: Desk) -> None:
    """Statements of two days with one missing between; a match across the period's edge."""
    second, third = DAY + timedelta(days=1), DAY + timedelta(days=2)
    await desk.book(1_000, DAY - timedelta(days=1))  # what the ledger had before
    await desk.imported(Swift([Line(100, DAY, text=eref("A"))], opening=1_010, number="1"))
    await desk.imported(
        Swift([Line(7, third, text=eref("B"))], opening=1_150, day=third, number="3")
    )
    await desk.book(100, DAY, end_to_end_id="A")
    await desk.book(7, third + timedelta(days=1), end_to_end_id="B")
    await desk.reconcile()
    report = await desk.reconcile(first=DAY, last=third)
    explained = report.summary.explained
    assert explained is not None
    assert msgspec.structs.astuple(explained) == ("10", "40", "7", "0", "0")
    assert (report.summary.ledger_opening, report.summary.ledger_closing) == ("1000", "1100")
    assert report.summary.difference == "57"
    assert second not in {each.booking_date for each in report.breaks}


@pytest.mark.parametrize("kind", ["liability", "asset"])
async def test_amounts_are_in_the_accounts_own_direction(desk: Desk, kind: str) -> None:
    """Money in is a debit of an asset and a credit of a liability: both are positive lines."""
    account, pay = "nostro", ("nostro", "world")
    if kind == "liability":
        account = await desk.bank.open("mirror")
        pay = ("world", account)
    await desk.bank.post(desk.bank.leg(*pay, 5, booking_date=DAY, value_date=DAY))
    new = wire.NewReconciliation(account, wire.Period(DAY))
    answer = await desk.service.reconcile(desk.bank.call(), desk.bank.book_id, new)
    report = await desk.report(answer.value(wire.Reconciliation).id)
    assert [each.amount for each in report.breaks] == ["5"]
    assert report.summary.ledger_closing == "5"
    assert report.summary.difference is None

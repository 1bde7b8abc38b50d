"""What a client can rely on when it asks for an account's statement."""

import threading
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from bezant.kernel.pagination import InvalidCursor
from bezant.ledger import schemas
from bezant.ledger.errors import AccountNotFound
from bezant.ledger.history import Axis, History, Sums
from bezant.ledger.statements import files, pages
from bezant.ledger.statements.csv_file import CsvFile
from bezant.ledger.statements.domain import Line
from bezant.ledger.statements.errors import StatementBroken, StatementTooLong
from bezant.ledger.statements.places import Place
from bezant.ledger.statements.service import Part
from fixtures_ledger import Bank
from tellers import Teller

MARCH = (date(2026, 3, 1), date(2026, 3, 31))
FAR = (date(2026, 3, 1), date(2062, 1, 1))


async def test_opening_and_movements_make_closing(teller: Teller) -> None:
    await teller.dated("world", "alice", 1_000, date(2026, 2, 27))
    await teller.dated("world", "alice", 250, date(2026, 3, 1))
    await teller.dated("alice", "world", 100, date(2026, 3, 31))
    await teller.dated("alice", "world", 7, date(2026, 4, 1))
    page = await teller.page(teller.asked("alice", *MARCH))
    assert (page.opening.balance, page.closing.balance) == ("1000", "1150")
    assert page.totals is not None
    assert (page.totals.credits, page.totals.credit_count) == ("250", 1)
    assert (page.totals.debits, page.totals.debit_count) == ("100", 1)
    assert [(entry.direction, entry.balance) for entry in page.entries] == [
        ("credit", "1250"),
        ("debit", "1150"),
    ]
    assert page.next is None
    world = await teller.page(teller.asked("world", *MARCH))
    # An asset grows by debits.
    assert (world.opening.balance, world.closing.balance) == ("1000", "1150")


async def test_an_axis_decides_what_is_in_the_period(teller: Teller) -> None:
    leg = teller.bank.leg(
        *("world", "alice", 5), booking_date=date(2026, 3, 2), value_date=date(2026, 4, 2)
    )
    at = datetime(2026, 5, 2, tzinfo=UTC)
    await teller.bank.post(leg, effective_at=at)
    found = {
        axis: [
            (await teller.page(teller.asked("alice", first, first + timedelta(20), axis))).totals
            for first in (date(2026, 3, 1), date(2026, 4, 1), date(2026, 5, 1))
        ]
        for axis in Axis
    }
    counts = {axis: [each.credit_count for each in all_ if each] for axis, all_ in found.items()}
    assert counts == {
        Axis.BOOKING: [1, 0, 0],
        Axis.VALUE: [0, 1, 0],
        Axis.EFFECTIVE: [0, 0, 1],
    }


async def test_effective_days_are_those_of_the_books_zone(bank: Bank, teller: Teller) -> None:
    elsewhere = await Bank(bank.ledger, bank.database, bank.tenant_id).create(
        time_zone="Pacific/Auckland"
    )
    await elsewhere.open("world", schemas.AccountType.ASSET)
    await elsewhere.open("alice")
    # 2 March 11:00 UTC is 3 March 00:00 there; a microsecond before is 2 March.
    midnight = datetime(2026, 3, 2, 11, tzinfo=UTC)
    for amount, at in ((1, midnight - timedelta(microseconds=1)), (20, midnight)):
        await elsewhere.post(elsewhere.leg("world", "alice", amount), effective_at=at)
    teller = Teller(elsewhere)
    for day, closing in ((date(2026, 3, 2), "1"), (date(2026, 3, 3), "21")):
        page = await teller.page(teller.asked("alice", day, day, Axis.EFFECTIVE))
        assert (page.closing.balance, len(page.entries)) == (closing, 1)


async def test_what_is_reserved_is_shown_apart(teller: Teller) -> None:
    bank = teller.bank
    await teller.dated("world", "alice", 1_000, date(2026, 3, 2))
    hold = await bank.reserve("alice", "world", 300)
    await bank.capture(hold, 100)
    asked = teller.asked("alice", *FAR)
    booked, entries = await teller.whole(asked)
    assert [(entry.kind, entry.balance) for entry in entries] == [
        ("posted", "1000"),
        ("captured", "900"),
    ]
    assert (booked.closing.balance, booked.closing.pending_debits) == ("900", "200")
    _, pending = await teller.whole(asked, section="pending")
    assert [(entry.kind, entry.amount, entry.balance) for entry in pending] == [
        ("pending", "300", None),
        ("captured", "100", None),
    ]
    rows = (await teller.file(asked, "csv")).decode().splitlines()
    assert len(rows) == 1 + 1 + 2 + 1


async def test_pages_do_not_move_while_entries_are_added(teller: Teller) -> None:
    for number in range(1, 8):
        await teller.dated("world", "alice", number, date(2026, 3, number))
    asked = teller.asked("alice", *MARCH)
    first = await teller.page(asked, limit=3)
    seen, page = [*first.entries], first
    while page.next is not None:
        # Dated before what was read, among it, and after it.
        for day in (1, 4, 20):
            await teller.dated("world", "alice", 1_000, date(2026, 3, day))
        page = await teller.page(asked, page.next, limit=3)
        assert page.totals is None
        seen += page.entries
    assert [entry.amount for entry in seen] == [str(number) for number in range(1, 8)]
    assert [entry.balance for entry in seen] == ["1", "3", "6", "10", "15", "21", "28"]
    assert first.closing.balance == "28"
    anew = await teller.page(asked)
    assert int(anew.closing.balance) == 28 + 6 * 1_000


async def test_a_page_looks_through_a_bounded_number_of_entries(
    teller: Teller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "SCANNED", 4)
    for day in range(1, 10):
        await teller.dated("world", "alice", day, date(2026, 3, day))
    hold = await teller.bank.reserve("alice", "world", 3)
    await teller.bank.void(hold)
    asked = teller.asked("alice", *FAR)
    empty = await teller.page(asked, limit=3, section="pending")
    assert (empty.entries, empty.next is None) == ([], False)
    _, pending = await teller.whole(asked, limit=3, section="pending")
    assert [entry.kind for entry in pending] == ["pending", "voided"]
    _, booked = await teller.whole(asked, limit=2)
    assert len(booked) == 9


async def test_a_cursor_that_was_made_up_gives_no_statement(teller: Teller) -> None:
    for day in (1, 2, 3):
        await teller.dated("world", "alice", 10, date(2026, 3, day))
    asked = teller.asked("alice", *MARCH)
    page = await teller.page(asked, limit=2)
    assert page.next is not None
    place = Place.read(page.next)
    assert str(place) == page.next
    seq, known, at, at_seq, leg, balance = page.next.split(".")
    lies = [
        (seq, known, at, at_seq, leg, str(int(balance) + 1)),
        (str(int(seq) + 1), known, at, at_seq, leg, balance),
        (seq, str(int(known) - 10**9), at, at_seq, leg, balance),
        (seq, known, "0", at_seq, leg, balance),
        (seq, "9" * 18, at, at_seq, leg, balance),
    ]
    for lie in lies:
        with pytest.raises(InvalidCursor):
            # At the latest by the last page, which has to arrive at the closing balance.
            await teller.page(asked, ".".join(lie), limit=10)


async def test_known_later_than_the_book_goes_stands_for_its_end(teller: Teller) -> None:
    posted = await teller.dated("world", "alice", 1, date(2026, 3, 2))
    later = datetime.now(UTC) + timedelta(days=400)
    page = await teller.page(teller.asked("alice", *MARCH, known_at=later))
    assert (page.known_seq, page.known_at) == (posted.seq, posted.recorded_at)
    before = posted.recorded_at - timedelta(microseconds=1)
    earlier = await teller.page(teller.asked("alice", *MARCH, known_at=before))
    assert (earlier.known_seq, earlier.closing.balance) == (posted.seq - 1, "0")


async def test_figures_that_do_not_add_up_are_not_answered(
    teller: Teller, monkeypatch: pytest.MonkeyPatch
) -> None:
    for day in (2, 3):
        await teller.dated("world", "alice", 10, date(2026, 3, day))
    asked = teller.asked("alice", *MARCH)
    sums = History.sums

    async def off(history: History, *of: object) -> Sums:
        found = await sums(history, *of)  # type: ignore[arg-type]
        found.credits_posted *= 2
        return found

    with monkeypatch.context() as fault:
        fault.setattr(History, "sums", off)
        # On the first page already, although the entries go on after it.
        with pytest.raises(StatementBroken):
            await teller.page(asked, limit=1)
        for kind in files.KINDS:
            with pytest.raises(StatementBroken):
                await teller.file(asked, kind)
    await teller.page(asked)


async def test_entries_that_go_missing_while_a_file_is_made_are_noticed(
    teller: Teller, monkeypatch: pytest.MonkeyPatch
) -> None:
    for day in (1, 2, 3):
        await teller.dated("world", "alice", 10, date(2026, 3, day))
    entries = History.entries

    async def one_less(history: History, *of: object, **more: object) -> object:
        return (await entries(history, *of, **more))[1:]  # type: ignore[arg-type]

    monkeypatch.setattr(History, "entries", one_less)
    for kind in files.KINDS:
        with pytest.raises(StatementBroken):
            await teller.file(teller.asked("alice", *MARCH), kind)
    with pytest.raises(StatementBroken):
        await teller.page(teller.asked("alice", *MARCH))


async def test_a_file_has_a_bounded_number_of_entries(
    teller: Teller, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = files.FileKind("text/csv", "csv", 2, files.KINDS["csv"].open)
    monkeypatch.setattr("bezant.ledger.statements.service.KINDS", {"csv": kind})
    monkeypatch.setattr(files, "_ENTRIES_AT_ONCE", 1)
    for day in (1, 2):
        await teller.dated("world", "alice", 10, date(2026, 3, day))
    asked = teller.asked("alice", *MARCH)
    assert (await teller.file(asked, "csv")).count(b"entry") == 2
    await teller.dated("world", "alice", 10, date(2026, 3, 3))
    with pytest.raises(StatementTooLong, match="3 entries"):
        await teller.file(asked, "csv")


async def test_files_are_rendered_beside_the_event_loop(
    teller: Teller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a file is made, other requests are answered."""
    await teller.dated("world", "alice", 10, date(2026, 3, 2))
    rendering: list[int] = []

    class Watched(CsvFile):
        def __init__(self, *of: Any) -> None:  # noqa: ANN401 - as its parent
            rendering.append(threading.get_ident())
            super().__init__(*of)

        def add(self, lines: Iterable[Line]) -> None:
            rendering.append(threading.get_ident())
            super().add(lines)

        def close(self) -> None:
            rendering.append(threading.get_ident())
            super().close()

    kind = files.FileKind("text/csv", "csv", 10, Watched)
    monkeypatch.setattr("bezant.ledger.statements.service.KINDS", {"csv": kind})
    await teller.file(teller.asked("alice", *MARCH), "csv")
    assert len(rendering) == 3
    assert threading.get_ident() not in rendering


async def test_content_is_shown_when_asked_for_as_long_as_it_exists(teller: Teller) -> None:
    bank = teller.bank
    leg = bank.leg("world", "alice", 5, booking_date=date(2026, 3, 2))
    await bank.post(leg, metadata={"payer": "Ann Example"}, reason="=Rent()")
    plain, asked = (teller.asked("alice", *MARCH, content=content) for content in (False, True))

    page = await teller.page(plain)
    assert (page.entries[0].metadata, page.entries[0].reason) == (None, None)
    for kind in files.KINDS:
        assert b"Rent" not in await teller.file(plain, kind)
    call = bank.call()
    page = await bank.ledger.statements.page(call, asked, Part("booked", None, 10))
    assert page.entries[0].metadata == {"payer": "Ann Example"}
    assert page.entries[0].reason == "=Rent()"
    rows = await bank.database.fetch(
        "SELECT status FROM audit_entry WHERE tenant_id = $1 AND entry_id = $2",
        bank.tenant_id,
        call.id,
    )
    assert [row["status"] for row in rows] == [200]
    assert b"'=Rent()" in await teller.file(asked, "csv")
    xml = await teller.file(asked, "camt053")
    assert b"<Ustrd>payer: Ann Example</Ustrd>" in xml
    assert b"<AddtlNtryInf>=Rent()</AddtlNtryInf>" in xml
    await bank.database.transaction(
        lambda connection: connection.execute(
            "DELETE FROM transaction_content WHERE tenant_id = $1 AND book_id = $2",
            bank.tenant_id,
            bank.book_id,
        )
    )
    erased = await teller.page(asked)
    assert erased.entries[0].metadata is None
    assert erased.id == page.id


async def test_only_accounts_of_the_tenants_book_have_statements(teller: Teller) -> None:
    bank = teller.bank
    stranger = Teller(Bank(bank.ledger, bank.database, UUID(int=0), bank.book_id))
    for other in (stranger, teller):
        name = "alice" if other is stranger else "nobody"
        with pytest.raises(AccountNotFound):
            await other.page(other.asked(name, *MARCH))
        for kind in files.KINDS:
            with pytest.raises(AccountNotFound):
                await other.file(other.asked(name, *MARCH), kind)

"""Statements are imported once, whoever sends them how often, and only if they add up."""

import asyncio
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec

from bezant.formats.statement_csv import Columns, CsvMapping
from bezant.ledger import schemas
from bezant.ledger.reconciliation import schemas as wire
from bezant.ledger.reconciliation.importing import Format
from fixtures_ledger import code, new_bank
from integration.ledger.reconciliation.conftest import DAY, Desk
from swift import Line, Swift

MARCH_2 = Swift(
    [Line(500, DAY, text=("166?00X?20EREF+A-1?32Alice Example?31DE02?21",)), Line(-200, DAY)],
    opening=1000,
    id="M2",
    number="1",
)
MARCH_3 = Swift(
    [Line(-200, DAY + timedelta(days=1)), Line(-200, DAY + timedelta(days=1))],
    opening=1300,
    day=DAY + timedelta(days=1),
    id="M3",
    number="2",
)
BOTH = Swift([*MARCH_2.lines, *MARCH_3.lines], opening=1000, id="WEEK", number="7")


async def lines(desk: Desk) -> list[tuple[Any, ...]]:
    rows = await desk.bank.database.fetch(
        "SELECT line_no, booking_date, amount FROM statement_line"
        " WHERE tenant_id = $1 AND book_id = $2 ORDER BY line_no",
        *desk.place,
    )
    return [tuple(row) for row in rows]


async def test_the_same_file_again_adds_nothing_and_answers_what_stands(desk: Desk) -> None:
    first = await desk.send(MARCH_2.written())
    again = await desk.send(MARCH_2.written())
    assert (first.status, again.status) == (201, 200)
    assert again.value(wire.Import) == first.value(wire.Import)
    assert first.value(wire.Import).lines_added == 2
    assert len(await lines(desk)) == 2


async def test_the_same_statement_in_another_file_adds_nothing(desk: Desk) -> None:
    await desk.imported(MARCH_2)
    again = await desk.imported(replace(MARCH_2, newline="\n", end=""))
    assert (again.lines, again.lines_added, again.statements_added) == (2, 0, 0)
    assert len(await lines(desk)) == 2


async def test_overlapping_statements_add_only_what_is_unknown(desk: Desk) -> None:
    await desk.imported(MARCH_2)
    week = await desk.imported(BOTH)
    assert (week.lines, week.lines_added, week.statements_added) == (4, 2, 1)
    day = await desk.imported(MARCH_3)
    assert (day.lines_added, day.statements_added) == (0, 1)
    assert [amount for _, _, amount in await lines(desk)] == [500, -200, -200, -200]


async def test_two_statements_of_one_day_may_hold_the_same_payment_twice(desk: Desk) -> None:
    morning = Swift([Line(-200, DAY)], opening=1000, id="AM", number="1")
    evening = Swift([Line(-200, DAY)], opening=800, id="PM", number="2")
    assert (await desk.imported(morning)).lines_added == 1
    assert (await desk.imported(evening)).lines_added == 1


async def test_a_statement_that_grew_adds_what_is_new_and_a_changed_one_is_refused(
    desk: Desk,
) -> None:
    interim = replace(MARCH_2, lines=MARCH_2.lines[:1])
    await desk.imported(interim)
    assert (await desk.imported(MARCH_2)).lines_added == 1
    changed = replace(MARCH_2, lines=[Line(501, DAY), Line(-200, DAY)])
    answer = await desk.send(changed.written())
    assert code(answer) == "STATEMENT_CHANGED"
    assert len(await lines(desk)) == 2


async def test_what_does_not_add_up_is_refused_with_its_figures(desk: Desk) -> None:
    answer = await desk.send(replace(MARCH_2, missing=3).written())
    problem = msgspec.json.decode(answer.body)
    assert problem["code"] == "STATEMENT_UNBALANCED"
    figures = {name: problem[name] for name in ("opening", "movements", "closing", "difference")}
    assert figures == {"opening": "1000", "movements": "300", "closing": "1303", "difference": "3"}
    assert "10.00 EUR" in problem["detail"]
    assert await lines(desk) == []


async def test_an_unreadable_file_is_named_by_line_and_tag(desk: Desk) -> None:
    answer = await desk.send(MARCH_2.written().replace(b":61:26", b":61:xx", 1))
    problem = msgspec.json.decode(answer.body)
    assert (problem["status"], problem["line"], problem["place"]) == (400, "5", ":61:")
    assert await lines(desk) == []


async def test_another_account_or_currency_is_refused(desk: Desk) -> None:
    await desk.imported(MARCH_2)
    elsewhere = replace(MARCH_3, account="DE99")
    assert code(await desk.send(elsewhere.written())) == "STATEMENT_ELSEWHERE"
    dollars = replace(MARCH_3, currency="USD")
    assert code(await desk.send(dollars.written())) == "STATEMENT_ELSEWHERE"


async def test_imports_at_once_add_each_line_once(desk: Desk) -> None:
    answers = await asyncio.gather(
        *(desk.send(file.written()) for file in (MARCH_2, BOTH, MARCH_3, MARCH_2))
    )
    assert all(answer.status in {200, 201} for answer in answers)
    made = [answer.value(wire.Import) for answer in answers if answer.status == 201]
    assert sum(each.lines_added for each in made) == 4
    assert len(await lines(desk)) == 4


async def test_a_repeated_request_is_replayed(desk: Desk) -> None:
    first = await desk.send(MARCH_2.written(), key="once")
    again = await desk.send(MARCH_2.written(), key="once")
    assert (again.is_replay, again.body) == (True, first.body)


async def test_people_do_not_enter_history_in_clear(desk: Desk) -> None:
    await desk.imported(MARCH_2)
    found = []
    for table in ("statement_line", "statement_line_content", "bank_statement", "statement_import"):
        rows = await desk.bank.database.fetch(
            f"SELECT t::text FROM {table} t WHERE tenant_id = $1 AND book_id = $2", *desk.place
        )
        found += [bytes(row[0], "utf-8") for row in rows]
    stored = b"\n".join(found)
    for secret in (b"Alice", b"A-1", b"DE02", b"1234567", b"M2"):
        assert secret not in stored
    # What is shorter stands by chance in any ciphertext.
    for secret in (b"Alice", b"1234567"):
        assert secret.hex().encode() not in stored
    line = await desk.service.line(desk.bank.call(), desk.bank.book_id, "nostro", 1)
    assert (line.counterparty_name, line.end_to_end_id) == ("Alice Example", "A-1")


async def test_what_is_erased_is_gone_and_is_still_recognized(desk: Desk, owner: Any) -> None:  # noqa: ANN401 - a connection
    await desk.imported(MARCH_2)
    await owner.execute(
        "DELETE FROM statement_line_content WHERE tenant_id = $1 AND line_no = 1", desk.place[0]
    )
    line = await desk.service.line(desk.bank.call(), desk.bank.book_id, "nostro", 1)
    assert (line.amount, line.counterparty_name, line.end_to_end_id) == ("500", None, None)
    assert (await desk.imported(BOTH)).lines_added == 2
    report = await desk.reconcile()
    assert report.reasons() == dict.fromkeys(range(1, 5), "missing_in_ledger")


MAPPING = CsvMapping(
    "EUR",
    Columns("Buchung", amount="Betrag", balance="Saldo", remittance="Text"),
    delimiter=";",
    decimal=",",
    thousands=".",
    date_format="DD.MM.YYYY",
    newest_first=True,
)
CSV = (
    "Buchung;Betrag;Saldo;Text\n"
    "03.03.2026;-1.200,00;50,00;Rent\n"
    '02.03.2026;1.000,50;1.250,00;"Salary; March"\n'
)


async def test_a_csv_is_imported_by_its_mapping(desk: Desk) -> None:
    answer = await desk.send(CSV.encode(), Format.CSV, MAPPING)
    assert answer.value(wire.Import).lines_added == 2
    longer = CSV.replace("Text\n", "Text\n04.03.2026;1,00;51,00;More\n", 1)
    answer = await desk.send(longer.encode(), Format.CSV, MAPPING)
    assert answer.value(wire.Import).lines_added == 1
    found = await desk.service.import_details(*desk.place, "nostro", 2)
    assert [(each.closing, each.movements) for each in found.added] == [("5100", "-19850")]


async def test_the_samples_of_banks_are_imported(desk: Desk, vectors: Path) -> None:
    taken = {}
    for file in sorted((vectors / "payments/iso20022/samples").glob("*.xml")):
        content = file.read_bytes()
        if b"<BkToCstmrStmt>" not in content:
            continue
        currency = re.findall(rb'<Amt Ccy="([A-Z]{3})"', content)[0].decode()
        bank = await new_bank(desk.bank.ledger, desk.bank.database)
        await bank.create(schemas.Asset(currency, 2))
        await bank.open("nostro", schemas.AccountType.ASSET, currency)
        answer = await Desk(bank, desk.service).send(content, Format.CAMT053)
        taken[file.name] = answer.value(wire.Import).lines_added
    assert len(taken) == 3
    assert all(taken.values())

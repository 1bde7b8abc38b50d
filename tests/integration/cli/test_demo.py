"""`bezant demo` on a running platform, seen as its users see it."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from msgspec.structs import replace

from bezant.cli import wire
from bezant.cli.client import Client
from bezant.cli.console import Steps
from bezant.cli.demo import bank, command
from bezant.cli.demo.customers.report import CustomersReport, RailRow
from bezant.cli.demo.month import Month
from bezant.cli.demo.report import RefusalRow, Report
from bezant.ledger import proof
from bezant.server import endpoint
from fixtures_servers import open_folder
from running_platform import COMMAND, ENVIRONMENT, RunningPlatform, running

pytestmark = pytest.mark.long

REFUSALS = {
    "OVERDRAFT_EXCEEDED",
    "ASSET_MISMATCH",
    "UNKNOWN_ACCOUNT",
    "IDEMPOTENCY_KEY_REUSED",
    "ACCOUNT_FROZEN",
    "HOLD_NOT_OPEN",
    "QUOTE_USED",
    "NOTHING_TO_REVERSE",
    "ACCOUNTING_CLOSED",
    "PERIOD_NOT_OVER",
}

CUSTOMERS_REFUSALS = {
    "PAYEE_NOT_VERIFIED",
    "PAYEE_NOT_CONFIRMED",
    "DIRECT_DEBIT_STATE",
    "OVERDRAFT_EXCEEDED",
}

# Only the owner of the tables could do this. One account, early in the book, is one cent off.
TAMPER = """
    CREATE FUNCTION tamper() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN NEW.debits_posted := NEW.debits_posted + 1; RETURN NEW; END';
    CREATE TRIGGER tamper BEFORE INSERT OR UPDATE ON balance
        FOR EACH ROW WHEN (NEW.account_no = 7) EXECUTE FUNCTION tamper();
"""
HEAL = "DROP TRIGGER tamper ON balance; DROP FUNCTION tamper();"


@pytest.fixture(scope="module")
async def platform() -> AsyncIterator[RunningPlatform]:
    with open_folder() as parent:
        async with running(parent / "data", "--sandbox") as platform:
            yield platform


@pytest.fixture(scope="module")
async def both(platform: RunningPlatform) -> dict[str, Any]:
    """The report of one run."""
    return await report(platform)


@pytest.fixture(scope="module")
def told(both: dict[str, Any]) -> dict[str, Any]:
    """What it says of the fintech."""
    day: dict[str, Any] = both["day"]
    return day


def minor_units(amount: str) -> int:
    """Minor units of a decimal that is written at its asset's scale."""
    return int(amount.replace(".", ""))


async def demo(data_dir: Path, *options: str, **environment: str) -> tuple[int, str, str]:
    """Run the command: status, standard output, standard error."""
    process = await asyncio.create_subprocess_exec(
        *COMMAND, "demo", "--data-dir", str(data_dir), "--customers", "6", *options,
        env=ENVIRONMENT | environment,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    output, errors = await process.communicate()
    assert process.returncode is not None
    return process.returncode, output.decode(), errors.decode()


async def report(platform: RunningPlatform, *options: str) -> dict[str, Any]:
    """Run it for a program, successfully."""
    status, output, errors = await demo(platform.data_dir, "--json", *options)
    assert status == 0, errors
    found: dict[str, Any] = json.loads(output)
    return found


@asynccontextmanager
async def tampering(platform: RunningPlatform) -> AsyncIterator[None]:
    """Have balances come out wrong meanwhile."""
    owner = await asyncpg.connect(endpoint.read(platform.data_dir).owner_url)
    try:
        await owner.execute(TAMPER)
        yield
        await owner.execute(HEAL)
    finally:
        await owner.close()


async def play(platform: RunningPlatform) -> Report:
    """Play it here, where a fault can be planted in it."""

    def played() -> Report:
        with Client(platform.url, platform.key, Path(platform.serving["ca"])) as client:
            return command.play(client, 1, 6, Steps(as_json=True))

    return await asyncio.to_thread(played)


async def test_the_same_seed_tells_the_same_day_on_a_book_of_its_own(
    platform: RunningPlatform, both: dict[str, Any]
) -> None:
    again, other = await report(platform), await report(platform, "--seed", "2")
    days = [run["day"] for run in (both, again, other)]
    assert len({day["book"] for day in days}) == 3
    assert days[0] == days[1] | {"book": days[0]["book"]}
    assert days[0]["totals"] != days[2]["totals"]
    # New customers, who do the same at the same bank.
    assert both["customers"] == again["customers"]
    assert both["customers"]["parties"] != other["customers"]["parties"]
    assert len(other["verified"]) > len(both["verified"])


async def test_customers_pay_on_every_way_and_nothing_is_left_under_way(
    platform: RunningPlatform, both: dict[str, Any]
) -> None:
    told = both["customers"]
    assert [row["is_organisation"] for row in told["parties"]] == [True] * 3 + [False] * 17
    ways = {(row["rail"], row["direction"], row["state"]): row["count"] for row in told["payments"]}
    assert ways == {
        ("book", "internal", "settled"): 32,  # 17 salaries, 7 rents, 5 of a dinner, 3 further
        ("sct_inst", "in", "settled"): 1,
        ("sct_inst", "out", "settled"): 2,
        ("sct_inst", "out", "returned"): 1,
    }
    answers = {row["expected"]: row["answered"] for row in told["refusals"]}
    assert answers == {code: code for code in CUSTOMERS_REFUSALS}
    happened = " ".join(row["happened"] for row in told["scenes"])
    for words in ("close match: Jürgen Müller", "returns it", "is refused", "standing orders"):
        assert words in happened
    # What came in and did not go out is what they have.
    booked = sum(minor_units(row["balance"]) for row in told["parties"])
    amounts = {tuple(row[k] for k in ("direction", "state")): row for row in told["payments"]}
    came = minor_units(amounts["in", "settled"]["amount"])
    assert booked == came - minor_units(amounts["out", "settled"]["amount"])
    async with platform.client() as client:
        answer = await client.get(f"/v1/books/{told['book']}/trial-balance")
    assert all(one["debits"] == one["credits"] for one in answer.json()["assets"])
    assert {book["name"] for book in both["verified"]} == {"Sandbox Bank", "Demo, seed 1"}
    assert all(book["is_sound"] for book in both["verified"])


async def test_without_other_banks_it_says_how_to_have_them() -> None:
    with open_folder() as parent:
        async with running(parent / "data") as platform:
            status, output, errors = await demo(platform.data_dir)
            again = await report(platform)
    assert status == 0, errors
    assert "`bezant up --sandbox`" in output
    assert "Demo Bank and its customers" in output
    assert output.rstrip().endswith("books balance: yes")
    assert {row["rail"] for row in again["customers"]["payments"]} == {"book"}
    assert len([book for book in again["verified"] if book["name"] == "Demo Bank"]) == 1


@pytest.mark.parametrize(
    "changed",
    [
        {"difference": "0.01"},
        {"payments": [RailRow("sct_inst", "out", "unknown", 1, "1.00")]},
        {"refusals": [RefusalRow("too much", "OVERDRAFT_EXCEEDED", "accepted")]},
    ],
    ids=["unbalanced", "under way", "not refused"],
)
def test_customers_whose_day_went_wrong_are_not_good(changed: dict[str, Any]) -> None:
    good = CustomersReport("Bank", UUID(int=1), True, [], [], [], [], "0.00")
    assert good.is_good
    assert not replace(good, **changed).is_good


async def test_the_books_balance_and_what_should_be_refused_is(told: dict[str, Any]) -> None:
    assert told["books_balance"] is True
    assert {total["asset"] for total in told["totals"]} == {"EUR", "JPY", "BTC"}
    assert all(total["debits"] == total["credits"] != "0" for total in told["totals"])
    assert {row["expected"] for row in told["refusals"]} == REFUSALS
    assert all(row["answered"] == row["expected"] for row in told["refusals"])


async def test_its_balances_are_those_that_the_api_tells(
    platform: RunningPlatform, told: dict[str, Any]
) -> None:
    async with platform.client() as client:
        for row in told["busiest"]:
            path = f"/v1/books/{told['book']}/accounts/{row['account']}"
            balance = (await client.get(f"{path}/balance")).json()
            assert balance["posted"] == row["balance"].replace(".", "").lstrip("0")
            assert balance["version"] == row["transfers"]
            entries = (await client.get(f"{path}/entries")).json()["entries"]
            assert len(entries) == row["transfers"]


async def test_the_statement_shows_the_one_break_that_is_in_it(told: dict[str, Any]) -> None:
    found = told["reconciliation"]
    rules = ["end-to-end-id", "reference-in-text", "batch", "amount-and-date"]
    assert [row["rule"] for row in found["matches"]] == rules
    assert [(row["lines"], row["entries"]) for row in found["matches"]] == [
        (4, 4), (1, 1), (1, 3), (1, 1),
    ]  # fmt: skip
    [(text, amount)] = bank.FORGOTTEN
    [left] = found["breaks"]
    assert (left["what"], left["reason"]) == (text, "missing_in_ledger")
    assert left["amount"] == found["difference"] == f"-{amount // 100}.{amount % 100:02}"
    assert left["booked"] == f"{told['month']['period']}-28"
    assert left["age_days"] > 0
    assert found["is_planted_one"] is True
    assert (found["breaks_left"], found["difference_left"]) == (0, "0.00")


@pytest.mark.parametrize(
    "forgotten", [(), (*bank.FORGOTTEN, ("Postage", 1_20))], ids=["none", "two"]
)
async def test_no_break_or_another_one_is_not_good(
    platform: RunningPlatform,
    monkeypatch: pytest.MonkeyPatch,
    forgotten: tuple[tuple[str, int], ...],
) -> None:
    assert (await play(platform)).is_good
    monkeypatch.setattr(bank, "FORGOTTEN", forgotten)
    report = await play(platform)
    assert report.reconciliation is not None
    assert len(report.reconciliation.breaks) == len(forgotten)
    assert report.books_balance
    assert not report.is_good


async def test_what_the_bank_does_not_know_is_not_good(
    platform: RunningPlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    def book(self: bank.Bank, line: bank.BankLine) -> None:
        if line.end_to_end_id != "TOPUP-2":
            self.lines.append(line)

    monkeypatch.setattr(bank.Bank, "book", book)
    report = await play(platform)
    assert report.reconciliation is not None
    reasons = {row.reason for row in report.reconciliation.breaks}
    assert reasons == {"missing_in_ledger", "missing_in_statement"}
    assert report.reconciliation.breaks_left == 1
    assert not report.is_good


async def test_the_month_is_closed_and_its_result_is_equity(
    platform: RunningPlatform, told: dict[str, Any]
) -> None:
    month = told["month"]
    async with platform.client() as client:
        book = f"/v1/books/{told['book']}"
        period = (await client.get(f"{book}/periods/{month['period']}")).json()
        assert period["status"] == month["status"] == "closed"
        days = {"from": period["first_day"], "to": period["last_day"]}
        earned = (await client.get(f"{book}/income-statement", params=days)).json()["assets"]
        balance = (await client.get(f"{book}/accounts/equity:results:EUR/balance")).json()
    [euros] = [one for one in earned if one["asset"] == "EUR"]
    assert euros["net_income"] == balance["posted"] == str(minor_units(month["result"]))


async def test_a_month_that_stays_open_is_not_good(
    platform: RunningPlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    def leave_open(_client: Client, _book: UUID, period: str, _asked: object) -> wire.Period:
        return wire.Period(period, "open")

    monkeypatch.setattr(Client, "close_period", leave_open)
    report = await play(platform)
    answers = {row.expected: row.answered for row in report.refusals}
    assert answers["ACCOUNTING_CLOSED"] == answers["PERIOD_NOT_OVER"] == "accepted"
    assert not report.is_good


async def test_the_trial_balance_is_the_api_s_and_adds_up_anew(
    platform: RunningPlatform, told: dict[str, Any]
) -> None:
    async with platform.client() as client:
        answer = await client.get(f"/v1/books/{told['book']}/trial-balance")
    for one in answer.json()["assets"]:
        lines = [row for row in told["trial_balance"] if row["asset"] == one["asset"]]
        assert [(row["code"], minor_units(row["debits"])) for row in lines] == [
            (line["code"], int(line["debits"])) for line in one["lines"]
        ]
        assert all(row["code"] is not None for row in lines)
    assert {row["asset"] for row in told["recount"]} == {"EUR", "JPY", "BTC"}
    assert all(row["reported"] == row["counted"] for row in told["recount"])


async def test_a_trial_balance_that_the_accounts_do_not_add_up_to_is_not_good(
    platform: RunningPlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = Client.trial_balance

    def off_by_one(client: Client, book: UUID) -> wire.TrialBalance:
        euros, *others = sorted(asked(client, book).assets, key=lambda one: one.asset != "EUR")
        first = replace(euros.lines[0], balance=str(int(euros.lines[0].balance) + 1))
        return wire.TrialBalance([replace(euros, lines=[first, *euros.lines[1:]]), *others])

    monkeypatch.setattr(Client, "trial_balance", off_by_one)
    report = await play(platform)
    wrong = [(row.asset, row.type) for row in report.recount if row.reported != row.counted]
    assert wrong == [("EUR", "asset")]
    assert not report.books_balance
    assert not report.is_good


async def test_a_proof_that_holds_for_anything_is_not_good(
    platform: RunningPlatform, told: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    [row] = told["proofs"]
    assert (row["holds"], row["changed_holds"]) == (True, False)
    monkeypatch.setattr(proof, "check_proof", lambda *_: None)
    report = await play(platform)
    assert report.books_balance
    assert not report.is_good


@pytest.mark.parametrize("columns", ["80", "120"])
async def test_people_read_tables_that_end_with_the_verdict(
    platform: RunningPlatform, columns: str
) -> None:
    status, output, _ = await demo(platform.data_dir, COLUMNS=columns)
    assert status == 0
    titles = ("Rightly refused", "The bank's statement of ", "Trial balance", "Who has what")
    for title in titles:
        assert f"\n{title}" in output
    # No cell of a table is cut or broken but those that are sentences.
    rows = ("1020 Custody", "Results of closed months", "Counting of coins  not in the books")
    for row in (*rows, "between accounts here", "Lindgren Cycles GmbH"):
        assert row in output
    assert "…" not in output
    assert output.rstrip().endswith("books balance: yes")


async def test_tampered_balances_are_told_and_fail_the_run(platform: RunningPlatform) -> None:
    async with tampering(platform):
        status, output, errors = await demo(platform.data_dir)
    assert status == 1, errors
    assert "The balances in EUR come to " in output
    assert "no trial balance" in output
    assert output.rstrip().endswith("books balance: no"), errors


@pytest.mark.parametrize(
    ("today", "first", "last", "following"),
    [
        (date(2027, 1, 31), date(2026, 12, 1), date(2026, 12, 31), date(2027, 1, 31)),
        (date(2028, 3, 1), date(2028, 2, 1), date(2028, 2, 29), date(2028, 3, 31)),
    ],
)
def test_the_month_is_the_one_before(today: date, first: date, last: date, following: date) -> None:
    month = Month.before(today)
    assert (month.first, month.last) == (first, last)
    assert (month.next.first, month.next.last) == (last + timedelta(days=1), following)


async def test_without_a_platform_it_says_how_to_start_one(tmp_path: Path) -> None:
    status, output, errors = await demo(tmp_path / "nothing")
    assert status == 1
    assert output == ""
    assert "bezant up" in errors

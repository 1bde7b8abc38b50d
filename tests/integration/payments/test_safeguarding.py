"""Customers' money is safeguarded: exactly, day by day, and a difference is somebody's matter."""

import asyncio
from datetime import date, timedelta
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest

from bezant.banking.accounts import ledger_account
from bezant.kernel.calls import Answer, Call
from bezant.kernel.database import Database
from bezant.kernel.jobs import Done, Job
from bezant.ledger import Ledger, Rider
from bezant.ledger.schemas import AccountType
from bezant.payments.safeguarding.jobs import RECONCILE, Reconcile
from bezant.payments.safeguarding.riders import BeginSafeguarding
from bezant.payments.safeguarding.schemas import Outcome, Reconciliation
from fixtures_ledger import IDS, code, open_ledger
from safeguards import SAFE, Safeguard, open_safeguard
from savings import BEGIN, noon

FIRST = BEGIN.date()
SECOND = FIRST + timedelta(days=1)
THIRD = FIRST + timedelta(days=2)


def job_of(bank: Safeguard, day: date) -> Job[Reconcile]:
    payload = Reconcile(bank.arrangement, day)
    return Job(IDS.new(), bank.tenant_id, RECONCILE.name, payload, 1, 1, None, 0, BEGIN)


async def test_what_is_safe_is_compared_with_what_customers_have(
    database: Database, run_folder: Path
) -> None:
    async with open_safeguard(database, run_folder) as bank:
        await bank.arrange()
        ada, bob = await bank.savings.open(), await bank.savings.open()
        await bank.receive(ada, 70_000)
        await bank.receive(bob, 30_000)
        await bank.pay(ada, bob, 12_345)
        found = await bank.reconcile(FIRST)
        assert found.result is not None
        assert found.result.outcome is Outcome.COVERED
        figures = found.result.figures
        assert (figures.resource, figures.requirement) == ("100000", "100000")
        [held] = figures.held
        assert (held.account, held.balance, held.stated, held.counted) == (
            SAFE, "100000", None, "100000",
        )  # fmt: skip
        [owed, waiting] = figures.owed
        assert (waiting.funds, waiting.accounts) == ("unapplied:*", 0)
        assert (owed.funds, owed.accounts) == (f"product:{bank.savings.product}", 2)
        assert found.result.incident_id is None
        assert await bank.told() == ["safeguarding_reconciliation.completed"]


async def test_an_overdrawn_customer_lessens_nobodys_claim(
    database: Database, run_folder: Path
) -> None:
    async with open_safeguard(database, run_folder) as bank:
        await bank.arrange()
        ada, owing = await bank.savings.open(), await bank.savings.open()
        await bank.receive(ada, 50_000)
        await bank.receive(owing, -20_000, safe=0)
        result = await bank.result(FIRST)
        [owed, _] = result.figures.owed
        assert (owed.amount, owed.overdrawn, owed.accounts) == ("50000", "20000", 1)
        assert result.outcome is Outcome.COVERED


async def test_a_shortfall_is_an_incident_until_a_day_finds_it_gone_and_two_people_close_it(
    database: Database, run_folder: Path
) -> None:
    async with open_safeguard(database, run_folder) as bank:
        await bank.arrange()
        ada = await bank.savings.open()
        await bank.receive(ada, 50_000, safe=49_999)
        result = await bank.result(FIRST)
        assert (result.outcome, result.shortfall, result.excess) == (Outcome.SHORTFALL, "1", "0")
        assert result.incident_id is not None
        incident = await bank.incident(result.incident_id)
        assert (incident.state, incident.kind, incident.amount) == ("open", "shortfall", "1")
        assert code(await bank.close(incident.id)) == "SAFEGUARDING_INCIDENT_STATE"
        assert (await bank.acknowledge(incident.id)).status == 200
        assert code(await bank.acknowledge(incident.id)) == "SAFEGUARDING_INCIDENT_STATE"
        assert code(await bank.close(incident.id)) == "SAFEGUARDING_NOT_COVERED"
        # It is there still: the same incident, whatever it comes to by now.
        await bank.receive(ada, 5, safe=0)
        again = await bank.result(SECOND)
        assert (again.incident_id, again.shortfall) == (incident.id, "6")
        assert (await bank.incident(incident.id)).last_day == SECOND
        await bank.secure(6)
        assert code(await bank.close(incident.id)) == "SAFEGUARDING_NOT_COVERED", "no day said so"
        assert (await bank.result(THIRD)).outcome is Outcome.COVERED
        assert (await bank.incident(incident.id)).covered_on == THIRD
        assert code(await bank.close(incident.id, "key:ada")) == "SAFEGUARDING_OWN_ACKNOWLEDGEMENT"
        assert (await bank.close(incident.id)).status == 200
        steps = (await bank.incidents.steps(bank.tenant_id, incident.id)).steps
        assert [(step.state, step.actor, step.reason) for step in steps] == [
            ("open", f"safeguarding:{bank.arrangement}", None),
            ("acknowledged", "key:ada", "late_settlement"),
            ("closed", "key:bob", "topped_up"),
        ]
        done = "safeguarding_reconciliation.completed"
        verbs = ("opened", "acknowledged", "covered", "closed")
        told = [f"safeguarding_incident.{verb}" for verb in verbs]
        assert sorted(await bank.told()) == sorted([done, done, done, *told])
        # A new shortfall is a new incident.
        await bank.receive(ada, 7, safe=0)
        new = await bank.result(THIRD + timedelta(days=1))
        assert new.incident_id not in (None, incident.id)


async def test_a_shortfall_that_comes_back_is_not_covered_any_more(
    database: Database, run_folder: Path
) -> None:
    async with open_safeguard(database, run_folder) as bank:
        await bank.arrange()
        ada = await bank.savings.open()
        await bank.receive(ada, 10, safe=0)
        incident_id = (await bank.result(FIRST)).incident_id
        assert incident_id is not None
        await bank.secure(10)
        await bank.result(SECOND)
        await bank.secure(-3)
        assert (await bank.result(THIRD)).incident_id == incident_id
        incident = await bank.incident(incident_id)
        assert (incident.covered_on, incident.amount) == (None, "3")


async def test_too_much_is_an_incident_of_its_own_above_what_is_tolerated(
    database: Database, run_folder: Path
) -> None:
    async with open_safeguard(database, run_folder) as bank:
        await bank.arrange()
        ada = await bank.savings.open()
        await bank.receive(ada, 10, safe=9)
        short = (await bank.result(FIRST)).incident_id
        await bank.secure(2)
        over = await bank.result(SECOND)
        assert (over.outcome, over.excess) == (Outcome.EXCESS, "1")
        assert over.incident_id not in (None, short)
        assert short is not None
        assert (await bank.incident(short)).covered_on == SECOND, "nothing is missing any more"
        assert (await bank.arrange(excess_tolerance="1")).version == 2
        assert (await bank.result(THIRD)).outcome is Outcome.COVERED


async def test_terms_say_whose_money_counts_and_what_else(
    database: Database, run_folder: Path
) -> None:
    async with open_safeguard(database, run_folder) as bank:
        teller = bank.savings.teller
        for name in ("suspense:1", "suspense:2", "capital"):
            await teller.open(name)
            assert not (await teller.pay("world", name, 100)).is_refusal
        ada = await bank.savings.open()
        await bank.receive(ada, 1_000, safe=0)
        await bank.arrange(other_funds=["suspense:*"], hour=0)
        result = await bank.result(FIRST)
        assert [(each.funds, each.amount) for each in result.figures.owed] == [
            (f"product:{bank.savings.product}", "1000"),
            ("suspense:*", "200"),
            ("unapplied:*", "0"),
        ]
        await bank.arrange(excluded_products=[str(bank.savings.product)])
        assert (await bank.result(SECOND)).figures.requirement == "0"


@pytest.mark.parametrize("named", [[], ["suspense"], ["unapplied:1"], ["unapplied:*"]], ids=str)
async def test_what_waits_counts_once_whether_terms_name_it_or_not(
    database: Database, run_folder: Path, named: list[str]
) -> None:
    async with open_safeguard(database, run_folder) as bank:
        teller = bank.savings.teller
        await bank.arrange(other_funds=named)
        await bank.receive(await bank.savings.open(), 1_000)
        for name in ("unapplied:1", "unapplied:2"):
            await teller.open(name)
            assert not (await teller.pay("world", name, 100)).is_refusal
        result = await bank.result(FIRST)
        assert (result.outcome, result.shortfall) == (Outcome.SHORTFALL, "200")
        assert "unapplied:*" in {each.funds for each in result.figures.owed}


async def test_what_waits_for_another_institution_of_the_book_is_that_ones(
    database: Database, run_folder: Path
) -> None:
    async with open_safeguard(database, run_folder) as bank:
        teller = bank.savings.teller
        await bank.arrange()
        for institution in (bank.institution, await bank.savings.institution("10010010")):
            unapplied = await waiting(bank, institution)
            await teller.open(f"unapplied:{unapplied}")
            assert not (await teller.pay("world", f"unapplied:{unapplied}", 100)).is_refusal
        assert (await bank.result(FIRST)).figures.requirement == "100"


async def waiting(bank: Safeguard, institution: UUID) -> UUID:
    """What a commit notes that has money wait for an institution; what it is known by."""
    teller, unapplied = bank.savings.teller, IDS.new()
    await teller.database.transaction(
        lambda connection: connection.execute(
            "INSERT INTO unapplied_money (tenant_id, unapplied_id, ledger_book, institution_id,"
            " origin, asset, is_open, since)"
            " VALUES ($1, $2, $3, $4, 'payment_return', 'EUR', true, now())",
            bank.tenant_id,
            unapplied,
            teller.book_id,
            institution,
        )
    )
    return unapplied


async def test_the_banks_own_statement_counts_where_it_says_less(
    database: Database, run_folder: Path
) -> None:
    async with open_safeguard(database, run_folder) as bank:
        await bank.arrange()
        ada = await bank.savings.open()
        await bank.receive(ada, 100)
        bank.savings.wind_to(noon(SECOND))
        await bank.state(FIRST, 70)
        result = await bank.result(FIRST)
        [held] = result.figures.held
        assert (held.balance, held.stated, held.counted) == ("100", "70", "70")
        assert (result.outcome, result.shortfall) == (Outcome.SHORTFALL, "30")
        bank.savings.wind_to(noon(THIRD))
        await bank.state(SECOND, 130)
        result = await bank.result(SECOND)
        [held] = result.figures.held
        assert (held.stated, held.counted, result.outcome) == ("130", "100", Outcome.COVERED)
        # A statement that comes after the day was begun changes nothing of it.
        bank.savings.wind_to(noon(THIRD + timedelta(days=1)))
        await bank.begin(THIRD)
        bank.savings.wind_to(noon(THIRD + timedelta(days=1)) + timedelta(hours=1))
        await bank.state(THIRD, 1)
        assert (await bank.result(THIRD)).outcome is Outcome.COVERED


@pytest.mark.parametrize(
    ("account", "kind", "asset"),
    [
        ("nowhere", None, None),
        ("owed", AccountType.LIABILITY, "EUR"),
    ],
)
async def test_what_is_no_asset_of_the_book_safeguards_nothing(
    database: Database, run_folder: Path, account: str, kind: AccountType | None, asset: str | None
) -> None:
    async with open_safeguard(database, run_folder) as bank:
        if kind is not None:
            await bank.savings.teller.open(account, kind, asset)
        refused = await bank.ask(accounts=[{"account": account}])
        assert code(refused) == "UNFIT_SAFEGUARDING_ACCOUNT"
        assert await bank.jobs() == []


async def test_a_day_is_what_the_book_recorded_on_it_and_nothing_later(
    database: Database, run_folder: Path
) -> None:
    async with open_safeguard(database, run_folder, time_zone="America/New_York") as bank:
        await bank.arrange()
        ada = await bank.savings.open()
        await bank.receive(ada, 100)
        bank.savings.wind_to(BEGIN.replace(hour=23))
        await bank.receive(ada, 10)
        bank.savings.wind_to(BEGIN.replace(day=2, hour=4, minute=59))
        await bank.receive(ada, 1)
        assert code(await bank.begin(FIRST)) == "SAFEGUARDING_DAY_NOT_READY", "it is 23:59 there"
        bank.savings.wind_to(BEGIN.replace(day=2, hour=5))
        # By value of the day before, but recorded after its end.
        await bank.savings.pay_in(ada, 5_000, on=FIRST)
        begun = (await bank.begin(FIRST)).value(Reconciliation)
        assert begun.known_at.isoformat() == "2026-01-02T04:59:59.999999+00:00"
        result = await bank.result(FIRST)
        assert result.figures.requirement == "111"
        assert code(await bank.begin(FIRST - timedelta(days=1))) == "SAFEGUARDING_DAY_NOT_READY"


async def test_cuts_are_exact_while_payments_run(database: Database, run_folder: Path) -> None:
    async with open_safeguard(database, run_folder) as bank:
        await bank.arrange()
        accounts = [await bank.savings.open() for _ in range(4)]
        for account in accounts:
            await bank.receive(account, 10_000)
        is_over = asyncio.Event()

        async def pay(index: int) -> int:
            made = 0
            while not is_over.is_set():
                payer, payee = accounts[index], accounts[(index + 1 + made) % 4]
                if payer != payee:
                    await bank.pay(payer, payee, 1 + made % 97)
                # Money comes in and is safe in one transaction: every cut is even.
                legs = (
                    bank.savings.teller.leg("world", ledger_account(payer, "EUR"), 3),
                    bank.savings.teller.leg(SAFE, "world", 3),
                )
                await bank.savings.teller.post(*legs)
                made += 1
            return made

        payers = [asyncio.create_task(pay(index)) for index in range(4)]
        seen = set()
        for number in range(1, 8):
            position = await bank.service.position(bank.tenant_id, bank.arrangement)
            assert (position.shortfall, position.excess) == ("0", "0")
            seen.add(position.figures.requirement)
            bank.savings.wind_to(BEGIN + timedelta(days=number))
            day = FIRST + timedelta(days=number - 1)
            result = await bank.runs().carry_out(bank.tenant_id, Reconcile(bank.arrangement, day))
            assert result.result is not None
            assert result.result.outcome is Outcome.COVERED
            seen.add(result.result.figures.requirement)
        is_over.set()
        assert sum(await asyncio.gather(*payers)) > 0
        assert len(seen) > 7, "something was paid meanwhile"
        # Measured anew, after everything: history does not change.
        page = await bank.service.page(bank.tenant_id, bank.arrangement, after=None, limit=100)
        for day_done in page.reconciliations:
            assert day_done.result is not None
            assert await bank.service.figures(bank.tenant_id, day_done) == day_done.result.figures


async def test_two_workers_reconcile_a_day_once(database: Database, run_folder: Path) -> None:
    async with (
        open_safeguard(database, run_folder) as bank,
        open_ledger(database, run_folder, bank.savings.clock) as other,
    ):
        await bank.arrange()
        ada = await bank.savings.open()
        await bank.receive(ada, 100, safe=1)
        bank.savings.wind_to(noon(SECOND))
        workers = [bank.runs(), bank.runs(other)] * 4
        job = job_of(bank, FIRST)
        outcomes = await asyncio.gather(*(worker.run(job) for worker in workers))
        assert all(isinstance(outcome, Done) for outcome in outcomes)
        told = await bank.told()
        assert sorted(told) == [
            "safeguarding_incident.opened",
            "safeguarding_reconciliation.completed",
        ]
        assert [day for day, _ in await bank.jobs()] == [FIRST, SECOND]


async def test_every_day_makes_the_next_ones_job_at_its_hour(
    database: Database, run_folder: Path
) -> None:
    async with open_safeguard(database, run_folder, time_zone="Europe/Berlin") as bank:
        await bank.arrange(hour=7)
        assert await bank.jobs() == [(FIRST, "2026-01-02T06:00:00+00:00")]
        assert (await bank.arrange(hour=8)).version == 2
        assert len(await bank.jobs()) == 1
        bank.savings.wind_to(noon(SECOND))
        assert isinstance(await bank.runs().run(job_of(bank, FIRST)), Done)
        assert (await bank.jobs())[1:] == [(SECOND, "2026-01-03T07:00:00+00:00")]
        assert not isinstance(await bank.runs().run(job_of(bank, SECOND)), Done), "not over"
        # A day that somebody asks for has a job of its own, at once.
        bank.savings.wind_to(noon(THIRD))
        assert (await bank.begin(SECOND)).status == 201
        assert (await bank.begin(SECOND)).status == 200
        assert [day for day, _ in await bank.jobs()] == [FIRST, THIRD - timedelta(days=1), SECOND]


class Killed(Exception):  # noqa: N818 - what becomes of a process
    """The process is gone."""


class Dying(Ledger):
    """A process that ends at one of its commits: before it, or with the answer lost."""

    step: int
    is_after: bool

    async def submit(self, call: Call, book_id: UUID, rider: Rider) -> Answer:
        self.step -= 1
        if self.step == 0 and not self.is_after:
            raise Killed
        answer = await super().submit(call, book_id, rider)
        if self.step == 0:
            raise Killed
        return answer


@pytest.mark.parametrize("step", [1, 2])
@pytest.mark.parametrize("is_after", [False, True])
async def test_a_worker_killed_at_any_commit_leaves_the_same_day(
    database: Database, run_folder: Path, step: int, *, is_after: bool
) -> None:
    async with open_safeguard(database, run_folder) as bank:
        await bank.arrange()
        ada = await bank.savings.open()
        await bank.receive(ada, 100, safe=40)
        bank.savings.wind_to(noon(SECOND))
        dying = Dying(database, run_folder, clock=bank.savings.clock)
        dying.step, dying.is_after = step, is_after
        await dying.start()
        with pytest.raises(Killed):
            await bank.runs(dying).run(job_of(bank, FIRST))
        await dying.close()
        # What comes after the cut, and before whoever goes on, is of no account.
        await bank.secure(60)
        result = await bank.result(FIRST)
        assert (result.shortfall, result.figures.resource) == ("60", "40")
        assert sorted(await bank.told()) == [
            "safeguarding_incident.opened",
            "safeguarding_reconciliation.completed",
        ]


async def test_a_cut_before_its_days_end_cannot_be_written(
    database: Database, run_folder: Path
) -> None:
    async with open_safeguard(database, run_folder) as bank:
        await bank.arrange()
        early = BeginSafeguarding(bank.arrangement, FIRST, "key:test", is_asked=False)
        teller = bank.savings.teller
        answer = await teller.ledger.submit(teller.call(), teller.book_id, early)
        assert code(answer) == "SAFEGUARDING_DAY_NOT_READY"


async def test_results_are_history(
    database: Database, run_folder: Path, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    async with open_safeguard(database, run_folder) as bank:
        await bank.arrange()
        await bank.result(FIRST)
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await database.fetch(
                "UPDATE safeguarding_result SET resource = resource + 1 WHERE tenant_id = $1",
                bank.tenant_id,
            )
        with pytest.raises(asyncpg.CheckViolationError):
            await owner.execute(
                "UPDATE safeguarding_result SET resource = resource + 1 WHERE tenant_id = $1",
                bank.tenant_id,
            )

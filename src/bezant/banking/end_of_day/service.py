"""Ending days: beginning a run, carrying it out a chunk at a time, and reading runs."""

import asyncio
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from bezant.banking.accounts import AccountStatus
from bezant.banking.end_of_day import schemas, store
from bezant.banking.end_of_day.errors import AccountsChanged, RunNotFound
from bezant.banking.end_of_day.records import BEFORE_ALL, CARRY_OUT, CarryOut, Standing
from bezant.banking.end_of_day.riders import EndDayOfAccounts, Item, StartEndOfDay
from bezant.banking.end_of_day.worksheet import Corrections, Worksheet, read_worksheet
from bezant.banking.fees.charging import Unpaid
from bezant.banking.fees.domain import due_on
from bezant.banking.interest.domain import accrue, is_last_day
from bezant.banking.interest.recomputing import Recomputed
from bezant.banking.interest.records import DayAccrued
from bezant.banking.products import ProductService, ProductTerms
from bezant.banking.terms.interest import InterestTerms, Period
from bezant.kernel.calls import Answer, Call, RefusedAnswer
from bezant.kernel.clock import Clock
from bezant.kernel.database import Database
from bezant.kernel.ids import Ids
from bezant.kernel.jobs import Again, Done, GiveUp, Handling, Job, Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import asyncpg

    from bezant.ledger import Ledger

CHUNK: Final = 500
"""Accounts in one commit, for which other work of the book waits."""

CHUNK_OF_MONTH: Final = 250
"""The same on the last day of a month, when interest and fees are posted account by account."""

_CHANGES_MAX: Final = 20


class EndOfDayService:
    """The ends of days of a tenant's books.

    Args:
        database: connected as the application's role.
        ledger: in whose commits interest and fees are booked.
        chunk: accounts in one commit.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        ids: Ids,
        ledger: "Ledger",
        *,
        chunk: int = CHUNK,
    ) -> None:
        self._database = database
        self._ids = ids
        self._ledger = ledger
        self._chunk = chunk
        self._products = ProductService(database, clock, ids)

    async def start(self, call: Call, new: schemas.NewRun) -> Answer:
        """`POST /v1/end-of-day-runs` -> 201 `Run`. A job carries it out.

        Raises:
            BookNotFound: the tenant has no such.
        """
        rider = StartEndOfDay(self._ids.new(), new.book_id, new.day, call.actor)
        return await self._ledger.submit(call, new.book_id, rider)

    async def run(self, tenant_id: UUID, run_id: UUID) -> schemas.Run:
        """`GET /v1/end-of-day-runs/{run}`.

        Raises:
            RunNotFound: the tenant has no such.
        """
        return (await self._standing(tenant_id, run_id)).view()

    async def page(self, tenant_id: UUID, *, after: str | None, limit: int) -> schemas.Runs:
        """The tenant's runs after the one with the identifier `after`."""
        start = BEFORE_ALL if after is None else UUID(after)
        rows = await self._database.fetch(store.LIST_RUNS, tenant_id, start, limit + 1)
        found = [Standing.of(dict(row)).view() for row in rows[:limit]]
        return schemas.Runs(found, str(found[-1].id) if len(rows) > limit else None)

    async def carry_out(self, tenant_id: UUID, run_id: UUID) -> None:
        """Do what of a run is not done yet. Others may do the same at the same time, or before.

        Raises:
            RunNotFound: the tenant has no such.
            RefusedAnswer: a chunk cannot be done now.
        """
        run = await self._standing(tenant_id, run_id)
        if run.status is schemas.RunStatus.COMPLETED:
            return
        sheet = await read_worksheet(self._database, tenant_id, run)
        zone = await self._zone(tenant_id, run.book_id)
        changes = 0
        # What comes next is looked at while a chunk is committed: history does not change, and what
        # else might is compared in the commit.
        ahead = asyncio.create_task(self._look(tenant_id, run, sheet, zone))
        try:
            while run.status is schemas.RunStatus.RUNNING:
                rider = await ahead
                if rider.after != run.done_until:
                    rider = await self._look(tenant_id, run, sheet, zone)
                following = replace(run, done_until=rider.until)
                ahead = asyncio.create_task(self._look(tenant_id, following, sheet, zone))
                answer = await self._ledger.submit(self._call(tenant_id, run), run.book_id, rider)
                try:
                    answer.value(schemas.Run)
                except RefusedAnswer as refused:
                    # Somebody gave an account other terms at the same moment: look again.
                    changes += 1
                    if refused.code != AccountsChanged.code or changes > _CHANGES_MAX:
                        raise
                run = await self._standing(tenant_id, run_id)
        finally:
            ahead.cancel()
            await asyncio.gather(ahead, return_exceptions=True)

    def handling(self) -> Handling[CarryOut]:
        """Who carries out the jobs of runs, for the runner of a process."""
        return Handling(CARRY_OUT, self._work)

    async def _work(self, job: Job[CarryOut]) -> Outcome:
        try:
            await self.carry_out(job.tenant_id, job.payload.run_id)
        except RunNotFound:
            return GiveUp("There is no such run.")
        except RefusedAnswer as refused:
            return Again(refused.code)
        return Done()

    async def _standing(self, tenant_id: UUID, run_id: UUID) -> Standing:
        row = await self._database.fetchrow(store.READ_RUNS, tenant_id, [run_id])
        if row is None:
            raise RunNotFound("There is no such end of a day.")
        return Standing.of(dict(row))

    async def _zone(self, tenant_id: UUID, book_id: UUID) -> ZoneInfo:
        row = await self._database.fetchrow(store.FIND_TIME_ZONE, tenant_id, book_id)
        assert row is not None, "a run is of a book"
        return ZoneInfo(row["time_zone"])

    async def _look(
        self, tenant_id: UUID, run: Standing, sheet: Worksheet, zone: ZoneInfo
    ) -> EndDayOfAccounts:
        """The accounts that come next, and what is due of them."""
        chunk = self._chunk
        if is_last_day(run.day, Period.MONTH):
            chunk = min(chunk, CHUNK_OF_MONTH)  # quarters and years end with months
        rows = await self._database.fetch(
            store.FIND_CHUNK, tenant_id, run.book_id, run.done_until, chunk
        )
        changed = {
            no: row["account_id"]
            for row in rows
            for no in row["account_nos"]
            if no in sheet.backdated
        }
        corrections = await Corrections.read(
            self._database,
            tenant_id,
            run.book_id,
            changed,
            known_seq=run.known_seq,
            first=min((sheet.backdated[no] for no in changed), default=run.day),
            until=run.day,
        )
        terms = Terms(self._products, tenant_id)
        unpaid = await self._unpaid(tenant_id, run, [row["account_id"] for row in rows])
        left = await self._left(tenant_id, rows, terms)
        items: list[Item] = []
        for row in rows:
            if _takes_part(row, run, zone):
                items += await _items(row, run, sheet, corrections, terms, unpaid, left)
        return EndDayOfAccounts(
            run_id=run.id,
            book_id=run.book_id,
            day=run.day,
            after=run.done_until,
            until=rows[-1]["account_id"] if rows else run.done_until,
            accounts=len(rows),
            items=items,
            is_last=len(rows) < chunk,
        )

    async def _unpaid(
        self, tenant_id: UUID, run: Standing, accounts: list[UUID]
    ) -> "Mapping[tuple[UUID, str], list[Unpaid]]":
        """Fees for the day before that accounts could not pay, by account and asset.

        What is asked for again is for the same day as before, so no later run finds it.
        """
        found = dict[tuple[UUID, str], list[Unpaid]]()
        before = run.day - timedelta(days=1)
        rows = await self._database.fetch(store.FIND_UNPAID, tenant_id, accounts, before)
        for row in rows:
            unpaid = Unpaid(
                row["charge_id"],
                row["code"],
                row["day"],
                str(int(row["gross"])),
                str(int(row["vat"])),
            )
            found.setdefault((row["account_id"], row["asset"]), []).append(unpaid)
        return found

    async def _left(
        self, tenant_id: UUID, rows: "Sequence[asyncpg.Record]", terms: "Terms"
    ) -> set[tuple[UUID, str]]:
        """What accounts had accrued, by account and asset, when they came under terms without any.

        No last day of a period follows on which it would be booked.
        """
        accounts = []
        for row in rows:
            now = await terms.of(row["product_id"], row["product_version"])
            if not now.interest.keys() >= {*row["assets"]}:
                accounts.append(row["account_id"])
        if not accounts:
            return set()
        found = await self._database.fetch(store.FIND_BOOKABLE, tenant_id, accounts)
        return {(row["account_id"], row["asset"]) for row in found}

    def _call(self, tenant_id: UUID, run: Standing) -> Call:
        return Call(
            id=self._ids.new(),
            tenant_id=tenant_id,
            actor=f"end_of_day:{run.id}",
            action="end_of_day.carry_out",
            resource=f"/v1/end-of-day-runs/{run.id}",
            origin="job",
        )


class Terms:
    """The terms of products, each version read once."""

    def __init__(self, products: ProductService, tenant_id: UUID) -> None:
        self._products = products
        self._tenant_id = tenant_id
        self._known: dict[tuple[UUID, int], ProductTerms] = {}

    async def of(self, product_id: UUID, version: int) -> ProductTerms:
        """The terms of a version."""
        key = product_id, version
        if key not in self._known:
            self._known[key] = (await self._products.find(self._tenant_id, *key)).terms
        return self._known[key]


def _takes_part(row: "asyncpg.Record", run: Standing, zone: ZoneInfo) -> bool:
    opened_on: date = row["opened_at"].astimezone(zone).date()
    return opened_on <= run.day and row["status"] != AccountStatus.CLOSED


async def _items(
    row: "asyncpg.Record",
    run: Standing,
    sheet: Worksheet,
    corrections: Corrections,
    terms: Terms,
    unpaid: "Mapping[tuple[UUID, str], list[Unpaid]]",
    left: set[tuple[UUID, str]],
) -> list[Item]:
    """What is due of an account, asset by asset."""
    account_id, version = row["account_id"], row["product_version"]
    now = await terms.of(row["product_id"], version)
    items = []
    for asset, no in zip(row["assets"], row["account_nos"], strict=True):
        balance, agreed = sheet.balance(no), now.interest.get(asset)
        kept, anew = Recomputed(), Recomputed()
        if no in sheet.backdated:
            then: dict[int, Any] = {
                version: (await terms.of(row["product_id"], version)).interest.get(asset)
                for version in corrections.versions(account_id, asset)
            }
            changed = account_id, asset, no, sheet.backdated[no], then
            kept = corrections.of(*changed, compounds=False)
            anew = corrections.of(*changed)
        if agreed is not None:
            kept.days.append(_earned(balance, run.day, version, agreed))
        if agreed is not None and anew.rebookings:
            anew.days.append(_earned(balance + anew.shift, run.day, version, agreed))
        is_corrected = bool(kept.days or anew.rebookings)
        if agreed is None:
            # What an account has that earns nothing any more has no later day to wait for.
            is_booked = is_corrected or (account_id, asset) in left
        else:
            is_booked = is_last_day(run.day, agreed.capitalisation)
        fees = due_on(now.fees, run.day, asset)
        again = unpaid.get((account_id, asset), [])
        if is_corrected or is_booked or fees or again:
            rebooked = (anew.rebookings, anew.days) if anew.rebookings else ([], [])
            of_account = account_id, asset, version, str(balance)
            items.append(Item(*of_account, kept.days, is_booked, fees, *rebooked, again))
    return items


def _earned(balance: int, day: date, version: int, agreed: InterestTerms) -> DayAccrued:
    parts = accrue(balance, day, agreed)
    return DayAccrued(day, 0, version, str(balance), str(parts))

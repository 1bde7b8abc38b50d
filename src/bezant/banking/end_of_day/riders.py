"""The end of a day in the lane of its book: begun once, and carried out a chunk at a time.

A chunk's commit moves the run on from the account where the chunk before ended. So a process that
is killed leaves a whole number of chunks, and of two that carry out the same one only one does.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Final
from uuid import UUID

import msgspec

from bezant.banking.accounts import (
    ACCOUNT_PRODUCT,
    BANK_ACCOUNT,
    AccountStatus,
    ledger_account,
    product_of,
)
from bezant.banking.end_of_day.errors import (
    AccountsChanged,
    DayNotOver,
    DayOutOfOrder,
    PreviousDayRunning,
)
from bezant.banking.end_of_day.records import (
    BEFORE_ALL,
    CARRY_OUT,
    NEWEST,
    RUN,
    CarryOut,
    Standing,
    newest_of,
    run_of,
)
from bezant.banking.end_of_day.schemas import RunStatus
from bezant.banking.fees.charging import Due, Unpaid, charge, claim_of, fee_accounts
from bezant.banking.fees.waivers import FEE_WAIVERS
from bezant.banking.interest.domain import PARTS, bookable
from bezant.banking.interest.records import (
    REMAINDER,
    STANDING,
    AssetInterest,
    DayAccrued,
    Rebooking,
    ensure_accounts,
    interest_accounts,
    standing_key,
)
from bezant.banking.interest.records import Standing as Accrued
from bezant.banking.terms.fees import Fee
from bezant.kernel.calls import Answer
from bezant.kernel.database import Row
from bezant.kernel.errors import Refusal
from bezant.kernel.ids import derived_id
from bezant.kernel.outbox import event
from bezant.ledger import Decision, Reads, RiderKinds, Seen

_STEP: Final = 100
_DAY: Final = timedelta(days=1)


@RiderKinds.register
class StartEndOfDay(msgspec.Struct, frozen=True):
    """`POST /v1/end-of-day-runs`."""

    id: UUID
    book_id: UUID
    day: date
    actor: str
    weight: int = 1

    def reads(self) -> Reads:
        """The book's newest run."""
        return Reads(rows=((NEWEST, self.book_id),))

    def decide(self, seen: Seen) -> Decision:
        """Begin it, with what the book knows now, and make the job that carries it out.

        Raises:
            DayNotOver: see there.
            DayOutOfOrder: see there.
            PreviousDayRunning: see there.
        """
        draft = seen.draft
        if self.day >= draft.at.astimezone(draft.book.time_zone).date():
            raise DayNotOver(f"{self.day} is not over in {draft.book.time_zone}.", field="day")
        newest = newest_of(seen, self.book_id)
        if newest is not None and self.day != newest.day + _DAY:
            raise DayOutOfOrder(f"The newest day is {newest.day}.", field="day")
        if newest is not None and newest.status is not RunStatus.COMPLETED:
            raise PreviousDayRunning(f"{newest.day} is not ended yet.")
        run = Standing(
            self.id,
            self.book_id,
            self.day,
            RunStatus.RUNNING,
            draft.seq if newest is None else newest.known_seq,
            draft.seq,
            BEFORE_ALL,
            0,
            draft.at,
            self.actor,
        )
        job = CARRY_OUT.row(
            draft.ids.new(),
            draft.book.tenant_id,
            CarryOut(self.id),
            at=draft.at,
            unique=str(self.id),
        )
        return Decision(Answer.of(run.view(), 201), (run.save(seen), job))


class Item(msgspec.Struct, frozen=True, array_like=True):
    """What is due of an account in an asset.

    Attributes:
        product_version: under whose terms that was found out.
        balance: at the end of the day, minor units.
        days: what was earned: the day itself, and days before it that have changed.
        is_booked: whether what has accrued is due to be booked.
        fees: that are due.
        rebookings: of days before, since these days have changed what is due of them.
        days_rebooked: in place of `days`, if the account can pay for the rebookings: with what they
            earn, or cost.
        unpaid: fees for the day before that could not be paid.
    """

    account_id: UUID
    asset: str
    product_version: int
    balance: str
    days: list[DayAccrued]
    is_booked: bool
    fees: list[Fee]
    rebookings: list[Rebooking] = []
    days_rebooked: list[DayAccrued] = []
    unpaid: list[Unpaid] = []

    @property
    def is_moving(self) -> bool:
        """Whether something may be posted to the account itself."""
        return self.legs > 0

    @property
    def legs(self) -> int:
        """That are posted to it, at most."""
        fees = len(self.fees) + len(self.unpaid)
        return self.is_booked + 2 * fees + 2 * len(self.rebookings)


@RiderKinds.register
class EndDayOfAccounts(msgspec.Struct, frozen=True):
    """A chunk of a run: accounts after one of them up to another.

    Attributes:
        accounts: how many were looked at.
        is_last: whether no accounts follow.
    """

    run_id: UUID
    book_id: UUID
    day: date
    after: UUID
    until: UUID
    accounts: int
    items: list[Item]
    is_last: bool

    @property
    def weight(self) -> int:
        """Its legs, at most, and what accrues: a chunk is a bulk item, which others pass by."""
        own = sum(1 + item.legs for item in self.items)
        return 1 + own + 2 * len(self._assets)

    @property
    def _assets(self) -> list[str]:
        return sorted({item.asset for item in self.items})

    def reads(self) -> Reads:
        """The run, the accounts, and what they have accrued."""
        names = {ledger_account(item.account_id, item.asset) for item in self._moving()}
        for asset in self._assets:
            names.update(interest_accounts(asset), fee_accounts(asset))
        # Whether something may leave an account is asked only where something is posted to it.
        moving = {item.account_id for item in self._moving()}
        others = {item.account_id for item in self.items} - moving
        charged = {item.account_id for item in self.items if item.fees or item.unpaid}
        keys = [standing_key(item.account_id, item.asset) for item in self.items]
        taken_back = {each.takes_back for item in self.items for each in item.rebookings}
        return Reads(
            frozenset(names),
            originals=frozenset(each for each in taken_back if each is not None),
            rows=(
                (RUN, self.run_id),
                *((BANK_ACCOUNT, account_id) for account_id in moving),
                *((ACCOUNT_PRODUCT, account_id) for account_id in others),
                *((FEE_WAIVERS, account_id) for account_id in charged),
                *((STANDING, key) for key in keys),
                *((REMAINDER, standing_key(self.book_id, asset)) for asset in self._assets),
            ),
        )

    def decide(self, seen: Seen) -> Decision:
        """Accrue, book and charge what is due; nothing if it was done before."""
        *_, decision = self.steps(seen)
        assert decision is not None
        return decision

    def steps(self, seen: Seen) -> Iterator[Decision | None]:
        """The same, with pauses.

        Raises:
            RunNotFound: the tenant has no such.
            AccountsChanged: the terms of one are others.
        """
        run = run_of(seen, self.run_id)
        if run.status is RunStatus.COMPLETED or run.done_until != self.after:
            yield Decision(Answer.of(run.view()))
            return
        interests = {asset: AssetInterest(seen, asset) for asset in self._assets}
        charges: list[Row] = []
        is_in_doubt = seen.draft.is_in_doubt
        for place, item in enumerate(self.items, start=1):
            charges += self._end(seen, item, interests[item.asset])
            if place % _STEP == 0:
                yield None
        # What was refused cannot have been posted before, since the run had not come to it. While
        # in doubt of that, the lane would decide all of this again.
        seen.draft.is_in_doubt = is_in_doubt
        yield self._decision(seen, run, interests, charges)

    def _moving(self) -> Iterator[Item]:
        return (item for item in self.items if item.is_moving)

    def _end(self, seen: Seen, item: Item, interest: AssetInterest) -> list[Row]:
        """End the day of one account in one asset; the rows of its fees."""
        status, version = product_of(seen, item.account_id)
        if status is AccountStatus.CLOSED:
            return []  # It was closed since the day, with all that it had earned.
        if version != item.product_version:
            raise AccountsChanged(f"Account {item.account_id} is under other terms.")
        before = Accrued.find(seen, item.account_id, item.asset)
        accrued = self._accrue(seen, item, before, interest)
        if item.is_booked:
            accrued = self._book(seen, item, accrued, interest)
        if accrued != before:
            interest.save(item.account_id, accrued)
        reference, counts_from = f"{self.day}", self.day + _DAY
        again = [
            claim_of(seen, item.account_id, unpaid.claim(item.asset, counts_from))
            for unpaid in item.unpaid
        ]
        return again + [
            charge(
                seen,
                item.account_id,
                Due(fee, self.day, int(item.balance), reference, counts_from),
            )
            for fee in item.fees
        ]

    def _accrue(self, seen: Seen, item: Item, accrued: Accrued, interest: AssetInterest) -> Accrued:
        """Accrue the day, and correct days and bookings before it that have changed."""
        earned = item.days
        if item.rebookings:
            ensure_accounts(seen.draft, item.asset, interest_accounts(item.asset))
            customer = ledger_account(item.account_id, item.asset)
            # What cannot be paid stays as it was booked; the days themselves are corrected.
            if interest.rebook(item.account_id, item.rebookings, customer):
                earned = item.days_rebooked
                shift = sum(each.difference for each in item.rebookings)
                accrued = replace(accrued, parts=accrued.parts - shift * PARTS)
        days = [day for day in earned if day.revision > 0 or not accrued.has(day.day)]
        return interest.accrue(item.account_id, accrued, days, self.run_id)

    def _book(self, seen: Seen, item: Item, accrued: Accrued, interest: AssetInterest) -> Accrued:
        amount = bookable(accrued.parts)
        if amount == 0:
            return accrued
        ensure_accounts(seen.draft, item.asset, interest_accounts(item.asset))
        customer = ledger_account(item.account_id, item.asset)
        try:
            interest.book(item.account_id, self.day, amount, customer, counts_from=self.day + _DAY)
        except Refusal:
            return accrued  # What cannot be paid stays due, and is asked for when the next is.
        return replace(accrued, parts=accrued.parts - amount * PARTS)

    def _decision(
        self, seen: Seen, run: Standing, interests: dict[str, AssetInterest], charges: list[Row]
    ) -> Decision:
        draft, rows = seen.draft, list(charges)
        for asset, interest in interests.items():
            ensure_accounts(draft, asset, interest_accounts(asset))
            name = b"end of day" + self.run_id.bytes + self.after.bytes + asset.encode()
            rows += interest.finish(derived_id(name), self.day)
        after = replace(run, done_until=self.until, accounts=run.accounts + self.accounts)
        if self.is_last:
            after = replace(after, status=RunStatus.COMPLETED, completed_at=draft.at)
            path = f"/v1/end-of-day-runs/{run.id}"
            facts = {"book": str(run.book_id), "day": str(run.day), "accounts": after.accounts}
            rows.append(event(draft.ids.new(), "end_of_day.completed", path, draft.at, facts))
        rows.append(after.save(seen))
        return Decision(Answer.of(after.view()), tuple(rows))

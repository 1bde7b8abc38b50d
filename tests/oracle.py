"""What a book should hold, in plain Python, written from the specification alone.

It says which refusals are right rather than which comes first, and knows no batches, no lanes, no
processes and no database.
"""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from bezant.ledger import schemas
from bezant.ledger.schemas import AccountStatus, AccountType, HoldState, Side

Codes = set[str]
"""Why a request has to be refused, each a right answer; none if it has to be carried out."""

STANDS: Final = "stands"
"""Among codes: to be told of the transaction that stands under the same id is right as well."""

KEEPING = {
    "UNKNOWN_ACCOUNT", "ACCOUNT_FROZEN", "ACCOUNT_CLOSED",
    "OVERDRAFT_EXCEEDED", "MAXIMUM_EXCEEDED", "UNKNOWN_HOLD",
}  # fmt: skip
"""Refusals that might pass: a transaction refused so stays refused under its id."""


@dataclass
class Limits:
    """Least and most, of the normal direction."""

    floor: int | None = None
    most: int | None = None

    @classmethod
    def of(cls, wire: schemas.Limits) -> "Limits":
        floor = None if wire.overdraft is None else -int(wire.overdraft)
        if wire.minimum is not None:
            floor = int(wire.minimum)
        return cls(floor, None if wire.maximum is None else int(wire.maximum))

    @staticmethod
    def contradict(wire: schemas.Limits) -> bool:
        if wire.minimum is None:
            return False
        is_inverted = wire.maximum is not None and int(wire.maximum) < int(wire.minimum)
        return wire.overdraft is not None or is_inverted

    def broken(self, available: int, expected: int) -> Codes:
        codes = set()
        if self.floor is not None and available < self.floor:
            codes.add("OVERDRAFT_EXCEEDED")
        if self.most is not None and expected > self.most:
            codes.add("MAXIMUM_EXCEEDED")
        return codes


def is_debit_normal(kind: AccountType) -> bool:
    return kind in {AccountType.ASSET, AccountType.EXPENSE}


@dataclass
class Account:
    """An account's totals: what is posted, and what is reserved either way."""

    asset: str
    type: AccountType
    limits: Limits
    minimum: int
    group: str | None = None
    opened_at: datetime | None = None
    status: AccountStatus = AccountStatus.OPEN
    debits: int = 0
    credits: int = 0
    debits_pending: int = 0
    credits_pending: int = 0
    version: int = 0

    @property
    def posted(self) -> int:
        net = self.debits - self.credits
        return net if is_debit_normal(self.type) else -net

    @property
    def available(self) -> int:
        debit_normal = is_debit_normal(self.type)
        return self.posted - (self.credits_pending if debit_normal else self.debits_pending)

    @property
    def expected(self) -> int:
        debit_normal = is_debit_normal(self.type)
        return self.posted + (self.debits_pending if debit_normal else self.credits_pending)

    def broken(self) -> Codes:
        return self.limits.broken(self.available, self.expected)


@dataclass
class Group:
    """A joint limit: its accounts are looked up whenever it is judged."""

    asset: str
    type: AccountType
    limits: Limits


@dataclass
class Hold:
    """What is reserved between two accounts."""

    debit: str
    credit: str
    amount: int
    group: UUID
    expires_at: datetime | None
    captured: int = 0
    state: HoldState = HoldState.OPEN

    @property
    def remaining(self) -> int:
        return self.amount - self.captured if self.state is HoldState.OPEN else 0


Codeless = Sequence[str | None]
"""What each of several requests was refused with; None for what was carried out."""


class Refused(Exception):  # noqa: N818 - an outcome
    """A request that has to be refused, and why."""

    def __init__(self, *codes: str) -> None:
        super().__init__(*codes)
        self.codes = set(codes)


@dataclass
class Oracle:
    """A book."""

    assets: set[str]
    accounts: dict[str, Account] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    holds: dict[UUID, Hold] = field(default_factory=dict)
    posted: dict[UUID, schemas.NewTransaction] = field(default_factory=dict)
    refused: set[UUID] = field(default_factory=set)

    def open(self, new: schemas.NewAccount) -> Codes:
        codes = set()
        if new.id in self.accounts:
            codes.add("ACCOUNT_EXISTS")
        if new.asset not in self.assets:
            codes.add("UNKNOWN_ASSET")
        if Limits.contradict(new.limits):
            codes.add("LIMITS_CONTRADICT")
        minimum = int(new.limits.minimum or 0)
        account = Account(new.asset, new.type, Limits.of(new.limits), minimum)
        account.opened_at = new.opened_at
        codes |= self._join(account, new.limit_group)
        if account.broken():
            codes.add("LIMITS_BROKEN")
        if not codes:
            self.accounts[new.id] = account
        return codes

    def change(self, account_id: str, change: schemas.AccountChange) -> Codes:
        account = self.accounts.get(account_id)
        if account is None:
            return {"ACCOUNT_NOT_FOUND"}
        codes: Codes = set()
        before = deepcopy(account)
        if isinstance(change.status, AccountStatus):
            account.status = change.status
        if isinstance(change.limits, schemas.Limits):
            account.limits = Limits.of(change.limits)
            account.minimum = int(change.limits.minimum or 0)
            if Limits.contradict(change.limits):
                codes.add("LIMITS_CONTRADICT")
        if change.limit_group is None or isinstance(change.limit_group, str):
            codes |= self._join(account, change.limit_group)
        is_empty = (account.posted, account.debits_pending, account.credits_pending) == (0, 0, 0)
        if account.status is AccountStatus.CLOSED and not is_empty:
            codes.add("ACCOUNT_NOT_EMPTY")
        groups = {group for group in (before.group, account.group) if group in self.groups}
        if account.broken() or any(self._group_broken(group) for group in groups):
            codes.add("LIMITS_BROKEN")
        if codes:
            self.accounts[account_id] = before
        return codes

    def open_group(self, new: schemas.NewLimitGroup) -> Codes:
        codes = set()
        if new.id in self.groups:
            codes.add("LIMIT_GROUP_EXISTS")
        if new.asset not in self.assets:
            codes.add("UNKNOWN_ASSET")
        if Limits.contradict(new.limits):
            codes.add("LIMITS_CONTRADICT")
        if Limits.of(new.limits).broken(0, 0):
            codes.add("LIMITS_BROKEN")
        if not codes:
            self.groups[new.id] = Group(new.asset, new.type, Limits.of(new.limits))
        return codes

    def expire(self, now: datetime) -> None:
        """Give back what is over: nothing can be done with it from then on."""
        for hold in self.holds.values():
            is_open = hold.state is HoldState.OPEN
            if is_open and hold.expires_at is not None and hold.expires_at <= now:
                self._give_back(hold, HoldState.EXPIRED)

    def post(self, new: schemas.NewTransaction) -> Codes:
        """Post it, or leave everything as it was. New holds are made known by `learn`."""
        if new.id in self.posted:
            standing = self.posted[new.id]
            if standing == new:
                return set()
            # What a request lets the ledger choose matches whatever was chosen.
            is_chosen = any(leg.balancing is not None for leg in new.postings)
            return {"TRANSACTION_ID_REUSED", *([STANDS] if is_chosen else [])}
        if new.id in self.refused:
            return {"TRANSACTION_ID_REFUSED"}
        before = deepcopy((self.accounts, self.holds))
        try:
            self._post(new)
        except Refused as refused:
            self.accounts, self.holds = before
            return refused.codes
        if new.dry_run:
            self.accounts, self.holds = before
        elif new.id is not None:
            self.posted[new.id] = new
        return set()

    def refuse(self, new: schemas.NewTransaction, code: str) -> None:
        """Learn which of the right refusals a transaction got."""
        is_known = new.id in self.posted or new.id in self.refused
        if new.id is not None and code in KEEPING and not new.dry_run and not is_known:
            self.refused.add(new.id)

    def post_chains(self, items: Sequence[schemas.BatchTransaction], told: Codeless) -> bool:
        """Post items, linked ones together; whether what they were told is right."""
        chain: list[tuple[schemas.BatchTransaction, str | None]] = []
        is_right = True
        for item, code in zip(items, told, strict=True):
            chain.append((item, code))
            if not item.linked:
                is_right = self._post_chain(chain, is_open=False) and is_right
                chain = []
        return self._post_chain(chain, is_open=True) and is_right if chain else is_right

    def _post_chain(
        self, chain: Sequence[tuple[schemas.BatchTransaction, str | None]], *, is_open: bool
    ) -> bool:
        before = deepcopy((self.accounts, self.posted))
        for at, (item, _) in enumerate(chain):
            is_unended = is_open and at == len(chain) - 1
            codes = {"CHAIN_OPEN"} if is_unended else self.post(item)
            if codes and not (STANDS in codes and chain[at][1] in {None, "CHAIN_FAILED"}):
                self.accounts, self.posted = before
                code = chain[at][1]
                others = [told for place, (_, told) in enumerate(chain) if place != at]
                self.refuse(item, code or "")
                return code in codes and set(others) <= {"CHAIN_FAILED"}
        return all(code is None for _, code in chain)

    def open_in_group(self, hold_id: UUID) -> list[UUID]:
        """The open holds that are voided together with one."""
        group = self.holds[hold_id].group
        return [
            each
            for each, hold in self.holds.items()
            if hold.group == group and hold.state is HoldState.OPEN
        ]

    def learn(self, new: schemas.NewTransaction, posted: schemas.PostedTransaction) -> None:
        """Learn how the holds of a transaction are called, and when they were made."""
        for leg, made in zip(new.postings, posted.postings, strict=False):
            if leg.pending and made.hold_id not in self.holds:
                assert made.hold_id is not None
                lasts = leg.expires_in_s
                expires = None if lasts is None else posted.recorded_at + timedelta(seconds=lasts)
                self.holds[made.hold_id] = Hold(
                    leg.debit, leg.credit, int(made.amount), leg.hold_group or posted.id, expires
                )

    def _post(self, new: schemas.NewTransaction) -> None:
        unfit = {code for leg in new.postings for code in self._unfit(leg)}
        if new.imported:
            unfit |= {code for leg in new.postings for code in self._unfit_for_import(leg)}
            if new.effective_at is None:
                unfit.add("IMPORT_UNDATED")
        if unfit:
            raise Refused(*unfit)
        touched: set[str] = set()
        for leg in new.postings:
            amount = self._balanced(leg)
            self._move(leg.debit, leg.credit, amount, is_pending=leg.pending)
            touched |= {leg.debit, leg.credit}
        for capture in new.captures:
            touched |= self._capture(capture)
        for hold_id in new.voids:
            hold = self._open_hold(hold_id)
            self._release(hold)
            touched |= {hold.debit, hold.credit}
        codes = {code for side in touched for code in self.accounts[side].broken()}
        groups = {self.accounts[side].group for side in touched} - {None}
        codes |= {code for group in groups for code in self._group_broken(group)}
        if codes:
            raise Refused(*codes)

    def _unfit(self, leg: schemas.Posting) -> Codes:
        codes = set()
        if leg.asset not in self.assets:
            codes.add("UNKNOWN_ASSET")
        if leg.debit == leg.credit:
            codes.add("SAME_ACCOUNT")
        if not leg.pending and (leg.expires_in_s is not None or leg.hold_group is not None):
            codes.add("NOT_PENDING")
        for side in (leg.debit, leg.credit):
            account = self.accounts.get(side)
            if account is None:
                codes.add("UNKNOWN_ACCOUNT")
                continue
            if account.asset != leg.asset:
                codes.add("ASSET_MISMATCH")
            if account.status is not AccountStatus.OPEN:
                codes.add(f"ACCOUNT_{account.status.upper()}")
        return codes

    def _unfit_for_import(self, leg: schemas.Posting) -> Codes:
        sides = [self.accounts[side] for side in (leg.debit, leg.credit) if side in self.accounts]
        codes = set()
        if leg.expires_in_s is not None:
            codes.add("IMPORT_EXPIRES")
        # Those without an instant were opened here, after whatever is imported.
        if any(account.opened_at is None for account in sides):
            codes.add("IMPORT_BEFORE_ACCOUNT")
        return codes

    def _balanced(self, leg: schemas.Posting) -> int:
        amount = int(leg.amount)
        debit, credit = self.accounts[leg.debit], self.accounts[leg.credit]
        if leg.balancing in {Side.DEBIT, Side.BOTH}:
            there = debit.credits - debit.debits - debit.debits_pending - debit.minimum
            amount = min(amount, max(0, there))
        if leg.balancing in {Side.CREDIT, Side.BOTH}:
            there = credit.debits - credit.credits - credit.credits_pending - credit.minimum
            amount = min(amount, max(0, there))
        return amount

    def _move(self, debit: str, credit: str, amount: int, *, is_pending: bool) -> None:
        if is_pending:
            self.accounts[debit].debits_pending += amount
            self.accounts[credit].credits_pending += amount
        else:
            self.accounts[debit].debits += amount
            self.accounts[credit].credits += amount
        for side in (debit, credit):
            self.accounts[side].version += 1

    def _open_hold(self, hold_id: UUID) -> Hold:
        hold = self.holds.get(hold_id)
        if hold is None:
            raise Refused("UNKNOWN_HOLD")
        if hold.state is not HoldState.OPEN:
            raise Refused("HOLD_NOT_OPEN")
        return hold

    def _capture(self, capture: schemas.Capture) -> set[str]:
        hold = self._open_hold(capture.hold)
        amount = hold.remaining if capture.amount is None else int(capture.amount)
        states = {self.accounts[side].status for side in (hold.debit, hold.credit)}
        codes = {f"ACCOUNT_{state.upper()}" for state in states - {AccountStatus.OPEN}}
        if amount > hold.remaining:
            codes.add("CAPTURE_TOO_LARGE")
        if codes:
            raise Refused(*codes)
        self.accounts[hold.debit].debits_pending -= amount
        self.accounts[hold.credit].credits_pending -= amount
        self._move(hold.debit, hold.credit, amount, is_pending=False)
        hold.captured += amount
        if hold.remaining == 0:
            hold.state = HoldState.CAPTURED
        elif capture.release:
            self._release(hold)
        return {hold.debit, hold.credit}

    def _release(self, hold: Hold) -> None:
        # A hold of which something was captured ends as captured.
        self._give_back(hold, HoldState.CAPTURED if hold.captured else HoldState.VOIDED)

    def _give_back(self, hold: Hold, state: HoldState) -> None:
        self._move(hold.debit, hold.credit, -hold.remaining, is_pending=True)
        hold.state = state

    def _join(self, account: Account, group_id: str | None) -> Codes:
        account.group = group_id
        if group_id is None:
            return set()
        group = self.groups.get(group_id)
        if group is None:
            return {"UNKNOWN_LIMIT_GROUP"}
        fits = group.asset == account.asset
        if not fits or is_debit_normal(group.type) != is_debit_normal(account.type):
            return {"LIMIT_GROUP_MISMATCH"}
        return set()

    def _group_broken(self, group_id: str | None) -> Codes:
        assert group_id is not None
        members = [each for each in self.accounts.values() if each.group == group_id]
        available = sum(member.available for member in members)
        expected = sum(member.expected for member in members)
        return self.groups[group_id].limits.broken(available, expected)

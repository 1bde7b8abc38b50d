"""A book's history, replayed from its rows alone: pure, one number of the feed at a time.

Nothing is taken from the balances, the accounts' table or the lane: they are what is judged.
"""

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from bezant.kernel.errors import Refusal
from bezant.kernel.money import TOTAL_MAX
from bezant.ledger.domain import Account, Balanced, LimitGroup
from bezant.ledger.domain import Kind as LegKind
from bezant.ledger.errors import AccountingClosed, MaximumExceeded, OverdraftExceeded
from bezant.ledger.lane import (
    account_event_of,
    account_leaf,
    limit_group_event_of,
    limit_group_leaf,
    period_event_of,
    period_leaf,
)
from bezant.ledger.months import Month, PeriodEventKind, Periods
from bezant.ledger.proof import (
    Frontier,
    Growing,
    HoldLeaf,
    HoldPostingLeaf,
    LegLeaf,
    Node,
    PostingLeaf,
    ReversalPostingLeaf,
    ReversedLeaf,
    TransactionLeaf,
    content_hash,
    leaf_hash,
    merkle_root,
)
from bezant.ledger.schemas import AccountStatus, AccountType
from bezant.ledger.verify.findings import Finding, Kind
from bezant.ledger.verify.holds import HoldReplay
from bezant.ledger.verify.reversals import ReversalReplay
from bezant.ledger.verify.witnesses import Witnesses

FINDINGS_MAX: Final = 20

Row = Mapping[str, Any]

_BEFORE_TIME: Final = datetime.min.replace(tzinfo=UTC)


@dataclass(slots=True)
class Replay:
    """What history says about a book.

    Attributes:
        accounts: as history leaves them, by number.
        limit_groups: as `accounts`, by id.
        holds: as `accounts`.
        periods: which are closed.
        reversals: what legs claim to take back, until it is held against the originals.
        log: the Merkle log over the batches seen.
        nodes: the log's inner nodes that are stored once they are complete.
        seq: the last number seen.
        witnesses: checkpoints that the log is held against as it grows.
        findings: differences found, the first ones.
    """

    book_id: UUID
    witnesses: Witnesses = field(default_factory=Witnesses)
    _: KW_ONLY
    time_zone: ZoneInfo
    accounts: dict[int, Account] = field(default_factory=dict)
    limit_groups: dict[str, LimitGroup] = field(default_factory=dict)
    holds: HoldReplay = field(default_factory=HoldReplay)
    periods: Periods = field(default_factory=Periods)
    reversals: ReversalReplay = field(default_factory=ReversalReplay)
    log: Frontier = field(default_factory=Frontier)
    nodes: dict[Node, bytes] = field(default_factory=dict)
    seq: int = 0
    transfers: int = 0
    recorded_at: datetime = _BEFORE_TIME
    findings: list[Finding] = field(default_factory=list)
    _leaves: list[bytes] = field(default_factory=list)
    _last_transaction: UUID | None = None
    _announced: UUID | None = None
    _growing: Growing = field(default_factory=Growing)

    def find(self, kind: Kind, place: str, detail: str) -> None:
        """Note a difference."""
        if len(self.findings) < FINDINGS_MAX:
            self.findings.append(Finding(kind, place, detail))

    def transaction(self, legs: Sequence[Row]) -> None:
        """Replay the legs under one number."""
        first = legs[0]
        self._advance(first)
        place = f"seq {first['seq']}"
        if [leg["leg"] for leg in legs] != list(range(len(legs))):
            self.find(Kind.LEG_GAP, place, f"legs {[leg['leg'] for leg in legs]}")
        shared = ("transaction_id", "effective_at", "recorded_at", "content_hash")
        if any(leg[name] != first[name] for leg in legs for name in shared):
            self.find(Kind.TRANSACTION_TORN, place, "its legs differ in what they share")
        self._check_content(first, place)
        self._check_dates(legs, place)
        if self._announced not in {None, first["transaction_id"]}:
            self.find(Kind.PERIOD_BROKEN, place, f"transaction {self._announced} was announced")
        self._announced, self._last_transaction = None, first["transaction_id"]
        leaves = [leaf for leg in legs if (leaf := self._leg(leg, place)) is not None]
        self.transfers += len(legs)
        commitment = first["content_hash"]
        self._leaves.append(
            TransactionLeaf(
                self.book_id,
                None if commitment is None else commitment.hex(),
                first["effective_at"],
                first["transaction_id"],
                "transaction",
                leaves,
                first["recorded_at"],
                str(first["seq"]),
            ).encode()
        )

    def account_event(self, row: Row) -> None:
        """Replay an account's opening or change."""
        self._advance(row)
        event = account_event_of(row)
        self._leaves.append(account_leaf(self.book_id, event).encode())
        if event.kind == "opened":
            self.accounts[event.account_no] = Account(
                no=event.account_no,
                id=event.account_id,
                asset=event.asset,
                type=AccountType(event.type),
                status=AccountStatus(event.status),
                bounds=event.bounds,
                opened_at=event.opened_at or event.recorded_at,
                debits_posted=0,
                credits_posted=0,
                debits_pending=0,
                credits_pending=0,
                version=0,
                as_of=event.recorded_at,
                limit_group=event.limit_group,
            )
        elif (account := self.accounts.get(event.account_no)) is None:
            self.find(
                Kind.UNKNOWN_ACCOUNT,
                f"seq {event.seq}",
                f"account number {event.account_no} was never opened",
            )
        else:
            account.status, account.bounds = AccountStatus(event.status), event.bounds
            if account.limit_group != event.limit_group:
                self._move_sums(account, account.limit_group, -1)
                self._move_sums(account, event.limit_group, 1)
                account.limit_group = event.limit_group

    def limit_group_event(self, row: Row) -> None:
        """Replay a limit group's opening or change."""
        self._advance(row)
        event = limit_group_event_of(row)
        self._leaves.append(limit_group_leaf(self.book_id, event).encode())
        group = self.limit_groups.get(event.group_id)
        if group is not None:
            group.bounds = event.bounds
            return
        self.limit_groups[event.group_id] = LimitGroup(
            id=event.group_id,
            asset=event.asset,
            type=AccountType(event.type),
            bounds=event.bounds,
            opened_at=event.recorded_at,
            debits_posted=0,
            credits_posted=0,
            debits_pending=0,
            credits_pending=0,
            version=0,
            as_of=event.recorded_at,
        )

    def period_event(self, row: Row) -> None:
        """Replay a period's closing or reopening."""
        self._advance(row)
        event = period_event_of(row)
        self._leaves.append(period_leaf(self.book_id, event).encode())
        place = f"seq {event.seq}"
        today = event.recorded_at.astimezone(self.time_zone).date()
        try:
            month = Month.parse(event.period)
            if event.kind == PeriodEventKind.REOPENED:
                self.periods = self.periods.reopen(month)
                self._announced = event.transaction_id
                return
            self.periods.check_closing(month, today)
            self.periods = self.periods.close(month, event.transaction_id)
        except (Refusal, ValueError) as broken:
            self.find(Kind.PERIOD_BROKEN, place, str(broken))
            return
        if event.transaction_id not in {None, self._last_transaction}:
            self.find(
                Kind.PERIOD_BROKEN, place, "its closing entries are not the transaction before"
            )

    def batch(self, row: Row) -> None:
        """Close a batch: compare its root with that of what was replayed since the one before."""
        place = f"batch {row['batch_no']}"
        expected = (self.log.size, self.seq - len(self._leaves) + 1, self.seq)
        if (row["batch_no"], row["first_seq"], row["last_seq"]) != expected:
            self.find(
                Kind.BATCH_RANGE,
                place,
                f"covers {row['first_seq']} to {row['last_seq']}; history has"
                f" {expected[1]} to {expected[2]} as batch {expected[0]}",
            )
        root = merkle_root([leaf_hash(leaf) for leaf in self._leaves])
        if root != row["root"]:
            self.find(
                Kind.BATCH_ROOT,
                f"{place}, seq {expected[1]} to {expected[2]}",
                f"stored {row['root'].hex()}, history gives {root.hex()}",
            )
        self.log = self.log.append(leaf_hash(root))
        self.nodes.update(self._growing.append(leaf_hash(root)))
        self._leaves.clear()
        self.witnesses.look(self.log, self.seq, self.find)

    def check_end(self) -> None:
        """Everything that history recorded belongs to a batch."""
        if self._leaves:
            self.find(
                Kind.BATCH_RANGE, f"seq {self.seq}", f"the last {len(self._leaves)} are in no batch"
            )
        self.witnesses.look_back(self.log, self.seq, self.find)

    def compare_terms(self, terms: bytes) -> None:
        """The book's name, zone and assets are those that the last checkpoint says."""
        last = self.witnesses.last
        if last is not None and last.terms != terms:
            self.find(
                Kind.BOOK_TERMS,
                f"book {self.book_id}",
                f"checkpoint {last.number} signs another name, time zone or assets",
            )

    def check_limits(self) -> None:
        """No account and no group of accounts stands outside its limits."""
        groups = [(f"limit group {group.id}", group) for group in self.limit_groups.values()]
        for account in self.accounts.values():
            place = f"account {account.id}"
            debits = account.debits_posted + account.debits_pending
            credits_ = account.credits_posted + account.credits_pending
            if max(debits, credits_) > TOTAL_MAX:
                self.find(Kind.LIMIT_BROKEN, place, f"a total passes {TOTAL_MAX}")
            self._check_limits(place, account)
        for place, group in groups:
            self._check_limits(place, group)

    def _check_limits(self, place: str, account: Balanced) -> None:
        try:
            account.check_limits()
        except (OverdraftExceeded, MaximumExceeded) as broken:
            self.find(Kind.LIMIT_BROKEN, place, broken.detail)

    def _move_sums(self, account: Account, group_id: str | None, sign: int) -> None:
        """Add an account's totals to a group's sums, or take them out."""
        group = None if group_id is None else self._group(group_id, f"account {account.id}")
        if group is not None:
            group.debits_posted += sign * account.debits_posted
            group.credits_posted += sign * account.credits_posted
            group.debits_pending += sign * account.debits_pending
            group.credits_pending += sign * account.credits_pending

    def _group(self, group_id: str, place: str) -> LimitGroup | None:
        group = self.limit_groups.get(group_id)
        if group is None:
            self.find(Kind.LIMIT_GROUP, place, f"limit group {group_id} was never opened")
        return group

    def _advance(self, row: Row) -> None:
        seq, recorded_at = row["seq"], row["recorded_at"]
        if seq != self.seq + 1:
            self.find(Kind.SEQUENCE_GAP, f"seq {self.seq + 1}", f"followed by seq {seq}")
        if recorded_at <= self.recorded_at:
            self.find(
                Kind.TIME_ORDER,
                f"seq {seq}",
                f"recorded at {recorded_at}, not after the one before",
            )
        self.seq, self.recorded_at = seq, recorded_at

    def _check_content(self, row: Row, place: str) -> None:
        """Content may have been erased; what is there must be what was committed to."""
        if row["salt"] is None or row["content_hash"] is None:
            return
        if content_hash(row["salt"], row["content"]) != row["content_hash"]:
            self.find(Kind.CONTENT_CHANGED, place, "its content is not what was committed to")

    def _check_dates(self, legs: Sequence[Row], place: str) -> None:
        """Nothing is dated into a period that was closed when it was recorded."""
        if self.periods.last_closed is None:
            return
        effective_day = legs[0]["effective_at"].astimezone(self.time_zone).date()
        for leg in legs:
            if leg["kind"] == LegKind.EXPIRED:
                continue
            try:
                self.periods.check_dated(effective_day, leg["booking_date"])
            except AccountingClosed as closed:
                self.find(Kind.PERIOD_CLOSED, f"{place}, leg {leg['leg']}", closed.detail)

    def _leg(self, leg: Row, place: str) -> LegLeaf | None:
        debit = self.accounts.get(leg["debit_no"])
        credit = self.accounts.get(leg["credit_no"])
        if debit is None or credit is None:
            self.find(
                Kind.UNKNOWN_ACCOUNT,
                f"{place}, leg {leg['leg']}",
                f"debits account number {leg['debit_no']}, credits {leg['credit_no']}",
            )
            return None
        if debit.asset != credit.asset:
            self.find(
                Kind.ASSET_MIXED, f"{place}, leg {leg['leg']}", f"{debit.asset} and {credit.asset}"
            )
        kind, amount, at = LegKind(leg["kind"]), int(leg["amount"]), leg["recorded_at"]
        debit.debit(kind, amount, at)
        credit.credit(kind, amount, at)
        if debit.limit_group is not None and (group := self._group(debit.limit_group, place)):
            group.debit(kind, amount, at)
        if credit.limit_group is not None and (group := self._group(credit.limit_group, place)):
            group.credit(kind, amount, at)
        broken = self.holds.leg(leg, kind, amount, debit.id, credit.id)
        if broken is not None:
            self.find(Kind.HOLD_BROKEN, f"{place}, leg {leg['leg']}", broken)
        if leg["original_id"] is not None:
            self.reversals.claim(leg)
            return ReversalPostingLeaf(
                str(amount),
                debit.asset,
                leg["booking_date"],
                leg["code"],
                credit.id,
                debit.id,
                kind,
                ReversedLeaf(leg["original_leg"], leg["original_id"]),
                leg["value_date"],
            )
        if leg["hold_id"] is None:
            return PostingLeaf(
                str(amount),
                debit.asset,
                leg["booking_date"],
                leg["code"],
                credit.id,
                debit.id,
                kind,
                leg["value_date"],
            )
        return HoldPostingLeaf(
            str(amount),
            debit.asset,
            leg["booking_date"],
            leg["code"],
            credit.id,
            debit.id,
            HoldLeaf(leg["closes"], leg["expires_at"], leg["group_id"], leg["hold_id"]),
            kind,
            leg["value_date"],
        )

"""The day that the scenes are played on: its book, its people, its dice, and what was seen."""

import random
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date
from typing import Final, Self
from uuid import UUID
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from bezant.cli.client import ApiError, Client
from bezant.cli.demo.bank import Bank, BankLine
from bezant.cli.demo.month import Month
from bezant.cli.demo.report import MonthReport, ProofRow, ReconciliationReport, RefusalRow, SceneRow
from bezant.kernel.ids import TimeOrderedIds
from bezant.kernel.money import format_units
from bezant.ledger import schemas

SCALES: Final = {"EUR": 2, "JPY": 0, "BTC": 8}
TIME_ZONE: Final = "Europe/Paris"
CONNECTIONS: Final = 8
"""Requests in flight at once, where a scene has many that do not depend on each other."""

Scene = Callable[["Day"], str]
"""Plays something, and says in one sentence what happened."""


@dataclass(slots=True)
class Day:
    """One seeded day. Scenes draw from `dice` only, and only in their own thread.

    Attributes:
        client: the platform's public API.
        seed: what the dice were seeded with.
        book: the day's own.
        customers: their number; customer `n`'s wallet is `wallet(n)`.
        dice: where all chance comes from.
        month: the one before the present one, which the day closes.
        bank: what the bank knows of that month.
        refusals: what should be refused, and how it was answered.
        missing: lines of the bank that the books lacked.
        reconciled: how the bank's statement and the books compare; None until they were.
        closed: how the month ended; None until it did.
        proven: what was proven.
    """

    client: Client
    seed: int
    book: UUID
    customers: int
    dice: random.Random
    month: Month
    bank: Bank = field(default_factory=Bank)
    scenes: list[SceneRow] = field(default_factory=list)
    refusals: list[RefusalRow] = field(default_factory=list)
    missing: list[BankLine] = field(default_factory=list)
    reconciled: ReconciliationReport | None = None
    closed: MonthReport | None = None
    proven: list[ProofRow] = field(default_factory=list)
    _ids: TimeOrderedIds = field(default_factory=TimeOrderedIds)

    @classmethod
    def begin(cls, client: Client, seed: int, customers: int) -> Self:
        """Begin a day on a fresh book."""
        assets = [schemas.Asset(code, scale) for code, scale in SCALES.items()]
        book = client.create_book(schemas.NewBook(f"Demo, seed {seed}", assets, TIME_ZONE))
        # The platform's clock says which day it is, and the book's time zone where that day ends.
        today = book.created_at.astimezone(ZoneInfo(TIME_ZONE)).date()
        dice = random.Random(seed)  # noqa: S311 - the same day again, not a secret
        return cls(client, seed, book.id, customers, dice, Month.before(today))

    def play(self, title: str, scene: Scene) -> None:
        """Play one scene and note what happened."""
        self.scenes.append(SceneRow(title, scene(self)))

    def open(
        self, account: str, asset: str, kind: schemas.AccountType, **limits: str
    ) -> schemas.Account:
        """Open an account."""
        new = schemas.NewAccount(account, asset, kind, schemas.Limits(**limits))
        return self.client.open_account(self.book, new)

    def post(
        self, *legs: schemas.Posting, key: str | None = None, dry_run: bool = False
    ) -> schemas.PostedTransaction:
        """Post legs as one transaction."""
        new = schemas.NewTransaction(list(legs), dry_run=dry_run)
        return self.client.post(self.book, new, key)

    def post_on(
        self, day: date, *legs: schemas.Posting, **metadata: str
    ) -> schemas.PostedTransaction:
        """Post legs as one transaction that counts on an earlier day, and is booked on it."""
        dated = [replace(posting, booking_date=day, value_date=day) for posting in legs]
        new = schemas.NewTransaction(
            dated, effective_at=self.month.noon(day), metadata=metadata or None
        )
        return self.client.post(self.book, new)

    def reserve(self, posting: schemas.Posting, *, expires_in_s: int) -> UUID:
        """Reserve a leg's amount; the hold."""
        posting = replace(posting, expires_in_s=expires_in_s)
        [hold] = self.reserve_together(posting)
        return hold

    def reserve_together(self, *postings: schemas.Posting) -> list[UUID]:
        """Reserve legs as one transaction, which makes their holds a group."""
        posted = self.post(*(replace(posting, pending=True) for posting in postings))
        return [leg.hold_id for leg in posted.postings if leg.hold_id is not None]

    def post_batch(
        self, transactions: Sequence[Sequence[schemas.Posting]]
    ) -> list[schemas.BatchResult]:
        """Post many transactions in one request, each for itself."""
        items = [
            schemas.BatchTransaction(id=self._ids.new(), postings=list(legs))
            for legs in transactions
        ]
        return self.client.post_batch(self.book, schemas.NewBatch(items))

    def available(self, account: str) -> int:
        """What an account can spend, minor units."""
        return int(self.client.balance(self.book, account).available)

    def refuse(self, attempt: str, code: str, act: Callable[[], object]) -> None:
        """Do what the platform must refuse, and note its answer."""
        try:
            act()
        except ApiError as error:
            self.refusals.append(RefusalRow(attempt, code, error.code))
        else:
            self.refusals.append(RefusalRow(attempt, code, "accepted"))

    def at_once(self, acts: Sequence[Callable[[], object]]) -> None:
        """Do things concurrently; the first that fails fails all."""
        with ThreadPoolExecutor(CONNECTIONS) as threads:
            for done in [threads.submit(act) for act in acts]:
                done.result()


def wallet(customer: int) -> str:
    """A customer's euro wallet."""
    return f"customers:{customer}:wallet"


def leg(
    debit: str, credit: str, amount: int, asset: str = "EUR", code: str = ""
) -> schemas.Posting:
    """One posting."""
    return schemas.Posting(debit, credit, asset, str(amount), code)


def shown(amount: int, asset: str = "EUR") -> str:
    """An amount for people: `12.50 EUR`."""
    return f"{format_units(amount, SCALES[asset])} {asset}"

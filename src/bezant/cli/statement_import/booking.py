"""Sending what is new of a file."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from http import HTTPStatus
from typing import BinaryIO, Final
from uuid import UUID

import msgspec

from bezant.cli.client import ApiError
from bezant.cli.statement_import.decision import Decision, ImportRefused
from bezant.cli.statement_import.plan import StatementPlan
from bezant.cli.statement_import.platform import Platform
from bezant.formats.camt053 import StatementHeader, entry_digest, read_statements
from bezant.ledger.schemas import (
    BATCH_TRANSACTIONS_MAX,
    POSTINGS_MAX,
    BatchTransaction,
    NewAccount,
    NewBatch,
)

BATCH_BYTES_MAX: Final = 8 << 20
"""Half of what the route takes, so that one request stays quick to send and to repeat."""

_OPENED_AT_ONCE: Final = 8


class _Batch:
    """Transactions that go together, within the limits of the route."""

    def __init__(self) -> None:
        self.transactions: list[BatchTransaction] = []
        self.lines: list[int] = []
        self._bytes = 0
        self._postings = 0

    def has_room(self, transaction: BatchTransaction) -> bool:
        """Whether it can be added. Into an empty batch, any can."""
        return not self.transactions or (
            len(self.transactions) < BATCH_TRANSACTIONS_MAX
            and self._bytes + _size(transaction) <= BATCH_BYTES_MAX
            and self._postings + len(transaction.postings) <= POSTINGS_MAX
        )

    def add(self, transaction: BatchTransaction, line: int) -> None:
        """Add it, with the line that it comes from."""
        self.transactions.append(transaction)
        self.lines.append(line)
        self._bytes += _size(transaction)
        self._postings += len(transaction.postings)


class Booking:
    """Sends what is new, in batches, with the accounts that it needs.

    A batch is posted while the next one is read, and its results are seen before the next is sent:
    so batches arrive in order, and none follows one that was declined.
    """

    def __init__(self, platform: Platform, book: UUID) -> None:
        self._platform = platform
        self._book = book
        self._accounts = {account.id for account in platform.accounts(book)}
        self._new_accounts: dict[str, NewAccount] = {}
        self._batch = _Batch()
        self._sender = ThreadPoolExecutor(1)
        self._sent: Future[None] | None = None

    def run(self, source: BinaryIO, decisions: list[Decision]) -> None:
        """Read the file again and post what the decisions call for.

        Raises:
            ImportRefused: the file is not the one that was checked, or a posting was declined.
        """
        with self._sender:
            for plan, transaction, line in _news(source, decisions):
                self._add(plan, transaction, line)
            self._flush()
            self._wait()

    def _add(self, plan: StatementPlan, transaction: BatchTransaction, line: int) -> None:
        if not self._batch.has_room(transaction):
            self._flush()
        for account in plan.accounts(transaction):
            if account.id not in self._accounts:
                self._new_accounts[account.id] = account
        self._batch.add(transaction, line)

    def _flush(self) -> None:
        self._wait()
        if self._batch.transactions:
            self._open_accounts()
            self._sent = self._sender.submit(self._post, self._batch)
            self._batch = _Batch()

    def _wait(self) -> None:
        if self._sent is not None:
            self._sent.result()

    def _post(self, batch: _Batch) -> None:
        results = self._platform.post_batch(self._book, NewBatch(batch.transactions))
        for line, result in zip(batch.lines, results, strict=True):
            if result.status != HTTPStatus.CREATED:
                raise ImportRefused(
                    f"The entry at line {line} was declined: {result.code}: {result.detail} "
                    "Once that is put right, importing again completes the statement."
                )

    def _open_accounts(self) -> None:
        with ThreadPoolExecutor(_OPENED_AT_ONCE) as pool:
            for account in pool.map(self._open_account, self._new_accounts.values()):
                self._accounts.add(account)
        self._new_accounts = {}

    def _open_account(self, new: NewAccount) -> str:
        try:
            self._platform.open_account(self._book, new)
        except ApiError as error:
            # Another import of the same account was first.
            if error.code != "ACCOUNT_EXISTS":
                raise
        return new.id


def _size(transaction: BatchTransaction) -> int:
    return len(msgspec.json.encode(transaction))


def _news(
    source: BinaryIO, decisions: list[Decision]
) -> Iterator[tuple[StatementPlan, BatchTransaction, int]]:
    """What is to be posted, with the lines that it comes from.

    Raises:
        ImportRefused: the file is not the one that was checked.
    """
    upcoming = iter(decisions)
    decision: Decision | None = None
    at = 0
    for part in read_statements(source):
        if isinstance(part, StatementHeader):
            _check_complete(decision, at)
            decision, at = next(upcoming, None), 0
            _require(decision is not None and part == decision.plan.statement.header)
            if decision and decision.opening:
                yield decision.plan, decision.opening, part.line
        elif part.moves_money:
            assert decision is not None
            digests, digest = decision.plan.statement.digests, entry_digest(part)
            _require(at < len(digests) and digests[at] == digest)
            transaction = decision.plan.entry(part, at, digest)
            at += 1
            if transaction.id not in decision.present:
                yield decision.plan, transaction, part.line
    _check_complete(decision, at)
    _require(next(upcoming, None) is None)


def _check_complete(decision: Decision | None, entries: int) -> None:
    _require(decision is None or entries == decision.plan.statement.booked)


def _require(is_same: bool) -> None:  # noqa: FBT001 - an assertion about the outside world
    """The file is read twice; what is booked must be what was checked."""
    if not is_same:
        raise ImportRefused("The file changed while it was being imported. Import it again.")

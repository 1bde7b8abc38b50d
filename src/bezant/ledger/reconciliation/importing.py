"""Importing statements: what is known already adds nothing, whoever sends it under which name."""

import asyncio
from enum import StrEnum
from typing import TYPE_CHECKING, Any, BinaryIO, Final
from uuid import UUID

from msgspec import Struct

from bezant.formats.bank_statement import (
    Part,
    StatementUnreadable,
    Unbalanced,
    checked,
    read_camt,
)
from bezant.formats.iso4217 import is_currency_code, scale_of
from bezant.formats.mt940 import read_mt940
from bezant.formats.statement_csv import CsvMapping, read_csv
from bezant.kernel import idempotency
from bezant.kernel.calls import Answer, Call
from bezant.kernel.clock import Clock
from bezant.kernel.database import Database
from bezant.kernel.errors import Malformed, Refusal
from bezant.kernel.sealing import SecretSealer
from bezant.ledger.reconciliation import schemas, store
from bezant.ledger.reconciliation.accounts import AccountRow, find_account
from bezant.ledger.reconciliation.errors import (
    StatementChanged,
    StatementElsewhere,
    StatementUnbalanced,
)
from bezant.ledger.reconciliation.preparing import PreparedLine, PreparedStatement, prepare
from bezant.ledger.reconciliation.secrecy import AccountKey, StatementKey, statement_key

if TYPE_CHECKING:
    from collections.abc import Iterator

    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]

ROWS_AT_ONCE: Final = 10_000


class Format(StrEnum):
    """What a statement may be sent as."""

    CAMT053 = "camt053"
    MT940 = "mt940"
    CSV = "csv"


class Upload(Struct, frozen=True):
    """A file as it was sent.

    Attributes:
        source: its bytes, from the first on.
        digest: SHA-256 of them.
        mapping: how to read it, if it is a CSV.
    """

    format: Format
    source: Any
    digest: bytes
    mapping: CsvMapping | None = None

    def parts(self) -> "Iterator[Part]":
        """What it says, checked for balance."""
        source: BinaryIO = self.source
        if self.format is Format.CAMT053:
            return checked(read_camt(source))
        if self.format is Format.MT940:
            return checked(read_mt940(source))
        assert self.mapping is not None, "a CSV comes with its mapping"
        return checked(read_csv(source, self.mapping))


class Importer:
    """Imports statements into the accounts of books.

    Args:
        database: as the application's role.
        clock: tells when.
        sealer: seals the accounts' keys.
    """

    def __init__(self, database: Database, clock: Clock, sealer: SecretSealer) -> None:
        self._database = database
        self._clock = clock
        self._sealer = sealer

    async def run(self, call: Call, book_id: UUID, account_id: str, upload: Upload) -> Answer:
        """`POST …/accounts/{account}/imports` -> 201 `Import`, or 200 where the file stood before.

        Answers a refusal where the file cannot be read, does not add up, or is not of this account.

        Raises:
            BookNotFound: the tenant has no such book.
            AccountNotFound: the book has no such account.
            StatementElsewhere: no bank counts in the account's asset.
            Unavailable: a repeat with the same key is safe.
        """
        earlier = await idempotency.find(self._database, call.tenant_id, [call])
        if call.id in earlier:
            return earlier[call.id]
        account = await find_account(self._database, call.tenant_id, book_id, account_id)
        _check_scale(account)
        place = (call.tenant_id, book_id, account.no)
        key = await statement_key(self._database, self._sealer, place)
        found = await asyncio.to_thread(_prepared, upload, key, account.asset)

        async def work(connection: "Connection") -> Answer:
            if isinstance(found, Refusal):
                raise found  # on record, as what is refused later
            return await _Writing(connection, place, found).write(upload, call.actor, self._clock)

        return await idempotency.once(self._database, self._clock, call, work)


def _check_scale(account: AccountRow) -> None:
    if not is_currency_code(account.asset) or scale_of(account.asset) != account.scale:
        raise StatementElsewhere(
            f"The account counts {account.asset} with {account.scale} decimal places; statements"
            " are in currencies of ISO 4217."
        )


def _prepared(
    upload: Upload, key: StatementKey, currency: str
) -> list[PreparedStatement] | Refusal:
    """What is stored of a file, or why it is not taken."""
    try:
        return prepare(upload.parts(), key, currency)
    except Refusal as refusal:
        return refusal
    except Unbalanced as error:
        return StatementUnbalanced(
            error.reason,
            field="statement",
            line=error.line,
            opening=error.opening,
            movements=error.movements,
            closing=error.closing,
            difference=error.difference,
        )
    except StatementUnreadable as error:
        return Malformed(
            f"Line {error.line}, {error.place}: {error.reason}",
            field="statement",
            line=error.line,
            place=error.place,
        )


class _Writing:
    """One import in one transaction."""

    def __init__(
        self, connection: "Connection", account: AccountKey, prepared: list[PreparedStatement]
    ) -> None:
        self._connection = connection
        self._account = account
        self._prepared = prepared

    async def write(self, upload: Upload, author: str, clock: Clock) -> Answer:
        stood = await self._connection.fetchrow(
            store.FIND_IMPORT_OF_FILE, *self._account, upload.digest
        )
        if stood is not None:
            row = await self._connection.fetchrow(
                store.FIND_IMPORTS, *self._account, stood["import_no"] - 1, 1
            )
            assert row is not None, "an import that was found is there"
            return Answer.of(schemas.import_of(row))
        await self._check_source()
        numbers = await self._connection.fetchrow(store.FIND_NUMBERS, *self._account)
        assert numbers is not None, "a query of maxima has a row"
        new = await self._new_statements()
        added = await self._write_lines(new, numbers["statements"], numbers["lines"])
        await self._write_statements(new, numbers["imports"] + 1, numbers["statements"])
        values = (
            numbers["imports"] + 1,
            upload.format,
            upload.digest,
            sum(len(statement.lines) for statement in self._prepared),
            added,
            len(self._prepared),
            len(new),
            clock.now(),
            author,
        )
        await self._connection.execute(store.INSERT_IMPORT, *self._account, *values)
        return Answer.of(schemas.Import(values[0], upload.format, *values[3:]), 201)

    async def _check_source(self) -> None:
        """Statements of one account of the book are of one account at the bank."""
        source = next((each.source for each in self._prepared if each.source), b"")
        if not source:
            return
        row = await self._connection.fetchrow(store.FIND_OTHER_SOURCE, *self._account, source)
        if row is not None:
            raise StatementElsewhere(
                "Statements of another account at the bank were imported here before."
            )

    async def _new_statements(self) -> list[PreparedStatement]:
        """Those that are not there; none of them may contradict one that is."""
        names = list({statement.name for statement in self._prepared})
        rows = await self._connection.fetch(store.FIND_KNOWN_STATEMENTS, *self._account, names)
        known = {row["identity"] for row in rows}
        new = {each.identity: each for each in self._prepared if each.identity not in known}
        for row in rows:
            for statement in new.values():
                if statement.name and statement.name == row["name"]:
                    await self._check_contains(row["statement_no"], statement)
        return list(new.values())

    async def _check_contains(self, statement_no: int, statement: PreparedStatement) -> None:
        """One of the two holds all of the other's lines: an interim statement, sent anew."""
        identities = [line.identity for line in statement.lines]
        row = await self._connection.fetchrow(
            store.COUNT_LINES, *self._account, statement_no, identities
        )
        assert row is not None, "a count has a row"
        if row["among"] < min(row["count"], len(identities)):
            raise StatementChanged(
                f"Of the {row['count']} lines that this statement had when it was imported,"
                f" {row['among']} are among the {len(identities)} that it has now.",
                lines_before=row["count"],
                lines_now=len(identities),
                lines_common=row["among"],
            )

    async def _write_lines(self, new: list[PreparedStatement], statements: int, lines: int) -> int:
        """Write the lines that are not there; how many they are."""
        first = lines
        said: dict[bytes, int] = {}
        for number, statement in enumerate(new, statements + 1):
            for start in range(0, len(statement.lines), ROWS_AT_ONCE):
                portion = statement.lines[start : start + ROWS_AT_ONCE]
                unknown = await self._unknown(portion)
                if unknown:
                    await self._insert(unknown, number, lines, said)
                lines += len(unknown)
        return lines - first

    async def _unknown(self, portion: list[PreparedLine]) -> list[PreparedLine]:
        identities = [line.identity for line in portion]
        rows = await self._connection.fetch(store.FIND_KNOWN_LINES, *self._account, identities)
        known = {row["identity"] for row in rows}
        return [line for line in portion if line.identity not in known]

    async def _insert(
        self, lines: list[PreparedLine], statement: int, before: int, said: dict[bytes, int]
    ) -> None:
        await self._find_said(lines, said)
        repeats = []
        for number, line in enumerate(lines, before + 1):
            earlier = said.setdefault(line.digest, number) if line.has_reference else number
            repeats.append(0 if earlier == number else earlier)
        numbers = list(range(before + 1, before + 1 + len(lines)))
        await self._connection.execute(
            store.INSERT_LINES,
            *self._account,
            numbers,
            [statement] * len(lines),
            [line.place for line in lines],
            [line.booking_date for line in lines],
            [line.value_date for line in lines],
            [str(line.amount) for line in lines],
            repeats,
            [line.identity for line in lines],
            [line.digest for line in lines],
        )
        await self._connection.execute(
            store.INSERT_LINE_CONTENT, *self._account, numbers, [line.content for line in lines]
        )

    async def _find_said(self, lines: list[PreparedLine], said: dict[bytes, int]) -> None:
        """Add the numbers of earlier lines that say the same with the same reference."""
        asked = [line.digest for line in lines if line.has_reference]
        rows = await self._connection.fetch(store.FIND_SAID_BEFORE, *self._account, asked)
        for row in rows:
            said.setdefault(row["digest"], row["line_no"])

    async def _write_statements(
        self, new: list[PreparedStatement], import_no: int, before: int
    ) -> None:
        if not new:
            return
        await self._connection.execute(
            store.INSERT_STATEMENTS,
            *self._account,
            import_no,
            list(range(before + 1, before + 1 + len(new))),
            [each.identity for each in new],
            [each.name for each in new],
            [each.source for each in new],
            [each.texts for each in new],
            [each.first_date for each in new],
            [each.last_date for each in new],
            [_numeral(each.opening) for each in new],
            [_numeral(each.closing) for each in new],
            [str(each.movements) for each in new],
            [len(each.lines) for each in new],
        )


def _numeral(amount: int | None) -> str | None:
    return None if amount is None else str(amount)

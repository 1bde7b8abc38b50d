"""What statements say of people: sealed under a key of the account, recognized by keyed hashes.

History holds amounts and dates. Whoever has the database without the server's sealing key can
neither read the texts nor tell by trying whether a text is among them; removing the account's key,
or a line's content, erases them for good.
"""

import hashlib
import os
from typing import TYPE_CHECKING, Final
from uuid import UUID

import msgspec

from bezant.kernel.database import Database
from bezant.kernel.sealing import KEY_BYTES, KeySealer, SealBroken, SealedSecret, SecretSealer
from bezant.kernel.telemetry import Sensitive
from bezant.ledger.reconciliation import store
from bezant.ledger.reconciliation.errors import StatementKeyLost

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

DIGEST_BYTES: Final = 16

AccountKey = tuple[UUID, UUID, int]
"""A tenant, its book, and the number of an account."""


class StatementKey(Sensitive):
    """Seals and recognizes what is said of one account."""

    def __init__(self, secret: bytes) -> None:
        self._sealer = KeySealer(secret)
        # Of its own: what is sealed and what is hashed never share a key.
        self._hashing = hashlib.blake2b(secret, digest_size=32, person=b"bezant statement").digest()

    def digest(self, *parts: object) -> bytes:
        """A keyed hash of values, the same whenever they are."""
        return hashlib.blake2b(
            msgspec.json.encode(parts), key=self._hashing, digest_size=DIGEST_BYTES
        ).digest()

    def seal(self, value: object, place: bytes) -> SealedSecret:
        """Seal a value for the place that `place` names."""
        return self._sealer.seal(msgspec.json.encode(value), place)

    def open(self, sealed: bytes, place: bytes) -> bytes:
        """The JSON of a value.

        Raises:
            StatementKeyLost: it was sealed under another key, or for another place.
        """
        try:
            return self._sealer.open(SealedSecret(sealed), place)
        except SealBroken as error:
            raise StatementKeyLost(str(error)) from None


async def statement_key(
    database: Database, sealer: SecretSealer, account: AccountKey
) -> StatementKey:
    """The account's key, made when there is none.

    Raises:
        StatementKeyLost: the server's key is another than it was sealed under.
        Unavailable: the database cannot be asked.
    """
    row = await database.fetchrow(store.FIND_KEY, *account)
    if row is None:
        sealed = sealer.seal(os.urandom(KEY_BYTES), _place(account))

        async def insert(connection: "PoolConnectionProxy[asyncpg.Record]") -> None:
            await connection.execute(store.INSERT_KEY, *account, sealed)

        await database.transaction(insert)
        row = await database.fetchrow(store.FIND_KEY, *account)  # another may have been first
        assert row is not None
    try:
        return StatementKey(sealer.open(SealedSecret(row["sealed"]), _place(account)))
    except SealBroken as error:
        raise StatementKeyLost(str(error)) from None


def _place(account: AccountKey) -> bytes:
    tenant_id, book_id, account_no = account
    return b"statement key" + tenant_id.bytes + book_id.bytes + account_no.to_bytes(8)

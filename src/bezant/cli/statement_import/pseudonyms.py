"""Opaque names for what must not enter the book: account numbers and people's names.

A book's history is never erased, so it knows a bank account or a counterparty only by a token: a
keyed hash (HMAC-SHA-256, RFC 2104) of who it is. The same key gives the same token at every import;
without the key, nobody can tell whose it is, not even by trying all account numbers.
"""

import hmac
import os
import secrets
import unicodedata
from base64 import b32encode
from pathlib import Path
from typing import Final
from uuid import UUID

import msgspec

from bezant.formats.camt053 import AuditedStatement, BankAccount, Party

_KEY_BYTES: Final = 32
_TOKEN_BYTES: Final = 15  # 120 bits, 24 characters of base32 without padding


class KeyUnusable(Exception):  # noqa: N818 - says what the key is, not that an error occurred
    """The key file cannot be used."""


def load_key(folder: Path) -> bytes:
    """The key in a data folder, made on first use; readable by its owner only.

    Raises:
        KeyUnusable: there is no such folder, others may read the key, or it is not a key.
    """
    path = folder / "import.key"
    # Not made here: a folder that the platform did not make would be none that it can start on.
    if not folder.is_dir():
        raise KeyUnusable(
            f"{folder}, which is to keep import.key, is no folder; name one with --data-dir."
        )
    try:
        _make(path)
        if path.stat().st_mode & 0o077:
            raise KeyUnusable(f"{path} may be read by others; `chmod 600` it, or renew it.")
        key = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except (OSError, ValueError) as error:
        raise KeyUnusable(f"{path} cannot be used: {error}") from error
    if len(key) != _KEY_BYTES:
        raise KeyUnusable(f"{path} does not hold {_KEY_BYTES} bytes in hexadecimal.")
    return key


def _make(path: Path) -> None:
    """Write a new key where there is none, whole or not at all, though imports race."""
    if path.exists():
        return
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(_KEY_BYTES) + "\n")
            file.flush()
            os.fsync(file.fileno())
        path.hardlink_to(draft)  # fails if another import was first: its key stands
    except FileExistsError:
        return
    finally:
        draft.unlink()


class Pseudonyms:
    """The tokens of one book: the same person has another token in another book."""

    def __init__(self, key: bytes, book: UUID) -> None:
        self._key = key
        self._book = str(book)

    def bank_account(self, account: BankAccount, currency: str) -> str:
        """The ledger account of a bank account. Each currency of it has its own."""
        return f"bank:{self._token('bank', account.scheme, account.id, currency)}"

    def counterparty(self, party: Party, currency: str) -> str:
        """The ledger account of whoever is on the other side.

        Known by its account where the bank tells it, else by its identification, else by its name.
        """
        assert party.is_known
        if party.account:
            who = ("account", party.account_scheme, party.account)
        elif party.identification:
            who = ("identification", party.identification, "")
        else:
            who = ("name", _plain(party.name), "")
        return f"counterparty:{self._token('counterparty', *who, currency)}"

    def opening(self, bank_account: str) -> UUID:
        """The transaction that brings a bank account's first opening balance into the book."""
        return self._uuid(self._half("opening", bank_account), "opening")

    def statement(self, bank_account: str, statement: AuditedStatement) -> int:
        """The upper half of the ids of a statement's transactions: what it is recognized by.

        Args:
            bank_account: the ledger account of the statement.
            statement: known by its number, or its identifier where it has none, and by its period
                and balances: a bank that sends it again may give the message, and even the
                statement, a new identifier.
        """
        header = statement.header
        numbers = (header.electronic_number, header.legal_number)
        is_numbered = any(number and number.strip("0") for number in numbers)
        return self._half(
            "statement",
            bank_account,
            numbers if is_numbered else header.id,
            header.page,
            header.period,
            (statement.opening.date, statement.opening.amount),
            (statement.closing.date, statement.closing.amount),
        )

    def entry(self, statement: int, at: int, digest: bytes) -> UUID:
        """The transaction of an entry: the same whenever the bank sends the same statement.

        Args:
            statement: the upper half of its id.
            at: its place among those of the statement that move money, so that equal entries both
                count.
            digest: what else identifies it within the statement.
        """
        return self._uuid(statement, at, digest)

    def _token(self, *parts: str) -> str:
        digest = self._hash(parts)[:_TOKEN_BYTES]
        return b32encode(digest).decode().lower()

    def _half(self, *parts: object) -> int:
        """The upper half of a UUID of version 8 (RFC 9562, section 5.8): 60 bits of the hash."""
        number = int.from_bytes(self._hash(parts)[:8], "big")
        return number & ~(0xF << 12) | 0x8 << 12

    def _uuid(self, half: int, *parts: object) -> UUID:
        """A UUID with a given upper half: 62 more bits of the hash."""
        number = int.from_bytes(self._hash((half, *parts))[:8], "big")
        return UUID(int=half << 64 | 0b10 << 62 | number >> 2)

    def _hash(self, parts: tuple[object, ...]) -> bytes:
        # JSON keeps the parts apart: ("ab", "c") and ("a", "bc") differ.
        return hmac.digest(self._key, msgspec.json.encode((self._book, *parts)), "sha256")


def _plain(name: str) -> str:
    """A name as banks mean it, however they write it: case and blanks say nothing."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())

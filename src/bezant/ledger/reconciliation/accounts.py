"""The account that statements are of."""

from typing import TYPE_CHECKING
from uuid import UUID
from zoneinfo import ZoneInfo

from msgspec import Struct

from bezant.ledger import store
from bezant.ledger.domain import DEBIT_NORMAL
from bezant.ledger.errors import AccountNotFound, BookNotFound
from bezant.ledger.schemas import AccountType

if TYPE_CHECKING:
    from bezant.ledger.queries import Source


class AccountRow(Struct, frozen=True):
    """An account of a book, as far as matching needs it.

    Attributes:
        scale: of its asset.
        sign: +1 where debits increase it, -1 where credits do.
        zone: of the book.
    """

    no: int
    id: str
    asset: str
    scale: int
    sign: int
    zone: ZoneInfo


def sign_of(kind: str) -> int:
    """+1 for types whose balance debits increase, -1 for the others."""
    return 1 if AccountType(kind) in DEBIT_NORMAL else -1


async def find_account(
    source: "Source", tenant_id: UUID, book_id: UUID, account_id: str
) -> AccountRow:
    """One account.

    Raises:
        BookNotFound: the tenant has no such book.
        AccountNotFound: the book has no such account.
    """
    book = await source.fetchrow(store.FIND_BOOK, tenant_id, book_id)
    if book is None:
        raise BookNotFound(f"No book {book_id}.")
    row = await source.fetchrow(store.FIND_ACCOUNT, tenant_id, book_id, account_id)
    if row is None:
        raise AccountNotFound(f"No account {account_id!r}.")
    scales = dict(zip(book["codes"], book["scales"], strict=True))
    return AccountRow(
        no=row["account_no"],
        id=row["account_id"],
        asset=row["asset"],
        scale=scales[row["asset"]],
        sign=sign_of(row["type"]),
        zone=ZoneInfo(book["time_zone"]),
    )

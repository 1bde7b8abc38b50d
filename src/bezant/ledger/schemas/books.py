"""Books and what they count in."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from bezant.ledger.schemas.terms import AssetCode, Name


class Asset(Struct, frozen=True, forbid_unknown_fields=True):
    """What a book counts in. The scale is the number of fraction digits of a unit."""

    code: AssetCode
    scale: Annotated[int, Meta(ge=0, le=18)]


class NewBook(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/books`."""

    name: Name
    assets: Annotated[list[Asset], Meta(min_length=1, max_length=100)]
    time_zone: Annotated[str, Meta(max_length=64, examples=["Europe/Paris"])] = "UTC"


class Book(Struct, frozen=True):
    """A tenant's set of accounts."""

    id: UUID
    name: str
    time_zone: str
    assets: list[Asset]
    created_at: datetime


class Books(Struct, frozen=True):
    """A page of books, oldest first."""

    books: list[Book]
    next: str | None

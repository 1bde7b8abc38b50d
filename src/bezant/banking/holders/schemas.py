"""Wire models of holders."""

from datetime import datetime
from uuid import UUID

from msgspec import Struct


class NewHolder(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/books/{book}/accounts/{account}/holders`."""

    user_id: UUID


class Holder(Struct, frozen=True):
    """A user who owns an account.

    Attributes:
        added_by: who made them one, as the audit log calls them.
    """

    user_id: UUID
    added_at: datetime
    added_by: str


class Holders(Struct, frozen=True):
    """A page of an account's holders, in the order of their identifiers."""

    holders: list[Holder]
    next: str | None

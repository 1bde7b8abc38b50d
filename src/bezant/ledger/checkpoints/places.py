"""Places outside where checkpoints are kept, so that who owns the database cannot change them."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol
from uuid import UUID


class Published(NamedTuple):
    """A checkpoint as it is kept: its number in the book, and the signed note."""

    number: int
    note: str


class Place(Protocol):
    """Keeps notes, adds to them, and never replaces one.

    Every method raises `PlaceUnavailable` where that cannot be done now.

    Attributes:
        name: for logs and metrics.
    """

    name: str

    async def last(self, tenant_id: UUID, book_id: UUID) -> Published | None:
        """The one of a book with the greatest number; None where there is none."""
        ...

    async def after(
        self, tenant_id: UUID, book_id: UUID, number: int, limit: int
    ) -> Sequence[Published]:
        """A book's from the next number on, in order."""
        ...

    async def put(self, tenant_id: UUID, book_id: UUID, notes: Sequence[Published]) -> None:
        """Add notes, durably; those that are there already stay.

        Raises:
            Forked: another note is there under the same number.
        """
        ...

    async def close(self) -> None:
        """Let go of what it holds."""
        ...

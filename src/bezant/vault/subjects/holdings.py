"""What else the vault keeps of a subject than sealed fields: each part says it for itself."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

Described = Mapping[str, str | int | None]


class Holding(Protocol):
    """One kind of what is kept, such as tokens.

    Attributes:
        name: what it is called in a subject's export, in the plural.
    """

    name: str

    async def describe(self, tenant_id: UUID, subject_id: UUID) -> Sequence[Described]:
        """What there is, as the subject may know it: of a card token, the last four digits."""
        ...

    async def forget(
        self,
        connection: "PoolConnectionProxy[asyncpg.Record]",
        tenant_id: UUID,
        subjects: Sequence[UUID],
    ) -> None:
        """Delete all of it, in the transaction that erases the subjects. Again is no error."""
        ...

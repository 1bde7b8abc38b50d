"""What else the vault keeps of a subject than sealed fields: each part says it for itself."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Protocol, runtime_checkable
from uuid import UUID

from msgspec import Struct

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


class Duty(Struct, frozen=True):
    """What forbids to erase a person for now (GDPR, article 17(3)).

    Attributes:
        field: what has to be kept, as rules of retention call it.
        reason: a word.
        until: None where that is not known yet.
    """

    field: str
    reason: str
    until: datetime | None


@runtime_checkable
class Keeper(Holding, Protocol):
    """Who keeps something of subjects for as long as the law asks, and no longer."""

    async def duty(
        self,
        connection: "PoolConnectionProxy[asyncpg.Record]",
        tenant_id: UUID,
        subject_id: UUID,
        now: datetime,
    ) -> Duty | None:
        """What has to be kept of a subject, in the transaction that decides on its erasure."""
        ...

    async def remove_due(self, tenant_id: UUID) -> int:
        """Delete what need not be kept any more; how much that was."""
        ...

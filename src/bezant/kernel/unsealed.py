# ruff: noqa: ARG002 - whatever it is given, it refuses
"""The port of sealed fields where there is no vault."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from bezant.kernel.calls import Call
from bezant.kernel.sealed import NoVault, Opened, Provisional, SealedField, Sealing


class Unsealed:
    """Everything is refused, in words that say why."""

    async def cover(self, call: Call) -> Call:
        """Refuse."""
        raise _no_vault()

    async def seal(self, call: Call, values: Sequence[Sealing]) -> None:
        """Refuse."""
        raise _no_vault()

    async def keep(self, tenant_id: UUID, references: Sequence[UUID]) -> None:
        """Refuse."""
        raise _no_vault()

    async def discard(self, tenant_id: UUID, references: Sequence[UUID]) -> None:
        """Refuse."""
        raise _no_vault()

    async def replace(self, call: Call, values: Sequence[Sealing]) -> None:
        """Refuse."""
        raise _no_vault()

    async def open(self, call: Call, references: Sequence[UUID]) -> Opened:
        """Refuse."""
        raise _no_vault()

    async def find(self, call: Call, field: SealedField, value: str) -> Sequence[UUID]:
        """Refuse."""
        raise _no_vault()

    async def provisional(
        self, fields: Sequence[str], before: datetime, limit: int
    ) -> Sequence[Provisional]:
        """None: nothing was ever sealed."""
        return []


def _no_vault() -> NoVault:
    return NoVault("This platform has no vault, and so keeps no data that identify people.")

"""Which transfers from an account are one entry of its statements: batches that asked for it."""

from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from bezant.banking.statements import store
from bezant.kernel.database import Database, Row, RowKind
from bezant.ledger import statements

_BATCH: Final = RowKind("statement_batch", store.INSERT_BATCHES)


def batch_row(account_id: UUID, transfer_id: UUID, batch_id: UUID) -> Row:
    """That a transfer, or what its reservation becomes, is one entry with others of a batch.

    Args:
        account_id: that pays.
        transfer_id: of the leg that pays, or reserves; known before it is posted.
        batch_id: of the entry.
    """
    return Row(_BATCH, (account_id, transfer_id, batch_id))


class StatementBatches:
    """Finds them.

    Args:
        database: where they are kept.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(
        self, tenant_id: UUID, account_id: UUID, transfers: Sequence[UUID]
    ) -> Mapping[UUID, UUID]:
        """The batches of those transfers that are in one, by transfer."""
        rows = await self._database.fetch(store.FIND_BATCHES, tenant_id, account_id, transfers)
        return {row["transfer_id"]: row["batch_id"] for row in rows}

    async def finder(self, tenant_id: UUID, account_id: UUID) -> statements.BatchesOf | None:
        """How a statement's file finds them; None where the account never had any."""
        if await self._database.fetchrow(store.FIND_ANY_BATCH, tenant_id, account_id) is None:
            return None
        return lambda transfers: self.of(tenant_id, account_id, transfers)

"""What was asked of payees and shown of them: sealed where it is stored."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from bezant.kernel.database import Database
from bezant.kernel.sealing import SealedSecret, SecretSealer
from bezant.payments.vop import schemas, store


class VerificationContents:
    """Seals and opens it.

    Args:
        database: where it is read.
        sealer: of what payments say.
    """

    def __init__(self, database: Database, sealer: SecretSealer) -> None:
        self._database = database
        self._sealer = sealer

    def sealed(self, tenant_id: UUID, verification_id: UUID, content: schemas.Content) -> bytes:
        """As it is stored."""
        return self._sealer.seal(msgspec.json.encode(content), _context(tenant_id, verification_id))

    async def of(self, tenant_id: UUID, ids: Sequence[UUID]) -> dict[UUID, schemas.Content]:
        """What is still there of verifications."""
        rows = await self._database.fetch(store.FIND_CONTENTS, tenant_id, ids)
        return {
            row["verification_id"]: schemas.CONTENT.decode(
                self._sealer.open(
                    SealedSecret(row["sealed"]), _context(tenant_id, row["verification_id"])
                )
            )
            for row in rows
        }


def _context(tenant_id: UUID, verification_id: UUID) -> bytes:
    return b"payee_verification" + tenant_id.bytes + verification_id.bytes

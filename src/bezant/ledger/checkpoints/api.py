"""Routes of checkpoints and of the keys that sign them."""

import re
from collections.abc import Sequence
from typing import Final

from bezant.kernel.calls import Answer
from bezant.kernel.http import Nothing, Operation, Reading, ReadOperation, WriteOperation, Writing
from bezant.kernel.pagination import InvalidCursor, Page, turn_page
from bezant.ledger import errors
from bezant.ledger.api.shared import BOOK, READ
from bezant.ledger.checkpoints.schemas import CheckpointKeys, Checkpoints, KeyRotation
from bezant.ledger.checkpoints.service import CheckpointService
from bezant.ledger.handlers import BookPath

_KEYS: Final = "/v1/checkpoint-keys"
_TAG: Final = "proofs"
_POSITION: Final = re.compile(r"[1-9][0-9]{0,17}")


class Routes:
    """The handlers."""

    def __init__(self, checkpoints: CheckpointService) -> None:
        self._checkpoints = checkpoints

    async def page(self, asked: Reading[BookPath, Page]) -> Checkpoints:
        """`GET …/checkpoints`."""
        tenant_id, book_id = asked.principal.tenant_id, asked.path.book
        return await turn_page(
            asked.resource,
            asked.query,
            _POSITION,
            lambda after, limit: self._checkpoints.page(
                tenant_id, book_id, after=after, limit=limit
            ),
        )

    async def keys(self, asked: Reading[Nothing, Nothing]) -> CheckpointKeys:
        """`GET /v1/checkpoint-keys`."""
        return await self._checkpoints.keys.listed(asked.principal.tenant_id)

    async def rotate(self, asked: Writing[Nothing, KeyRotation]) -> Answer:
        """`POST /v1/checkpoint-keys/rotate`."""
        return await self._checkpoints.keys.rotate(asked.call, asked.body)


def operations(checkpoints: CheckpointService) -> Sequence[Operation]:
    """The operations on checkpoints."""
    routes = Routes(checkpoints)
    return [
        ReadOperation(
            id="list_checkpoints",
            path=f"{BOOK}/checkpoints",
            tag=_TAG,
            summary="The signed heads of a book's log, oldest first",
            description="Each `note` is a signed note (C2SP tlog-checkpoint): keep it elsewhere.",
            scope=READ,
            path_type=BookPath,
            query_type=Page,
            answer_type=Checkpoints,
            refusals=(errors.BookNotFound, InvalidCursor),
            handler=routes.page,
        ),
        ReadOperation(
            id="list_checkpoint_keys",
            path=_KEYS,
            tag=_TAG,
            summary="The public keys that checkpoints are verified with",
            description="None as long as nothing was signed. Keep them apart from the platform.",
            scope=READ,
            answer_type=CheckpointKeys,
            handler=routes.keys,
        ),
        WriteOperation(
            id="rotate_checkpoint_key",
            path=f"{_KEYS}/rotate",
            tag=_TAG,
            summary="Make a new key for checkpoints, with an overlap",
            description="For `overlap_s` seconds checkpoints carry the signatures of old keys too.",
            scope="keys:write",
            action="checkpoint_key.rotate",
            body_type=KeyRotation,
            example={"overlap_s": 86400},
            status=201,
            answer_type=CheckpointKeys,
            handler=routes.rotate,
        ),
    ]

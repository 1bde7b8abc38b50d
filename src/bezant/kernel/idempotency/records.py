"""Records of answered requests."""

import hashlib
import hmac
import os
from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from bezant.kernel.calls import Answer, Call
from bezant.kernel.database import Database, Row, RowKind
from bezant.kernel.errors import Refusal
from bezant.kernel.idempotency import store

_KIND = RowKind("idempotency_record", store.INSERT)
_SALT_BYTES = 16


class KeyReused(Refusal):
    """The idempotency key belongs to an earlier, different request."""

    status, code, title = 422, "IDEMPOTENCY_KEY_REUSED", "The key belongs to another request"


def record(call: Call, answer: Answer, at: datetime) -> list[Row]:
    """The row that makes `answer` the answer to every repeat of `call`.

    A call without a key has none.

    The request is kept only as a salted hash: its body may hold what has to be erasable.
    """
    if call.idempotency_key is None:
        return []
    salt = os.urandom(_SALT_BYTES)
    values = (
        call.idempotency_key,
        salt,
        _fingerprint(salt, call.fingerprint),
        answer.status,
        answer.body,
        at,
    )
    return [Row(_KIND, values)]


async def find(database: Database, tenant_id: UUID, calls: Iterable[Call]) -> dict[UUID, Answer]:
    """Answers to those of a tenant's calls that repeat an earlier request, by the call's id.

    A key that belongs to a different request is answered with the refusal `IDEMPOTENCY_KEY_REUSED`.
    """
    keyed = [call for call in calls if call.idempotency_key is not None]
    if not keyed:
        return {}
    keys = list({call.idempotency_key for call in keyed})
    found = {row["key"]: row for row in await database.fetch(store.FIND, tenant_id, keys)}
    answers = {}
    for call in keyed:
        row = found.get(call.idempotency_key)
        if row is None:
            continue
        if any(
            hmac.compare_digest(row["fingerprint"], _fingerprint(row["salt"], fingerprint))
            for fingerprint in call.fingerprints
        ):
            answers[call.id] = Answer(row["status"], row["body"], is_replay=True)
        else:
            answers[call.id] = reused()
    return answers


async def remove_old(database: Database, tenant_id: UUID, before: datetime, limit: int) -> int:
    """Remove some of a tenant's records from before an instant; how many were removed.

    Raises:
        Unavailable: the database cannot be asked.
    """
    return await database.remove(store.DELETE_OLD, tenant_id, before, limit)


def reused() -> Answer:
    """The refusal of a key that belongs to a different request."""
    return Answer.refused(
        KeyReused(
            "The key was used before with another method, path or body.", field="Idempotency-Key"
        )
    )


def _fingerprint(salt: bytes, fingerprint: bytes) -> bytes:
    return hashlib.sha256(salt + fingerprint).digest()

"""The audit log: who did what, to which resource, why, from where, and with what outcome.

References only, no personal data: an actor is a key or user id, a resource a path.
"""

from datetime import datetime

from bezant.kernel.audit import store
from bezant.kernel.calls import Answer, Call
from bezant.kernel.database import Row, RowKind

__all__ = ["entry"]

_KIND = RowKind("audit_entry", store.INSERT)


def entry(call: Call, answer: Answer, at: datetime) -> list[Row]:
    """The row that tells of `call` and of its outcome, for the commit that holds its effect."""
    outcome = "refused" if answer.is_refusal else "done"
    values = (
        call.id,
        at,
        call.actor,
        call.action,
        call.resource,
        call.purpose,
        call.origin,
        outcome,
        answer.status,
    )
    return [Row(_KIND, values)]

"""Idempotency: a repeated request is answered with the first one's bytes, and does nothing.

The record is written in the same commit as the request's effect, so that neither exists without the
other. Looking a key up beforehand is only a shortcut: the primary key (tenant, key) decides between
two that race.
"""

from bezant.kernel.idempotency.once import once
from bezant.kernel.idempotency.records import KeyReused, find, record, remove_old, reused
from bezant.kernel.idempotency.store import CONSTRAINT

__all__ = ["CONSTRAINT", "KeyReused", "find", "once", "record", "remove_old", "reused"]

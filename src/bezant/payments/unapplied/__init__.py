"""Money that is here and fits no account: who can have it, decided by two people."""

from typing import TYPE_CHECKING

from bezant.kernel.lazy import lazily

# Those whose money waits note it (`unapplied.records`); whoever gives it away knows all of them.
if TYPE_CHECKING:
    from bezant.payments.unapplied.api import operations
    from bezant.payments.unapplied.service import UnappliedService

__all__ = ["UnappliedService", "operations"]

__getattr__ = lazily(__name__, {"api": "operations", "service": "UnappliedService"})

"""Finds endpoints with work, claims them, and keeps couriers at it, in every worker process.

Nothing is queued in memory: what there is to do is in the streams, the cursors and the deliveries,
and whoever looks next finds it.
"""

import asyncio
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

import structlog

from bezant.kernel.database import CommitUnknown
from bezant.kernel.errors import Refusal
from bezant.kernel.telemetry import FEED_LAG
from bezant.kernel.webhooks import store
from bezant.kernel.webhooks.claims import Means, claim
from bezant.kernel.webhooks.courier import Courier
from bezant.kernel.webhooks.deliveries import DELIVERIES_KEPT_MAX
from bezant.kernel.webhooks.intake import lagging

if TYPE_CHECKING:
    import asyncpg

LOOK_EVERY_S: Final = 1.0

_COURIERS_MAX: Final = 32
_PAGE: Final = 1_000
# A tenant in which nothing happens is looked at less often: a twelfth of the time that it was idle.
_IDLE_SHARE: Final = 12
_IDLE_S_MAX: Final = 5.0
_PRUNE_EVERY_S: Final = 600.0
_LOG_KEPT: Final = timedelta(days=30)
_FIRST: Final = (UUID(int=0), UUID(int=0))

log = structlog.get_logger("bezant.webhooks")


@dataclass(slots=True)
class _Watch:
    """When a tenant's streams were looked at, and when something was found."""

    looked_at: float = float("-inf")
    found_at: float = field(default_factory=time.monotonic)

    def is_due(self, now: float) -> bool:
        pause_s = min(_IDLE_S_MAX, (now - self.found_at) / _IDLE_SHARE)
        return now - self.looked_at >= pause_s

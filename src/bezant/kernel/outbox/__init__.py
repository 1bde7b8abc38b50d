"""Events outside books, gapless per tenant.

`event` makes the row that travels with the change; the `Sequencer` numbers it after the commit and
tells subscribers; `EventReader` reads a tenant's stream.
"""

from bezant.kernel.outbox.api import operations
from bezant.kernel.outbox.events import (
    EVENTS_PER_READ_MAX,
    Event,
    EventReader,
    EventsExpired,
    Subscriber,
    event,
    remove_old,
)
from bezant.kernel.outbox.sequencer import Sequencer

__all__ = [
    "EVENTS_PER_READ_MAX",
    "Event",
    "EventReader",
    "EventsExpired",
    "Sequencer",
    "Subscriber",
    "event",
    "operations",
    "remove_old",
]

"""Events outside books, gapless per tenant.

`event` makes the row that travels with the change; the `Sequencer` numbers it after the commit and
tells subscribers; `EventReader` reads a tenant's stream.
"""

from bezant.kernel.outbox.events import (
    EVENTS_PER_READ_MAX,
    Event,
    EventReader,
    EventsExpired,
    Subscriber,
    event,
)

__all__ = [
    "EVENTS_PER_READ_MAX",
    "Event",
    "EventReader",
    "EventsExpired",
    "Subscriber",
    "event",
]

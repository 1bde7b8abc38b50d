"""Rails: ways for money to leave and to arrive. Each is an adapter behind one port."""

from bezant.payments.rails.errors import NotForRail
from bezant.payments.rails.port import (
    Asked,
    Coordinates,
    Incoming,
    NotSent,
    Outcome,
    Outgoing,
    Pending,
    Rail,
    Recall,
    Receiver,
    Refused,
    Rejected,
    Return,
    Returning,
    Settled,
    Taken,
    Unknown,
)

__all__ = [
    "Asked",
    "Coordinates",
    "Incoming",
    "NotForRail",
    "NotSent",
    "Outcome",
    "Outgoing",
    "Pending",
    "Rail",
    "Recall",
    "Receiver",
    "Refused",
    "Rejected",
    "Return",
    "Returning",
    "Settled",
    "Taken",
    "Unknown",
]

"""The feed: a book's history as events, gapless, from any number on. It is the table itself."""

from bezant.ledger.feed.events import Event, Events, type_of
from bezant.ledger.feed.history import FeedBroken, Numbered, find_head, find_heads, read_history
from bezant.ledger.feed.reader import find_names, read_page
from bezant.ledger.feed.tail import Follower, Tail

__all__ = [
    "Event",
    "Events",
    "FeedBroken",
    "Follower",
    "Numbered",
    "Tail",
    "find_head",
    "find_heads",
    "find_names",
    "read_history",
    "read_page",
    "type_of",
]

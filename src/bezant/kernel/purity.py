"""A guard around decisions: while one is taken, nothing may reach for the network.

What a rider decides must follow from what it has read in its own commit. A look at a cache or at
another service in the middle would make the decision differ between the first run and its repeat.
"""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final


class ImpureDecision(Exception):  # noqa: N818 - a defect of the rider, told by its name
    """A decision reached for something outside what it had declared to read."""


class _State(threading.local):
    is_deciding = False


_state: Final = _State()
_NETWORK_EVENTS: Final = frozenset(
    {"socket.connect", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo"}
)


@contextmanager
def deciding() -> Iterator[None]:
    """Mark the block as a decision."""
    _state.is_deciding = True
    try:
        yield
    finally:
        _state.is_deciding = False


def forbid(what: str) -> None:
    """Refuse `what` within a decision.

    Raises:
        ImpureDecision: a decision is being taken on this thread.
    """
    if _state.is_deciding:
        raise ImpureDecision(f"A decision reached for {what}.")


def _watch(event: str, _arguments: tuple[object, ...]) -> None:
    if event in _NETWORK_EVENTS:
        forbid("the network")


sys.addaudithook(_watch)

"""Who has to know of a batch before it is durable, and before its answers go out.

What a lane commits makes balances old that others may hold. They learn of it in two steps: of the
accounts and the number that they will have reached, before COMMIT; of the balances, after it.
"""

from typing import TYPE_CHECKING, Protocol
from uuid import UUID

if TYPE_CHECKING:
    from bezant.ledger.lane.draft import Draft

BookKey = tuple[UUID, UUID]


class Watch(Protocol):
    """Watches one book for one holder and epoch."""

    def expect(self, draft: "Draft") -> None:
        """What the draft touches is old from now on, whatever becomes of it.

        Called before COMMIT, for every try, while the accounts are as the draft left them.
        """
        ...

    async def publish(self, draft: "Draft") -> None:
        """The draft that was expected is durable. Before the answers; it never raises."""
        ...

    def end(self) -> None:
        """The holder lets the lane go."""
        ...


class Unwatched:
    """For a book that nobody else looks at."""

    def expect(self, draft: "Draft") -> None:
        """Nobody has to know."""

    async def publish(self, draft: "Draft") -> None:
        """Nobody has to know."""

    def end(self) -> None:
        """Nothing to let go."""


class Watching(Protocol):
    """Begins the watch over a book when its lane is taken.

    Attributes:
        tag: distinguishes this process's neighbours: part of what its lanes are found by.
    """

    tag: str

    def announce(self, key: BookKey, epoch: int, holder: str, accounts: int) -> "Announced":
        """This process is about to take a lane, to be `holder` in `epoch`, of so many accounts."""
        ...


class Announced(Protocol):
    """A lane that is about to be taken."""

    async def taken(self, previous: str, seq: int) -> Watch:
        """It was, from the holder `previous`, and the book stands at `seq`.

        Returns when nobody relies any more on the book being as `previous` left it.
        """
        ...

    def failed(self) -> None:
        """It was not."""
        ...

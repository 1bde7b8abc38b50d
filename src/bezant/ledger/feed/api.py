"""The feed's route."""

from collections.abc import Sequence
from typing import Annotated, Final

from msgspec import Meta, Struct

from bezant.kernel.http import EventSource, Operation, Reading, StreamOperation
from bezant.kernel.pagination import LIMIT_DEFAULT, LIMIT_MAX
from bezant.ledger import errors
from bezant.ledger.api.shared import READ
from bezant.ledger.feed.events import Events
from bezant.ledger.handlers import BookPath
from bezant.ledger.service import Ledger

_SEQ_MAX: Final = 10**18 - 1


class From(Struct, frozen=True, forbid_unknown_fields=True):
    """Where to begin."""

    after: Annotated[
        int, Meta(ge=0, le=_SEQ_MAX, description="The `seq` before the first; 0 for all.")
    ] = 0
    limit: Annotated[
        int, Meta(ge=1, le=LIMIT_MAX, description="Events of a page; a stream has no end.")
    ] = LIMIT_DEFAULT


class FeedRoutes:
    """The handlers."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    async def page(self, asked: Reading[BookPath, From]) -> Events:
        """`GET …/events` as JSON."""
        return await self._ledger.feed(
            asked.principal.tenant_id,
            asked.path.book,
            _after(asked),
            asked.query.limit,
            read_after=asked.read_after,
        )

    async def follow(self, asked: Reading[BookPath, From]) -> EventSource:
        """`GET …/events` as a stream."""
        return await self._ledger.follow(
            asked.principal.tenant_id, asked.path.book, _after(asked), read_after=asked.read_after
        )


def operations(ledger: Ledger) -> Sequence[Operation]:
    """The feed's operations."""
    routes = FeedRoutes(ledger)
    return [
        StreamOperation(
            id="follow_events",
            path="/v1/books/{book}/events",
            tag="events",
            summary="A book's events, from any `seq` on, without gaps",
            description=(
                "Server-sent events, whose `id` is the `seq`, for as long as you read; a page of"
                " them where `Accept` names `application/json`. `Last-Event-ID` wins over `after`."
            ),
            scope=READ,
            is_replicated=True,
            path_type=BookPath,
            query_type=From,
            answer_type=Events,
            refusals=(errors.BookNotFound, errors.FeedPositionAhead),
            handler=routes.page,
            opener=routes.follow,
        )
    ]


def _after(asked: Reading[BookPath, From]) -> int:
    # A browser comes back to the address that it first asked for, with what it has in the header.
    return asked.query.after if asked.last_event_id is None else asked.last_event_id

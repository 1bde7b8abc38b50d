"""The route of events outside books."""

from collections.abc import Sequence
from typing import Annotated, Final

from msgspec import Meta, Struct

from bezant.kernel.http import Nothing, Operation, Reading, ReadOperation
from bezant.kernel.outbox.events import EVENTS_PER_READ_MAX, Event, EventReader, EventsExpired

SCOPE: Final = "events:read"

_SEQ_MAX: Final = (1 << 63) - 1


class After(Struct, frozen=True, forbid_unknown_fields=True):
    """Which events are asked for."""

    after: Annotated[
        int, Meta(ge=0, le=_SEQ_MAX, description="`seq` of the last event that was seen.")
    ] = 0
    limit: Annotated[int, Meta(ge=1, le=EVENTS_PER_READ_MAX, description="Events of a page.")] = 100


class Events(Struct, frozen=True):
    """Events in order. `last` is what `after` takes to continue, also where there were none."""

    events: list[Event]
    last: int


def operations(reader: EventReader) -> Sequence[Operation]:
    """The operation on events."""

    async def read(asked: Reading[Nothing, After]) -> Events:
        query = asked.query
        events = await reader.read(asked.principal.tenant_id, query.after, query.limit)
        return Events(events, events[-1].seq if events else query.after)

    return [
        ReadOperation(
            id="list_events",
            path="/v1/events",
            tag="events",
            summary="What happened outside books, in order",
            description=(
                "Numbers have no gaps, and none appears below one that was seen: ask with `after` "
                "for what is new."
            ),
            scope=SCOPE,
            query_type=After,
            answer_type=Events,
            refusals=(EventsExpired,),
            handler=read,
        )
    ]

"""Pages of a book's feed."""

from uuid import UUID

from bezant.ledger.errors import BookNotFound, FeedPositionAhead
from bezant.ledger.feed import store
from bezant.ledger.feed.events import Events, accounts_in, event_of
from bezant.ledger.feed.history import Source, find_head, read_history


async def read_page(
    source: Source, tenant_id: UUID, book_id: UUID, after: int, limit: int
) -> Events:
    """The events that follow `after`, at most `limit`, fewer where they are large.

    Raises:
        BookNotFound: the tenant has no such book.
        FeedPositionAhead: the book has not given the number `after` yet.
        FeedBroken: history has a hole.
    """
    head = await find_head(source, tenant_id, book_id)
    if head is None:
        raise BookNotFound(f"No book {book_id}.")
    if after > head:
        raise FeedPositionAhead(
            f"The book's feed ends at {head}.", field="after", after=after, head=head
        )
    if after == head:
        return Events([], after, head)
    numbered = await read_history(source, tenant_id, book_id, after, min(after + limit, head))
    rows = await source.fetch(
        store.FIND_ACCOUNT_NAMES, tenant_id, book_id, list(accounts_in(numbered))
    )
    names = {row["account_no"]: (row["account_id"], row["asset"]) for row in rows}
    events = [event_of(each, names) for each in numbered]
    return Events(events, events[-1].seq, head)

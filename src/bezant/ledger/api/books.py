"""Routes of books."""

from collections.abc import Sequence

from bezant.kernel.http import Operation, ReadOperation, WriteOperation
from bezant.kernel.pagination import InvalidCursor, Page
from bezant.ledger import errors, schemas
from bezant.ledger.api.shared import (
    BOOK,
    READ,
    WRITE,
)
from bezant.ledger.handlers import (
    BookPath,
    Routes,
)


def of_books(routes: Routes) -> Sequence[Operation]:
    """Creating and reading books."""
    return [
        WriteOperation(
            id="create_book",
            path="/v1/books",
            tag="books",
            summary="Create a book",
            scope=WRITE,
            action="book.create",
            body_type=schemas.NewBook,
            example={
                "name": "Customer money",
                "time_zone": "Europe/Paris",
                "assets": [{"code": "EUR", "scale": 2}],
            },
            status=201,
            answer_type=schemas.Book,
            refusals=(errors.AssetRepeated, errors.AssetScaleMismatch, errors.UnknownTimeZone),
            handler=routes.create_book,
        ),
        ReadOperation(
            id="list_books",
            path="/v1/books",
            tag="books",
            summary="Your books, oldest first",
            scope=READ,
            query_type=Page,
            answer_type=schemas.Books,
            refusals=(InvalidCursor,),
            handler=routes.books,
        ),
        ReadOperation(
            id="get_book",
            path=BOOK,
            tag="books",
            summary="A book",
            scope=READ,
            has_etag=True,
            path_type=BookPath,
            answer_type=schemas.Book,
            refusals=(errors.BookNotFound,),
            handler=routes.book,
        ),
    ]

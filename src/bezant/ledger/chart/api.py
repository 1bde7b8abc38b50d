"""Routes of charts of accounts."""

from collections.abc import Sequence

from bezant.kernel.calls import Answer
from bezant.kernel.http import Operation, Reading, ReadOperation, WriteOperation, Writing
from bezant.ledger import errors
from bezant.ledger.api.shared import BATCH_BYTES_MAX, BOOK, READ, WRITE
from bezant.ledger.chart import schemas
from bezant.ledger.chart.errors import ChartChanged, ChartInvalid, ChartVersionNotFound
from bezant.ledger.chart.service import Charts
from bezant.ledger.handlers import BookPath
from bezant.ledger.service import Ledger


class ChartRoutes:
    """The handlers."""

    def __init__(self, charts: Charts) -> None:
        self._charts = charts

    async def chart(self, asked: Reading[BookPath, schemas.ChartQuery]) -> schemas.Chart:
        """`GET …/chart`."""
        return await self._charts.chart(asked.principal.tenant_id, asked.path.book, asked.query)

    async def replace(self, asked: Writing[BookPath, schemas.NewChart]) -> Answer:
        """`PUT …/chart`."""
        return await self._charts.replace(asked.call, asked.path.book, asked.body)


def operations(ledger: Ledger) -> Sequence[Operation]:
    """The operations of charts."""
    routes = ChartRoutes(Charts(ledger))
    return [
        ReadOperation(
            id="get_chart",
            path=f"{BOOK}/chart",
            tag="reports",
            summary="A book's chart of accounts, as it is or was",
            scope=READ,
            has_etag=True,
            path_type=BookPath,
            query_type=schemas.ChartQuery,
            answer_type=schemas.Chart,
            refusals=(errors.BookNotFound, ChartVersionNotFound),
            handler=routes.chart,
        ),
        WriteOperation(
            id="replace_chart",
            method="PUT",
            path=f"{BOOK}/chart",
            tag="reports",
            summary="Give a book another chart of accounts",
            description="Earlier versions stay: reports as known at an instant use the chart of"
            " that instant.",
            scope=WRITE,
            action="chart.replace",
            path_type=BookPath,
            body_type=schemas.NewChart,
            body_bytes_max=BATCH_BYTES_MAX,
            example={
                "replaces": 0,
                "nodes": [
                    {"code": "2000", "name": "Owed to customers", "type": "liability"},
                    {
                        "code": "2000.10",
                        "name": "Wallets",
                        "type": "liability",
                        "parent": "2000",
                        "accounts": ["customers:*"],
                    },
                ],
                "financial_year": {
                    "ends_in": 12,
                    "closing_entries_to": "equity:retained-earnings",
                },
            },
            answer_type=schemas.Chart,
            refusals=(errors.BookNotFound, ChartInvalid, ChartChanged),
            handler=routes.replace,
        ),
    ]

"""Reading charts."""

from datetime import datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID

import msgspec

from bezant.ledger.chart import store
from bezant.ledger.chart.domain import Chart
from bezant.ledger.chart.schemas import Chart as ChartView
from bezant.ledger.chart.schemas import Stored

if TYPE_CHECKING:
    from bezant.ledger.queries import Source

_decode: Final = msgspec.json.Decoder(Stored).decode


async def find_chart(
    source: "Source",
    tenant_id: UUID,
    book_id: UUID,
    *,
    version: int | None = None,
    known_at: datetime | None = None,
) -> ChartView | None:
    """The newest version that fits; None where there is none."""
    row = await source.fetchrow(store.FIND_CHART, tenant_id, book_id, version, known_at)
    if row is None:
        return None
    stored = _decode(row["content"])
    return ChartView(
        row["version"], stored.nodes, stored.financial_year, row["recorded_at"], row["actor"]
    )


async def current_chart(
    source: "Source", tenant_id: UUID, book_id: UUID, known_at: datetime | None = None
) -> Chart:
    """The chart of a book as it was known at an instant; without nodes where there was none."""
    found = await find_chart(source, tenant_id, book_id, known_at=known_at)
    return Chart() if found is None else Chart(found.version, found.nodes, found.financial_year)

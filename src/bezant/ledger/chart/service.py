"""Changing and reading charts of accounts: the use cases."""

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from bezant.kernel.calls import Answer, Call
from bezant.kernel.errors import Malformed
from bezant.ledger.chart import schemas, store
from bezant.ledger.chart.domain import check_nodes
from bezant.ledger.chart.errors import ChartChanged, ChartVersionNotFound
from bezant.ledger.chart.reading import find_chart
from bezant.ledger.queries import Queries, Source
from bezant.ledger.service import Ledger

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy


class Charts:
    """What may be asked about a book's chart. Every change is a further version."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    async def replace(self, call: Call, book_id: UUID, new: schemas.NewChart) -> Answer:
        """`PUT …/chart` -> 200 `Chart`."""
        key = call.tenant_id, book_id
        for index, node in enumerate(new.nodes):
            if "\x00" in node.name:
                raise Malformed("A name holds no NUL.", field=f"nodes[{index}].name")

        async def work(connection: "PoolConnectionProxy[asyncpg.Record]") -> Answer:
            await Queries(connection).book(*key)
            check_nodes(new.nodes)
            current = await find_chart(connection, *key)
            version = 0 if current is None else current.version
            if version != new.replaces:
                raise _changed(version)
            at = self._ledger.now()
            if current is not None and current.recorded_at is not None:
                # Another machine's clock may be behind; what is newer stays so.
                at = max(at, current.recorded_at + timedelta(microseconds=1))
            content = msgspec.json.encode(schemas.Stored(new.nodes, new.financial_year))
            written = await connection.fetchrow(
                store.INSERT_CHART, *key, version + 1, content, call.actor, at
            )
            if written is None:
                raise _changed(version + 1)
            return Answer.of(
                schemas.Chart(version + 1, new.nodes, new.financial_year, at, call.actor)
            )

        return await self._ledger.write_once(call, work)

    async def chart(
        self,
        tenant_id: UUID,
        book_id: UUID,
        asked: schemas.ChartQuery,
    ) -> schemas.Chart:
        """`GET …/chart`.

        Raises:
            BookNotFound: the tenant has no such book.
            ChartVersionNotFound: the chart had no such version.
        """

        async def read(source: Source) -> schemas.Chart:
            await Queries(source).book(tenant_id, book_id)
            found = await find_chart(
                source, tenant_id, book_id, version=asked.version, known_at=asked.known_at
            )
            if found is None and asked.version is not None:
                raise ChartVersionNotFound(f"The chart has no version {asked.version}.")
            return schemas.Chart(0, []) if found is None else found

        return await self._ledger.reader.snapshot(tenant_id, book_id, None, read)


def _changed(version: int) -> ChartChanged:
    return ChartChanged(f"The chart is at version {version}.", field="replaces", version=version)

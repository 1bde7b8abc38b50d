"""Creating books."""

import zoneinfo
from functools import cache
from typing import TYPE_CHECKING, Final
from uuid import UUID

from bezant.formats.iso4217 import minor_unit_of
from bezant.kernel import idempotency
from bezant.kernel.calls import Answer, Call
from bezant.kernel.clock import Clock
from bezant.kernel.database import Database, write_rows
from bezant.kernel.errors import Malformed
from bezant.kernel.ids import Ids
from bezant.kernel.outbox import event
from bezant.ledger import schemas, store
from bezant.ledger.accounts import open_account
from bezant.ledger.errors import AssetRepeated, AssetScaleMismatch, UnknownTimeZone
from bezant.ledger.lane import NEVER, BookState, Draft, Expiries, Head, write_draft
from bezant.ledger.proof import EMPTY_ROOT, Frontier

if TYPE_CHECKING:
    from datetime import datetime

    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

SYSTEM_ACCOUNTS: Final = (
    ("suspense", schemas.AccountType.LIABILITY),
    ("position", schemas.AccountType.ASSET),
)
"""Accounts that a book has from the start, one of each per asset, such as `suspense:EUR`: for money
whose owner is not known yet, and for what the book holds of an asset against its other assets."""


async def create_book(
    database: Database, clock: Clock, ids: Ids, call: Call, new: schemas.NewBook
) -> Answer:
    """Create a book with its lane and its system accounts: 201 `Book`.

    Raises:
        Unavailable: a repeat with the same key is safe.
    """

    async def work(connection: "PoolConnectionProxy[asyncpg.Record]") -> Answer:
        draft = _draft(call.tenant_id, new, ids, clock.now())
        await _insert(connection, draft, new)
        await write_draft(connection, draft)
        subject = f"/v1/books/{draft.book.book_id}"
        created = event(ids.new(), "book.created", subject, draft.at)
        await write_rows(connection, call.tenant_id, [created])
        return Answer.of(
            schemas.Book(
                id=draft.book.book_id,
                name=new.name,
                time_zone=new.time_zone,
                assets=sorted(new.assets, key=lambda asset: asset.code),
                created_at=draft.at,
            ),
            status=201,
        )

    return await idempotency.once(database, clock, call, work)


def _draft(tenant_id: UUID, new: schemas.NewBook, ids: Ids, at: "datetime") -> Draft:
    """The book's first batch: it opens the system accounts."""
    if "\x00" in new.name:
        raise Malformed("A name holds no NUL.", field="name")
    assets = {asset.code: asset.scale for asset in new.assets}
    if len(assets) < len(new.assets):
        raise AssetRepeated("Each asset code stands once.", field="assets")
    for index, asset in enumerate(new.assets):
        _check_scale(asset, f"assets[{index}].scale")
    head = Head(epoch=0, version=0, seq=0, accounts=0, log=Frontier(), recorded_at=at)
    book = BookState(
        tenant_id,
        ids.new(),
        _zone(new.time_zone),
        assets,
        head,
        expiries=Expiries(known_until=NEVER),
    )
    draft = Draft(book, at, ids)
    for code in sorted(assets):
        for name, kind in SYSTEM_ACCOUNTS:
            open_account(draft, schemas.NewAccount(id=f"{name}:{code}", asset=code, type=kind))
    return draft


async def _insert(
    connection: "PoolConnectionProxy[asyncpg.Record]", draft: Draft, new: schemas.NewBook
) -> None:
    key = draft.book.tenant_id, draft.book.book_id
    await connection.execute(store.INSERT_BOOK, *key, new.name, new.time_zone, draft.at)
    codes, scales = zip(*draft.book.assets.items(), strict=True)
    await connection.execute(store.INSERT_ASSETS, *key, list(codes), list(scales))
    await connection.execute(store.INSERT_LANE, *key, EMPTY_ROOT, draft.at)


def _check_scale(asset: schemas.Asset, field: str) -> None:
    """Hold a currency to the scale that ISO 4217 fixes; other codes are the client's own."""
    fixed = minor_unit_of(asset.code)
    if fixed is not None and asset.scale != fixed:
        raise AssetScaleMismatch(
            f"ISO 4217 counts {asset.code} with {fixed} fraction digits, not {asset.scale}.",
            field=field,
            scale=fixed,
        )


@cache
def _zone_names() -> frozenset[str]:
    # Walks the database's folders, which takes milliseconds.
    return frozenset(zoneinfo.available_timezones())


def _zone(name: str) -> zoneinfo.ZoneInfo:
    if name not in _zone_names():
        raise UnknownTimeZone(f"{name!r} is not in the IANA time zone database.", field="time_zone")
    return zoneinfo.ZoneInfo(name)

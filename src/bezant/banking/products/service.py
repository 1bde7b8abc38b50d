"""Making products, their versions, and finding them."""

from typing import TYPE_CHECKING, Final
from uuid import UUID

import msgspec

from bezant.banking.products import store
from bezant.banking.products.errors import (
    ProductChanged,
    ProductExists,
    ProductNotFound,
    TermsContradict,
    UnknownInstitution,
)
from bezant.banking.products.schemas import (
    NewProduct,
    NewVersion,
    Product,
    ProductKind,
    Products,
    ProductTerms,
)
from bezant.kernel.calls import Answer, Call
from bezant.kernel.clock import Clock
from bezant.kernel.database import Database
from bezant.kernel.idempotency import once
from bezant.kernel.ids import Ids

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]

_BEFORE_ALL: Final = UUID(int=0)


class ProductService:
    """The products of tenants.

    Args:
        database: connected as the application's role.
    """

    def __init__(self, database: Database, clock: Clock, ids: Ids) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids

    async def create(self, call: Call, new: NewProduct) -> Answer:
        """`POST /v1/products` -> 201 `Product`, in its first version.

        Raises:
            UnknownInstitution: the tenant has no such.
            TermsContradict: the terms name an asset that the product does not have.
            ProductExists: there is one under this code.
        """
        _check(new.terms)
        first = Product(
            self._ids.new(), 1, new.code, new.institution_id, new.kind, new.terms,
            self._clock.now(),
        )  # fmt: skip

        async def work(connection: "Connection") -> Answer:
            institution = await connection.fetchrow(
                store.FIND_INSTITUTION, call.tenant_id, new.institution_id
            )
            if institution is None:
                raise UnknownInstitution("There is no such institution.", field="institution_id")
            if not await _insert(connection, call, first):
                raise ProductExists(f"There is a product {new.code}.", field="code")
            return Answer.of(first, 201)

        return await once(self._database, self._clock, call, work)

    async def add_version(self, call: Call, product_id: UUID, new: NewVersion) -> Answer:
        """`POST /v1/products/{product}/versions` -> 201 `Product`. Accounts stay on theirs.

        Raises:
            ProductNotFound: the tenant has no such.
            ProductChanged: there is a newer version than the one that it was made from.
            TermsContradict: the terms name an asset that the product does not have.
        """
        _check(new.terms)

        async def work(connection: "Connection") -> Answer:
            row = await connection.fetchrow(store.FIND, call.tenant_id, product_id)
            if row is None:
                raise ProductNotFound("There is no such product.")
            before = product_of(row)
            after = msgspec.structs.replace(
                before, version=before.version + 1, terms=new.terms, created_at=self._clock.now()
            )
            if before.version != new.after or not await _insert(connection, call, after):
                raise ProductChanged(f"Its newest version is {before.version}.", field="after")
            return Answer.of(after, 201)

        return await once(self._database, self._clock, call, work)

    async def find(self, tenant_id: UUID, product_id: UUID, version: int | None = None) -> Product:
        """A product in a version, or in its newest.

        Raises:
            ProductNotFound: the tenant has no such.
        """
        if version is None:
            row = await self._database.fetchrow(store.FIND, tenant_id, product_id)
        else:
            row = await self._database.fetchrow(store.FIND_VERSION, tenant_id, product_id, version)
        if row is None:
            raise ProductNotFound("There is no such product.")
        return product_of(row)

    async def page(self, tenant_id: UUID, *, after: str | None, limit: int) -> Products:
        """The tenant's products after the one with the identifier `after`."""
        start = _BEFORE_ALL if after is None else UUID(after)
        rows = await self._database.fetch(store.LIST, tenant_id, start, limit + 1)
        found = [product_of(row) for row in rows[:limit]]
        return Products(found, str(found[-1].id) if len(rows) > limit else None)


def product_of(row: "asyncpg.Record") -> Product:
    """A product from its row."""
    return Product(
        row["product_id"],
        row["version"],
        row["code"],
        row["institution_id"],
        ProductKind(row["kind"]),
        msgspec.json.decode(row["terms"], type=ProductTerms),
        row["created_at"],
    )


def _check(terms: ProductTerms) -> None:
    for asset in terms.overdraft:
        if asset not in terms.assets:
            raise TermsContradict(f"{asset} is not among the assets.", field="terms.overdraft")
    if not {limit.asset for limit in terms.limits} <= set(terms.assets):
        raise TermsContradict("A limit's asset is not among the assets.", field="terms.limits")
    for asset in terms.interest:
        if asset not in terms.assets:
            raise TermsContradict(f"{asset} is not among the assets.", field="terms.interest")
    codes = [fee.code for fee in terms.fees]
    if len(codes) != len(set(codes)):
        raise TermsContradict("Two fees have one code.", field="terms.fees")
    if not {fee.asset for fee in terms.fees} <= set(terms.assets):
        raise TermsContradict("A fee's asset is not among the assets.", field="terms.fees")


async def _insert(connection: "Connection", call: Call, product: Product) -> bool:
    done = await connection.execute(
        store.INSERT, call.tenant_id, product.id, product.version, product.code,
        product.institution_id, product.kind, msgspec.json.encode(product.terms),
        product.created_at, call.actor,
    )  # fmt: skip
    return done == "INSERT 0 1"

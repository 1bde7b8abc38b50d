"""The routes of products."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from msgspec import Struct

from bezant.banking.products.errors import (
    ProductChanged,
    ProductExists,
    ProductNotFound,
    TermsContradict,
    UnknownInstitution,
)
from bezant.banking.products.schemas import NewProduct, NewVersion, Product, Products, Version
from bezant.banking.products.service import ProductService
from bezant.banking.scopes import READ, WRITE
from bezant.kernel.calls import Answer
from bezant.kernel.http import Nothing, Operation, Reading, ReadOperation, WriteOperation, Writing
from bezant.kernel.pagination import UUID_POSITION, InvalidCursor, Page, turn_page

_TAG: Final = "banking"
_PRODUCTS: Final = "/v1/products"
_PRODUCT: Final = f"{_PRODUCTS}/{{product}}"
_TERMS: Final = {"assets": ["EUR"], "overdraft": {"EUR": "50000"}}


class ProductPath(Struct, frozen=True):
    """A product."""

    product: UUID


class VersionPath(ProductPath, frozen=True):
    """A version of a product."""

    version: Version


class Routes:
    """The handlers."""

    def __init__(self, products: ProductService) -> None:
        self._products = products

    async def create(self, asked: Writing[Nothing, NewProduct]) -> Answer:
        """`POST /v1/products`."""
        return await self._products.create(asked.call, asked.body)

    async def add_version(self, asked: Writing[ProductPath, NewVersion]) -> Answer:
        """`POST /v1/products/{product}/versions`."""
        return await self._products.add_version(asked.call, asked.path.product, asked.body)

    async def find(self, asked: Reading[ProductPath, Nothing]) -> Product:
        """`GET /v1/products/{product}`."""
        return await self._products.find(asked.principal.tenant_id, asked.path.product)

    async def find_version(self, asked: Reading[VersionPath, Nothing]) -> Product:
        """`GET /v1/products/{product}/versions/{version}`."""
        path = asked.path
        return await self._products.find(asked.principal.tenant_id, path.product, path.version)

    async def page(self, asked: Reading[Nothing, Page]) -> Products:
        """`GET /v1/products`."""
        tenant_id = asked.principal.tenant_id
        return await turn_page(
            _PRODUCTS,
            asked.query,
            UUID_POSITION,
            lambda after, limit: self._products.page(tenant_id, after=after, limit=limit),
        )


def operations(products: ProductService) -> Sequence[Operation]:
    """The operations on products."""
    routes = Routes(products)
    return [
        WriteOperation(
            id="create_product",
            path=_PRODUCTS,
            tag=_TAG,
            summary="Make a product",
            scope=WRITE,
            action="product.create",
            body_type=NewProduct,
            example={
                "code": "current",
                "institution_id": "0198c2b4-0000-7000-8000-000000000001",
                "kind": "current",
                "terms": _TERMS,
            },
            status=201,
            answer_type=Product,
            refusals=(UnknownInstitution, TermsContradict, ProductExists),
            handler=routes.create,
        ),
        WriteOperation(
            id="add_product_version",
            path=f"{_PRODUCT}/versions",
            tag=_TAG,
            summary="Change a product's terms for accounts to come",
            description="Accounts stay on the version under which they were opened.",
            scope=WRITE,
            action="product.add_version",
            path_type=ProductPath,
            body_type=NewVersion,
            example={"after": 1, "terms": _TERMS},
            status=201,
            answer_type=Product,
            refusals=(ProductNotFound, TermsContradict, ProductChanged),
            handler=routes.add_version,
        ),
        *_reading(routes),
    ]


def _reading(routes: Routes) -> Sequence[Operation]:
    return [
        ReadOperation(
            id="list_products",
            path=_PRODUCTS,
            tag=_TAG,
            summary="Your products in their newest versions, oldest first",
            scope=READ,
            query_type=Page,
            answer_type=Products,
            refusals=(InvalidCursor,),
            handler=routes.page,
        ),
        ReadOperation(
            id="get_product",
            path=_PRODUCT,
            tag=_TAG,
            summary="One product in its newest version",
            scope=READ,
            path_type=ProductPath,
            answer_type=Product,
            refusals=(ProductNotFound,),
            handler=routes.find,
        ),
        ReadOperation(
            id="get_product_version",
            path=f"{_PRODUCT}/versions/{{version}}",
            tag=_TAG,
            summary="One product in one version",
            scope=READ,
            path_type=VersionPath,
            answer_type=Product,
            refusals=(ProductNotFound,),
            handler=routes.find_version,
        ),
    ]

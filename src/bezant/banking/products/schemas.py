"""Wire models of products."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from bezant.banking.terms.fees import Fees
from bezant.banking.terms.interest import Interest, MinorUnits
from bezant.banking.terms.limits import Limits
from bezant.ledger import schemas

Version = Annotated[int, Meta(ge=1, le=2**31 - 1)]


class ProductKind(StrEnum):
    """What a bank calls a product. What its accounts may do, the terms alone say."""

    CURRENT = "current"
    SAVINGS = "savings"
    WALLET = "wallet"
    ESCROW = "escrow"
    SETTLEMENT = "settlement"


class ProductTerms(Struct, frozen=True, forbid_unknown_fields=True):
    """What a product promises.

    Attributes:
        assets: that its accounts may hold.
        overdraft: how far below zero an account may go, in minor units by asset; none where an
            asset is not named.
        limits: of each of its accounts; an account's own only tighten them.
        interest: by asset; none where an asset is not named.
        fees: for a time, and for what customers do.
    """

    assets: Annotated[list[schemas.AssetCode], Meta(min_length=1, max_length=50)]
    overdraft: dict[schemas.AssetCode, MinorUnits] = {}
    limits: Limits = []
    interest: Interest = {}
    fees: Fees = []

    def overdraft_of(self, asset: str) -> str:
        """Minor units."""
        return self.overdraft.get(asset, "0")


class NewProduct(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/products`."""

    code: Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}\Z")]
    institution_id: UUID
    kind: ProductKind
    terms: ProductTerms


class NewVersion(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/products/{product}/versions`. `after` is the version that it was made from."""

    after: Version
    terms: ProductTerms


class Product(Struct, frozen=True):
    """A version of a product."""

    id: UUID
    version: int
    code: str
    institution_id: UUID
    kind: ProductKind
    terms: ProductTerms
    created_at: datetime


class Products(Struct, frozen=True):
    """A page of products in their newest versions, oldest first."""

    products: list[Product]
    next: str | None

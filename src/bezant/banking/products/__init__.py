"""Products: the terms under which accounts are opened, version by version."""

from bezant.banking.products.api import operations
from bezant.banking.products.errors import ProductNotFound
from bezant.banking.products.schemas import NewProduct, Product, ProductKind, ProductTerms
from bezant.banking.products.service import ProductService

__all__ = [
    "NewProduct",
    "Product",
    "ProductKind",
    "ProductNotFound",
    "ProductService",
    "ProductTerms",
    "operations",
]

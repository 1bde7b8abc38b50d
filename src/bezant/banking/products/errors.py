"""Why a request about products is declined."""

from bezant.kernel.errors import Conflict, NotFound, Refusal


class ProductNotFound(NotFound):
    """No such product or version, or another tenant's."""

    code, title = "PRODUCT_NOT_FOUND", "No such product"


class ProductExists(Conflict):
    """The tenant has a product under this code."""

    code, title = "PRODUCT_EXISTS", "The product exists"


class ProductChanged(Conflict):
    """Somebody made a version in the meantime: look at it, and ask again on top of it."""

    code, title = "PRODUCT_CHANGED", "The product has a newer version"


class UnknownInstitution(Refusal):
    """The institution in the body does not exist."""

    status, code, title = 422, "UNKNOWN_INSTITUTION", "No such institution"


class TermsContradict(Refusal):
    """The terms name an asset that the product does not have."""

    status, code, title = 422, "TERMS_CONTRADICT", "The terms contradict each other"

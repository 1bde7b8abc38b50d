"""Why a request about accounts is declined."""

from bezant.kernel.errors import Conflict, NotFound, Refusal


class BankAccountNotFound(NotFound):
    """No such account, or another tenant's."""

    code, title = "BANK_ACCOUNT_NOT_FOUND", "No such account"


class BlockNotFound(NotFound):
    """The account has no such block, or it was lifted."""

    code, title = "BLOCK_NOT_FOUND", "No such block"


class HolderNeeded(Refusal):
    """Nobody holds the account yet, so there is nobody to open it for."""

    status, code, title = 422, "HOLDER_NEEDED", "Nobody holds the account"


class UnknownProduct(Refusal):
    """The product or version in the body does not exist."""

    status, code, title = 422, "UNKNOWN_PRODUCT", "No such product"


class AssetNotOffered(Refusal):
    """The product's accounts do not hold the asset."""

    status, code, title = 422, "ASSET_NOT_OFFERED", "The product does not have the asset"


class AssetHeld(Conflict):
    """The account holds the asset as it is."""

    code, title = "ASSET_HELD", "The account holds the asset"


class NumbersTaken(Conflict):
    """Every number that was drawn belongs to an account: ask again, under a new key."""

    code, title = "NUMBERS_TAKEN", "No free account number was drawn"


class BlocksStand(Conflict):
    """An account is not closed as long as anything is blocked on it."""

    code, title = "BLOCKS_STAND", "Something is blocked on the account"


class InterestAccrued(Conflict):
    """An account that has accrued interest is closed with it: by `/v1/accounts/{account}/close`."""

    code, title = "INTEREST_ACCRUED", "The account has accrued interest"


class AccountChanged(Conflict):
    """Somebody changed the account at the same moment: ask again, under a new key."""

    code, title = "ACCOUNT_CHANGED", "The account has changed"


class StatusNotAllowed(Conflict):
    """The account's status does not lead to the one that was asked for."""

    code, title = "STATUS_NOT_ALLOWED", "The status cannot follow"


class AccountNotActive(Refusal):
    """The account takes no such payment in its present status."""

    status, code, title = 422, "ACCOUNT_NOT_ACTIVE", "The account is not active"


class AccountBlocked(Refusal):
    """A block forbids the payment, or the amount that is blocked would not remain."""

    status, code, title = 422, "ACCOUNT_BLOCKED", "The account is blocked"


class AssetNotHeld(Refusal):
    """The account does not hold the asset."""

    status, code, title = 422, "ASSET_NOT_HELD", "The account does not hold the asset"


class BlockContradicts(Refusal):
    """Only debits are blocked up to an amount, and an amount is of an asset."""

    status, code, title = 422, "BLOCK_CONTRADICTS", "The block contradicts itself"

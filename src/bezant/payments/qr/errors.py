"""Why a request about codes is declined."""

from bezant.kernel.errors import Refusal


class QrCodeUnusable(Refusal):
    """The code breaks a rule of EPC069-12, or cannot say what it is to say."""

    status, code, title = 422, "QR_CODE_UNUSABLE", "The code cannot be used"


class AccountWithoutIban(Refusal):
    """The account's country has no IBANs: no code can name it."""

    status, code, title = 422, "ACCOUNT_WITHOUT_IBAN", "The account has no IBAN"

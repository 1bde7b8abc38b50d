"""Refusals about verifications of payees."""

from bezant.kernel.errors import Conflict, NotFound, Refusal


class VerificationNotFound(NotFound):
    """No such verification of a payee, or another tenant's."""

    code, title = "VERIFICATION_NOT_FOUND", "No such verification"


class UnknownPayerAccount(Refusal):
    """The account that a payee is verified for does not exist."""

    status, code, title = 422, "UNKNOWN_PAYER_ACCOUNT", "No such account to pay from"


class PayeeIbanInvalid(Refusal):
    """The payee's IBAN is not valid."""

    status, code, title = 422, "PAYEE_IBAN_INVALID", "The payee's IBAN is not valid"


class VerificationExpired(Refusal):
    """The verification of the payee is too old."""

    status, code, title = 422, "VERIFICATION_EXPIRED", "The verification has expired"


class VerificationOfAnother(Refusal):
    """The verification is about another account or another name, or for another payer."""

    status, code, title = 422, "VERIFICATION_OF_ANOTHER", "Another payee was verified"


class UnknownVerification(Refusal):
    """The verification that a payment names does not exist."""

    status, code, title = 422, "UNKNOWN_VERIFICATION", "No such verification"


class VerificationUsed(Conflict):
    """Another payment was ordered on the verification."""

    code, title = "VERIFICATION_USED", "The verification was used"


class PayeeNotVerified(Refusal):
    """The scheme has people's payees verified before they pay: name the verification."""

    status, code, title = 422, "PAYEE_NOT_VERIFIED", "The payee was not verified"


class PayeeNotConfirmed(Refusal):
    """The payee's name does not match: the payer has to confirm, having been told."""

    status, code, title = 422, "PAYEE_NOT_CONFIRMED", "The payer has to confirm the payee"

"""Why a request about institutions is declined."""

from bezant.kernel.errors import Conflict, NotFound, Refusal


class InstitutionNotFound(NotFound):
    """No such institution, or another tenant's."""

    code, title = "INSTITUTION_NOT_FOUND", "No such institution"


class InstitutionExists(Conflict):
    """The tenant has an institution under this bank code."""

    code, title = "INSTITUTION_EXISTS", "The institution exists"


class BankCodeInvalid(Refusal):
    """No account number can be made under the country's rules with these bank and branch codes."""

    status, code, title = 422, "BANK_CODE_INVALID", "The bank code does not fit the country"


class BicInvalid(Refusal):
    """It is no BIC (ISO 9362), or of another country."""

    status, code, title = 422, "BIC_INVALID", "The BIC is not valid"

"""Why acting for an account is declined."""

from bezant.kernel.errors import Conflict, Forbidden, NotFound, Refusal


class MayNotAct(Refusal):
    """The party has no mandate for the account, or not now."""

    status, code, title = 422, "MAY_NOT_ACT", "The party may not act for the account"


class SignatureOfAnother(Forbidden):
    """A person signs as the party that they are. A server's key vouches for whoever it names."""

    code, title = "SIGNATURE_OF_ANOTHER", "The person is not the party"


class AlreadyApproved(Conflict):
    """The party approved the order before: one party counts once."""

    code, title = "ALREADY_APPROVED_BY_PARTY", "The party approved the order"


class SignaturesNeeded(Refusal):
    """The amount needs more signatures than there are at once, and nothing waits for others."""

    status, code, title = 422, "SIGNATURES_NEEDED", "The amount needs further signatures"


class NotApproved(Conflict):
    """There is no approval of the party's that could be revoked."""

    code, title = "NOT_APPROVED_BY_PARTY", "The party has not approved the order"


class MandateNotFound(NotFound):
    """The party has no such role in the account, or the account is another tenant's."""

    code, title = "MANDATE_NOT_FOUND", "No such mandate"


class LastHolder(Conflict):
    """The account would be nobody's: close it first, or let another hold it."""

    code, title = "LAST_HOLDER", "Nobody would hold the account"


class BandsUnclear(Refusal):
    """Two bands of one asset end at the same amount."""

    status, code, title = 422, "SIGNING_BANDS_UNCLEAR", "Bands end at the same amount"


class TooFewSigners(Refusal):
    """More have to sign than there are parties who may."""

    status, code, title = 422, "TOO_FEW_SIGNERS", "Fewer parties may sign than would have to"


class PrincipalUnfit(Refusal):
    """An attorney acts on behalf of another party, who holds the account; no other role does."""

    status, code, title = 422, "MANDATE_PRINCIPAL_UNFIT", "Nobody who could give such a power"


class PartyNotServed(Refusal):
    """Compliance has suspended the party, or found its risk prohibited."""

    status, code, title = 422, "PARTY_NOT_SERVED", "There is no business with the party"


class MandatePeriodInvalid(Refusal):
    """The mandate would end before it begins, or is a power of attorney without an end."""

    status, code, title = 422, "MANDATE_PERIOD_INVALID", "The mandate's period is not valid"

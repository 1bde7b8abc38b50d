"""Why a request about safeguarding is declined."""

from bezant.kernel.errors import Conflict, NotFound, Refusal


class ArrangementNotFound(NotFound):
    """No such safeguarding arrangement, or another tenant's."""

    code, title = "SAFEGUARDING_ARRANGEMENT_NOT_FOUND", "No such safeguarding arrangement"


class UnknownSafeguardingInstitution(Refusal):
    """The institution does not exist, or is another tenant's."""

    status, code, title = 422, "UNKNOWN_SAFEGUARDING_INSTITUTION", "No such institution"


class UnfitSafeguardingAccount(Refusal):
    """An account that is to safeguard is not there, of another asset, or no asset of the book's."""

    status, code, title = 422, "UNFIT_SAFEGUARDING_ACCOUNT", "The account safeguards nothing"


class SafeguardingNotFound(NotFound):
    """No such reconciliation of safeguarded money, or another tenant's."""

    code, title = "SAFEGUARDING_RECONCILIATION_NOT_FOUND", "No such safeguarding reconciliation"


class SafeguardingDayNotReady(Refusal):
    """The day is not over in the time zone of the book, or came before the arrangement."""

    status, code, title = 422, "SAFEGUARDING_DAY_NOT_READY", "That day is not reconciled now"


class IncidentNotFound(NotFound):
    """No such incident, or another tenant's."""

    code, title = "SAFEGUARDING_INCIDENT_NOT_FOUND", "No such safeguarding incident"


class IncidentNotInState(Conflict):
    """The incident was acknowledged or closed before, or has to be acknowledged first."""

    code, title = "SAFEGUARDING_INCIDENT_STATE", "The incident is in another state"


class IncidentNotCovered(Conflict):
    """No later day's reconciliation has found the difference gone."""

    code, title = "SAFEGUARDING_NOT_COVERED", "The difference is not gone"


class IncidentOwnAcknowledgement(Conflict):
    """Who acknowledged an incident does not close it: that takes somebody else."""

    code, title = "SAFEGUARDING_OWN_ACKNOWLEDGEMENT", "Somebody else has to close it"

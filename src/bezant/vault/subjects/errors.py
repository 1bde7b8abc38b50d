"""Why a request about subjects is declined."""

from bezant.kernel.errors import Conflict, NotFound, Refusal


class SubjectNotFound(NotFound):
    """Nothing is or was sealed of such a subject, or it is another tenant's."""

    code, title = "SUBJECT_NOT_FOUND", "No such subject"


class HoldNotFound(NotFound):
    """The subject has no such legal hold."""

    code, title = "LEGAL_HOLD_NOT_FOUND", "No such legal hold"


class HoldInThePast(Refusal):
    """A legal hold ends in the future, or when it is released."""

    status, code, title = 422, "HOLD_IN_THE_PAST", "The hold would be over already"


class TooManyHolds(Conflict):
    """Release those that are no longer needed."""

    code, title = "TOO_MANY_HOLDS", "The subject has too many legal holds"


class ErasureBlocked(Conflict):
    """A legal hold or a duty to keep stands against it; `reason` and `until` say which."""

    code, title = "ERASURE_BLOCKED", "Erasure is blocked"


class ExportTooLarge(Refusal):
    """The subject has more values than one file takes: ask for the parts at their domains."""

    status, code, title = 422, "SUBJECT_EXPORT_TOO_LARGE", "The export is too large"

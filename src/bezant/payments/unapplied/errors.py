"""Why a request about money that waits is declined."""

from bezant.kernel.errors import Conflict, NotFound, Refusal


class UnappliedNotFound(NotFound):
    """No such money, or another tenant's."""

    code, title = "UNAPPLIED_NOT_FOUND", "No such unapplied money"


class UnappliedGone(Conflict):
    """Nothing of it waits any more: it was applied, sent back, or taken by a refund."""

    code, title = "UNAPPLIED_GONE", "Nothing of it waits"


class UnappliedExceeded(Refusal):
    """Less waits than was asked for; the answer says how much."""

    status, code, title = 422, "UNAPPLIED_EXCEEDED", "Less than that waits"


class UnappliedNotReturnable(Conflict):
    """Its scheme takes none of it back: it came back already, or a part of it is applied."""

    code, title = "UNAPPLIED_NOT_RETURNABLE", "The scheme does not take it back"

"""Why a request about schedules is declined."""

from bezant.kernel.errors import Conflict, NotFound, Refusal


class ScheduleNotFound(NotFound):
    """The schedule in the path does not exist in the book."""

    code, title = "SCHEDULE_NOT_FOUND", "No such schedule"


class ScheduleIdReused(Conflict):
    """The id belongs to an earlier, different schedule."""

    code, title = "SCHEDULE_ID_REUSED", "The id belongs to another schedule"


class ScheduleNotActive(Conflict):
    """Only an active schedule is paused, a paused one resumed, and one that goes on cancelled."""

    code, title = "SCHEDULE_NOT_ACTIVE", "The schedule's state does not allow this"


class AccrualTooSmall(Refusal):
    """The amount is less than one minor unit for each period."""

    status, code, title = 422, "ACCRUAL_TOO_SMALL", "Too little for so many periods"

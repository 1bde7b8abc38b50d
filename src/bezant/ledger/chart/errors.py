"""Why a chart of accounts is declined."""

from bezant.kernel.errors import Conflict, NotFound, Refusal


class ChartInvalid(Refusal):
    """A code stands twice, a parent is missing or of another type, or a rule has two nodes."""

    status, code, title = 422, "CHART_INVALID", "These nodes make no chart"


class ChartChanged(Conflict):
    """The chart is no longer the version that is to be replaced."""

    code, title = "CHART_CHANGED", "The chart has changed"


class ChartVersionNotFound(NotFound):
    """The book's chart had no such version."""

    code, title = "CHART_VERSION_NOT_FOUND", "No such version of the chart"

"""Why a request is not sent on, or what is not known of one that was. None quotes a value."""

from bezant.kernel.errors import Conflict, NotFound, Refusal


class DestinationNotFound(NotFound):
    """No such destination, or another tenant's."""

    code, title = "DESTINATION_NOT_FOUND", "No such destination"


class DestinationRefused(Refusal):
    """Not a host that requests may go to: https, a public name, the usual port."""

    status, code, title = 422, "DESTINATION_REFUSED", "The destination is refused"


class DestinationNotAllowed(Refusal):
    """The tenant's list of destinations does not have this host and path."""

    status, code, title = 403, "DESTINATION_NOT_ALLOWED", "The destination is not on the list"


class TooManyDestinations(Conflict):
    """The tenant has as many destinations as it may."""

    code, title = "TOO_MANY_DESTINATIONS", "No more destinations"


class TemplateRefused(Refusal):
    """A placeholder is not one, names what its token does not have, or there is none."""

    status, code, title = 422, "TEMPLATE_REFUSED", "The template is refused"


class CvcGone(Conflict):
    """The card's CVC is not in memory: used, too old, or lost. Ask the cardholder again."""

    code, title = "CVC_GONE", "The CVC is gone"


class DestinationUnreachable(Refusal):
    """No connection was made, so nothing was sent; a repeat with the same key tries again."""

    status, code, title = 502, "DESTINATION_UNREACHABLE", "The destination cannot be reached"


class ForwardUnknown(Refusal):
    """It was sent, and no answer came: ask the receiver what became of it. It is not sent again."""

    status, code, title = 504, "FORWARD_UNKNOWN", "What became of the request is not known"


class ForwardInFlight(Conflict):
    """An earlier request with the same key is being sent at this moment."""

    code, title = "FORWARD_IN_FLIGHT", "The request is being sent"

"""Why a ticket is declined."""

from bezant.kernel.errors import Conflict


class TicketOver(Conflict):
    """It was used, has expired, or was begun in another browser: begin anew."""

    code, title = "TICKET_OVER", "Begin anew"

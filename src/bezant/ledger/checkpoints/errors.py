"""What keeps a checkpoint from being signed, published or accepted."""

from bezant.kernel.errors import Conflict, Refusal


class PlaceUnavailable(Exception):  # noqa: N818 - a turn of events; it is tried again
    """A place outside cannot be read or written now.

    Attributes:
        place: which.
        reason: why, without secrets.
    """

    def __init__(self, place: str, reason: str) -> None:
        super().__init__(f"{place}: {reason}")
        self.place = place
        self.reason = reason


class Forked(Exception):  # noqa: N818 - what happened to the book
    """The book's log does not extend what was signed of it."""


class ReasonUnusable(Refusal):
    """A reason is one line of text."""

    status, code, title = 422, "REASON_UNUSABLE", "The reason cannot be written down"


class NothingToAccept(Conflict):
    """The book's log extends every checkpoint that is kept outside."""

    code, title = "NOTHING_TO_ACCEPT", "There is nothing to accept"

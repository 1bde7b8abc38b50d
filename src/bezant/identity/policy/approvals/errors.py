"""Refusals of approvals."""

from bezant.kernel.errors import Conflict, Forbidden, NotFound


class ApprovalNotFound(NotFound):
    """There is no such approval."""

    code, title = "APPROVAL_NOT_FOUND", "There is no such approval"


class ApprovalOver(Conflict):
    """The approval was decided on, or has expired."""

    code, title = "APPROVAL_CLOSED", "The approval is not open any more"


class OwnRequest(Forbidden):
    """Who asks for an approval does not give it; a person's request takes another person."""

    code, title = "OWN_REQUEST", "Another person has to approve this"

"""Why a request about contacts is declined."""

from bezant.kernel.errors import NotFound


class ContactNotFound(NotFound):
    """No such contact, or another tenant's."""

    code, title = "CONTACT_NOT_FOUND", "No such contact"

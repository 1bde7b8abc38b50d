"""Refusals of roles."""

from bezant.kernel.errors import Forbidden, NotFound


class NoRoles(NotFound):
    """The user has no role in this tenant, or there is no such user."""

    code, title = "NO_ROLES", "The user has no roles"


class OwnRoles(Forbidden):
    """Nobody changes their own roles."""

    code, title = "OWN_ROLES", "Another person has to change your roles"

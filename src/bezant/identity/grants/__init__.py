"""Grants: what users gave to clients, until when, and their revocation."""

from bezant.identity.grants.api import operations
from bezant.identity.grants.domain import Grant, NewGrant
from bezant.identity.grants.errors import GrantNotFound
from bezant.identity.grants.schemas import GrantView, GrantViews
from bezant.identity.grants.service import BEFORE_ALL, GrantService

__all__ = [
    "BEFORE_ALL",
    "Grant",
    "GrantNotFound",
    "GrantService",
    "GrantView",
    "GrantViews",
    "NewGrant",
    "operations",
]

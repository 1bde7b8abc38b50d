"""Grants: what users gave to clients, until when, and their revocation."""

from bezant.identity.grants.domain import Grant, NewGrant

__all__ = ["Grant", "NewGrant"]

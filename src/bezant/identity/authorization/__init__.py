"""The authorization endpoint: pushed requests, what users are asked, and codes."""

from bezant.identity.authorization.api import part
from bezant.identity.authorization.beginning import AuthorizationEndpoint
from bezant.identity.authorization.codes import Codes
from bezant.identity.authorization.committing import commit
from bezant.identity.authorization.contexts import ACRS, name_of
from bezant.identity.authorization.deciding import InteractionService
from bezant.identity.authorization.details import INTENT, DetailTypes
from bezant.identity.authorization.domain import Wanted
from bezant.identity.authorization.errors import InteractionOver, LoginTooWeak
from bezant.identity.authorization.interactions import (
    COOKIE,
    Interaction,
    Interactions,
    browser_cookie,
    browser_in,
)
from bezant.identity.authorization.objects import RequestObjects
from bezant.identity.authorization.parameters import Parameters, RequestReader
from bezant.identity.authorization.ports import DetailRefused, DetailType
from bezant.identity.authorization.pushing import PushedRequests
from bezant.identity.authorization.responses import Responses
from bezant.identity.authorization.secrets import SECRET_BYTES, digest, write_secret
from bezant.identity.authorization.sweeping import AuthorizationSweep

__all__ = [
    "ACRS",
    "COOKIE",
    "INTENT",
    "SECRET_BYTES",
    "AuthorizationEndpoint",
    "AuthorizationSweep",
    "Codes",
    "DetailRefused",
    "DetailType",
    "DetailTypes",
    "Interaction",
    "InteractionOver",
    "InteractionService",
    "Interactions",
    "LoginTooWeak",
    "Parameters",
    "PushedRequests",
    "RequestObjects",
    "RequestReader",
    "Responses",
    "Wanted",
    "browser_cookie",
    "browser_in",
    "commit",
    "digest",
    "name_of",
    "part",
    "write_secret",
]

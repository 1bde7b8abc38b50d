"""The authorization endpoint: pushed requests, what users are asked, and codes."""

from bezant.identity.authorization.api import part
from bezant.identity.authorization.beginning import AuthorizationEndpoint
from bezant.identity.authorization.codes import Codes
from bezant.identity.authorization.committing import commit
from bezant.identity.authorization.contexts import ACRS, context_of, name_of
from bezant.identity.authorization.deciding import InteractionService, source_of
from bezant.identity.authorization.details import INTENT, DetailTypes
from bezant.identity.authorization.domain import Wanted
from bezant.identity.authorization.errors import InteractionOver, LoginTooWeak
from bezant.identity.authorization.giving import Giving
from bezant.identity.authorization.interactions import (
    COOKIE,
    Interaction,
    Interactions,
    browser_cookie,
    browser_in,
)
from bezant.identity.authorization.objects import AHEAD_MAX, VALID_MAX, RequestObjects
from bezant.identity.authorization.parameters import (
    Parameters,
    RequestReader,
    read_resources,
    read_scopes,
)
from bezant.identity.authorization.ports import (
    DetailRefused,
    DetailType,
    Hints,
    SessionClients,
    Visitors,
)
from bezant.identity.authorization.pushing import PushedRequests
from bezant.identity.authorization.responses import Responses
from bezant.identity.authorization.secrets import SECRET_BYTES, digest, write_secret
from bezant.identity.authorization.silent import Silent
from bezant.identity.authorization.sweeping import AuthorizationSweep

__all__ = [
    "ACRS",
    "AHEAD_MAX",
    "COOKIE",
    "INTENT",
    "SECRET_BYTES",
    "VALID_MAX",
    "AuthorizationEndpoint",
    "AuthorizationSweep",
    "Codes",
    "DetailRefused",
    "DetailType",
    "DetailTypes",
    "Giving",
    "Hints",
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
    "SessionClients",
    "Silent",
    "Visitors",
    "Wanted",
    "browser_cookie",
    "browser_in",
    "commit",
    "context_of",
    "digest",
    "name_of",
    "part",
    "read_resources",
    "read_scopes",
    "source_of",
    "write_secret",
]

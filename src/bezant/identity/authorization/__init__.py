"""The authorization endpoint: pushed requests, what users are asked, and codes."""

from bezant.identity.authorization.api import part
from bezant.identity.authorization.beginning import AuthorizationEndpoint
from bezant.identity.authorization.codes import Codes
from bezant.identity.authorization.contexts import ACRS, name_of
from bezant.identity.authorization.deciding import InteractionService, source_of
from bezant.identity.authorization.details import INTENT, DetailTypes
from bezant.identity.authorization.errors import InteractionOver, LoginTooWeak
from bezant.identity.authorization.giving import Giving
from bezant.identity.authorization.interactions import COOKIE, Interaction, Interactions
from bezant.identity.authorization.objects import RequestObjects
from bezant.identity.authorization.parameters import RequestReader
from bezant.identity.authorization.ports import DetailRefused, DetailType, Hints, Visitors
from bezant.identity.authorization.pushing import PushedRequests
from bezant.identity.authorization.responses import Responses
from bezant.identity.authorization.silent import Silent
from bezant.identity.authorization.sweeping import AuthorizationSweep

__all__ = [
    "ACRS",
    "COOKIE",
    "INTENT",
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
    "PushedRequests",
    "RequestObjects",
    "RequestReader",
    "Responses",
    "Silent",
    "Visitors",
    "name_of",
    "part",
    "source_of",
]

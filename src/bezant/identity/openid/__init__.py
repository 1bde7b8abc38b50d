"""OpenID Connect: ID tokens, userinfo, and logging out."""

from bezant.identity.openid.api import part
from bezant.identity.openid.claims import People
from bezant.identity.openid.hints import IdTokenHints
from bezant.identity.openid.id_tokens import IdTokens
from bezant.identity.openid.logout import LogoutRefused, LogoutRequest, LogoutRequests
from bezant.identity.openid.people import UserClaims
from bezant.identity.openid.userinfo import UserinfoEndpoint

__all__ = [
    "IdTokenHints",
    "IdTokens",
    "LogoutRefused",
    "LogoutRequest",
    "LogoutRequests",
    "People",
    "UserClaims",
    "UserinfoEndpoint",
    "part",
]

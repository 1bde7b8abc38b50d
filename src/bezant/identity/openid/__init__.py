"""OpenID Connect: ID tokens, userinfo, and logging out."""

from bezant.identity.openid.api import part
from bezant.identity.openid.claims import People
from bezant.identity.openid.id_tokens import IdTokens
from bezant.identity.openid.people import UserClaims
from bezant.identity.openid.userinfo import UserinfoEndpoint

__all__ = ["IdTokens", "People", "UserClaims", "UserinfoEndpoint", "part"]

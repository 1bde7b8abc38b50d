"""Logging out: how sessions end, who is told, and clients that ask for it."""

from bezant.identity.logout.endings import Endings, SessionClients
from bezant.identity.logout.telling import LogoutTokens

__all__ = ["Endings", "LogoutTokens", "SessionClients"]

"""The pages on which users log in, decide and look after their accounts."""

from bezant.identity.pages.api import Behind, logout_part, page_routes
from bezant.identity.pages.visitors import CookieVisitors

__all__ = ["Behind", "CookieVisitors", "logout_part", "page_routes"]

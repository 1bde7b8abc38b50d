"""The pages on which users log in, decide and look after their accounts."""

from bezant.identity.pages.api import Behind, page_routes

__all__ = ["Behind", "page_routes"]

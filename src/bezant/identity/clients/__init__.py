"""Clients: registered applications and how they authenticate."""

from bezant.identity.clients.domain import Authentication, Binding, Client, Profile

__all__ = ["Authentication", "Binding", "Client", "Profile"]

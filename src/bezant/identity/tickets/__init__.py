"""Tickets: things of which there is one use, kept by the digest of what their holder sends."""

from bezant.identity.tickets.service import Kind, Ticket, Tickets, new_text

__all__ = ["Kind", "Ticket", "Tickets", "new_text"]

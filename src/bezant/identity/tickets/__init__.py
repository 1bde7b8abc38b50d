"""Tickets: things of which there is one use, kept by the digest of what their holder sends."""

from bezant.identity.tickets.errors import TicketOver
from bezant.identity.tickets.service import Kind, Ticket, Tickets, new_link, new_text

__all__ = ["Kind", "Ticket", "TicketOver", "Tickets", "new_link", "new_text"]

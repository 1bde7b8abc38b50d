"""`GET /status`: the figures of the metrics as a page for people."""

from bezant.server.status.api import add_status

__all__ = ["add_status"]

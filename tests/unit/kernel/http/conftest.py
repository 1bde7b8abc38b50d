"""Fixtures of this folder."""

from fixtures_notes import client, desk

__all__ = ["client", "desk"]

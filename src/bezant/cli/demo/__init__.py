"""`bezant demo`: a day of a small fintech, through the public API."""

from bezant.cli.demo.command import register

__all__ = ["register"]

"""`bezant demo`: a day of a small fintech, and of a bank and its customers, by the public API."""

from bezant.cli.demo.command import register

__all__ = ["register"]

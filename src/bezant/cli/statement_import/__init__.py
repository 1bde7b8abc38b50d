"""`bezant import`: a bank's statement into a book, through the public API."""

from bezant.cli.statement_import.command import register

__all__ = ["register"]

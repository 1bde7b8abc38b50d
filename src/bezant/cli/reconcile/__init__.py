"""`bezant reconcile`."""

from bezant.cli.reconcile.command import register

__all__ = ["register"]

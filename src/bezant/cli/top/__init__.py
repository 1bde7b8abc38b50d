"""`bezant top`: what a running platform does, seen live."""

from bezant.cli.top.command import register

__all__ = ["register"]

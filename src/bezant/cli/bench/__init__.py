"""`bezant bench`: the specified figures, measured on this machine."""

from bezant.cli.bench.command import register

__all__ = ["register"]

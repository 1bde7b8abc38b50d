"""Sandbox: honest servers that stand in for the other side, and misbehave when they are told to."""

from bezant.payments.sandbox import csm, statements, vop

__all__ = ["csm", "statements", "vop"]

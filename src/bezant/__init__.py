"""Bezant: the open, self-hosted core that a fintech runs on."""

__version__ = "0.1.0"

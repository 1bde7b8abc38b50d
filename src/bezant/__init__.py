"""Bezant: the open, self-hosted core that a fintech runs on."""

"""What an issuer publishes about itself: metadata and keys."""

from bezant.identity.discovery.metadata import Discovery

__all__ = ["Discovery"]

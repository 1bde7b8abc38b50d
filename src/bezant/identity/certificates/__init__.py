"""Client certificates: what a peer presented, and what it is worth.

The handshake takes any certificate and proves no more than that the peer holds its key. Whether the
certificate is current, from an authority that is trusted and of the client that it is used for is
judged here, so that each refusal says why.
"""

from bezant.identity.certificates.presented import PresentedCertificate

__all__ = ["PresentedCertificate"]

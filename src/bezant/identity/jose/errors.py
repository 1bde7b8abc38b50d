"""Why a token or a key is not taken."""


class JoseRefused(Exception):  # noqa: N818 - what became of it
    """A token or a key that is not taken, with the reason as a sentence for developers.

    It quotes nothing of what was sent, and holds no double quote: it may stand in a header.
    """

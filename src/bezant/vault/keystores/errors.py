"""Why a key store cannot be used at all, with what to do about it."""


class KeyStoreUnusable(Exception):  # noqa: N818 - what the operator reads
    """It is missing, damaged, closed to us or not fit; nothing was changed.

    Attributes:
        problem: what is wrong; it quotes no secret.
        remedy: what an operator can do.
    """

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(f"{problem} {remedy}")
        self.problem = problem
        self.remedy = remedy

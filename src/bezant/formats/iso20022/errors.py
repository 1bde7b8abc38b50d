"""Why a message is refused."""


class InvalidMessage(Exception):  # noqa: N818 - it is what the message is
    """A message that is not one to rely on. It is refused whole.

    The reason never repeats what the message says: messages carry personal data, errors do not.

    Attributes:
        path: the element at fault, such as `Document/FIToFICstmrCdtTrf/CdtTrfTxInf/IntrBkSttlmAmt`.
        reason: what is wrong with it, in one sentence.
    """

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


class NotInProfile(InvalidMessage):
    """A message of the standard that says more than its scheme has a place for."""


class SumsDisagree(InvalidMessage):
    """A message whose own counts or control sums do not agree with what it holds."""

"""Why a code is none, or cannot be made."""


class EpcQrUnusable(Exception):  # noqa: N818 - what is the case
    """The payload breaks a rule of EPC069-12. The message repeats nothing of what it says.

    Attributes:
        element: which one, as the guidelines call it.
        problem: what is wrong with it.
    """

    def __init__(self, element: str, problem: str) -> None:
        super().__init__(f"{element}: {problem}")
        self.element = element
        self.problem = problem

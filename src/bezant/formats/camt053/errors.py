"""Why a file is refused."""


class StatementError(Exception):
    """A file that is not a statement to rely on. It is refused whole.

    Attributes:
        line: where in the file, counted from 1.
        path: the element at fault, such as `Document/BkToCstmrStmt/Stmt/Ntry/Amt`.
        reason: what is wrong with it, in one sentence for the person who sends the file.
    """

    def __init__(self, line: int, path: str, reason: str) -> None:
        super().__init__(f"line {line}: {path}: {reason}")
        self.line = line
        self.path = path
        self.reason = reason

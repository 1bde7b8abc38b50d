"""Why statements and reconciliations are declined."""

from bezant.kernel.errors import Conflict, NotFound, Refusal


class ImportNotFound(NotFound):
    """The account has no import of this number."""

    code, title = "IMPORT_NOT_FOUND", "No such import"


class StatementLineNotFound(NotFound):
    """The account's statements have no line of this number."""

    code, title = "STATEMENT_LINE_NOT_FOUND", "No such statement line"


class ReconciliationNotFound(NotFound):
    """The book has no reconciliation with this id."""

    code, title = "RECONCILIATION_NOT_FOUND", "No such reconciliation"


class MatchNotFound(NotFound):
    """The reconciliation has no match of this number."""

    code, title = "MATCH_NOT_FOUND", "No such match"


class StatementUnbalanced(Refusal):
    """The lines do not lead from the opening to the closing balance; nothing was imported."""

    status, code, title = 422, "STATEMENT_UNBALANCED", "The statement does not add up"


class StatementElsewhere(Refusal):
    """The statement is of another account or currency than those before it."""

    status, code, title = 422, "STATEMENT_ELSEWHERE", "The statement is of another account"


class TooManyLines(Refusal):
    """The file holds more lines than one import takes."""

    status, code, title = 422, "TOO_MANY_LINES", "Too many lines at once"


class StatementChanged(Conflict):
    """A statement of this name was imported with other lines."""

    code, title = "STATEMENT_CHANGED", "The statement was imported with other lines"


class StatementKeyLost(Conflict):
    """What the account's statements are sealed with cannot be opened: the server's key changed."""

    code, title = "STATEMENT_KEY_LOST", "The statements' key cannot be opened"


class ReconciliationRunning(Conflict):
    """A reconciliation of the account is under way; ask again when it has ended."""

    code, title = "RECONCILIATION_RUNNING", "A reconciliation is under way"


class AlreadyReconciled(Conflict):
    """A line or an entry is in a match already; undo that first."""

    code, title = "ALREADY_RECONCILED", "It is in a match already"


class MatchUndone(Conflict):
    """The match was undone before."""

    code, title = "MATCH_UNDONE", "The match was undone before"


class UnknownItem(Refusal):
    """A line or an entry that the account does not have, or that moved no money."""

    status, code, title = 422, "UNKNOWN_ITEM", "No such line or entry"


class AmountsDiffer(Refusal):
    """Lines and entries differ by more than the tolerance that the match allows."""

    status, code, title = 422, "AMOUNTS_DIFFER", "The amounts differ"


class PeriodEmpty(Refusal):
    """The period ends before it begins."""

    status, code, title = 422, "PERIOD_EMPTY", "The period ends before it begins"

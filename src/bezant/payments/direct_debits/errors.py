"""Refusals about direct debits."""

from bezant.kernel.errors import Conflict, NotFound, Refusal


class MandateNotUsable(Refusal):
    """The mandate does not allow this collection or debit."""

    status, code, title = 422, "MANDATE_NOT_USABLE", "The mandate does not allow it"


class NotForConsumers(Refusal):
    """A natural person holds the account: a mandate of B2B would take their refunds from them."""

    status, code, title = 422, "NOT_FOR_CONSUMERS", "The scheme is not for consumers"


class CreditorListedTwice(Refusal):
    """Of one creditor two things are said, of which only one can hold."""

    status, code, title = 422, "CREDITOR_LISTED_TWICE", "A creditor is listed twice"


class RefundNotDue(Refusal):
    """The scheme owes the debtor no refund, or not any more."""

    status, code, title = 422, "REFUND_NOT_DUE", "No refund is due"


class CreditorIdentifierInvalid(Refusal):
    """The text is no creditor identifier of SEPA."""

    status, code, title = 422, "CREDITOR_IDENTIFIER_INVALID", "No such creditor identifier"


class CreditorRegistered(Conflict):
    """The creditor identifier is registered in the institution."""

    code, title = "CREDITOR_REGISTERED", "The creditor identifier is registered"


class CreditorNotFound(NotFound):
    """No such creditor, or another tenant's."""

    code, title = "CREDITOR_NOT_FOUND", "No such creditor"


class CreditorOfAnother(Refusal):
    """The creditor identifier is registered for a party that may not act for the account."""

    status, code, title = 422, "CREDITOR_OF_ANOTHER", "The creditor identifier is another's"


class DebtorIbanInvalid(Refusal):
    """The debtor's IBAN is not valid."""

    status, code, title = 422, "DEBTOR_IBAN_INVALID", "The debtor's IBAN is not valid"


class DebtorUnreachable(Refusal):
    """No rail of the platform leads to the debtor's bank."""

    status, code, title = 422, "DEBTOR_UNREACHABLE", "No direct debit reaches the debtor"


class MandateDiffers(Refusal):
    """The mandate says something else than the collection that names it."""

    status, code, title = 422, "MANDATE_DIFFERS", "The mandate says something else"


class CreditorUnregistered(Refusal):
    """Nobody is registered for the creditor identifier in the institution: it collects nothing."""

    status, code, title = 422, "CREDITOR_UNREGISTERED", "The creditor is not registered"


class DebitMandateNotFound(NotFound):
    """No such mandate, or another tenant's."""

    code, title = "DEBIT_MANDATE_NOT_FOUND", "No such mandate of direct debits"


class DebitMandateExists(Conflict):
    """The creditor has a mandate under this reference."""

    code, title = "DEBIT_MANDATE_EXISTS", "The reference is taken"


class DebitMandateEnded(Conflict):
    """The mandate was cancelled, or its last collection was made."""

    code, title = "DEBIT_MANDATE_ENDED", "The mandate has ended"


class DirectDebitNotFound(NotFound):
    """No such direct debit, or another tenant's."""

    code, title = "DIRECT_DEBIT_NOT_FOUND", "No such direct debit"


class DirectDebitState(Conflict):
    """The direct debit is not in a state in which this can be done; the answer says in which."""

    code, title = "DIRECT_DEBIT_STATE", "The direct debit's state does not allow it"


class NoticeTooShort(Refusal):
    """The payer would be told too late, or the scheme be given it too late."""

    status, code, title = 422, "NOTICE_TOO_SHORT", "Too little time until the due date"


class NotTheDebtor(Refusal):
    """The direct debit does not take from an account of this platform."""

    status, code, title = 422, "NOT_THE_DEBTOR", "The debtor is not a customer here"


class NotTheCreditor(Refusal):
    """The direct debit does not pay an account of this platform."""

    status, code, title = 422, "NOT_THE_CREDITOR", "The creditor is not a customer here"


class BackTooLate(Refusal):
    """The scheme allows no return or reversal any more."""

    status, code, title = 422, "BACK_TOO_LATE", "Too late to give it back"


class ReasonUnfit(Refusal):
    """The scheme does not give this code for that."""

    status, code, title = 422, "REASON_UNFIT", "The code is not for this"

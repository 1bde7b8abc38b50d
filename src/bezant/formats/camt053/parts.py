"""From elements to what they say: headers, balances, entries and the payments behind them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from bezant.formats.camt053.kinds import Kind
from bezant.formats.camt053.model import (
    Amount,
    Balance,
    BankAccount,
    BankTransactionCode,
    CreditLine,
    Detail,
    Entry,
    MessageHeader,
    Party,
    StatementHeader,
    Summary,
    Total,
)
from bezant.formats.camt053.nodes import Node
from bezant.formats.iso4217 import is_currency_code

_NOBODY: Final = Party()


def message_header(group: Node) -> MessageHeader:
    """`GrpHdr`."""
    pagination = group.optional("MsgPgntn")
    if pagination is None:
        return MessageHeader(group.one("MsgId").text())
    return MessageHeader(
        group.one("MsgId").text(),
        page=pagination.one("PgNb").integer(),
        is_last_page=pagination.one("LastPgInd").boolean(),
    )


def statement_header(statement: Node, message: MessageHeader, kind: Kind) -> StatementHeader:
    """A `Stmt`, `Rpt` or `Ntfctn` up to its first entry.

    Raises:
        StatementError: no account, no balance where there has to be one, or balances in several
            currencies.
    """
    account = _account(statement.one("Acct"))
    balances = tuple(_balance(node) for node in statement.many("Bal"))
    if kind.has_balances and not balances:
        raise statement.refusal("It has no balance, so nothing shows that it is complete.")
    currency = account.currency or (
        balances[0].currency if balances else _first_currency(statement)
    )
    for node, balance in zip(statement.many("Bal"), balances, strict=True):
        if balance.currency != currency:
            raise node.refusal(f"The balance is in {balance.currency}, the account in {currency}.")
    own_pages = statement.optional(f"{kind.group}Pgntn")
    page = own_pages.one("PgNb").integer() if own_pages else message.page
    is_last = own_pages.one("LastPgInd").boolean() if own_pages else message.is_last_page
    period = statement.optional("FrToDt")
    return StatementHeader(
        line=statement.line,
        message=message,
        id=statement.one("Id").text(),
        electronic_number=statement.text_of("ElctrncSeqNb") or None,
        legal_number=statement.text_of("LglSeqNb") or None,
        page=page,
        is_only_page=page == 1 and is_last,
        period=(period.one("FrDtTm").text(), period.one("ToDtTm").text()) if period else None,
        copy=statement.text_of("CpyDplctInd"),
        account=account,
        currency=currency,
        balances=balances,
        summary=_summary(statement.optional("TxsSummry"), currency),
        kind=kind.message,
    )


def _first_currency(statement: Node) -> str:
    """Of an account that states none: that of its first entry, which the others have to share."""
    for entry in statement.many("Ntry"):
        return entry.one("Amt").amount().currency
    return ""


def _account(node: Node) -> BankAccount:
    id_, scheme = _account_id(node)
    currency = node.optional("Ccy")
    if currency is not None and not is_currency_code(currency.text()):
        raise currency.refusal("It must be an ISO 4217 code.")
    institution = node.down("Svcr", "FinInstnId")
    return BankAccount(
        id=id_,
        scheme=scheme,
        currency=currency.text() if currency else None,
        owner=node.text_of("Ownr", "Nm"),
        servicer=_bic(institution) if institution else "",
    )


def _account_id(account: Node) -> tuple[str, str]:
    """The identifier of an account and its scheme. Blanks in an IBAN are for people only."""
    node = account.one("Id")
    iban = node.optional("IBAN")
    if iban is not None:
        return iban.text().replace(" ", "").upper(), "IBAN"
    other = node.one("Othr")
    scheme = other.text_of("SchmeNm", "Cd") or other.text_of("SchmeNm", "Prtry")
    return other.one("Id").text(), scheme or "other"


def _bic(institution: Node) -> str:
    return institution.text_of("BICFI") or institution.text_of("BIC")


def _balance(node: Node) -> Balance:
    kind = node.one("Tp").one("CdOrPrtry")
    sub_type = node.down("Tp", "SubTp")
    code = kind.text_of("Cd")
    amount = node.one("Amt").amount()
    day, _ = node.one("Dt").day()
    return Balance(
        line=node.line,
        type=code or kind.one("Prtry").text(),
        is_proprietary=not code,
        sub_type=(sub_type.text_of("Cd") or sub_type.text_of("Prtry")) if sub_type else "",
        amount=node.one("CdtDbtInd").direction().sign * amount.minor_units,
        currency=amount.currency,
        date=day,
        credit_lines=tuple(_credit_lines(node, amount.currency)),
    )


def _credit_lines(balance: Node, currency: str) -> Iterator[CreditLine]:
    for node in balance.many("CdtLine"):
        is_included = node.one("Incl").boolean()
        amount_node = node.optional("Amt")
        if amount_node is None:
            continue
        amount = amount_node.amount()
        if amount.currency != currency:
            raise amount_node.refusal(f"The credit line is not in {currency} as its balance is.")
        yield CreditLine(amount.minor_units, is_included)


def _summary(node: Node | None, currency: str) -> Summary:
    if node is None:
        return Summary()
    if not currency:
        raise node.refusal("Nothing tells the currency of its sums.")
    totals = (_total(node.optional(name), currency) for name in _TOTALS)
    return Summary(*totals)


_TOTALS: Final = ("TtlNtries", "TtlCdtNtries", "TtlDbtNtries")


def _total(node: Node | None, currency: str) -> Total | None:
    if node is None:
        return None
    count, total = node.optional("NbOfNtries"), node.optional("Sum")
    # The net amount moved into an element of its own with version 04.
    net, sign = node.optional("TtlNetNtryAmt"), node.optional("CdtDbtInd")
    nested = node.optional("TtlNetNtry")
    if nested is not None:
        net, sign = nested.one("Amt"), nested.one("CdtDbtInd")
    return Total(
        line=node.line,
        count=count.integer() if count else None,
        sum=total.decimal(currency) if total else None,
        net=sign.direction().sign * net.decimal(currency) if net and sign else None,
    )


@dataclass(frozen=True, slots=True)
class EntryReader:
    """Reads the entries of one statement, all of them in the statement's currency."""

    currency: str

    def read(self, node: Node, ordinal: int) -> Entry:
        """An `Ntry`.

        Raises:
            StatementError: another currency, or booked without any date.
        """
        amount = self._own_currency(node.one("Amt"))
        booking, value = node.optional("BookgDt"), node.optional("ValDt")
        booking_date, booking_instant = booking.day() if booking else (None, None)
        value_date = value.day()[0] if value else booking_date
        status = _status(node.one("Sts"))
        if status == "BOOK" and value_date is None:
            raise node.refusal("It is booked, but has neither a booking nor a value date.")
        reversal = node.optional("RvslInd")
        return Entry(
            line=node.line,
            ordinal=ordinal,
            amount=amount.minor_units,
            currency=amount.currency,
            direction=node.one("CdtDbtInd").direction(),
            is_reversal=reversal.boolean() if reversal else False,
            status=status,
            booking_date=booking_date or value_date,
            booking_instant=booking_instant,
            value_date=value_date,
            reference=node.text_of("NtryRef"),
            servicer_reference=node.text_of("AcctSvcrRef"),
            code=_transaction_code(node.optional("BkTxCd")),
            information=node.text_of("AddtlNtryInf"),
            details=tuple(
                _detail(payment)
                for group in node.many("NtryDtls")
                for payment in group.many("TxDtls")
            ),
        )

    def _own_currency(self, node: Node) -> Amount:
        amount = node.amount()
        if amount.currency != self.currency:
            raise node.refusal(
                f"The entry is in {amount.currency}, the account in {self.currency}."
            )
        return amount


def _status(node: Node) -> str:
    """A code; since version 07 inside `Cd` or `Prtry`."""
    return node.text_of("Cd") or node.text_of("Prtry") or node.text()


def _transaction_code(node: Node | None) -> BankTransactionCode:
    if node is None:
        return BankTransactionCode()
    domain = node.optional("Domn")
    family = domain.optional("Fmly") if domain else None
    return BankTransactionCode(
        domain=domain.text_of("Cd") if domain else "",
        family=family.text_of("Cd") if family else "",
        sub_family=family.text_of("SubFmlyCd") if family else "",
        proprietary=node.text_of("Prtry", "Cd"),
    )


def _detail(node: Node) -> Detail:
    # `Amt` is the amount in the account's books (version 04 on); before, `TxAmt` was used for it.
    amount = node.optional("Amt") or node.down("AmtDtls", "TxAmt", "Amt")
    direction = node.optional("CdtDbtInd")
    references = node.optional("Refs")
    parties = node.optional("RltdPties")
    remittance = node.optional("RmtInf")
    return Detail(
        line=node.line,
        amount=amount.amount() if amount else None,
        direction=direction.direction() if direction else None,
        debtor=_party(parties, "Dbtr") if parties else _NOBODY,
        creditor=_party(parties, "Cdtr") if parties else _NOBODY,
        references=tuple(references.leaves()) if references else (),
        remittance="\n".join(_remittance(remittance)) if remittance else "",
        information=node.text_of("AddtlTxInf"),
    )


def _party(parties: Node, role: str) -> Party:
    """A role and its account; since version 08 inside `Pty`, or a bank in `Agt`."""
    name, identification = "", ""
    party = parties.optional(role)
    if party is not None:
        agent = party.down("Agt", "FinInstnId")
        if agent is not None:
            name, identification = agent.text_of("Nm"), _bic(agent)
        else:
            party = party.optional("Pty") or party
            name, identification = party.text_of("Nm"), _identification(party.optional("Id"))
    account = parties.optional(f"{role}Acct")
    # Since version 09 an account may be known by a proxy alone, such as a telephone number.
    account_id, scheme = _account_id(account) if account and account.optional("Id") else ("", "")
    return Party(name, identification, account_id, scheme)


def _identification(node: Node | None) -> str:
    """The first identifier of an organisation or person."""
    if node is None:
        return ""
    for kind in ("OrgId", "PrvtId"):
        holder = node.optional(kind)
        if holder is None:
            continue
        code = holder.text_of("AnyBIC") or holder.text_of("BICOrBEI") or holder.text_of("LEI")
        other = next((other.text_of("Id") for other in holder.many("Othr")), "")
        if code or other:
            return code or other
    return ""


def _remittance(node: Node) -> Iterator[str]:
    for line in node.many("Ustrd"):
        yield line.text()
    for structured in node.many("Strd"):
        reference = structured.text_of("CdtrRefInf", "Ref")
        if reference:
            yield reference
        for document in structured.many("RfrdDocInf"):
            if number := document.text_of("Nb"):
                yield number
        for line in structured.many("AddtlRmtInf"):
            yield line.text()

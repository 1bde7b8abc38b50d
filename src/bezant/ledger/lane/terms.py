"""Writing down terms of accounts and limit groups, and periods: history, and leaves of the log."""

from datetime import datetime
from uuid import UUID

from bezant.ledger.domain import Account, Hold, LimitGroup
from bezant.ledger.lane.draft import Draft
from bezant.ledger.lane.rows import AccountEvent, LimitGroupEvent, PeriodEvent
from bezant.ledger.months import Month, PeriodEventKind
from bezant.ledger.proof import AccountLeaf, LimitGroupLeaf, PeriodLeaf
from bezant.ledger.schemas import AccountStatus, Side


def record_account(
    draft: Draft, account: Account, kind: str, opened_at: datetime | None = None
) -> None:
    """Write down that an account was opened or changed; `opened_at` tells when elsewhere."""
    seq, recorded_at = draft.advance()
    event = AccountEvent(
        seq,
        kind,
        account.no,
        account.id,
        account.asset,
        account.type,
        account.status,
        account.bounds,
        account.limit_group,
        opened_at,
        recorded_at,
    )
    draft.events.append(event)
    draft.leaves.append(account_leaf(draft.book.book_id, event).encode())


def account_leaf(book_id: UUID, event: AccountEvent) -> AccountLeaf:
    """What the log commits to for an account's event."""
    limits = event.bounds.limits()
    return AccountLeaf(
        account=event.account_id,
        asset=event.asset,
        book=book_id,
        kind=f"account.{event.kind}",
        limit_group=event.limit_group,
        maximum=limits.maximum,
        minimum=limits.minimum,
        no=str(event.account_no),
        opened_at=event.opened_at,
        overdraft=limits.overdraft,
        recorded_at=event.recorded_at,
        seq=str(event.seq),
        status=event.status,
        type=event.type,
    )


def record_limit_group(draft: Draft, group: LimitGroup, kind: str) -> None:
    """Write down that a limit group was opened or changed."""
    seq, recorded_at = draft.advance()
    event = LimitGroupEvent(seq, kind, group.id, group.asset, group.type, group.bounds, recorded_at)
    draft.group_events.append(event)
    draft.leaves.append(limit_group_leaf(draft.book.book_id, event).encode())


def limit_group_leaf(book_id: UUID, event: LimitGroupEvent) -> LimitGroupLeaf:
    """What the log commits to for a limit group's event."""
    limits = event.bounds.limits()
    return LimitGroupLeaf(
        asset=event.asset,
        book=book_id,
        group=event.group_id,
        kind=f"limit_group.{event.kind}",
        maximum=limits.maximum,
        minimum=limits.minimum,
        overdraft=limits.overdraft,
        recorded_at=event.recorded_at,
        seq=str(event.seq),
        type=event.type,
    )


def record_period(
    draft: Draft,
    kind: PeriodEventKind,
    month: Month,
    *,
    transaction_id: UUID | None,
    actor: str,
    requested_by: str | None = None,
) -> PeriodEvent:
    """Write down that a period was closed or reopened."""
    seq, recorded_at = draft.advance()
    event = PeriodEvent(seq, kind, str(month), transaction_id, actor, requested_by, recorded_at)
    draft.period_events.append(event)
    draft.leaves.append(period_leaf(draft.book.book_id, event).encode())
    return event


def period_leaf(book_id: UUID, event: PeriodEvent) -> PeriodLeaf:
    """What the log commits to for a period's event."""
    return PeriodLeaf(
        actor=event.actor,
        book=book_id,
        kind=f"period.{event.kind}",
        period=event.period,
        recorded_at=event.recorded_at,
        requested_by=event.requested_by,
        seq=str(event.seq),
        transaction=event.transaction_id,
    )


def close_accounts(draft: Draft, hold: Hold) -> None:
    """Close the accounts that a new hold closes."""
    _set_status(draft, hold, AccountStatus.OPEN, AccountStatus.CLOSED)


def reopen_accounts(draft: Draft, hold: Hold) -> None:
    """Open the accounts again that a hold closed: it was voided, or has expired."""
    _set_status(draft, hold, AccountStatus.CLOSED, AccountStatus.OPEN)


def _set_status(draft: Draft, hold: Hold, before: AccountStatus, after: AccountStatus) -> None:
    ids = {
        None: (),
        Side.DEBIT: (hold.debit,),
        Side.CREDIT: (hold.credit,),
        Side.BOTH: (hold.debit, hold.credit),
    }[hold.closes]
    for account_id in ids:
        account = draft.book.accounts[account_id]
        if account.status is before:
            draft.amend(account)
            account.status = after
            record_account(draft, account, "changed")

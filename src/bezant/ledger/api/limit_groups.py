"""Routes of joint limits."""

from collections.abc import Sequence

from bezant.kernel.http import Operation, ReadOperation, WriteOperation
from bezant.ledger import errors, schemas
from bezant.ledger.api.shared import (
    BOOK,
    LIMIT_GROUP,
    NO_LIMIT_GROUP,
    OF_LANES,
    READ,
    WRITE,
)
from bezant.ledger.handlers import (
    BookPath,
    LimitGroupPath,
    Routes,
)


def of_limit_groups(routes: Routes) -> Sequence[Operation]:
    """Opening, changing and reading joint limits."""
    return [
        WriteOperation(
            id="open_limit_group",
            path=f"{BOOK}/limit-groups",
            tag="limit groups",
            summary="Open a joint limit",
            description="Accounts count towards it once they name it as their `limit_group`.",
            scope=WRITE,
            action="limit_group.open",
            path_type=BookPath,
            body_type=schemas.NewLimitGroup,
            example={
                "id": "customers:42",
                "asset": "EUR",
                "type": "liability",
                "limits": {"overdraft": "50000"},
            },
            status=201,
            answer_type=schemas.LimitGroup,
            refusals=(
                errors.BookNotFound,
                errors.LimitGroupExists,
                errors.UnknownAsset,
                errors.LimitsBroken,
                errors.LimitsContradict,
                *OF_LANES,
            ),
            handler=routes.open_limit_group,
        ),
        WriteOperation(
            id="change_limit_group",
            method="PATCH",
            path=LIMIT_GROUP,
            tag="limit groups",
            summary="Change a joint limit",
            scope=WRITE,
            action="limit_group.change",
            path_type=LimitGroupPath,
            body_type=schemas.LimitGroupChange,
            example={"limits": {"overdraft": "0"}},
            answer_type=schemas.LimitGroup,
            refusals=(
                *NO_LIMIT_GROUP,
                errors.LimitsBroken,
                errors.LimitsContradict,
                *OF_LANES,
            ),
            handler=routes.change_limit_group,
        ),
        ReadOperation(
            id="get_limit_group",
            path=LIMIT_GROUP,
            tag="limit groups",
            summary="A joint limit and the sums that it bounds",
            scope=READ,
            is_replicated=True,
            path_type=LimitGroupPath,
            answer_type=schemas.LimitGroup,
            refusals=NO_LIMIT_GROUP,
            handler=routes.limit_group,
        ),
    ]

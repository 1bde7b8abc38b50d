"""Routes of holds."""

from collections.abc import Sequence

from bezant.kernel.http import Operation, ReadOperation, WriteOperation
from bezant.ledger import errors, schemas
from bezant.ledger.api.shared import (
    HOLD,
    NO_HOLD,
    OF_LANES,
    READ,
    WRITE,
)
from bezant.ledger.handlers import (
    HoldPath,
    Routes,
)


def of_holds(routes: Routes) -> Sequence[Operation]:
    """Settling and reading holds."""
    return [
        WriteOperation(
            id="capture_hold",
            path=f"{HOLD}/capture",
            tag="holds",
            summary="Capture a hold, in full or in part",
            description="What is left can be captured later, unless `release` gives it back.",
            scope=WRITE,
            action="hold.capture",
            path_type=HoldPath,
            body_type=schemas.CaptureOfHold,
            example={"amount": "900"},
            answer_type=schemas.SettledHold,
            refusals=(
                *NO_HOLD,
                errors.HoldNotOpen,
                errors.HoldKept,
                errors.CaptureTooLarge,
                errors.AccountFrozen,
                errors.AccountClosed,
                *OF_LANES,
            ),
            handler=routes.capture_hold,
        ),
        WriteOperation(
            id="void_hold",
            path=f"{HOLD}/void",
            tag="holds",
            summary="Void a hold, or every open hold of its group",
            scope=WRITE,
            action="hold.void",
            path_type=HoldPath,
            body_type=schemas.VoidOfHold,
            example={"group": False},
            answer_type=schemas.SettledHold,
            refusals=(
                *NO_HOLD,
                errors.HoldNotOpen,
                errors.HoldKept,
                errors.TooManyPostings,
                *OF_LANES,
            ),
            handler=routes.void_hold,
        ),
        ReadOperation(
            id="get_hold",
            path=HOLD,
            tag="holds",
            summary="A hold",
            scope=READ,
            is_replicated=True,
            path_type=HoldPath,
            answer_type=schemas.Hold,
            refusals=NO_HOLD,
            handler=routes.hold,
        ),
    ]

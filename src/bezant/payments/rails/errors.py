"""Why a rail does not take a payment."""

from bezant.kernel.errors import Refusal


class NotForRail(Refusal):
    """The scheme could never carry it out: its amount, asset, names or numbers do not fit."""

    status, code, title = 422, "NOT_FOR_RAIL", "The rail does not take this payment"

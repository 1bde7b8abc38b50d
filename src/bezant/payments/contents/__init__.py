"""What payments say of people: how long it is kept, and what a person may know of it."""

from bezant.payments.contents.holding import PaymentContents

__all__ = ["PaymentContents"]

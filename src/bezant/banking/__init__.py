"""Banking: who the customers are, and how they are reached."""

from bezant.banking.contacts import Contact, ContactService, NewContact, OpenedContact
from bezant.banking.contacts import operations as contact_operations
from bezant.banking.holders import HolderHolding, HolderService, OwnsAccount
from bezant.banking.holders import operations as holder_operations

__all__ = [
    "Contact",
    "ContactService",
    "HolderHolding",
    "HolderService",
    "NewContact",
    "OpenedContact",
    "OwnsAccount",
    "contact_operations",
    "holder_operations",
]

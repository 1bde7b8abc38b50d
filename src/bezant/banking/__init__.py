"""Banking: who the customers are, and how they are reached."""

from bezant.banking.contacts import Contact, ContactService, NewContact, OpenedContact
from bezant.banking.contacts import operations as contact_operations

__all__ = ["Contact", "ContactService", "NewContact", "OpenedContact", "contact_operations"]

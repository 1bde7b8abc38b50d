"""Contacts: how a person is reached. What identifies the person is sealed; here are references."""

from bezant.banking.contacts.api import operations
from bezant.banking.contacts.fields import EMAIL, FIELDS, IBAN, NAME, PHONE
from bezant.banking.contacts.schemas import Contact, ContactChange, NewContact, OpenedContact
from bezant.banking.contacts.service import ContactService

__all__ = [
    "EMAIL",
    "FIELDS",
    "IBAN",
    "NAME",
    "PHONE",
    "Contact",
    "ContactChange",
    "ContactService",
    "NewContact",
    "OpenedContact",
    "operations",
]

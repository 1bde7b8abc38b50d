"""Who plays, and whom they know at other banks."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Customer:
    """A party with an account.

    Attributes:
        iban: empty until it was read.
    """

    name: str
    is_organisation: bool
    party: UUID
    account: UUID
    iban: str
    bic: str


EMPLOYER: Final = "Lindgren Cycles GmbH"
LANDLORD: Final = "Hofgarten Homes AG"
POWER: Final = "Northwind Energy SE"
ORGANISATIONS: Final = (EMPLOYER, LANDLORD, POWER)

PEOPLE: Final = (
    "Ada Lindqvist",
    "Bruno Castelli",
    "Chiara Fontana",
    "Daan de Vries",
    "Elif Kaya",
    "Finn Jensen",
    "Grace Okafor",
    "Hugo Martin",
    "Ines Carvalho",
    "Jonas Weber",
    "Katarzyna Nowak",
    "Liam Byrne",
    "Marta Soler",
    "Nils Bergström",
    "Olga Petrova",
    "Pavel Novák",
    "Rosa Schneider",
)
"""Who is employed, in the order in which they are paid; the first seven rent."""

TENANTS: Final = PEOPLE[:7]

# At the sandbox's other banks.
FRENCH_IBAN: Final = "FR1420041010050500013M02606"
FRENCH_NAME: Final = "Marie Lefèvre"
GERMAN_IBAN: Final = "DE89370400440532013000"
GERMAN_NAME: Final = "J. Mueller"
"""As the payer writes it: the account is Jürgen Müller's."""

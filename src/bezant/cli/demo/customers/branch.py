"""The bank that the customers have their accounts at: who they are, and what was seen."""

import random
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Final, Self, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from bezant.cli.client import ApiError
from bezant.cli.demo.customers import wire
from bezant.cli.demo.customers.desk import Desk
from bezant.cli.demo.customers.other_side import BIC, OtherSide
from bezant.cli.demo.customers.people import ORGANISATIONS, PEOPLE, Customer
from bezant.cli.demo.report import RefusalRow, SceneRow
from bezant.ledger import schemas

TIME_ZONE: Final = ZoneInfo("Europe/Berlin")
OVERDRAFT: Final = 75_000_00
"""That companies have, minor units: without a sandbox no money comes from elsewhere."""

_BANK_CODE: Final = "99900088"
"""Of the bank on a platform without a sandbox. Nobody's in the Bundesbank's list."""

_CONNECTIONS: Final = 8
_BETWEEN_LOOKS_S: Final = 0.1
_PATIENCE_S: Final = 60.0

T = TypeVar("T")


@dataclass(slots=True)
class Branch:
    """The bank, its customers by name, and what happened.

    Attributes:
        desk: the platform's public API.
        other_side: the sandbox's other banks; None where the platform has none.
        institution: the bank.
        dice: where all chance comes from.
        at: the platform's time at the beginning, where the bank is.
    """

    desk: Desk
    other_side: OtherSide | None
    institution: wire.Institution
    dice: random.Random
    at: datetime
    customers: dict[str, Customer] = field(default_factory=dict)
    scenes: list[SceneRow] = field(default_factory=list)
    refusals: list[RefusalRow] = field(default_factory=list)

    @classmethod
    def enter(cls, desk: Desk, other_side: OtherSide | None, seed: int) -> Self:
        """Find the bank, or found it.

        Args:
            desk: the platform's public API.
            other_side: the sandbox's other banks.
            seed: of the dice.
        """
        dice = random.Random(seed)  # noqa: S311 - the same day again, not a secret
        bank = _bank(desk, other_side)
        return cls(desk, other_side, bank, dice, desk.time().astimezone(TIME_ZONE))

    def play(self, title: str, scene: "Scene") -> None:
        """Play one scene and note what happened; None: it had no place here."""
        if (happened := scene(self)) is not None:
            self.scenes.append(SceneRow(title, happened))

    def welcome(self) -> None:
        """Open an account for everybody."""
        current = self._product("current", 0)
        business = self._product("business", OVERDRAFT)
        firms = self._at_once(
            [partial(self._open, name, business, is_firm=True) for name in ORGANISATIONS]
        )
        people = self._at_once(
            [partial(self._open, name, current, is_firm=False) for name in PEOPLE]
        )
        self.customers = {each.name: each for each in (*firms, *people)}

    def pay(
        self, payer: str, payee: str, amount: int, remittance: str, key: str | None = None
    ) -> wire.Payment:
        """Pay from one account here to another; minor units."""
        return self.desk.pay(
            {
                "debtor_account": self.customers[payer].account,
                "creditor": {"account_id": self.customers[payee].account},
                "asset": "EUR",
                "amount": str(amount),
                "remittance": remittance,
            },
            key,
        )

    def refuse(self, attempt: str, code: str, act: Callable[[], object]) -> None:
        """Do what the platform must refuse, and note its answer."""
        try:
            act()
        except ApiError as error:
            self.refusals.append(RefusalRow(attempt, code, error.code))
        else:
            self.refusals.append(RefusalRow(attempt, code, "accepted"))

    @staticmethod
    def until(what: str, look: Callable[[], T | None]) -> T:
        """Look until there is something.

        Raises:
            ApiError: nothing came in a minute.
        """
        end = time.monotonic() + _PATIENCE_S
        while time.monotonic() < end:
            if (found := look()) is not None:
                return found
            time.sleep(_BETWEEN_LOOKS_S)
        raise ApiError(0, "NOTHING_CAME", f"{what}: nothing came of it within a minute.")

    def _open(self, name: str, product: UUID, *, is_firm: bool) -> Customer:
        kind = "organisation" if is_firm else "person"
        party = self.desk.make_party({"kind": kind, "legal_name": name})
        account = self.desk.open_bank_account(product)
        self.desk.make_holder(account, party)
        number = self.desk.number(account)
        return Customer(name, is_firm, party, account, number.iban, number.bic)

    def _product(self, kind: str, overdraft: int) -> UUID:
        code = f"demo-{self.institution.bank_code}-{kind}"
        for product in self.desk.products():
            if product.code == code:
                return product.id
        terms = {"assets": ["EUR"], "overdraft": {"EUR": str(overdraft)}}
        return self.desk.make_product(
            {"code": code, "institution_id": self.institution.id, "kind": "current", "terms": terms}
        ).id

    @staticmethod
    def _at_once(acts: Sequence[Callable[[], T]]) -> list[T]:
        with ThreadPoolExecutor(_CONNECTIONS) as threads:
            return [done.result() for done in [threads.submit(act) for act in acts]]


Scene = Callable[[Branch], str | None]
"""Plays something, and says in one sentence what happened; None where it has no place."""


def _bank(desk: Desk, other_side: OtherSide | None) -> wire.Institution:
    """The bank that takes part in the sandbox; without one, a bank of the demo's own."""
    known = {each.bank_code: each for each in desk.institutions()}
    if other_side is not None:
        return next(each for each in known.values() if each.bic == BIC)
    if _BANK_CODE in known:
        return known[_BANK_CODE]
    name, zone = "Demo Bank", str(TIME_ZONE)
    book = desk.create_book(schemas.NewBook(name, [schemas.Asset("EUR", 2)], zone))
    return desk.make_institution(
        {"book_id": book.id, "name": name, "country": "DE", "bank_code": _BANK_CODE, "bic": BIC}
    )

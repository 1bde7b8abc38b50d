"""The client of the routes on customers and their payments."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Final
from uuid import UUID, uuid4

from bezant.cli.client import Client
from bezant.cli.demo.customers import wire

PURPOSE: Final = "demo"
"""Why the demo reads what identifies people: the audit log keeps it."""

Body = Mapping[str, object]


class Desk(Client):
    """A session with one platform, as a bank's own software would have."""

    def time(self) -> datetime:
        """The platform's, as its answers are dated (RFC 9110, 6.6.1)."""
        return parsedate_to_datetime(self._http.get("/health/live").headers["Date"])

    def institutions(self) -> Iterator[wire.Institution]:
        """All of the tenant's."""
        for page in self._pages("/v1/institutions", wire.Institutions):
            yield from page.institutions

    def make_institution(self, new: Body) -> wire.Institution:
        """Say under which bank code accounts are opened."""
        return self._send("POST", "/v1/institutions", new, wire.Institution)

    def products(self) -> Iterator[wire.Product]:
        """All of the tenant's."""
        for page in self._pages("/v1/products", wire.Products):
            yield from page.products

    def make_product(self, new: Body) -> wire.Product:
        """Offer a product."""
        return self._send("POST", "/v1/products", new, wire.Product)

    def make_party(self, new: Body) -> UUID:
        """Make somebody known."""
        return self._send("POST", "/v1/parties", new, wire.Made).id

    def open_bank_account(self, product: UUID) -> UUID:
        """Open an account under a product's terms."""
        return self._send("POST", "/v1/accounts", {"product_id": product}, wire.Made).id

    def make_holder(self, account: UUID, party: UUID) -> None:
        """Say who holds an account."""
        body = {"party_id": party, "role": "holder"}
        self._send("POST", f"/v1/accounts/{account}/parties", body, dict[str, object])

    def number(self, account: UUID) -> wire.Number:
        """The number of an account; reading it is audited."""
        query = {"purpose": PURPOSE}
        return self._get(f"/v1/accounts/{account}/number", wire.Number, query)

    def booked(self, account: UUID) -> int:
        """What is booked on an account, minor units."""
        [balance] = self._get(f"/v1/accounts/{account}/balances", wire.Balances).balances
        return int(balance.booked)

    def pay(self, new: Body, key: str | None = None) -> wire.Payment:
        """Order a payment."""
        return self._send("POST", "/v1/payments", new, wire.Payment, key)

    def payment(self, payment: UUID) -> wire.Payment:
        """A payment as it stands."""
        return self._get(f"/v1/payments/{payment}", wire.Payment)

    def paid_from(self, account: UUID) -> Iterator[wire.Payment]:
        """All payments of an account."""
        path = "/v1/payments"
        for page in self._pages(path, wire.Payments, {"debtor_account": str(account)}):
            yield from page.payments

    def received(self) -> Iterator[wire.Payment]:
        """All payments that other banks sent."""
        for page in self._pages("/v1/payments", wire.Payments, {"direction": "in"}):
            yield from page.payments

    def recall(self, payment: UUID, reason: str) -> wire.Recall:
        """Ask the payee's bank for the money."""
        path = f"/v1/payments/{payment}/recall"
        return self._send("POST", path, {"reason": reason}, wire.Recall)

    def verify_payee(self, account: UUID, iban: str, name: str) -> wire.Verification:
        """Ask whether a name belongs to an account number."""
        body = {"debtor_account": account, "iban": iban, "name": name}
        return self._send("POST", "/v1/payee-verifications", body, wire.Verification)

    def send_file(self, content: bytes) -> wire.Bulk:
        """Send a pain.001."""
        headers = {"Content-Type": "application/xml", "Idempotency-Key": str(uuid4())}
        return self._call("POST", "/v1/bulk-payments", wire.Bulk, content=content, headers=headers)

    def file(self, bulk: UUID) -> wire.Bulk:
        """How far a file is."""
        return self._get(f"/v1/bulk-payments/{bulk}", wire.Bulk)

    def order_standing(self, new: Body) -> UUID:
        """Order payments on the days of a rule."""
        return self._send("POST", "/v1/standing-orders", new, wire.Made).id

    def occurrences(self, standing: UUID) -> list[wire.Occurrence]:
        """What became of the days of a standing order."""
        path = f"/v1/standing-orders/{standing}/occurrences"
        return self._get(path, wire.Occurrences).occurrences

    def end_standing(self, standing: UUID) -> None:
        """End a standing order."""
        path = f"/v1/standing-orders/{standing}/cancel"
        self._send("POST", path, {}, dict[str, object])

    def register_creditor(self, institution: UUID, party: UUID, creditor_id: str) -> None:
        """Register whose a creditor identifier is."""
        body = {"institution_id": institution, "party_id": party, "creditor_id": creditor_id}
        self._send("POST", "/v1/direct-debit-creditors", body, wire.Made)

    def keep_mandate(self, new: Body) -> UUID:
        """Keep a mandate for direct debits that a debtor signed."""
        return self._send("POST", "/v1/direct-debit-mandates", new, wire.Made).id

    def collect(self, new: Body) -> wire.Debit:
        """Announce a collection."""
        return self._send("POST", "/v1/direct-debits", new, wire.Debit)

    def refuse_debit(self, debit: UUID) -> wire.Debit:
        """Refuse a collection, as its debtor."""
        return self._send("POST", f"/v1/direct-debits/{debit}/refuse", {}, wire.Debit)

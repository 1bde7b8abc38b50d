"""The sandbox's clearing system, told what the other banks do."""

from types import TracebackType
from typing import Final, Self

import httpx

from bezant.cli.client import ApiError

BIC: Final = "BEZADEFFXXX"
_TIMEOUT_S: Final = 30.0


class OtherSide:
    """A session with the sandbox.

    Args:
        url: of its clearing system.
        secret: what it knows us by.
    """

    def __init__(self, url: str, secret: str) -> None:
        headers = {"Authorization": f"Bearer {secret}"}
        self._http = httpx.Client(
            base_url=url, headers=headers, timeout=_TIMEOUT_S, trust_env=False
        )

    def __enter__(self) -> Self:
        """The session itself; leaving closes its connections."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._http.close()

    def credit(self, bic: str, iban: str, name: str, amount: int, remittance: str) -> None:
        """Have another bank pay an account here; minor units."""
        body = {
            "bic": bic,
            "iban": iban,
            "name": name,
            "amount": str(amount),
            "remittance": remittance,
        }
        self._tell("/admin/credits", body)

    def give_back(self, sender_bic: str, transaction_id: str, code: str) -> None:
        """Have another bank send a payment of ours back."""
        body = {"sender_bic": sender_bic, "transaction_id": transaction_id, "code": code}
        self._tell("/admin/returns", body)

    def last_transfer_of(self, sender_bic: str, amount: int) -> str:
        """The name of the newest transfer of an amount from a bank."""
        transfers = self._http.get("/admin/transfers").raise_for_status().json()
        found = [
            each["transaction_id"]
            for each in transfers
            if (each["sender"], each["amount"]) == (sender_bic, str(amount))
        ]
        return str(found[-1])

    def _tell(self, path: str, body: dict[str, str]) -> None:
        try:
            self._http.post(path, json=body).raise_for_status()
        except httpx.HTTPError as error:
            raise ApiError(0, "SANDBOX_UNUSABLE", f"The sandbox declined {path}: {error}") from None

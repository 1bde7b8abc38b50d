"""The vault that tests stand on: it seals and opens, and its key store fails when told to."""

from uuid import uuid4

import pytest

from bezant.kernel.sealed import Normal, SealedField, Sealing
from bezant.vault.keystores import KeyStoreDown
from fixtures_vault import Strongroom

EMAIL = SealedField("test.email", Normal.EMAIL)


async def test_what_was_sealed_is_opened(strongroom: Strongroom) -> None:
    reference = uuid4()
    fields = strongroom.vault.fields
    await fields.seal(strongroom.call(), [Sealing(reference, uuid4(), EMAIL, "ann@example.com")])
    opened = await fields.open(strongroom.call(), [reference])
    assert opened.values == {reference: "ann@example.com"}


async def test_with_its_key_store_down_a_new_tenant_seals_nothing(strongroom: Strongroom) -> None:
    strongroom.key_store.is_down = True
    with pytest.raises(KeyStoreDown):
        await strongroom.vault.fields.seal(
            strongroom.call(), [Sealing(uuid4(), uuid4(), EMAIL, "ann@example.com")]
        )

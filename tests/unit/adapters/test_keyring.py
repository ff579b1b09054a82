"""Sealed values open only with their key, under their collection and their token."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kgqa.adapters.keyring import Keyring
from kgqa.errors import ConfigurationError
from kgqa.model.pii import SealedValue

TOKEN, OTHER = "[PERSON:7f3a9c12ab34]", "[PERSON:000000000000]"
KEYS = Keyring.parse(f"new:{Keyring.new_key()},old:{Keyring.new_key()}")


@pytest.fixture
def sealed() -> SealedValue:
    return KEYS.seal("lake", TOKEN, "Elena Ruiz")


def test_a_value_opens_where_it_was_sealed(sealed: SealedValue) -> None:
    assert (sealed.token, sealed.type, sealed.key_id) == (TOKEN, "PERSON", "new")
    assert b"Elena" not in sealed.ciphertext
    assert KEYS.open("lake", sealed) == "Elena Ruiz"
    assert KEYS.seal("lake", TOKEN, "Elena Ruiz").ciphertext != sealed.ciphertext


@pytest.mark.parametrize(
    ("collection", "change"),
    [
        ("pond", {}),
        ("lake", {"token": OTHER}),
        ("lake", {"key_id": "old"}),
        ("lake", {"key_id": "gone"}),
    ],
)
def test_it_opens_nowhere_else(collection: str, change: dict[str, str], sealed: SealedValue) -> None:
    with pytest.raises(ConfigurationError):
        KEYS.open(collection, replace(sealed, **change))


def test_a_changed_value_does_not_open(sealed: SealedValue) -> None:
    changed = bytes([sealed.ciphertext[0], *sealed.ciphertext[1:-1], sealed.ciphertext[-1] ^ 1])
    with pytest.raises(ConfigurationError):
        KEYS.open("lake", replace(sealed, ciphertext=changed))

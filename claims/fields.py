"""Text that only the site can read: encrypted in the database, found again by its exact value.

A searchable column holds `index$token`: the index is a keyed hash of the text, the token the text itself,
encrypted. So one column is written, whether by a form, in bulk or by COPY, and the database cuts the index
off it into a column of its own (`blind_index_column`), which is what gets searched and can be unique.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from binascii import a2b_base64
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.fernet import Fernet, MultiFernet
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.core.exceptions import FieldError
from django.db import models
from django.db.models.functions import Substr

INDEX_LENGTH = 22  # 128 bits in base64

# AES-256-GCM: a version, a random nonce, then the text with its tag. Random nonces are safe for some four
# billion values a key.
VERSION, NONCE_LENGTH = b"\x02", 12
FROM_URL = bytes.maketrans(b"-_", b"+/")
EARLIER = "gAAAA"  # how what was kept with Fernet begins; a version of 2 begins with "A" in base64


class EncryptedField(models.TextField):
    """Text kept as ciphertext. Nothing stays nothing: an empty text is stored empty."""

    description = "Encrypted text"

    def __init__(
        self, *args: Any, searchable: bool = False, in_any_case: bool = False, **kwargs: Any
    ) -> None:
        self.searchable = searchable
        self.in_any_case = in_any_case  # whether a search minds capitals
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> tuple[str, str, Sequence[Any], dict[str, Any]]:
        name, path, args, kwargs = super().deconstruct()
        options = {"searchable": self.searchable, "in_any_case": self.in_any_case}
        return name, path, args, kwargs | {option: True for option, is_set in options.items() if is_set}

    def get_prep_value(self, value: Any) -> Any:
        if value in (None, "") or hasattr(value, "resolve_expression"):
            return value
        return self.seal(str(value))

    def seal(self, text: str) -> str:
        token = encrypt(text)
        return f"{self.index(text)}${token}" if self.searchable else token

    def index(self, text: str) -> str:
        """What the blind index of this text is in this column."""
        return blind_index(text.casefold() if self.in_any_case else text, self.attname)

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> str | None:
        return decrypt(value.rpartition("$")[2]) if value else value

    def get_lookup(self, lookup_name: str) -> Any:
        """Two encryptions of one text differ, so a comparison would find nothing and say so to nobody."""
        if lookup_name == "isnull":
            return super().get_lookup(lookup_name)
        raise FieldError(f"{self.name} is encrypted: search its blind index instead.")


def blind_index_column(field: str, **options: Any) -> models.GeneratedField:
    """The column by which an encrypted one is searched; the database fills it in."""
    return models.GeneratedField(
        expression=Substr(field, 1, INDEX_LENGTH),
        output_field=models.CharField(max_length=INDEX_LENGTH),
        db_persist=True,
        **options,
    )


def blind_index(text: str, purpose: str) -> str:
    """Equal for equal texts of one purpose, and worth nothing to whoever lacks the key."""
    key = settings.PHI_INDEX_KEY.encode()
    digest = hmac.digest(key, f"{purpose}:{text}".encode(), "sha256")
    return base64.urlsafe_b64encode(digest[:16]).decode()[:INDEX_LENGTH]


def encrypt(text: str) -> str:
    return base64.urlsafe_b64encode(encrypt_bytes(text.encode())).decode()


def decrypt(token: str) -> str:
    return decrypt_bytes(_unwrapped(token)).decode()


def encrypt_bytes(content: bytes) -> bytes:
    """For what is kept whole and never searched, such as a file that was sent."""
    nonce = os.urandom(NONCE_LENGTH)
    return VERSION + nonce + _ciphers(tuple(settings.PHI_KEYS))[0].encrypt(nonce, content, None)


def decrypt_bytes(sealed: bytes) -> bytes:
    keys = tuple(settings.PHI_KEYS)
    if not sealed.startswith(VERSION):
        return _earlier(keys).decrypt(sealed)
    nonce, rest = sealed[1 : 1 + NONCE_LENGTH], sealed[1 + NONCE_LENGTH :]
    for cipher in _ciphers(keys):
        try:
            return cipher.decrypt(nonce, rest, None)
        except InvalidTag:
            continue  # sealed under an earlier key
    raise InvalidTag


def rotate_bytes(sealed: bytes) -> bytes:
    return encrypt_bytes(decrypt_bytes(sealed))


def rotate(stored: str) -> str:
    """The same content under the newest key."""
    index, mark, token = stored.rpartition("$")
    return f"{index}{mark}{encrypt(decrypt(token))}"


def _unwrapped(token: str) -> bytes:
    """As `urlsafe_b64decode` does it, in a fraction of its time: an export unwraps a hundred thousand."""
    sealed = token.encode("ascii")
    return sealed if token.startswith(EARLIER) else a2b_base64(sealed.translate(FROM_URL))


@lru_cache
def _ciphers(keys: tuple[str, ...]) -> list[AESGCM]:
    """The first key encrypts; all of them decrypt, so that old rows stay readable while keys change."""
    return [AESGCM(hashlib.sha256(f"{key}:aes-gcm".encode()).digest()) for key in keys]


@lru_cache
def _earlier(keys: tuple[str, ...]) -> MultiFernet:
    """What was kept before 2026-12 until keys are rotated: an eighth as quick and twice as long."""
    return MultiFernet(
        [Fernet(base64.urlsafe_b64encode(hashlib.sha256(key.encode()).digest())) for key in keys]
    )

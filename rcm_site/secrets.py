"""Keys the site makes for itself: one kept on disk when embedded, others derived from it."""

import hashlib
import hmac
import os
import secrets
from pathlib import Path


def embedded_secret(path: Path) -> str:
    """A random secret of this installation's own, made on the first start."""
    try:
        return path.read_text()
    except FileNotFoundError:
        pass
    # Written aside and linked into place: of several processes that start at once, all read one key.
    aside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    aside.touch(mode=0o600)
    aside.write_text(secrets.token_urlsafe(64))
    try:
        os.link(aside, path)
    except FileExistsError:
        pass
    finally:
        aside.unlink()
    return path.read_text()


def derived_key(secret: str, purpose: str) -> str:
    """A key for one purpose, so that no two uses of the secret share bytes."""
    return hmac.new(secret.encode(), f"rcm:{purpose}".encode(), hashlib.sha256).hexdigest()

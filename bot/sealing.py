"""Sealing: secrets of others that we have to use again are kept so that the database alone does not give them away."""

import base64
import hashlib
import hmac

from cryptography.fernet import Fernet


def seal(secret: str, text: str) -> str:
    return _box(secret).encrypt(text.encode()).decode()


def opened(secret: str, sealed: str) -> str:
    """Raises InvalidToken where SECRET_KEY has changed since."""
    return _box(secret).decrypt(sealed.encode()).decode()


def _box(secret: str) -> Fernet:
    """A key of its own: what is made of SECRET_KEY for one use must not open another."""
    return Fernet(base64.urlsafe_b64encode(hmac.new(secret.encode(), b"sealing", hashlib.sha256).digest()))

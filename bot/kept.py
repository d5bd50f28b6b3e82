"""What `python -m bot run` made on this machine, where nobody set it: secrets, and how the sandbox is reached."""

import json
from collections.abc import Mapping
from pathlib import Path

import connectors
from bot import assembly
from bot.settings import env_file

HOME = Path("var")  # the database stands here too
SANDBOX = HOME / "sandbox.env"
SECRETS = HOME / "secrets.json"


def recalled(environ: Mapping[str, str]) -> dict[str, str]:
    """The settings for a command that is typed beside a running service: also what that one made for itself. Raises
    Misconfigured."""
    known = _secrets()
    made = {"SECRET_KEY": known["secret_key"]} if "secret_key" in known else {}
    return (made if connectors.load(environ) else env_file(SANDBOX) | made) | dict(environ)


def sandbox_settings(port: int) -> dict[str, str]:
    """What the pretend platforms and our connectors agree on. Also written to a file, for the sandbox's commands."""
    base = f"http://127.0.0.1:{port}"
    settings = {
        "PORT": str(port - 1),
        "SANDBOX_PORT": str(port),
        "FACEBOOK_APP_SECRET": secret("facebook_app_secret"),
        "FACEBOOK_VERIFY_TOKEN": secret("facebook_verify_token"),
        "FACEBOOK_PAGES": f"100200300400500:{secret('facebook_page_token')}",
        "FACEBOOK_API_URL": f"{base}/facebook",
        "FACEBOOK_AUDIENCES": f"6110000000001:{secret('facebook_audience_token')}",
        "TELEGRAM_BOT_TOKEN": f"700800900:{secret('telegram_bot_token')}",
        "TELEGRAM_BOT_USERNAME": "maison_zephyr_bot",
        "TELEGRAM_API_URL": f"{base}/telegram",
        "X_BEARER_TOKEN": secret("x_bearer_token"),
        "X_USER_ID": "880011223344",
        "X_API_URL": f"{base}/x",
        "X_POLL_SECONDS": "2",
        "EMAIL_FROM": "Maison Zéphyr <hello@zephyr.example>",
        "EMAIL_SMTP_URL": f"smtp://127.0.0.1:{port + 1}",
        "EMAIL_MAILBOX_URL": f"imap://hello:{secret('mailbox_password')}@127.0.0.1:{port + 2}/INBOX",
    }
    _write(SANDBOX, "".join(f"{name}={value}\n" for name, value in settings.items()))
    return settings


def secret(name: str) -> str:
    """A secret of this machine, made once."""
    if name not in (known := _secrets()):
        known[name] = assembly.random_bytes().hex()
        _write(SECRETS, json.dumps(known, indent=1))
    return known[name]


def _secrets() -> dict[str, str]:
    return dict(json.loads(SECRETS.read_text())) if SECRETS.exists() else {}


def _write(path: Path, text: str) -> None:
    path.touch(mode=0o600)
    path.write_text(text)

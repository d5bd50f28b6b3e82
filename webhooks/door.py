"""What every door of the web process shares: the bot behind it, and the guard against forged forms."""

from typing import cast

from flask import current_app
from flask_wtf.csrf import CSRFProtect

from bot.assembly import Bot

# Guards every form of the app; `webhooks/app.py` names the few blueprints that have another guard.
csrf = CSRFProtect()


def the_bot() -> Bot:
    return cast(Bot, current_app.extensions["fanfare"])

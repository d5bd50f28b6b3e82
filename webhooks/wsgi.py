"""What a WSGI server runs: `gunicorn webhooks.wsgi:app`. Settings come from the environment or from a file .env."""

import os
import sys
from pathlib import Path

from apiflask import APIFlask
from werkzeug.middleware.proxy_fix import ProxyFix

from bot import assembly
from bot.settings import env_file
from connectors import Misconfigured
from webhooks.app import create_app

# What gunicorn takes for "this worker will never start", and stops (gunicorn/arbiter.py, 27.0.1). After any other code
# it would start workers for ever.
HOPELESS = 3


def from_environment() -> APIFlask:
    for name, value in env_file(Path(".env")).items():
        os.environ.setdefault(name, value)
    try:
        bot = assembly.assemble(os.environ)
    except Misconfigured as wrong:
        sys.stderr.write("Fanfare can't start:\n" + "".join(f"  - {fault}\n" for fault in wrong.faults))
        raise SystemExit(HOPELESS) from None
    app = create_app(bot)
    if bot.settings.address.startswith("https://"):
        # One proxy stands before us and speaks TLS. Elsewhere these headers come from strangers, and are not believed.
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1)  # type: ignore[method-assign]
    return app


app = from_environment()

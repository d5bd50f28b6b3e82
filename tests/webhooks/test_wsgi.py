"""What a WSGI server gets: an app, or every fault of the settings in words."""

import os
import subprocess
import sys
from pathlib import Path

from tests.cast import SECRET

CHECKOUT = Path(__file__).parents[2]
ASK = """
from flask import request
from webhooks.wsgi import app

app.add_url_rule("/seen", "seen", lambda: f"{request.url} {request.remote_addr}")
answer = app.test_client().get("/seen", headers={"X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.7"})
print(answer.text)
"""


def python(code: str, folder: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(CHECKOUT), **settings}
    return subprocess.run([sys.executable, "-c", code], cwd=folder, env=environ, capture_output=True, text=True)


def test_wrong_settings_are_all_told_and_the_server_gives_up(tmp_path: Path) -> None:
    done = python("import webhooks.wsgi", tmp_path, PORT="none", SECRET_KEY="short")

    first, *faults = done.stderr.splitlines()
    assert (done.returncode, first) == (3, "Fanfare can't start:")
    assert [fault.split(":")[0] for fault in faults] == ["  - SECRET_KEY", "  - PORT"]
    assert "short" not in done.stderr


def test_a_proxy_is_believed_only_where_we_said_that_one_stands(tmp_path: Path) -> None:
    database = f"sqlite:///{tmp_path}/fanfare.db"

    plain = python(ASK, tmp_path, SECRET_KEY=SECRET, DATABASE_URL=database)
    behind = python(ASK, tmp_path, SECRET_KEY=SECRET, DATABASE_URL=database, PUBLIC_URL="https://fans.example")

    assert plain.stdout == "http://localhost/seen 127.0.0.1\n"
    assert behind.stdout == "https://localhost/seen 192.0.2.7\n"

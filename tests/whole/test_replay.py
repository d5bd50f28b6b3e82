"""Real messages of real people, replayed into the running service: each heard once, with an outcome and a reason."""

import csv
import subprocess
import sys
from pathlib import Path

import pytest

from tests.whole.conftest import CHECKOUT, Service

SHARED = CHECKOUT.parent / "shared" / "data"
FILES = (SHARED / "en" / "ibm_twitter_care_conversations.csv", SHARED / "fr" / "services_publics_plus.csv")


@pytest.mark.timeout(300)
@pytest.mark.skipif(not all(path.exists() for path in FILES), reason="the real messages are not beside the checkout")
def test_every_real_message_is_heard_once_with_an_outcome_and_a_reason(service: Service) -> None:
    key = service.command("add-key", "replay")

    for path in FILES:
        replay(service, key, path)
    heard = outcomes(service, key)
    replay(service, key, FILES[0])

    assert sum(heard.values()) == 2 * sum(map(rows, FILES))
    assert all(outcome and reason for outcome, reason in heard)
    assert outcomes(service, key) == heard


def replay(service: Service, key: str, path: Path) -> None:
    """As comments and as messages, by the sandbox's own command, which counts what became of them."""
    options = [
        "--as",
        "both",
        "--rate",
        "0",
        "--batch",
        "50",
        "--settings",
        str(service.folder / "var" / "sandbox.env"),
    ]
    command = [sys.executable, "-m", "sandbox", "replay", str(path), *options, "--url", service.at, "--key", key]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def outcomes(service: Service, key: str) -> dict[tuple[str, str], int]:
    told = service.ask("/api/v1/outcomes?key_prefix=replay", key)
    assert (told["waiting"], told["set_aside"]) == (0, 0)
    return {(one["outcome"], one["reason"]): one["count"] for one in told["outcomes"]}


def rows(path: Path) -> int:
    with path.open(encoding="utf-8", newline="") as file:
        return sum(1 for row in csv.DictReader(file) if row["text"].strip())

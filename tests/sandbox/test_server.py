"""The sandbox as a program: it starts, stops when asked, remembers, and tells no secrets."""

import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

HOUSE = Path(__file__).parents[2]


@contextmanager
def sandbox(state: Path, sign: signal.Signals = signal.SIGTERM) -> Iterator[str]:
    command = [sys.executable, "-m", "sandbox", "--port", "0", "--bot-url", "", "--state", str(state)]
    log = state.with_suffix(".log")
    with log.open("w") as errors:
        process = subprocess.Popen(command, cwd=HOUSE, stdout=subprocess.PIPE, stderr=errors, text=True)
    with process:
        assert process.stdout
        try:
            yield re.findall(r"http://\S+[^/\s]", process.stdout.readline())[0]
        finally:
            process.send_signal(sign)
            assert process.wait(20) == 0, log.read_text()


def said(url: str) -> list[str]:
    view: dict[str, Any] = requests.get(f"{url}/control/view", timeout=5).json()
    threads = [thread for platform in view.values() for thread in platform["threads"]]
    return [entry["text"] for thread in threads for entry in thread["entries"] if not entry["by_brand"]]


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_what_was_said_is_still_there_after_a_restart(tmp_path: Path, sign: signal.Signals) -> None:
    state = tmp_path / "var" / "sandbox.json"
    state.parent.mkdir()
    deeds = [("facebook", "comment"), ("facebook", "write"), ("telegram", "write"), ("x", "reply"), ("x", "write")]

    with sandbox(state, sign) as url:
        for platform, deed in deeds:
            words = {"platform": platform, "deed": deed, "fan": "Léa", "text": f"{platform} {deed}"}
            requests.post(f"{url}/control/act", json=words, timeout=5).raise_for_status()
        before = said(url)

    with sandbox(state, sign) as url:
        assert len(before) == len(deeds)
        assert said(url) == before


def test_a_spoilt_memory_is_begun_anew(tmp_path: Path) -> None:
    state = tmp_path / "sandbox.json"
    state.write_text('{"facebook": ')

    with sandbox(state) as url:
        assert said(url) == []


def test_no_token_gets_into_the_log(tmp_path: Path) -> None:
    state = tmp_path / "sandbox.json"

    with sandbox(state) as url:
        requests.post(f"{url}/telegram/bot1000000001:sandbox/getMe", timeout=5).raise_for_status()
        requests.get(f"{url}/facebook/v26.0/1?access_token=a-secret-token", timeout=5)
        requests.get(f"{url}/nowhere?access_token=a-secret-token", timeout=5)

    assert state.with_suffix(".log").read_text() == ""


def test_a_taken_port_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        ended = subprocess.run(
            [sys.executable, "-m", "sandbox", "--port", str(port)],
            cwd=HOUSE,
            capture_output=True,
            text=True,
            timeout=60,
        )

    assert (ended.returncode, ended.stderr) == (1, f"Error: Port {port} is taken. Choose another with --port.\n")

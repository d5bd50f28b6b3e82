"""The service's own processes, started as in production, for as long as a measurement lasts."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

PAGE, SECRET, TOKEN = "100200300", "bench-app-secret", "bench-page-token"
PATIENCE = 60.0  # seconds


def environment(database_url: str, port: int, sandbox_port: int) -> dict[str, str]:
    """Settings with Facebook alone, played by the sandbox."""
    return {
        **{name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "TMPDIR")},
        "DATABASE_URL": database_url,
        "SECRET_KEY": "bench-key-0123456789abcdef0123456789abcdef",
        "PORT": str(port),
        "SANDBOX_PORT": str(sandbox_port),
        "FACEBOOK_APP_SECRET": SECRET,
        "FACEBOOK_VERIFY_TOKEN": "bench-verify-token",
        "FACEBOOK_PAGES": f"{PAGE}:{TOKEN}",
        "FACEBOOK_API_URL": f"http://127.0.0.1:{sandbox_port}/facebook",
    }


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def started(*command: str, env: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """A process of ours, asked to end when the measurement does."""
    process = subprocess.Popen(
        [sys.executable, *command], env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE)


@contextmanager
def web(app: str, env: Mapping[str, str], workers: int = 1) -> Iterator[subprocess.Popen[bytes]]:
    """The web server of the Procfile, with this app in it."""
    options = ["-k", "gthread", "-w", str(workers), "--threads", "8", "--no-control-socket", "--log-level", "error"]
    with started("-m", "gunicorn", *options, "-b", f"127.0.0.1:{env['PORT']}", app, env=env) as process:
        wait_for(f"http://127.0.0.1:{env['PORT']}/healthz")
        yield process


@contextmanager
def service(env: Mapping[str, str]) -> Iterator[dict[str, subprocess.Popen[bytes]]]:
    """Web, one worker and the clock, beside a platform that takes everything."""
    with ExitStack() as stack:
        running = {"platform": stack.enter_context(started("-m", "bench.platform", env["SANDBOX_PORT"], env=env))}
        running["web"] = stack.enter_context(web("webhooks.wsgi:app", env))
        for role in ("worker", "clock"):
            running[role] = stack.enter_context(started("-m", "bot", role, env=env))
        wait_for(f"http://127.0.0.1:{env['PORT']}/readyz")
        yield running


def wait_for(url: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(url, timeout=2).close()
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
        else:
            return
    raise TimeoutError(url)


def memory(process: subprocess.Popen[bytes]) -> float:
    """Megabytes that a process and its children hold for themselves (their proportional share of what is shared)."""
    return sum(_share(pid) for pid in _family(process.pid)) / 1024


def cpu(process: subprocess.Popen[bytes]) -> float:
    """Seconds of a core that a process and its children have used so far."""
    ticks = sum(_ticks(pid) for pid in _family(process.pid))
    return ticks / os.sysconf("SC_CLK_TCK")


def _ticks(pid: int) -> int:
    after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(after_name[11]) + int(after_name[12])  # utime and stime: proc(5)


def _share(pid: int) -> int:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def _family(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(one for child in children for one in _family(int(child)))]

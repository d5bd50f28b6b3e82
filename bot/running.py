"""`python -m bot run`: every process of the service on one machine, started together and stopped together."""

import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass

import click

import connectors
from bot import assembly, database, demo, kept, managers, ports
from bot.assembly import Bot
from bot.kept import HOME
from connectors import Misconfigured

TO_BEGIN = 180.0  # seconds: a small machine takes long to import five processes at once
TO_END = 30.0
RESTART_PAUSE = 1.0
MISCONFIGURED = 2  # a process that ends so would end so again
DEMO_MANAGER = "demo@fanfare.example"


@dataclass(slots=True)
class Child:
    name: str
    command: list[str]
    process: subprocess.Popen[bytes] | None = None


def run(environ: dict[str, str]) -> int:
    """Start everything, say where it is, and stay until Ctrl-C or SIGTERM. The exit code is for the shell."""
    stopping = threading.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda *_: stopping.set())
    try:
        pretends = _fill_in(environ)
        bot = assembly.assemble(environ)
    except Misconfigured as wrong:
        click.echo("Fanfare can't start:\n" + "\n".join(f"  - {fault}" for fault in wrong.faults), err=True)
        return MISCONFIGURED
    password = _prepare(bot, pretends)
    return _keep_running(_children(bot, pretends), environ, bot, pretends, password, stopping)


def _fill_in(environ: dict[str, str]) -> bool:
    """Settings that nobody made are made here and kept. Says whether the sandbox plays the platforms."""
    HOME.mkdir(exist_ok=True)
    environ.setdefault("PORT", "8000")
    environ.setdefault("SECRET_KEY", kept.secret("secret_key"))
    pretends = not connectors.load(environ)
    ports.must_be_free(environ["PORT"], _bind(), pretends)  # before what a running one wrote is written over
    if pretends:
        environ.update(kept.sandbox_settings(int(environ["PORT"]) + 1))
    return pretends


def _prepare(bot: Bot, pretends: bool) -> str:
    """Tables, and for a newcomer two offers and someone who may sign in. Returns that one's password, or ""."""
    database.migrate(bot.settings.database_url.get_secret_value())
    if not pretends:
        return ""
    password = kept.secret("demo_password")[:16]
    with bot.transaction() as session:
        demo.fill(session, bot.new_id, bot.now())
        if managers.by_email(session, DEMO_MANAGER) is None:
            managers.add(session, bot.new_id(), DEMO_MANAGER, "Demo", password, bot.settings.language, bot.now())
    return password


def _children(bot: Bot, pretends: bool) -> list[Child]:
    port = bot.settings.port
    gunicorn = "-m gunicorn -k gthread -w 1 --threads 8 --no-control-socket --log-level warning"
    sandbox = f"-m sandbox --port {port + 1} --bot-url http://127.0.0.1:{port} --state {HOME / 'sandbox.json'}"
    children = {
        "sandbox": sandbox,
        "web": f"{gunicorn} -b {_bind()}:{port} webhooks.wsgi:app",
        "worker": "-m bot worker",
        "clock": "-m bot clock",
    }
    return [
        Child(name, [sys.executable, *words.split()])
        for name, words in children.items()
        if pretends or name != "sandbox"
    ]


def _bind() -> str:
    """Only this machine, unless somebody asks for more."""
    return os.environ.get("BIND", "127.0.0.1")


def _keep_running(
    children: list[Child], environ: dict[str, str], bot: Bot, pretends: bool, password: str, stopping: threading.Event
) -> int:
    code = 0
    try:
        for child in children:
            _start(child, environ)
        if _wait_until_ready(bot.settings.port, children, stopping):
            _welcome(bot, pretends, password)
        code = _watch(children, environ, stopping)
    finally:
        _stop(children)
    return code


def _start(child: Child, environ: dict[str, str]) -> None:
    """A group of its own: Ctrl-C reaches us alone, and each child is then asked to finish what it has in hand."""
    child.process = subprocess.Popen(child.command, env=environ, process_group=0)  # noqa: S603 - our own commands


def _wait_until_ready(port: int, children: list[Child], stopping: threading.Event) -> bool:
    deadline = time.monotonic() + TO_BEGIN
    click.echo("Starting ...")
    while not stopping.is_set() and time.monotonic() < deadline:
        if any(child.process and child.process.poll() is not None for child in children):
            return False
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2):
                return True
        except (urllib.error.URLError, OSError):
            stopping.wait(0.2)
    return False


def _welcome(bot: Bot, pretends: bool, password: str) -> None:
    at = bot.settings.address
    click.echo(f"\nFanfare is running.\n  The panel, for community managers   {at}/panel")
    if pretends:
        click.echo(
            f"    sign in as                        {DEMO_MANAGER}\n    with the password                 {password}"
        )
        click.echo(f"  Play the fan                        http://127.0.0.1:{bot.settings.port + 1}/")
        click.echo(
            "  No platform is set up, so the sandbox plays Facebook, Telegram, X and a mail server.\n"
            "  See .env.example to go live."
        )
    else:
        click.echo(f"  Platforms                           {', '.join(bot.connectors)}")
        click.echo("    let someone sign in with          python -m bot add-manager EMAIL")
    click.echo("  Ctrl-C stops everything.\n")


def _watch(children: list[Child], environ: dict[str, str], stopping: threading.Event) -> int:
    """Start again what died; end where it would only die again."""
    while not stopping.wait(RESTART_PAUSE):
        for child in children:
            code = child.process.poll() if child.process else None
            # A code above zero is its own decision; one below is the number of the signal that killed it.
            if code == MISCONFIGURED or (code is not None and code >= 0 and child.name in ("web", "sandbox")):
                click.echo(
                    f"{child.name} ended with code {code}: is its port taken, or a setting wrong? Stopping.", err=True
                )
                return code or 1
            if code is not None:
                click.echo(f"{child.name} ended with code {code}: starting it again.", err=True)
                _start(child, environ)
    return 0


def _stop(children: list[Child]) -> None:
    """Ask all to finish, the sandbox last; end by force what doesn't within TO_END."""
    deadline = time.monotonic() + TO_END
    for child in reversed(children):
        if child.process and child.process.poll() is None:
            child.process.terminate()
    for child in reversed(children):
        try:
            if child.process:
                child.process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            click.echo(f"{child.name} did not end: killed.", err=True)
            child.process.kill() if child.process else None

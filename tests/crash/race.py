"""A race for the last unit: many processes bring each fan an offer of their own, and he wants one of all of them.

`python -m tests.crash.race --fans 1000 --database postgresql`
"""

import logging
import multiprocessing
import os
import random
import shutil
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from uuid import UUID

import click
import structlog
from pydantic import SecretStr
from sqlalchemy.exc import OperationalError
from sqlmodel import select

from bot import assembly, database, outbox, sending, soliciting
from bot.assembly import Bot
from bot.outbox import Outgoing
from bot.settings import Settings
from connectors import Message, Receipt
from offers.catalog import Offer
from optin import consents, fans, house_rules
from optin.pressure import Caps
from optin.wordings import wording
from tests import postgres
from tests.permits_model.wire import Mail
from tests.stage import SECRET, TEXTS

NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
PROCESSES = 16
ONE_A_WEEK = Caps(caps={"*": {"week": 1}}, gap=timedelta(0), quiet=None)


class Postbox(Mail):
    """Writes down what it takes in a file that all processes share, a line a message."""

    def __init__(self, path: Path) -> None:
        super().__init__("mail")
        self._path = path

    def send(self, message: Message) -> Receipt:
        file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(file, f"{message.to} {message.key}\n".encode())
        os.close(file)
        return Receipt(message.key)


@dataclass(frozen=True)
class Finish:
    """What the race came to. `sent` is by fan, as the platform saw it."""

    sent: Counter[str]
    states: Counter[str]
    seconds: float


def run(url: str, folder: Path, many: int, processes: int = PROCESSES) -> Finish:
    """All start together, each with its own order of the fans, and all send until nothing is due."""
    postbox = folder / "postbox"
    bot = _bot(url, postbox)
    offers, fan_ids = _prepare(bot, many, processes)
    bot.engine.dispose()  # a child must not inherit a connection
    fork = multiprocessing.get_context("fork")
    start = fork.Barrier(processes)
    racers = [fork.Process(target=_race, args=(url, postbox, offer, fan_ids, start)) for offer in offers]
    began = time.monotonic()
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    took = time.monotonic() - began
    assert [racer.exitcode for racer in racers] == [0] * processes
    sent = Counter(line.split()[0] for line in postbox.read_text().splitlines())
    finish = Finish(sent, _states(bot), took)
    bot.engine.dispose()
    return finish


def _race(url: str, postbox: Path, offer: Offer, fan_ids: list[UUID], start: "multiprocessing.Barrier") -> None:  # type: ignore[valid-type]
    bot = _bot(url, postbox)
    random.Random(offer.slug).shuffle(fan_ids)
    start.wait()  # type: ignore[attr-defined]
    with ThreadPoolExecutor(1) as threads:
        for number, fan_id in enumerate(fan_ids):
            _until_the_database_lets_us(partial(_propose, bot, fan_id, offer))
            if number % 10 == 0:
                _until_the_database_lets_us(lambda: sending.send_some(bot, threads))
        while _is_due(bot):
            _until_the_database_lets_us(lambda: sending.send_some(bot, threads))
    bot.engine.dispose()


def _propose(bot: Bot, fan_id: UUID, offer: Offer) -> None:
    with bot.transaction() as session:
        soliciting.propose(session, bot, fan_id, offer, NOON)


def _until_the_database_lets_us(step: Callable[[], object]) -> None:
    """As a worker does: of sixteen writers of one SQLite file some wait for too long, and begin again."""
    while True:
        try:
            step()
        except OperationalError:
            continue
        return


def _bot(url: str, postbox: Path) -> Bot:
    settings = Settings(database_url=SecretStr(url), secret_key=SecretStr(SECRET), brand="Zéphyr", holdout_percent=0)
    return assembly.put_together(settings, {"mail": Postbox(postbox)}, now=lambda: NOON)


def _prepare(bot: Bot, many: int, processes: int) -> tuple[list[Offer], list[UUID]]:
    """Fans who said yes, an offer for each process, and room for one message a week."""
    fan_ids = [bot.new_id() for _ in range(many)]
    offers = [_offer(bot, f"offer-{number}") for number in range(processes)]
    words = wording("offers_messages", "fr", "Zéphyr")
    with bot.transaction() as session:
        people = [{"id": one, "person_id": one, "language": "fr", "created_at": NOON} for one in fan_ids]
        fans.add(session, people, [_profile(one, number) for number, one in enumerate(fan_ids)])
        yes = [consents.granted(one, "mail", words, "claim_page", "claim-1", NOON) for one in fan_ids]
        consents.journal(session, yes)
        house_rules.change(session, ONE_A_WEEK, "manager:noor", NOON)
        session.add_all(offers)
    return offers, fan_ids


def _offer(bot: Bot, slug: str) -> Offer:
    return Offer(
        id=bot.new_id(), slug=slug, name=slug, state="open", value="-20 %", keywords=[], platforms=[], accounts=[],
        posts=[], needs_approval=False, texts=TEXTS, created_at=NOON, updated_at=NOON,
    )  # fmt: skip


def _profile(fan_id: UUID, number: int) -> dict[str, object]:
    return {
        "id": fan_id, "fan_id": fan_id, "platform": "mail", "account": "mail", "handle": f"fan-{number}",
        "name": f"Fan {number}", "first_heard_at": NOON, "last_heard_at": NOON,
    }  # fmt: skip


def _is_due(bot: Bot) -> bool:
    with bot.reading() as session:
        return outbox.anything_due(session, NOON)


def _states(bot: Bot) -> Counter[str]:
    with bot.reading() as session:
        return Counter(session.exec(select(Outgoing.state)).all())


@click.command()
@click.option("--fans", "many", default=1000, show_default=True)
@click.option("--processes", default=PROCESSES, show_default=True)
@click.option("--database", "kind", default="sqlite", show_default=True, type=click.Choice(["sqlite", "postgresql"]))
def main(many: int, processes: int, kind: str) -> None:
    """Race for the last unit of each fan's budget, and count what the platform took."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    with _database(kind) as (url, folder):
        finish = run(url, folder, many, processes)
    twice = sum(count > 1 for count in finish.sent.values())
    click.echo(
        f"{kind}: {processes} processes, {many} fans: {finish.sent.total()} sends in {finish.seconds:.0f} s,"
        f" {twice} fans with more than one; messages {dict(finish.states)}"
    )
    sys.exit(finish.sent.total() != many or twice > 0)


@contextmanager
def _database(kind: str) -> Iterator[tuple[str, Path]]:
    folder = postgres.CHECKOUT / ".tools" / f"race-{kind}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    if kind == "postgresql":
        with postgres.server() as server:
            url = server.create_database("race")
            database.migrate(url)
            yield url, folder
    else:
        url = f"sqlite:///{folder}/fanfare.db"
        database.migrate(url)
        yield url, folder
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()

"""Whoever pulls the feed ends with the truth, wherever he stops, and whatever happens meanwhile."""

import itertools
import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from threading import Event
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import select

from bot import forgetting, noting
from bot.managers import Manager
from leads import feed, pipeline
from leads.pipeline import ErasedLead, Lead
from leads.records import Record
from offers.catalog import Offer
from optin import consents, links, people
from optin.erasures import How
from optin.people import Person
from tests.cast import NOW, Stage

WRITERS, ACTS = 2, 40
Seen = dict[UUID, tuple[str, str | None, UUID | None]]


@dataclass
class Writer:
    """Makes leads, and does to his own whatever can happen to them. Nobody else's fans are linked with his."""

    stage: Stage
    name: str
    offer: Offer
    manager: Manager
    chance: random.Random
    fans: list[UUID] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def write(self) -> None:
        acts = (self.lead, self.lead, self.stop, self.stop, self.allow, self.link, self.link, self.unlink, self.erase)
        self.lead()
        for _ in range(ACTS):
            self.chance.choice(acts)()
        self.one_of_each()

    def one_of_each(self) -> None:
        """So that there is something to be told of each kind."""
        for _ in range(5):
            self.lead()
        *_, stopped, one, other, erased, left = self.fans
        self.say("withdrawn", stopped)
        self.link(one, other)
        self.link(erased, left)
        self.fans.remove(erased)
        forgetting.forget(self.stage.bot, [erased], How.FAN)

    def now(self) -> Any:
        return NOW + timedelta(seconds=next(self.numbers))

    def lead(self) -> None:
        self.fans.append(self.stage.lead(self.offer, f"{self.name}-{next(self.numbers)}").fan_id)

    def stop(self) -> None:
        self.say("withdrawn")

    def allow(self) -> None:
        self.say("granted")

    def say(self, act: str, fan: UUID | None = None) -> None:
        """To whatever is one person with him, in one transaction, as every door does."""
        now, fan = self.now(), fan or self.chance.choice(self.fans)
        line = consents.withdrawn(fan, "email", "chat", f"m{now}", now, now, purpose="offers") | {"act": act}
        with self.stage.bot.transaction() as session:
            consents.record(session, line)
            pipeline.touch_all(session, people.one(session, fan).fan_ids, now)

    def link(self, *two: UUID) -> None:
        one, other = two or self.chance.choices(self.fans, k=2)
        if one != other:
            with self.stage.bot.transaction() as session:
                noting.link(session, one, other, "same phone", self.manager, self.now())

    def unlink(self) -> None:
        with self.stage.bot.transaction() as session:
            found = links.of(session, self.fans)
            if found:
                wrong = self.chance.choice(found)
                noting.unlink(session, wrong.fan_id, wrong.id, "was not", self.manager, self.now())

    def erase(self) -> None:
        if len(self.fans) > 3 and self.chance.random() < 0.5:
            fan = self.fans.pop(self.chance.randrange(len(self.fans)))
            forgetting.forget(self.stage.bot, [fan], How.FAN)


@dataclass
class Crm:
    """Keeps the last that it was told of each lead. Now and then it dies before it has kept its page."""

    stage: Stage
    chance: random.Random
    cursor: str = ""
    seen: Seen = field(default_factory=dict)

    def pull(self) -> bool:
        """Says whether there was anything."""
        with self.stage.bot.reading() as session:
            page = feed.page(session, self.chance.choice((1, 2, 3, 7, 50)), self.cursor)
        if self.chance.random() < 0.2:
            return True
        self.seen |= {record.id: gist(record) for record in page.leads}
        self.cursor = page.next_cursor
        return bool(page.leads)

    def pull_while(self, written: Event) -> None:
        while not written.is_set():
            self.pull()
        while self.pull():
            pass


def gist(record: Record) -> tuple[str, str | None, UUID | None]:
    return record.status, getattr(record, "email", None), getattr(record, "merged_into", None)


def truth(stage: Stage) -> Seen:
    """From the tables and the standing of consents, without any of what writes pages and records."""
    with stage.bot.reading() as session:
        rows = session.exec(select(Lead).order_by(Lead.created_at, Lead.id)).all()  # type: ignore[arg-type]
        everybody = people.load(session, [lead.fan_id for lead in rows])
        gone = session.exec(select(ErasedLead.id)).all()
    return {lead.id: fate(lead, everybody, rows) for lead in rows} | dict.fromkeys(gone, ("erased", None, None))


def fate(lead: Lead, everybody: dict[UUID, Person], rows: Any) -> tuple[str, str | None, UUID | None]:
    me = everybody[lead.fan_id]
    mine = [one for one in rows if everybody[one.fan_id].id == me.id]
    willing = [one for one in mine if me.standing(one.fan_id, "email", "offers").granted]
    if not willing:
        return "withdrawn", None, None
    return ("active", lead.email, None) if willing[0].id == lead.id else ("merged", None, willing[0].id)


@pytest.mark.parametrize("number", range(3))
def test_whoever_pulls_while_leads_change_ends_with_the_truth(database_url: str, stage: Stage, number: int) -> None:
    chance = random.Random(number)
    manager = Manager(
        id=stage.bot.new_id(), email="c@brand.example", name="C", password_hash="", language="fr", created_at=NOW
    )
    with stage.bot.transaction() as session:
        session.add(manager)
    offer, written = stage.offer(), Event()
    writers = [Writer(stage, f"w{n}", offer, manager, random.Random(chance.random())) for n in range(WRITERS)]
    crms = [Crm(stage, random.Random(chance.random())) for _ in range(2)]

    with ThreadPoolExecutor(WRITERS + len(crms)) as pool:
        readers = [pool.submit(crm.pull_while, written) for crm in crms]
        try:
            for done in [pool.submit(writer.write) for writer in writers]:
                done.result()
        finally:
            written.set()
        for reader in readers:
            reader.result()
    late = Crm(stage, random.Random(number))
    late.pull_while(written)

    expected = truth(stage)
    assert {status for status, _, _ in expected.values()} == {"active", "withdrawn", "merged", "erased"}
    assert [crm.seen for crm in (*crms, late)] == [expected] * 3

"""Whoever pulls the feed ends with the truth, wherever he stops, and whatever happens meanwhile."""

import itertools
import random
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from threading import Event
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import Session, select

from bot import claiming, forgetting, noting
from bot.managers import Manager
from leads import feed, pipeline, purchases, redemptions
from leads.pipeline import ErasedLead, Lead
from leads.purchases import Kept, Purchase, Told
from leads.records import LeadRecord, Record
from leads.redemptions import Redemption
from offers.catalog import Offer
from offers.claims import Claim
from optin import consents, links, people
from optin.erasures import How
from optin.people import Person
from tests.cast import NOW, Stage

WRITERS, ACTS = 2, 40
Gist = tuple[str, str | None, UUID | None, str | None, int | None]  # status, address, merged into, stage, score
Seen = dict[UUID, Gist]


@dataclass
class Writer:
    """Makes leads, and does to his own whatever can happen to them. Nobody else's fans are linked with his."""

    stage: Stage
    name: str
    offer: Offer
    another: Offer
    manager: Manager
    chance: random.Random
    fans: list[UUID] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def write(self) -> None:
        acts = (
            self.lead, self.lead, self.stop, self.stop, self.allow, self.link, self.link, self.unlink, self.erase,
            self.show_himself, self.show_himself, self.hide, self.buy, self.buy, self.redeem, self.undo, self.take,
        )  # fmt: skip
        self.lead()
        for _ in range(ACTS):
            self.chance.choice(acts)()
        self.one_of_each()

    def one_of_each(self) -> None:
        """So that there is something to be told of each kind."""
        for _ in range(6):
            self.lead()
        *_, buyer, stopped, one, other, erased, left = self.fans
        self.show_himself(buyer)
        self.buy(buyer)
        self.redeem(buyer)
        self.show_himself(left)
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

    def show_himself(self, fan: UUID | None = None) -> None:
        self.say("granted", fan, "*", "crm:profile")

    def hide(self) -> None:
        self.say("withdrawn", None, "*", "crm:profile")

    def buy(self, fan: UUID | None = None) -> None:
        """Told by a code, by the lead, or by no more than an address; now and then twice."""
        fan, now = fan or self.chance.choice(self.fans), self.now()
        with self.stage.bot.transaction() as session:
            lead = session.exec(select(Lead).where(Lead.fan_id == fan)).one()
            whose: dict[str, Any] = self.chance.choice(
                ({"code": self.codes(session, fan)[0].code}, {"lead_id": lead.id}, {"email_hash": lead.email_hash})
            )
            told = Told(self.name, f"{now}", 1990, "EUR", now, **whose)
            for _ in range(self.chance.choice((1, 2))):
                assert isinstance(purchases.keep(session, self.stage.bot.new_id(), told, "key:till", now), Kept)

    def redeem(self, fan: UUID | None = None) -> None:
        fan = fan or self.chance.choice(self.fans)
        with self.stage.bot.transaction() as session:
            code = str(self.chance.choice(self.codes(session, fan)).code)
            redemptions.redeem(session, self.stage.bot.new_id(), code, "key:till", self.now())

    def undo(self) -> None:
        with self.stage.bot.transaction() as session:
            mine = select(Redemption).join(Claim).where(Claim.fan_id.in_(self.fans))  # type: ignore[attr-defined]
            if used := session.exec(mine.where(Redemption.undone_at == None)).all():  # noqa: E711
                redemptions.undo(session, self.chance.choice(used), self.now())

    def take(self) -> None:
        """The code of one more offer, and not a word about hearing from us."""
        fan = self.chance.choice(self.fans)
        with self.stage.bot.reading() as session:
            if session.exec(select(Claim).where(Claim.fan_id == fan, Claim.offer_id == self.another.id)).first():
                return
        word = self.stage.claim(self.another, fan)
        with self.stage.bot.transaction() as session:
            turn = claiming.in_turn(session, word)
            assert turn is not None
            address = session.exec(select(Lead.email).where(Lead.fan_id == fan)).one()
            claiming.take(session, self.stage.bot, turn, address, self.now())

    def codes(self, session: Session, fan: UUID) -> list[Claim]:
        return [one for one in session.exec(select(Claim).where(Claim.fan_id == fan)) if one.code]

    def say(self, act: str, fan: UUID | None = None, channel: str = "email", purpose: str = "offers") -> None:
        """To whatever is one person with him, in one transaction, as every door does."""
        now, fan = self.now(), fan or self.chance.choice(self.fans)
        line = consents.withdrawn(fan, channel, "chat", f"m{now}", now, now, purpose=purpose) | {"act": act}
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


def gist(record: Record) -> Gist:
    if not isinstance(record, LeadRecord):
        return record.status, None, getattr(record, "merged_into", None), None, None
    assert sum(part.points for part in record.score_parts) == (record.score or 0)
    return record.status, record.email, None, record.stage, record.score


def truth(stage: Stage) -> Seen:
    """From the tables and the standing of consents, without any of what writes pages and records."""
    with stage.bot.reading() as session:
        rows = session.exec(select(Lead).order_by(Lead.created_at, Lead.id)).all()  # type: ignore[arg-type]
        everybody = people.load(session, [lead.fan_id for lead in rows])
        gone = session.exec(select(ErasedLead.id)).all()
        done = Done(
            session.exec(select(Claim)).all(), session.exec(select(Redemption)).all(),
            session.exec(select(Purchase)).all(),
        )  # fmt: skip
    fates = {lead.id: fate(lead, everybody, rows, done) for lead in rows}
    return fates | dict.fromkeys(gone, ("erased", None, None, None, None))


@dataclass(frozen=True)
class Done:
    claims: Sequence[Claim]
    redemptions: Sequence[Redemption]
    purchases: Sequence[Purchase]


def fate(lead: Lead, everybody: dict[UUID, Person], rows: Any, done: Done) -> Gist:
    me = everybody[lead.fan_id]
    mine = [one for one in rows if everybody[one.fan_id].id == me.id]
    willing = [one for one in mine if me.standing(one.fan_id, "email", "offers").granted]
    if not willing:
        return "withdrawn", None, None, None, None
    if willing[0].id != lead.id:
        return "merged", None, willing[0].id, None, None
    shows = me.standing(lead.fan_id, "*", "crm:profile")
    bought, score = worth(me, done, {one.email_hash for one in mine})
    stage = None if shows.withdrawn else "customer" if bought else "qualified"
    return "active", lead.email, None, stage, score if shows.granted else None


def worth(me: Person, done: Done, hashes: set[str]) -> tuple[int, int]:
    """How often he bought, and his score."""
    held = [one for one in done.claims if one.fan_id in me.fan_ids and one.code]
    used = [one for one in done.redemptions if one.undone_at is None and one.claim_id in {each.id for each in held}]
    bought = [
        one for one in done.purchases if one.fan_id in me.fan_ids or (one.fan_id is None and one.email_hash in hashes)
    ]
    codes = len({one.offer_id for one in held})
    return len(bought), 5 + min(5 * codes, 20) + min(10 * len(used), 20) + min(10 * len(bought), 40)


@pytest.mark.parametrize("number", range(3))
def test_whoever_pulls_while_leads_change_ends_with_the_truth(database_url: str, stage: Stage, number: int) -> None:
    chance = random.Random(number)
    manager = Manager(
        id=stage.bot.new_id(), email="c@brand.example", name="C", password_hash="", language="fr", created_at=NOW
    )
    with stage.bot.transaction() as session:
        session.add(manager)
    offers, written = (stage.offer(), stage.offer("hiver")), Event()
    writers = [Writer(stage, f"w{n}", *offers, manager, random.Random(chance.random())) for n in range(WRITERS)]
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
    assert {status for status, *_ in expected.values()} == {"active", "withdrawn", "merged", "erased"}
    assert {"qualified", "customer"} <= {stage for *_, stage, _ in expected.values()}
    assert len({score for *_, score in expected.values()}) > 2
    assert [crm.seen for crm in (*crms, late)] == [expected] * 3

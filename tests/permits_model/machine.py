"""Fans, managers, platforms, clocks and deaths in any order against the real tables; each send is judged."""

from collections import Counter
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from sqlmodel import col, select

from bot import choosing, competing, desk, endings, forgetting, soliciting, writing
from bot.clearing import Ready
from bot.fates import Fate
from bot.inbox import Inbox
from bot.managers import Manager
from bot.outbox import Outgoing, State
from connectors import Busy, Interaction, Kind, Message, PlatformError, Refused, Scope, Uncertain, Unreachable, Way
from offers.catalog import Offer
from offers.claims import Claim
from optin import consents, fans, house_rules, links, people, preferences, receipts
from optin.consents import Consent
from optin.erasures import How
from optin.fans import Handle, Profile
from optin.history import Touchpoint
from optin.links import Link, Proof
from optin.permits import Permit
from optin.pressure import Caps
from optin.receipts import Receipt
from optin.wordings import wording
from tests.permits_model.ledger import STALL, Deed, Draft, Gone, Ledger, platform_of
from tests.permits_model.wire import Carrier, Sender
from tests.permits_model.words import Wished, Word
from tests.stage import NOON, Stage

Told = list[tuple[str, str]]
FANS = ("lea", "max", "lea@mail", "max@mail")
MOMENT, HOUR, DAY = timedelta(microseconds=1), timedelta(hours=1), timedelta(days=1)
NO_QUIET = None
HOUSES = {
    "built in": Caps(),
    "only a gap": Caps(caps={}, gap=4 * HOUR, quiet=NO_QUIET),
    "two a day": Caps(caps={"*": {"day": 2, "week": 3}}, gap=timedelta(0), quiet=NO_QUIET),
    "halves": Caps(caps={"*": {"day": 1}}, weights={"direct": 50}, gap=HOUR, quiet=NO_QUIET),
    "one newsletter a month": Caps(caps={"newsletter": {"month": 1}}, gap=timedelta(0), quiet=NO_QUIET),
    "closed": Caps(caps={"*": {"day": 0}}),
    "quiet in the afternoon": Caps(caps={"*": {"month": 4}}, gap=timedelta(0), quiet=(15, 17)),
}
WISHES = st.sampled_from(
    [
        ("channel", "mail"), ("channel", "pigeon"), ("channel", ""), ("without", "mail"), ("without", "pigeon"),
        ("without", ""), ("every", "24"), ("every", "168"), ("every", "1440"), ("every", ""), ("hours", "18-22"),
        ("hours", "8-12"), ("hours", "22-6"), ("hours", ""), ("timezone", "America/Montreal"), ("timezone", ""),
        ("paused_until", "2026-11-05T12:00:00+00:00"), ("paused_until", "2026-12-24T18:00:00+01:00"),
        ("paused_until", ""),
    ]
)  # fmt: skip
FATES: dict[str, Callable[[], PlatformError | Exception]] = {
    "refuses": lambda: Refused("no"),
    "refuses the person": lambda: Refused("no_such_person", Scope.PERSON),
    "is busy": lambda: Busy("flood", timedelta(seconds=20), Scope.MESSAGE),
    "is busy for all": lambda: Busy("flood", timedelta(seconds=20), Scope.ACCOUNT),
    "is away": lambda: Unreachable("away"),
    "takes it and breaks": lambda: Uncertain("late"),
    "breaks": lambda: Uncertain("timeout"),
    "breaks us": lambda: RuntimeError("a defect of ours"),
}
PURPOSES = ("offers", "newsletter")
NOES = {
    "in words": (Kind.MESSAGE, "STOP"),
    "in words, everywhere": (Kind.MESSAGE, "STOP partout"),
    "in a comment": (Kind.COMMENT, "STOP"),
    "by the platform": (Kind.STOP, ""),
    "by blocking": (Kind.BLOCKED, ""),
    "by leaving": (Kind.UNFOLLOWED, ""),
}
FORGOTTEN = {"by asking to be forgotten": How.FAN, "by nothing, for too long": How.RETENTION}
OUT_OF_REACH = "by being out of reach"
WHERE = ["on a page", "on a page, everywhere", "at a careless door"]
PAUSES = {
    "moments later": timedelta(seconds=20), "an hour later": HOUR, "four hours later": 4 * HOUR,
    "the next day": DAY, "a week later": 7 * DAY, "a month later": 30 * DAY, "something is due": timedelta(0),
}  # fmt: skip
OPEN = [State.DRAFT.value, State.WAITING.value, State.DEFERRED.value]
TEXT = st.sampled_from(["promo", "promo", "bonjour", "c’est quoi vos horaires ?"])
KIND = st.sampled_from([Kind.MESSAGE, Kind.COMMENT, Kind.COMMENT, Kind.UNBLOCKED])
SOMEBODY = st.sampled_from(FANS)
PURPOSE = st.sampled_from(PURPOSES)
SOME = st.lists(SOMEBODY, min_size=1, max_size=3)
SOON = st.sampled_from(["now", "moments later", "an hour later", "four hours later", "the next day", "a week later"])
HOUSE = st.sampled_from(sorted(HOUSES))
OPEN_HOUSE = st.sampled_from(sorted(set(HOUSES) - {"closed"}))
WHO = st.sampled_from(["bot", "manager:noor"])
FATE = st.sampled_from(["takes it"] * 8 + ["refuses the person", *sorted(FATES)])
DECIDED = st.sampled_from(["promo", "her own words", "an offer"])
TOLD: st.SearchStrategy[list[tuple[str, str]] | None] = (
    st.none() | st.just([]) | st.just([]) | st.lists(WISHES, min_size=1, max_size=2)
)
ANYHOW = st.sampled_from(["at a careless door"] * 2 + WHERE)
LATER = st.sampled_from([0, 0, 0, 1, 9, 20])


class World(RuleBasedStateMachine):
    """The ledger says what may be; the stage, on an empty database, does what it does. `seen` counts what happened."""

    def __init__(self, stage: Stage, seen: Counter[str]) -> None:
        super().__init__()
        self.stage, self.seen = stage, seen
        self.stage.now = NOON
        for connector in self._platforms().values():
            connector.begin(self._arrives)
        self.sender = Sender(self.stage)
        self.ledger = Ledger()
        self.deeds: dict[str, Deed] = {}
        self.ids: dict[str, UUID] = {}
        self.names: dict[UUID, str] = {}
        self.taken_at: dict[str, datetime] = {}
        self.noted_at: dict[str, datetime] = {}
        self.may_arrive: dict[str, Draft] = {}
        self.on_the_wire: set[str] = set()
        self.unsaid: set[str] = set()
        self.owners: dict[tuple[str, object], UUID] = {}
        self.offers = 0

    def teardown(self) -> None:
        if self.ids:
            self._compare_words()
            self._compare_owners()
            self._replay_receipts()

    @property
    def now(self) -> datetime:
        return self.stage.now

    # How it begins --------------------------------------------------------------------------------------------------

    @initialize(
        willing=st.sets(SOMEBODY, min_size=2),
        linked=st.lists(st.tuples(SOMEBODY, SOMEBODY), max_size=3),
        house=OPEN_HOUSE,
    )
    def everybody_has_written(self, willing: set[str], linked: list[tuple[str, str]], house: str) -> None:
        """And the willing ones have said yes to offers and to newsletters."""
        self.manager = Manager(
            id=self.stage.bot.new_id(), email="noor@example.com", name="Noor", password_hash="", language="fr",
            created_at=NOON,
        )  # fmt: skip
        with self.stage.bot.transaction() as session:
            session.add(self.manager)
        self.promo = self._offer(slug="promo", keywords=["promo"])
        self.stage.deliver(*(self._deed(fan, Kind.MESSAGE, "bonjour") for fan in FANS))
        self.hears()
        self._look_up(*FANS)
        self.sends("takes it", mail=False)
        self._say_yes(sorted(willing))
        for one, other in linked:
            self.links(one, other, Proof.CLAIM_LINK, at_once=False)
        self.changes_the_house_rules(house, FANS[0])

    # Fans -----------------------------------------------------------------------------------------------------------

    @rule(fan=SOMEBODY, purpose=st.sampled_from(["offers", "newsletter", "profiling", "a double opt-in, unconfirmed"]))
    def says_yes(self, fan: str, purpose: str) -> None:
        if purpose.startswith("a double opt-in"):
            self._journal([consents.to_be_confirmed(self._yes(fan, "offers"))])
        else:
            self.ledger.words.said.append(Word(self.now, fan, platform_of(fan), purpose, yes=True))
            self._journal([self._yes(fan, purpose)])
        self._compare_permits(fan)

    @rule(fan=SOMEBODY, how=st.sampled_from([*sorted(NOES | FORGOTTEN), OUT_OF_REACH]))
    def stops(self, fan: str, how: str) -> None:
        if how == OUT_OF_REACH:
            self._come_round([fan])
            self.sends("refuses the person", mail=platform_of(fan) == "mail")
            return
        if how in FORGOTTEN:
            self._is_forgotten_and_comes_back(fan, FORGOTTEN[how])
            return
        kind, text = NOES[how]
        if platform_of(fan) == "pigeon" or kind is not Kind.COMMENT:
            self._does(fan, kind, text)

    @rule(fan=SOMEBODY, purpose=st.sampled_from(["offers", "newsletter", "service", "*"]), where=st.sampled_from(WHERE))
    def takes_it_back(self, fan: str, purpose: str, where: str) -> None:
        """A page tells each of his fans, and what waits. A careless door writes one line: the journal has to hold."""
        channel, bot = "*" if where == "on a page, everywhere" else platform_of(fan), self.stage.bot
        if where == "at a careless door":
            self._journal([self._no(fan, channel, purpose)])
        else:
            with bot.transaction() as session:
                said = choosing.Word(self.ids[fan], None, "page", str(bot.new_id()), self.now, "/choices")
                person = people.one(session, self.ids[fan])
                choosing.stop(session, bot, person, said, channel, self.now, [purpose])
        self.ledger.words.says_no(self.now, fan, channel, purpose)
        self._compare_permits(fan)

    @rule(fan=SOMEBODY, kind=KIND, text=TEXT, until=st.sampled_from(["never", "now", "now", "late", "late"]))
    def does(self, fan: str, kind: Kind, text: str, until: str) -> None:
        """What is heard and answered at once, or late, or left lying."""
        if platform_of(fan) == "mail" and kind is Kind.COMMENT:
            return
        self._does(fan, kind, "" if kind is Kind.UNBLOCKED else text)
        if until == "late":
            self.time_passes("the next day" if kind is Kind.MESSAGE else "a week later", fan)
        if until != "never":
            self.works("takes it", mail=False)

    @rule(fan=SOMEBODY, told=st.lists(WISHES, min_size=1, max_size=3))
    def wishes(self, fan: str, told: list[tuple[str, str]]) -> None:
        self._wish(fan, told)
        self._compare_permits(fan)

    @rule(fan=SOMEBODY, decided=DECIDED, purpose=st.sampled_from(["offers", "service", "*"]), where=ANYHOW)
    def says_no_before_it_leaves(self, fan: str, decided: str, purpose: str, where: str) -> None:
        self._has_something_coming(fan, decided)
        self.takes_it_back(fan, purpose, where)
        self.sends("takes it", mail=False)

    @rule(fan=SOMEBODY, decided=DECIDED, how=st.sampled_from(sorted(NOES)))
    def says_no_unheard_before_it_leaves(self, fan: str, decided: str, how: str) -> None:
        self._has_something_coming(fan, decided)
        self.stops(fan, how)
        self.sends("takes it", mail=False)

    # Managers -------------------------------------------------------------------------------------------------------

    @rule(house=HOUSE, fan=SOMEBODY)
    def changes_the_house_rules(self, house: str, fan: str) -> None:
        with self.stage.bot.transaction() as session:
            house_rules.change(session, HOUSES[house], "manager:noor", self.now)
        self.ledger.caps = HOUSES[house]
        self._compare_permits(fan)

    @rule(one=SOMEBODY, other=SOMEBODY, proof=st.sampled_from(Proof), at_once=st.booleans())
    def links(self, one: str, other: str, proof: Proof, at_once: bool) -> None:
        """In the very moment of whatever was said last, or at an instant of its own."""
        new = other not in self.ledger.words.together(one)
        self.stage.now += timedelta(0) if at_once else MOMENT
        with self.stage.bot.transaction() as session:
            assert links.link(session, self.ids[one], self.ids[other], proof, "e1", self.now) == new
        if new:
            self.ledger.words.links(self.now, one, other)
        self.stage.now += timedelta(0) if at_once else MOMENT
        self._compare_words()
        self._compare_permits(one)

    @precondition(lambda self: self.ledger.words.bonds)
    @rule(data=st.data())
    def unlinks(self, data: st.DataObject) -> None:
        bond = data.draw(st.sampled_from(self.ledger.words.bonds), label="link")
        with self.stage.bot.transaction() as session:
            rows = session.exec(select(Link).where(col(Link.undoes).is_(None), col(Link.at) == bond.at)).all()
            ends = (self.ids[bond.one], self.ids[bond.other])
            row = next(row for row in reversed(rows) if (row.fan_id, row.other_id) == ends)
            assert links.unlink(session, row.id, "two people", self.now, "manager:noor")
            assert not links.unlink(session, row.id, "once more", self.now, "manager:noor")
        self.ledger.words.bonds.remove(bond)
        self._compare_words()
        self._compare_owners()

    @rule(fans=SOME, purpose=PURPOSE, by=WHO, hours=LATER)
    def bring(self, fans: list[str], purpose: str, by: str, hours: int) -> None:
        """Decided, and left waiting."""
        for fan in fans:
            self._propose(fan, purpose, by, self.now + hours * HOUR if hours else None)

    @rule(fans=SOME, purpose=PURPOSE, by=WHO, told=TOLD, until=SOON)
    def bring_at_once(self, fans: list[str], purpose: str, by: str, told: Told | None, until: str) -> None:
        """As they are, or once they have come round; the first of them with a wish, where he has one."""
        if until != "now":
            self.time_passes(until, fans[0])
        if told is not None:
            self._come_round(sorted(set(fans)))
            self._wish(fans[0], told)
        self.bring(fans, purpose, by, 0)
        self.sends("takes it", mail=False)

    @rule(fans=SOME, purpose=PURPOSE, by=WHO, until=SOON, house=OPEN_HOUSE, told=TOLD)
    def campaigns(self, fans: list[str], purpose: str, by: str, until: str, house: str, told: Told | None) -> None:
        """Under other house rules than before, and twice."""
        self.changes_the_house_rules(house, fans[0])
        self.bring_at_once(fans, purpose, by, [], "now")
        self.bring_at_once(fans, purpose, by, told, until)

    @rule(fan=SOMEBODY, deed=st.sampled_from(["writes", "promotes", "approves", "rejects", "settles"]))
    def noor(self, fan: str, deed: str) -> None:
        """A manager: writes to a fan, decides on drafts, or settles what nobody is sure of, and is right about it."""
        if deed in ("writes", "promotes"):
            self._write_as_a_person(fan, "offers" if deed == "promotes" else "")
        elif deed == "settles":
            for row in self._rows(col(Outgoing.state) == State.UNCERTAIN.value):
                self._settle(row)
        else:
            for row in self._rows(col(Outgoing.state) == State.DRAFT.value):
                self._decide_on(row, approves=deed == "approves")

    # The bot --------------------------------------------------------------------------------------------------------

    @rule()
    def hears(self) -> None:
        noes = [deed for deed in self.ledger.unheard if deed.no and "*" in deed.purposes]
        waiting = self._rows(col(Outgoing.state).in_(OPEN)) if noes else []
        self.stage.hear()
        for deed in noes:
            person = self.ledger.words.together(deed.fan)
            theirs = [row for row in waiting if self.names[row.fan_id] in person and deed.no in ("*", row.platform)]
            self.unsaid |= {str(row.id) for row in theirs if row.purpose != "stop"}
        for deed in self.ledger.unheard:
            self.ledger.hear(deed)
        self.ledger.unheard.clear()

    @rule(fate=FATE, mail=st.booleans())
    def works(self, fate: str, mail: bool) -> None:
        self.hears()
        competing.compete(self.stage.bot)
        self.sends(fate, mail)

    @rule(fate=FATE, mail=st.booleans())
    def sends(self, fate: str, mail: bool) -> None:
        self.sender_goes_on("takes", fate, mail)
        self.sender_goes_on("says", fate, mail)
        self.sender_goes_on("notes", fate, mail)

    @rule(step=st.sampled_from(["takes", "says", "notes", "dies"]), fate=FATE, mail=st.booleans())
    def sender_goes_on(self, step: str, fate: str, mail: bool) -> None:
        """One step of what `send_some` does. `fate` is what a platform does with the next message of this step."""
        if step == "takes":
            for ready in self.sender.take():
                self._judge(ready)
        elif step == "says":
            self._say(fate, mail)
        elif step == "notes":
            noted = self.sender.note()
            self.noted_at |= {str(ready.outgoing.id): self.now for ready, _ in noted}
            out_of_reach = {ready.outgoing.fan_id for ready, became in noted if _refuses_the_person(became)}
            fans_refused = sorted(self.names[one] for one in out_of_reach & set(self.ids.values()))
            self.ledger.blocked |= set(fans_refused)
            for fan in fans_refused:
                self._compare_permits(fan)
        else:
            for ready in self.sender.taken:
                self.ledger.flying.pop(str(ready.outgoing.id), None)
            self.may_arrive = {}
            self.sender.die()

    # The clock ------------------------------------------------------------------------------------------------------

    @rule(until=st.sampled_from([*sorted(PAUSES), "the next day", "the next day"]), fan=SOMEBODY)
    def time_passes(self, until: str, fan: str) -> None:
        """A sender is given up for dead after a while, so nobody's call takes longer than that."""
        if until != "moments later":
            self.sender_goes_on("says", "takes it", mail=False)
            self.sender_goes_on("notes", "takes it", mail=False)
        if self._in_flight():
            oldest = min(self.taken_at[key] for key in self._in_flight())
            self.stage.now = max(self.now, min(self.now + timedelta(seconds=20), oldest + timedelta(seconds=40)))
        elif until == "something is due":
            rows = self._rows(col(Outgoing.state).in_(OPEN), col(Outgoing.due_at) > self.now)
            self.stage.now = min((row.due_at for row in rows), default=self.now + timedelta(seconds=1))
        else:
            self.stage.now += PAUSES[until]
        with self.stage.bot.transaction() as session:
            endings.give_up_on_the_dead(session, self.now)
            endings.let_lapse(session, self.now)
        for one in FANS if until == "the next day" else (fan,):
            self._compare_permits(one)

    # The judge ------------------------------------------------------------------------------------------------------

    def _judge(self, ready: Ready) -> None:
        """A permit was given: everything that the rules say against it is a fault."""
        draft, now = self._draft(ready.outgoing), self.now
        counts = [*self.ledger.arrived, *(self._moved(gone, now) for gone in self.ledger.flying.values())]
        faults = self.ledger.objections(draft, now, counts) + self.ledger.unheard_no(draft)
        faults += ["unsaid by a stop"] if draft.key in self.unsaid else []
        faults += ["on the wire already"] if draft.key in self.on_the_wire | set(self.may_arrive) else []
        assert not faults, f"{draft} may go at {now}: {faults}"
        self.may_arrive[draft.key], self.taken_at[draft.key] = draft, now
        if draft.solicits:
            self.ledger.flying[draft.key] = Gone(draft.key, now, draft.fan, draft.solicits, draft.weight)

    def _arrives(self, message: Message) -> None:
        assert message.key in self.may_arrive, f"{message.key} has no permit"
        assert message.key not in self.on_the_wire, f"{message.key} is said twice"
        self.on_the_wire.add(message.key)
        self.seen["solicitation sent" if self.may_arrive[message.key].solicits else "answer sent"] += 1
        flown = self.ledger.flying.pop(message.key, None)
        self.ledger.arrived += [self._moved(flown, self.now)] if flown else []

    def _say(self, fate: str, mail: bool) -> None:
        keys = [str(ready.outgoing.id) for ready in self.sender.taken]
        self._platforms()["mail" if mail else "pigeon"].faults = [FATES[fate]()] if fate in FATES else []
        self.sender.say()
        for key in keys:
            self.ledger.flying.pop(key, None)
            self.may_arrive.pop(key, None)

    def _propose(self, fan: str, purpose: str, by: str, due_at: datetime | None) -> None:
        """Whether it is permitted at once is what the rules say: neither more nor less."""
        offer, objections = self._offer(), self._objections(fan, purpose, self._places())
        with self.stage.bot.transaction() as session:
            proposed = soliciting.propose(session, self.stage.bot, self.ids[fan], offer, self.now, by, due_at, purpose)
        permitted = isinstance(proposed.answer, Permit)
        assert permitted == any(not found for found in objections.values()), (proposed.answer, objections)
        if proposed.message_id is not None:
            [row] = self._rows(col(Outgoing.id) == proposed.message_id)
            assert row.due_at >= (due_at or self.now)
            assert not permitted or not objections[self.names[row.fan_id]]

    def _compare_permits(self, fan: str) -> None:
        """What a manager sees before he brings an offer is what the rules say."""
        with self.stage.bot.reading() as session:
            seen = soliciting.preview(session, self.stage.bot, self.ids[fan], self.promo, self.now, "manager")
        self.seen[f"{type(seen.answer).__name__.lower()} {seen.answer.why}"] += 1
        objections = self._objections(fan, "offers", self._places())
        permitted = any(not found for found in objections.values())
        assert isinstance(seen.answer, Permit) == permitted, (seen.answer, objections)

    def _objections(self, fan: str, purpose: str, counts: list[Gone]) -> dict[str, list[str]]:
        """What speaks against soliciting him now, on each of his profiles."""
        weight = self.ledger.caps.weights.get("direct", 100)
        person = sorted(self.ledger.words.together(fan))
        drafts = [Draft("", one, Way.DIRECT, False, "offer", purpose, weight, None, self.now) for one in person]
        return {draft.fan: self.ledger.objections(draft, self.now, counts) for draft in drafts}

    def _places(self) -> list[Gone]:
        """What counts under the caps: what waits or is on its way as of now, what left when it was last heard of."""
        counted = [State.WAITING.value, State.SENDING.value, State.SENT.value, State.UNCERTAIN.value]
        rows = self._rows(col(Outgoing.state).in_(counted), col(Outgoing.solicits) != "")
        return [
            Gone(str(row.id), self._counts_at(row), self.names[row.fan_id], row.solicits, row.weight) for row in rows
        ]

    def _counts_at(self, row: Outgoing) -> datetime:
        key = str(row.id)
        if row.state == State.SENT.value:
            return self.noted_at[key]
        return self.taken_at[key] + STALL if row.state == State.UNCERTAIN.value else self.now

    # What both sides must agree on ----------------------------------------------------------------------------------

    def _compare_words(self) -> None:
        """Each fan's word is what the rules make of the story, and who is one person is what the links say."""
        with self.stage.bot.reading() as session:
            everybody = people.load(session, list(self.names))
        for fan, fan_id in self.ids.items():
            person = everybody[fan_id]
            assert {self.names[one] for one in person.fan_ids} == self.ledger.words.together(fan)
            for channel in ("pigeon", "mail"):
                for purpose in ("service", "offers", "newsletter", "profiling"):
                    found = person.standing(fan_id, channel, purpose)
                    said = True if found.granted else False if found.withdrawn else None
                    assert said == self.ledger.words.yes(fan, channel, purpose), (fan, channel, purpose, said)

    def _compare_owners(self) -> None:
        """Whatever was written down about a fan stays with him, linked or not."""
        for table in (Profile, Consent, Claim, Outgoing, Touchpoint):
            for row in self.stage.all(table):
                assert self.owners.setdefault((table.__name__, row.id), row.fan_id) == row.fan_id

    def _replay_receipts(self) -> None:
        for row in self.stage.all(Receipt):
            answer = receipts.replayed(row)
            kept = (row.verdict, row.why, row.until)
            assert kept == (type(answer).__name__.lower(), answer.why, getattr(answer, "until", None))
            self.seen[f"{row.verdict} {row.why}"] += 1

    # Small things ---------------------------------------------------------------------------------------------------

    def _has_something_coming(self, fan: str, decided: str) -> None:
        self._come_round([fan])
        if decided == "promo":
            self._does(fan, Kind.MESSAGE, decided)
            self.hears()
        elif decided == "her own words":
            self._write_as_a_person(fan, "")
        else:
            self._propose(fan, "offers", "bot", None)
        self.stage.now += MOMENT

    def _come_round(self, willing: Collection[str]) -> None:
        """They write, wish for nothing and say yes: else whoever once said no would be silent for the whole story."""
        self.stage.deliver(*(self._deed(fan, Kind.MESSAGE, "bonjour") for fan in willing))
        self.hears()
        for fan in willing:
            self._wish(fan, [(what, "") for what in ("channel", "without", "every", "hours", "paused_until")])
        self._say_yes(willing)

    def _is_forgotten_and_comes_back(self, fan: str, how: How) -> None:
        gone = self.ids.pop(fan)
        assert forgetting.forget(self.stage.bot, [gone], how)
        self.ledger.forget(fan, self.now, asked=how is How.FAN)
        self.owners = {row: owner for row, owner in self.owners.items() if owner != gone}
        assert not self._rows(col(Outgoing.fan_id) == gone)
        self._does(fan, Kind.MESSAGE, "bonjour")
        self.hears()
        self._look_up(fan)
        self._compare_words()

    def _write_as_a_person(self, fan: str, solicits: str) -> None:
        weight = self.ledger.caps.weights.get("direct", 100)
        draft = Draft("", fan, Way.DIRECT, True, "answer", solicits, weight, None, self.now)
        objections = self.ledger.objections(draft, self.now, self._places()) if solicits else []
        message_id, text = self.stage.bot.new_id(), "De 9 à 18 h."
        with self.stage.bot.transaction() as session:
            profile = fans.profile_at(session, Handle(platform_of(fan), platform_of(fan), fan))
            assert profile is not None
            said = writing.write(
                session, self.stage.bot, profile, message_id, text, self.manager, self.now, bool(solicits)
            )
        assert said != message_id or not objections, objections

    def _decide_on(self, draft: Outgoing, approves: bool) -> None:
        with self.stage.bot.transaction() as session:
            if approves:
                desk.approve(session, self.stage.bot, draft.id, "De 9 à 18 h.", self.manager, self.now)
            else:
                desk.reject(session, draft.id, "", self.manager, self.now)

    def _settle(self, row: Outgoing) -> None:
        key = str(row.id)
        with self.stage.bot.transaction() as session:
            if key in self.on_the_wire:
                desk.say_sent(session, row.id, self.manager, self.now)
                self.noted_at[key] = min(self.taken_at[key] + STALL, self.now)
            else:
                desk.send_again(session, row.id, self.manager, self.now)

    def _does(self, fan: str, kind: Kind, text: str = "") -> None:
        self.stage.deliver(self._deed(fan, kind, text))

    def _deed(self, fan: str, kind: Kind, text: str) -> Interaction:
        number, platform = len(self.deeds) + 1, platform_of(fan)
        no = "*" if "partout" in text else platform if (kind, text) in NOES.values() else ""
        purposes = PURPOSES if kind is Kind.UNFOLLOWED else ("*",)
        deed = Deed(f"i{number}", self.now, fan, kind, no, purposes)
        self.deeds[deed.id] = deed
        self.ledger.unheard.append(deed)
        return Interaction(
            platform, platform, deed.id, kind, self.now, fan, fan.title(), text=text, subject=f"s{number}",
            thread="post-1",
        )  # fmt: skip

    def _wish(self, fan: str, told: list[tuple[str, str]]) -> None:
        lines = [preferences.said(self.ids[fan], *wish, "page", "page-1", self.now, self.now) for wish in told]
        with self.stage.bot.transaction() as session:
            preferences.record(session, lines)
        self.ledger.words.wished += [Wished(self.now, fan, *wish) for wish in told]

    def _say_yes(self, willing: Collection[str]) -> None:
        said = [(fan, purpose) for fan in willing for purpose in PURPOSES]
        self.ledger.words.said += [Word(self.now, fan, platform_of(fan), about, yes=True) for fan, about in said]
        self._journal([self._yes(fan, about) for fan, about in said])

    def _yes(self, fan: str, purpose: str) -> dict:
        words = wording("offers_messages", "fr", "Zéphyr")
        return consents.granted(
            self.ids[fan], platform_of(fan), words, "claim_page", "claim-1", self.now, purpose=purpose
        )

    def _no(self, fan: str, channel: str, purpose: str) -> dict:
        return consents.withdrawn(self.ids[fan], channel, "page", "claim-1", self.now, self.now, purpose=purpose)

    def _journal(self, lines: list[dict]) -> None:
        with self.stage.bot.transaction() as session:
            consents.journal(session, lines)

    def _look_up(self, *handles: str) -> None:
        with self.stage.bot.reading() as session:
            for row in session.exec(select(Profile).where(col(Profile.handle).in_(handles))):
                self.ids[row.handle], self.names[row.fan_id] = row.fan_id, row.handle

    def _platforms(self) -> dict[str, Carrier]:
        return {name: one for name, one in self.stage.bot.connectors.items() if isinstance(one, Carrier)}

    def _offer(self, **columns: object) -> Offer:
        self.offers += 1
        return self.stage.offer(**({"slug": f"offer-{self.offers}", "keywords": []} | columns))

    def _rows(self, *where: Any) -> list[Outgoing]:
        with self.stage.bot.reading() as session:
            return list(session.exec(select(Outgoing).where(*where).order_by(col(Outgoing.id))))

    def _in_flight(self) -> list[str]:
        return [str(ready.outgoing.id) for ready in self.sender.taken + [ready for ready, _ in self.sender.said]]

    def _draft(self, one: Outgoing) -> Draft:
        return Draft(
            key=str(one.id),
            fan=self.names[one.fan_id],
            way=Way(one.way),
            by_human=one.said_by != "bot",
            says=one.purpose,
            solicits=one.solicits,
            weight=one.weight,
            answers=self._answered(one),
            decided_at=one.created_at,
        )

    def _answered(self, one: Outgoing) -> Deed | None:
        if one.inbox_id is None:
            return None
        with self.stage.bot.reading() as session:
            return self.deeds[session.get_one(Inbox, one.inbox_id).key]

    @staticmethod
    def _moved(gone: Gone, at: datetime) -> Gone:
        return Gone(gone.key, at, gone.fan, gone.purpose, gone.weight)


def _refuses_the_person(became: Fate) -> bool:
    return isinstance(became, Refused) and became.scope is Scope.PERSON

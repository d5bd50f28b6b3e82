"""Fans, managers, platforms, clocks and deaths in any order against the real tables; each send is judged."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from sqlmodel import col, select

from bot import choosing, desk, outbox, own_words, soliciting
from bot.inbox import Inbox
from bot.managers import Manager
from bot.outbox import Outgoing, State
from bot.sending import Ready
from connectors import Busy, Interaction, Kind, Message, PlatformError, Refused, Scope, Uncertain, Unreachable, Way
from offers.catalog import Offer
from offers.claims import Claim
from optin import consents, fans, house_rules, links, people, preferences, receipts
from optin.consents import Consent
from optin.fans import Handle, Profile
from optin.history import Touchpoint
from optin.links import Link, Proof
from optin.permits import Permit, Refusal
from optin.pressure import Caps
from optin.receipts import Receipt
from optin.wordings import wording
from tests.permits_model.ledger import STALL, Deed, Draft, Gone, Ledger, platform_of
from tests.permits_model.wire import Carrier, Mail, Sender
from tests.permits_model.words import Bond, Wished, Word
from tests.stage import NOON, Stage

FANS = ("lea", "max", "zoe", "lea@mail", "max@mail")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NO_QUIET = None
HOUSES = {
    "built in": Caps(),
    "only a gap": Caps(caps={}, gap=4 * HOUR, quiet=NO_QUIET),
    "two a day": Caps(caps={"*": {"day": 2, "week": 3}}, gap=timedelta(0), quiet=NO_QUIET),
    "halves": Caps(caps={"*": {"day": 1}}, weights={"direct": 50}, gap=HOUR, quiet=NO_QUIET),
    "one newsletter a month": Caps(caps={"newsletter": {"month": 1}}, gap=timedelta(0), quiet=NO_QUIET),
    "closed": Caps(caps={"*": {"day": 0}}),
    "quiet at noon": Caps(caps={"*": {"month": 4}}, gap=timedelta(0), quiet=(12, 15)),
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
OPEN = [State.DRAFT.value, State.WAITING.value, State.DEFERRED.value]
SOMEBODY = st.sampled_from(FANS)


class World(RuleBasedStateMachine):
    """The ledger says what may be; the stage does what it does. `database_url` gives an empty database."""

    def __init__(self, database_url: str) -> None:
        super().__init__()
        self.stage = Stage(database_url, Carrier(self._arrives), Mail(self._arrives))
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
        try:
            if self.ids:
                self._compare_words()
                self._compare_owners()
                self._replay_receipts()
        finally:
            self.stage.close()

    @property
    def now(self) -> datetime:
        return self.stage.now

    # How it begins --------------------------------------------------------------------------------------------------

    @initialize(willing=st.sets(SOMEBODY), house=st.sampled_from(sorted(HOUSES)))
    def everybody_has_written(self, willing: set[str], house: str) -> None:
        self.manager = Manager(
            id=self.stage.bot.new_id(), email="noor@example.com", name="Noor", password_hash="", language="fr",
            created_at=NOON,
        )  # fmt: skip
        with self.stage.bot.transaction() as session:
            session.add(self.manager)
        self._offer(slug="promo", keywords=["promo"])
        for fan in FANS:
            self._does(fan, Kind.MESSAGE, "bonjour")
        self.stage.hear()
        self._hear_all()
        for row in self.stage.all(Profile):
            self.ids[row.handle], self.names[row.fan_id] = row.fan_id, row.handle
        self.sends()
        for fan in sorted(willing):
            self.says_yes(fan, "offers")
        self.changes_the_house_rules(house)

    # Fans -----------------------------------------------------------------------------------------------------------

    @rule(fan=SOMEBODY, purpose=st.sampled_from(["offers", "offers", "newsletter", "profiling"]))
    def says_yes(self, fan: str, purpose: str) -> None:
        self.ledger.words.said.append(Word(self.now, fan, platform_of(fan), purpose, yes=True))
        self._journal([self._yes(fan, purpose)])

    @rule(fan=SOMEBODY)
    def asks_for_a_double_opt_in_and_confirms_nothing(self, fan: str) -> None:
        self._journal([consents.to_be_confirmed(self._yes(fan, "offers"))])

    @rule(fan=SOMEBODY, how=st.sampled_from(["in words", "in a comment", "by the platform", "by blocking"]))
    def stops(self, fan: str, how: str) -> None:
        if how == "in a comment" and platform_of(fan) == "pigeon":
            self._does(fan, Kind.COMMENT, "STOP", is_no=True)
        elif how == "by blocking":
            self._does(fan, Kind.BLOCKED, is_no=True)
        elif how == "by the platform":
            self._does(fan, Kind.STOP, is_no=True)
        else:
            self._does(fan, Kind.MESSAGE, "STOP", is_no=True)

    @rule(fan=SOMEBODY, purpose=st.sampled_from(["offers", "newsletter", "*"]), everywhere=st.booleans())
    def takes_it_back_on_a_page(self, fan: str, purpose: str, everywhere: bool) -> None:
        """The page tells each of his fans, and what waits."""
        channel, bot = "*" if everywhere else platform_of(fan), self.stage.bot
        with bot.transaction() as session:
            person = people.one(session, self.ids[fan])
            said = choosing.Word(self.ids[fan], None, "page", str(bot.new_id()), self.now, "/choices")
            choosing.stop(session, bot, person, said, channel, self.now, [purpose])
        self.ledger.words.says_no(self.now, fan, channel, purpose)

    @rule(fan=SOMEBODY, purpose=st.sampled_from(["offers", "*"]))
    def takes_it_back_at_a_door_that_knows_one_profile(self, fan: str, purpose: str) -> None:
        """It writes one line and tells nobody: the journal alone has to hold."""
        self._journal([self._no(fan, platform_of(fan), purpose)])
        self.ledger.words.says_no(self.now, fan, platform_of(fan), purpose)

    @rule(fan=SOMEBODY, text=st.sampled_from(["bonjour", "promo", "c’est quoi vos horaires ?"]))
    def writes(self, fan: str, text: str) -> None:
        self._does(fan, Kind.MESSAGE, text)

    @rule(fan=SOMEBODY, text=st.sampled_from(["promo", "promo", "c’est quoi vos horaires ?"]))
    def comments(self, fan: str, text: str) -> None:
        if platform_of(fan) == "pigeon":
            self._does(fan, Kind.COMMENT, text)

    @rule(fan=SOMEBODY)
    def unblocks(self, fan: str) -> None:
        self._does(fan, Kind.UNBLOCKED)

    @rule(fan=SOMEBODY, wish=WISHES)
    def wishes(self, fan: str, wish: tuple[str, str]) -> None:
        line = preferences.said(self.ids[fan], *wish, "page", "page-1", self.now, self.now)
        with self.stage.bot.transaction() as session:
            preferences.record(session, [line])
        self.ledger.words.wished.append(Wished(self.now, fan, *wish))

    # Managers -------------------------------------------------------------------------------------------------------

    @rule(house=st.sampled_from(sorted(HOUSES)))
    def changes_the_house_rules(self, house: str) -> None:
        with self.stage.bot.transaction() as session:
            house_rules.change(session, HOUSES[house], "manager:noor", self.now)
        self.ledger.caps = HOUSES[house]

    @rule(one=SOMEBODY, other=SOMEBODY, proof=st.sampled_from(Proof))
    def links(self, one: str, other: str, proof: Proof) -> None:
        new = other not in self.ledger.words.together(one)
        with self.stage.bot.transaction() as session:
            assert links.link(session, self.ids[one], self.ids[other], proof, "e1", self.now) == new
        if new:
            self.ledger.words.bonds.append(Bond(self.now, one, other))
        self._compare_words()

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

    @rule(fan=SOMEBODY, purpose=st.sampled_from(PURPOSES), by=st.sampled_from(["bot", "manager:noor"]))
    def proposes(self, fan: str, purpose: str, by: str) -> None:
        self._propose(fan, purpose, by, None)

    @rule(fan=SOMEBODY, hours=st.integers(1, 30))
    def proposes_for_later(self, fan: str, hours: int) -> None:
        self._propose(fan, "offers", "bot", self.now + hours * HOUR)

    @rule(fan=SOMEBODY)
    def writes_as_a_person(self, fan: str) -> None:
        with self.stage.bot.transaction() as session:
            profile = fans.profile_at(session, Handle(platform_of(fan), platform_of(fan), fan))
            assert profile is not None
            own_words.write(
                session, self.stage.bot, profile, self.stage.bot.new_id(), "De 9 à 18 h.", self.manager, self.now
            )

    @rule(approves=st.booleans())
    def decides_on_drafts(self, approves: bool) -> None:
        for draft in self._rows(col(Outgoing.state) == State.DRAFT.value):
            with self.stage.bot.transaction() as session:
                if approves:
                    desk.approve(session, self.stage.bot, draft.id, "De 9 à 18 h.", self.manager, self.now)
                else:
                    desk.reject(session, draft.id, "", self.manager, self.now)

    @rule()
    def looks_on_the_platform(self) -> None:
        """A manager settles what nobody was sure of, and is right about it."""
        for row in self._rows(col(Outgoing.state) == State.UNCERTAIN.value):
            key = str(row.id)
            with self.stage.bot.transaction() as session:
                if key in self.on_the_wire:
                    desk.say_sent(session, row.id, self.manager, self.now)
                    self.noted_at[key] = min(self.taken_at[key] + STALL, self.now)
                else:
                    desk.send_again(session, row.id, self.manager, self.now)

    # The bot --------------------------------------------------------------------------------------------------------

    @rule()
    def hears(self) -> None:
        noes = [deed for deed in self.ledger.unheard if deed.is_no]
        waiting = self._rows(col(Outgoing.state).in_(OPEN)) if noes else []
        self.stage.hear()
        for deed in noes:
            person, channel = self.ledger.words.together(deed.fan), platform_of(deed.fan)
            theirs = [row for row in waiting if self.names[row.fan_id] in person and row.platform == channel]
            self.unsaid |= {str(row.id) for row in theirs if row.purpose != "stop"}
        self._hear_all()

    @rule()
    def lets_them_compete(self) -> None:
        soliciting.compete(self.stage.bot)

    @rule()
    def works(self) -> None:
        self.hears()
        self.lets_them_compete()
        self.sends()

    @rule()
    def sends(self) -> None:
        self.takes()
        self.says()
        self.notes()

    @rule()
    def takes(self) -> None:
        for ready in self.sender.take():
            self._judge(ready)

    @rule()
    def says(self) -> None:
        keys = [str(ready.outgoing.id) for ready in self.sender.taken]
        self.sender.say()
        for key in keys:
            self.ledger.flying.pop(key, None)
            self.may_arrive.pop(key, None)

    @rule()
    def notes(self) -> None:
        self.noted_at |= {str(ready.outgoing.id): self.now for ready, _ in self.sender.note()}

    @precondition(lambda self: self.sender.taken or self.sender.said)
    @rule()
    def dies(self) -> None:
        for ready in self.sender.taken:
            self.ledger.flying.pop(str(ready.outgoing.id), None)
        self.may_arrive = {}
        self.sender.die()

    @rule(fate=st.sampled_from(sorted(FATES)), mail=st.booleans())
    def next_time_the_platform(self, fate: str, mail: bool) -> None:
        connector = self.stage.bot.connectors["mail" if mail else "pigeon"]
        assert isinstance(connector, Carrier)
        connector.faults = [FATES[fate]()]

    # The clock ------------------------------------------------------------------------------------------------------

    @rule(seconds=st.integers(1, 40))
    def moments_pass(self, seconds: int) -> None:
        """A sender is given up for dead by then, so nobody's call takes longer."""
        oldest = min((self.taken_at[key] for key in self._in_flight()), default=self.now)
        self.stage.now = max(self.now, min(self.now + timedelta(seconds=seconds), oldest + timedelta(seconds=40)))

    @precondition(lambda self: not self._in_flight())
    @rule(hours=st.sampled_from([1, 4, 11, 23, 24, 100, 400, 800]))
    def hours_pass(self, hours: int) -> None:
        self.stage.later(hours=hours)

    @precondition(lambda self: not self._in_flight())
    @rule()
    def the_clock_strikes_what_is_due_next(self) -> None:
        rows = self._rows(col(Outgoing.state).in_(OPEN), col(Outgoing.due_at) > self.now)
        self.stage.now = min((row.due_at for row in rows), default=self.now)

    @rule()
    def the_clock_tidies_up(self) -> None:
        with self.stage.bot.transaction() as session:
            outbox.give_up_on_the_dead(session, self.now)
            outbox.let_lapse(session, self.now)

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
        flown = self.ledger.flying.pop(message.key, None)
        self.ledger.arrived += [self._moved(flown, self.now)] if flown else []

    def _propose(self, fan: str, purpose: str, by: str, due_at: datetime | None) -> None:
        """Whether it is permitted at once is what the rules say: neither more nor less."""
        offer, counts = self._offer(), self._places()
        weight = self.ledger.caps.weights.get("direct", 100)
        person = sorted(self.ledger.words.together(fan))
        drafts = [Draft("", one, Way.DIRECT, by != "bot", "offer", purpose, weight, None, self.now) for one in person]
        objections = {draft.fan: self.ledger.objections(draft, self.now, counts) for draft in drafts}
        with self.stage.bot.transaction() as session:
            proposed = soliciting.propose(session, self.stage.bot, self.ids[fan], offer, self.now, by, due_at, purpose)
            again = soliciting.propose(session, self.stage.bot, self.ids[fan], offer, self.now, by, due_at, purpose)
        permitted = isinstance(proposed.answer, Permit)
        assert permitted == any(not found for found in objections.values()), (proposed.answer, objections)
        if proposed.message_id is not None:
            [row] = self._rows(col(Outgoing.id) == proposed.message_id)
            assert again.answer == Refusal("already_proposed")
            assert row.due_at >= (due_at or self.now)
            assert not permitted or not objections[self.names[row.fan_id]]

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

    # Small things ---------------------------------------------------------------------------------------------------

    def _does(self, fan: str, kind: Kind, text: str = "", *, is_no: bool = False) -> None:
        number, platform = len(self.deeds) + 1, platform_of(fan)
        deed = Deed(f"i{number}", self.now, fan, kind, is_no)
        self.deeds[deed.id] = deed
        self.ledger.unheard.append(deed)
        self.stage.deliver(
            Interaction(
                platform, platform, deed.id, kind, self.now, fan, fan.title(), text=text, subject=f"s{number}",
                thread="post-1",
            )
        )  # fmt: skip

    def _hear_all(self) -> None:
        for deed in self.ledger.unheard:
            self.ledger.hear(deed)
        self.ledger.unheard.clear()

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

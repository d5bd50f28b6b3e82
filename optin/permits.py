"""May we write to this fan now, in this way, and why: one pure answer from the platform's rules, the law as it is coded
here, the brand's caps and the fan's own word.

Who asks brings every fact along, so that a receipt can keep them and the same question can be asked again.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from connectors import Kind, Rules, Way
from optin import pressure
from optin.choices import Preferences
from optin.hours import next_time
from optin.pressure import Caps, Counted
from optin.standing import SILENCE, Standing

VERSION = "2026-11-25.3"  # of the rules in this file: changed with any of them, since receipts name it
GRACE = timedelta(seconds=30)  # a window that closes while a message travels is closed
TURNS = 100  # of the clock: hours of two of his profiles that never meet would be sought for ever


@dataclass(frozen=True, slots=True)
class Permit:
    """We may, until then (None: until something changes), for this reason."""

    why: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """We may not. `why` is a code that the panel puts into words."""

    why: str


@dataclass(frozen=True, slots=True)
class Deferral:
    """Not before `until`. What is deferred gives its place back, and competes again then."""

    why: str
    until: datetime


Answer = Permit | Refusal | Deferral


@dataclass(frozen=True, slots=True)
class Allowed:
    """What the platform allows for one kind of interaction and one way: its `Rules`, as far as they matter here."""

    answerable: bool  # in this way
    summoned_only: bool
    may_begin: bool
    window: timedelta | None
    human_window: timedelta | None
    private_reply_within: timedelta | None


@dataclass(frozen=True, slots=True)
class Solicitation:
    """What has to be known before somebody is written to of our own accord: his yes, his wishes, and what he had."""

    purpose: str
    consent: Standing
    preferences: Preferences
    caps: Caps
    weight: int
    counted: tuple[Counted, ...] = ()
    voices: tuple[Preferences, ...] = ()  # where he is several fans: what each of them wishes, and all of it holds

    @property
    def wishes(self) -> tuple[Preferences, ...]:
        return self.voices or (self.preferences,)


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known when somebody is to be written to. `asked_at` is when he did what we answer, if he did."""

    channel: str
    way: Way
    allowed: Allowed
    kind: Kind | None = None  # what he did that we answer; None where we begin
    asked_at: datetime | None = None
    window_opened_at: datetime | None = None  # when he last did what lets us write to him directly
    window_opened_by: str = ""  # the platform's id of that
    blocked: bool = False
    account_paused: bool = False
    already_answered: bool = False  # in this way, for what he did
    by_human: bool = False
    decided_at: datetime | None = None  # when a person decided to say this: a no that came later wins
    confirms_stop: bool = False  # the one line that tells him that we heard his STOP
    service: Standing = SILENCE  # his word on automatic answers
    offers: Standing = SILENCE  # his word on what this answer gives, where it gives an offer
    solicits: Solicitation | None = None  # None: an answer to what he asked, which counts as no solicitation


def allowed(rules: Rules, kind: Kind | None, way: Way) -> Allowed:
    """The platform's rules for answering this in this way; for no kind, for beginning by ourselves."""
    answerable = way is Way.DIRECT if kind is None else way in rules.answers.get(kind, ())
    return Allowed(
        answerable=answerable,
        summoned_only=rules.summoned_only and way is Way.PUBLIC and kind is not Kind.MENTION,
        may_begin=rules.may_begin,
        window=rules.window,
        human_window=rules.human_window,
        private_reply_within=rules.private_reply_within,
    )


def decide(facts: Facts, now: datetime) -> Answer:
    """The fan's word first, then the platform, then the hour and what he has heard of us already."""
    for refused, why in _objections(facts):
        if refused:
            return Refusal(why)
    by_platform = _by_platform(facts, now)
    if isinstance(by_platform, Refusal) or facts.solicits is None:
        return by_platform
    return _dosed(facts.solicits, by_platform, now)


def _objections(facts: Facts) -> Iterator[tuple[bool, str]]:
    """The reasons against, the fan's own first."""
    yield facts.blocked, "fan_blocked_us"
    if facts.solicits is None:
        yield from _against_answering(facts)
    else:
        yield from _against_soliciting(facts.solicits, facts)
    yield facts.account_paused, "account_paused"
    yield facts.already_answered, "already_answered"
    yield not facts.allowed.answerable, "platform_forbids"
    yield facts.allowed.summoned_only, "not_summoned"


def _against_answering(facts: Facts) -> Iterator[tuple[bool, str]]:
    yield facts.service.withdrawn and not _may_all_the_same(facts, facts.service), "fan_said_stop"
    yield facts.offers.withdrawn and not _may_all_the_same(facts, facts.offers), "fan_wants_no_offers"


def _may_all_the_same(facts: Facts, no: Standing) -> bool:
    """A person may answer whoever said no before and asks again; with what was decided before the no, nobody may."""
    if facts.confirms_stop or not facts.by_human:
        return facts.confirms_stop
    return facts.decided_at is None or all(line.given_at <= facts.decided_at for line in no.lines)


def _against_soliciting(wanted: Solicitation, facts: Facts) -> Iterator[tuple[bool, str]]:
    """A person solicits under the same rules as the bot."""
    yield facts.service.withdrawn, "fan_said_stop"
    yield wanted.consent.withdrawn, "fan_wants_no_offers"
    yield not wanted.consent.granted, "no_consent"
    yield not all(one.welcomes(facts.channel) for one in wanted.wishes), "prefers_other_channel"


def _by_platform(facts: Facts, now: datetime) -> Permit | Refusal:
    if facts.way is Way.PRIVATE:
        return _within(facts.asked_at, facts.allowed.private_reply_within, now, "private_reply")
    if facts.way is Way.DIRECT:
        return _direct(facts, now)
    return Permit("public_reply")


def _direct(facts: Facts, now: datetime) -> Permit | Refusal:
    if facts.allowed.may_begin:
        return Permit("consent" if facts.solicits else "asked_for")
    length = facts.allowed.window
    if facts.by_human and facts.solicits is None and facts.allowed.human_window is not None:
        length = facts.allowed.human_window
    return _within(facts.window_opened_at, length, now, "window")


def _within(start: datetime | None, length: timedelta | None, now: datetime, what: str) -> Permit | Refusal:
    if start is None:
        return Refusal("fan_never_wrote")
    if length is None:
        return Permit(f"{what}_unlimited")
    until = start + length
    return Permit(f"{what}_open", until) if now + GRACE < until else Refusal(f"{what}_closed")


def _dosed(wanted: Solicitation, permit: Permit, now: datetime) -> Answer:
    """Not at an hour that he or the brand keeps quiet, nor where a cap is full; past the platform's window never."""
    moment, why, turns = now, "", 0
    while later := _at_his_hour(wanted, moment) or _with_room(wanted, moment):
        moment, why, turns = later.until, later.why, turns + 1
        if moment >= pressure.NEVER or turns == TURNS:
            return Refusal(why)
        if permit.until is not None and moment + GRACE >= permit.until:
            return Refusal("window_closed")
    return Deferral(why, moment) if moment > now else permit


def _at_his_hour(wanted: Solicitation, moment: datetime) -> Deferral | None:
    waits = (_at_this_hour(one, wanted.caps, moment) for one in wanted.wishes)
    return next((later for later in waits if later is not None), None)


def _at_this_hour(wishes: Preferences, caps: Caps, moment: datetime) -> Deferral | None:
    until = next_time(wishes, caps.quiet, caps.zone, moment)
    if until is None:
        return None
    paused = wishes.paused_until is not None and moment < wishes.paused_until
    return Deferral("paused" if paused else "his_hours" if wishes.hours else "quiet_hours", until)


def _with_room(wanted: Solicitation, moment: datetime) -> Deferral | None:
    gap = max(wanted.caps.gap, *(one.every or timedelta(0) for one in wanted.wishes))
    full = pressure.room(wanted.counted, wanted.caps, wanted.purpose, wanted.weight, gap, moment)
    return Deferral(f"cap_{full.cap}", full.until) if full is not None else None


def needs_human(rules: Rules, window_opened_at: datetime | None, now: datetime) -> bool:
    """Whether only a person may still write: the free window is closed and the longer one is not."""
    return rules.window is not None and window_opened_at is not None and now + GRACE >= window_opened_at + rules.window

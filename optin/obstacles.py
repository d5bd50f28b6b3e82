"""What stands in the way of a message, one thing after another: the permit is asked again with each of them gone."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from optin import permits
from optin.permits import Deferral, Facts, Permit, Refusal, Solicitation
from optin.pressure import ALL, Caps
from optin.standing import Act, Standing

Obstacle = Refusal | Deferral
YES = Standing(Act.GRANTED)
ANY_HOUR = (0, 0)


def between(facts: Facts, now: datetime) -> list[Obstacle]:
    """All that had to be otherwise for it to go, the first reason first. Empty where it may go as it is."""
    found: list[Obstacle] = []
    answer = permits.decide(facts, now)
    while not isinstance(answer, Permit) and answer.why not in {one.why for one in found}:
        found.append(answer)
        facts = _without(facts, answer.why, now)
        answer = permits.decide(facts, now)
    return found


def _without(facts: Facts, why: str, now: datetime) -> Facts:
    """The same question, were it not for this. What nobody can change stays, and ends the search."""
    if facts.solicits is not None and (change := _wished_or_capped(facts.solicits, why)):
        return replace(facts, solicits=change)
    return GONE[why](facts, now) if why in GONE else facts


def _wished_or_capped(wanted: Solicitation, why: str) -> Solicitation | None:
    if why.startswith("cap_"):
        return _roomier(wanted, why.removeprefix("cap_"))
    match why:
        case "fan_wants_no_offers" | "no_consent":
            return replace(wanted, consent=YES)
        case "prefers_other_channel":
            return _wishing(wanted, channel="", without=frozenset())
        case "paused":
            return _wishing(wanted, paused_until=None)
        case "his_hours":
            return _wishing(wanted, hours=ANY_HOUR)
        case "quiet_hours":
            return replace(wanted, caps=replace(wanted.caps, quiet=None))
    return None


def _wishing(wanted: Solicitation, **otherwise: Any) -> Solicitation:
    """Whichever of his profiles he wished it from."""
    voices = tuple(replace(one, **otherwise) for one in wanted.voices)
    return replace(wanted, preferences=replace(wanted.preferences, **otherwise), voices=voices)


def _roomier(wanted: Solicitation, cap: str) -> Solicitation:
    """Without this cap: "gap", "week", "offers_week"."""
    if cap == "gap":
        return _wishing(replace(wanted, caps=replace(wanted.caps, gap=timedelta(0))), every=None)
    about, _, span = cap.rpartition("_")
    return replace(wanted, caps=_lifted(wanted.caps, about or ALL, span))


def _lifted(caps: Caps, about: str, span: str) -> Caps:
    rest = {name: most for name, most in caps.caps.get(about, {}).items() if name != span}
    return replace(caps, caps={**caps.caps, about: rest})


def _open_window(facts: Facts, now: datetime) -> Facts:
    """As if he had just written, and the window stayed open."""
    endless = replace(facts.allowed, window=None, human_window=None)
    return replace(facts, allowed=endless, window_opened_at=now, asked_at=now)


GONE: Mapping[str, Callable[[Facts, datetime], Facts]] = {
    "fan_blocked_us": lambda facts, _: replace(facts, blocked=False),
    "fan_said_stop": lambda facts, _: replace(facts, service=YES),
    "fan_wants_no_offers": lambda facts, _: replace(facts, offers=YES),
    "account_paused": lambda facts, _: replace(facts, account_paused=False),
    "fan_never_wrote": _open_window,
    "window_closed": _open_window,
    "private_reply_closed": _open_window,
}

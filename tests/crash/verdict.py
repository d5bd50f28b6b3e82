"""The verdict: what the database and the platform say, held against what was acknowledged."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlmodel import select

from bot.inbox import Aside, Heard, Inbox
from bot.outbox import Outgoing, State
from optin.history import Touchpoint
from tests.crash.crowd import Said
from tests.crash.killer import Death
from tests.crash.witness import Witness

TAKEN_UP_WITHIN = timedelta(seconds=60)


@dataclass(frozen=True)
class Evidence:
    acknowledged: Mapping[Said, Sequence[Said]]  # of each fan, in his order
    deaths: Sequence[Death]
    calls: Sequence[Mapping[str, Any]]  # what the platform was asked to say
    inbox: Sequence[Inbox]
    messages: Sequence[Outgoing]
    touchpoints: Sequence[Touchpoint]  # in the order in which they were written
    waited: timedelta  # how long a message stayed in the hands of the dead
    shown_uncertain: int


def gather(witness: Witness, **seen: Any) -> Evidence:
    with witness.reading() as session:
        return Evidence(
            inbox=session.exec(select(Inbox)).all(),
            messages=session.exec(select(Outgoing)).all(),
            touchpoints=session.exec(select(Touchpoint).order_by(Touchpoint.id)).all(),  # type: ignore[arg-type]
            **seen,
        )


def faults(evidence: Evidence, witness: Witness) -> list[str]:
    """Everything that must not be, in words; none if the promise was kept."""
    checks = (heard_once, in_order, said_once, platform_and_outbox_agree, answered_once, uncertain_ones_are_shown)
    found = [fault for check in checks for fault in check(evidence)]
    return found + list(taken_up_soon(evidence, witness))


def heard_once(evidence: Evidence) -> Iterator[str]:
    """Each acknowledged interaction has one row, that row is heard or set aside, and a heard one is remembered once."""
    rows = Counter((one.account, one.key) for one in evidence.inbox)
    states = {(one.account, one.key): one for one in evidence.inbox}
    remembered = Counter(one.inbox_id for one in evidence.touchpoints if one.said_by == "fan")
    for said in (said for things in evidence.acknowledged.values() for said in things):
        row = states.get(said)
        if row is None or rows[said] != 1:
            yield f"{said} was acknowledged and stands {rows[said]} times in the inbox"
        elif row.state not in (Heard, Aside) or row.heard_at is None:
            yield f"{said} was acknowledged and is {row.state}"
        elif row.state == Aside and row.reason != "killed_its_worker":
            yield f"{said} is set aside: {row.reason}"
        elif remembered[row.id] != (row.state == Heard):
            yield f"{said} is {row.state} and was remembered {remembered[row.id]} times"


def in_order(evidence: Evidence) -> Iterator[str]:
    """What a fan did one after the other was heard one after the other."""
    written = {one.inbox_id: place for place, one in enumerate(evidence.touchpoints) if one.said_by == "fan"}
    rows = {(one.account, one.key): one.id for one in evidence.inbox}
    for fan, things in evidence.acknowledged.items():
        places = [written[rows[said]] for said in things if rows.get(said) in written]
        if places != sorted(places):
            yield f"{fan} was not heard in his order"


def said_once(evidence: Evidence) -> Iterator[str]:
    """No message reached the platform twice, and it had to refuse none."""
    for key, times in Counter(map(_key, evidence.calls)).items():
        if times > 1:
            yield f"{key} was said {times} times"
    for call in evidence.calls:
        if not call["done"]:
            yield f"the platform refused {_key(call)}"


def platform_and_outbox_agree(evidence: Evidence) -> Iterator[str]:
    """What the platform took is sent or uncertain here, and what is sent here was taken by the platform."""
    taken = set(map(_key, evidence.calls))
    known = {_key_of(one): one for one in evidence.messages}
    for key in taken - known.keys():
        yield f"{key} was said, and we know nothing of it"
    for key, one in known.items():
        if one.state not in (State.SENT, State.UNCERTAIN, State.DRAFT, State.REFUSED, State.LAPSED):
            yield f"{key} is {one.state} still"
        elif key in taken and one.state not in (State.SENT, State.UNCERTAIN):
            yield f"{key} was said, and is {one.state} here"
        elif key not in taken and one.state == State.SENT:
            yield f"{key} is sent here, and the platform never saw it"


def answered_once(evidence: Evidence) -> Iterator[str]:
    """One automatic answer to one interaction; the public line that says where to look is part of it."""
    answers = Counter((one.inbox_id, one.purpose == "pointer") for one in evidence.messages if one.said_by == "bot")
    for (row, _), times in answers.items():
        if times > 1:
            yield f"interaction {row} has {times} answers"
    remembered: Counter[UUID | None] = Counter(one.message_id for one in evidence.touchpoints if one.said_by == "bot")
    for one in evidence.messages:
        if remembered[one.id] != (one.state == State.SENT):
            yield f"message {one.id} is {one.state} and was remembered {remembered[one.id]} times"


def uncertain_ones_are_shown(evidence: Evidence) -> Iterator[str]:
    uncertain = sum(one.state == State.UNCERTAIN for one in evidence.messages)
    if evidence.shown_uncertain != uncertain:
        yield f"{uncertain} messages are uncertain, and {evidence.shown_uncertain} are shown"


def taken_up_soon(evidence: Evidence, witness: Witness) -> Iterator[str]:
    for what, waited in (("heard", longest_wait(evidence, witness)), ("given up", evidence.waited)):
        if waited > TAKEN_UP_WITHIN:
            yield f"what a dead worker held was {what} after {waited.total_seconds():.0f} seconds"


def longest_wait(evidence: Evidence, witness: Witness) -> timedelta:
    """From the last death that had hold of an interaction to the moment at which it was heard."""
    last: dict[int, Death] = {}
    for death in evidence.deaths:
        last |= dict.fromkeys(death.held, death)
    heard = [one for one in evidence.inbox if one.id in last and one.heard_at is not None]
    waits = [witness.since(last[one.id].at, one.heard_at, one.lane) for one in heard if one.heard_at]
    return max(waits, default=timedelta(0))


def _key(call: Mapping[str, Any]) -> str:
    """Ours where the platform carries it; a public reply is known by what it answers."""
    return str(call["more"].get("metadata") or f"public reply to {call['to']}")


def _key_of(message: Outgoing) -> str:
    return f"public reply to {message.recipient}" if message.way == "public" else str(message.id)


def by_state(evidence: Evidence) -> Mapping[str, int]:
    counts: dict[str, int] = defaultdict(int)
    for one in evidence.messages:
        counts[one.state] += 1
    return counts

"""Advertising: custom audiences at the platforms are filled with who allows it, and emptied of who no longer does.

Each time the whole of what shall be is compared with what the platform was told, so that nothing that happened in
between can be missed: a yes, a no, a link, an erasure, conditions that are met no longer. The difference is written
down and committed first, then told, then noted. To tell it twice does no harm, so after a crash it is told again.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from sqlmodel import Session, col, select

from bot import audiences, confirming
from bot.assembly import Bot
from bot.audiences import AudienceList, Member
from connectors import Audience, Batch, Busy, By, PlatformError, Taken
from leads import fan_facts, targets
from leads.targets import Target
from offers import condition_rows, conditions
from offers.catalog import Offer
from offers.conditions import EVERYBODY, Test
from optin import people

EVERY = timedelta(seconds=60)
AT_ONCE = 500  # people
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=1)

log = structlog.get_logger()


@dataclass(slots=True)
class Difference:
    """What shall be otherwise than it was noted down."""

    want: list[dict[str, object]] = field(default_factory=list)
    unwant: dict[str, set[str]] = field(default_factory=dict)  # by audience

    def __bool__(self) -> bool:
        return bool(self.want or self.unwant)


def reconcile(bot: Bot) -> None:
    """Bring each audience up to date, as far as its platform lets us."""
    with bot.reading() as session:
        lists = audiences.all_of_them(session)
    if not lists:
        return
    _intend(bot)
    for one in lists:
        audience = bot.audiences.get(one.id)
        if audience is not None and (one.rests_until is None or one.rests_until <= bot.now()):
            _exchange(bot, audience)


def _intend(bot: Bot) -> None:
    """Write down who shall be in and who out, some people at a time. Nothing is locked where nothing has changed."""
    last: UUID | None = None
    while True:
        with bot.reading() as session:
            person_ids = targets.people_after(session, last, AT_ONCE)
            difference = _difference(session, bot, person_ids)
        if not person_ids:
            return
        if difference:
            with bot.transaction() as session:  # worked out anew: somebody may have said no since
                _write(session, _difference(session, bot, person_ids))
        last = person_ids[-1]


def _write(session: Session, difference: Difference) -> None:
    for audience_id, hashes in difference.unwant.items():
        audiences.unwant(session, audience_id, hashes)
    audiences.want(session, difference.want)


def _difference(session: Session, bot: Bot, person_ids: list[UUID]) -> Difference:
    everybody = people.load(session, person_ids)
    tests = _tests(session)
    willing = targets.of(session, everybody, proven=confirming.is_possible(bot))
    facts = fan_facts.of(session, everybody, bot.now()) if any(tests.values()) else {}
    found = Difference()
    for audience_id, is_for in tests.items():
        wanted = {one.hash: one for one in willing if is_for is None or is_for(facts[everybody[one.fan_id].id])}
        held = audiences.held(session, audience_id, everybody, wanted)
        _compare(audience_id, wanted, held, everybody, found)
    return found


def _compare(
    audience_id: str, wanted: dict[str, Target], held: list[Member], theirs: Collection[UUID], found: Difference
) -> None:
    """Of an address that two people gave it is enough that one of them allows it."""
    there = {one.hash for one in held if one.wanted}
    found.want += [
        {"audience_id": audience_id, "hash": one.hash, "kind": one.kind, "fan_id": one.fan_id}
        for one in wanted.values()
        if one.hash not in there
    ]
    over = {one.hash for one in held if one.wanted and one.fan_id in theirs and one.hash not in wanted}
    if over:
        found.unwant[audience_id] = over


def _tests(session: Session) -> dict[str, Test | None]:
    """For whom each connected audience is; None: everybody who allows it."""
    rows = select(AudienceList, Offer.conditions).join(Offer, isouter=True).where(col(AudienceList.connected))
    return {one.id: _test(tree) for one, tree in session.exec(rows)}


def _test(tree: object) -> Test | None:
    read = EVERYBODY if tree is None else condition_rows.from_json(tree)
    return None if read == EVERYBODY else conditions.compiled(read)


def _exchange(bot: Bot, audience: Audience) -> None:
    """Tell the platform who goes and then who comes, each batch noted before the next one."""
    told = []
    try:
        for add in (False, True):
            for taken in _batches(bot, audience, add):
                told.append(taken)
                if taken.pause:
                    _note(bot, audience, told, rests_until=bot.now() + taken.pause)
                    return
    except PlatformError as failure:
        _note_failure(bot, audience, failure)
    else:
        _note(bot, audience, told, synced_at=bot.now())


def _batches(bot: Bot, audience: Audience, add: bool) -> Iterator[Taken]:
    session_id, number, told = bot.draw() >> 1, 0, 0
    with bot.reading() as session:
        total = audiences.pending(session, audience.id, add=add)
    while told < total:
        with bot.transaction() as session:
            kind, hashes = audiences.begin(session, audience.id, audience.most, add=add)
        if not hashes:
            return
        number, told = number + 1, told + len(hashes)
        batch = Batch(session_id, number, told >= total, total)
        taken = (audience.add if add else audience.remove)(By(kind), hashes, batch)
        with bot.transaction() as session:
            (audiences.added if add else audiences.removed)(session, audience.id, hashes)
        log.info("audience_told", audience=audience.id, add=add, rows=len(hashes), invalid=taken.invalid)
        yield taken


def _note(
    bot: Bot,
    audience: Audience,
    told: list[Taken],
    synced_at: datetime | None = None,
    rests_until: datetime | None = None,
) -> None:
    with bot.transaction() as session:
        row = session.get_one(AudienceList, audience.id)
        row.trouble, row.failing_since, row.failures = "", None, 0
        row.rests_until, row.synced_at = rests_until, synced_at or row.synced_at
        row.invalid = sum(one.invalid for one in told) if told else row.invalid
        session.add(row)


def _note_failure(bot: Bot, audience: Audience, failure: PlatformError) -> None:
    now = bot.now()
    log.warning("audience_not_told", audience=audience.id, reason=failure.reason)
    with bot.transaction() as session:
        row = session.get_one(AudienceList, audience.id)
        row.trouble, row.failures = failure.reason, row.failures + 1
        row.failing_since = row.failing_since or now
        row.rests_until = now + _pause(failure, row.failures)
        session.add(row)


def _pause(failure: PlatformError, failures: int) -> timedelta:
    """Twice as long each time; what the platform asks for, where that is longer."""
    ours: timedelta = min(FIRST_PAUSE * 2 ** min(failures - 1, 10), LONGEST_PAUSE)
    return max(ours, failure.retry_after) if isinstance(failure, Busy) else ours

"""Forgetting: everything of a fan goes, in one transaction, whatever is being heard or sent at that moment.

What stays is a keyed hash of each address and handle, so that he is left alone if we should meet him again; that
somebody was erased, and when; for some days the keyed hashes of what the platforms may bring once more; and the hash
of an address that is in a custom audience, until its platform has let go of it.
"""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

import structlog
from sqlalchemy import delete
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlmodel import Session, col, select

from bot import audiences, inbox, journey, lanes, others, traces
from bot.assembly import Bot
from bot.traces import HIS, Traces
from leads import pipeline
from optin import erasures, links, people
from optin.erasures import How
from optin.fans import Fan, Handle, Profile
from optin.standing import Purpose

TRIES = 5  # of an erasure that meets somebody who writes about the same fan

log = structlog.get_logger()


def forget(bot: Bot, fan_ids: Collection[UUID], how: How) -> str | None:
    """Erase these fans. Says the code under which they may look it up; None where there is nobody to erase."""
    others.unname(bot, fan_ids)
    for _ in range(TRIES - 1):
        try:
            return _erase_once(bot, fan_ids, how)
        except (IntegrityError, OperationalError) as error:
            log.warning("erasing_again", error=type(error.orig).__name__)
    return _erase_once(bot, fan_ids, how)


def _erase_once(bot: Bot, fan_ids: Collection[UUID], how: How) -> str | None:
    with bot.transaction() as session:
        return erase(session, bot, fan_ids, how, bot.now())


def erase(session: Session, bot: Bot, fan_ids: Collection[UUID], how: How, now: datetime) -> str | None:
    """Take these fans out of every table. The row in `erasure` comes first: without it the journals keep theirs."""
    _wait_for_who_hears_them(session, fan_ids)
    _hear_their_last_words(session, bot, fan_ids)
    known = session.exec(select(Fan.id).where(col(Fan.id).in_(fan_ids))).all()
    if not known:
        return None
    code = f"{bot.draw():016x}"
    erasures.begin(session, known, code, how, now)
    them = traces.of(session, bot, known)
    _leave_hashes(session, bot, them, how, now)
    others.keep_nothing(session, bot, them, now)
    left = whom_they_leave(session, known)
    links.cut(session, known)
    others.keep_no_words(session, bot, them)
    pipeline.erase(session, known, now)
    pipeline.touch_all(session, left, now)
    audiences.let_go(session, known)
    for table, where in HIS.items():
        session.connection().execute(delete(table).where(where(them)))
    erasures.finish(session, known, now)
    log.info("erased", fans=len(known), how=how.value)
    return code


def whom_they_leave(session: Session, fan_ids: Collection[UUID]) -> set[UUID]:
    """Who was one person with them: his lead may have gone on under theirs, and goes on by itself now."""
    together = {one for person in people.load(session, fan_ids).values() for one in person.fan_ids}
    return together - set(fan_ids)


def _wait_for_who_hears_them(session: Session, fan_ids: Collection[UUID]) -> None:
    """Who hears a fan, or somebody who is one with him, writes about him: one after the other."""
    asked = select(Fan.person_id).where(col(Fan.id).in_(fan_ids))
    theirs = select(Profile).join(Fan).where(col(Fan.person_id).in_(asked))
    profiles = session.exec(theirs).all()
    lanes.hold(session, {lanes.standing_of(one.platform, one.account, one.handle) for one in profiles})


def _hear_their_last_words(session: Session, bot: Bot, fan_ids: Collection[UUID]) -> None:
    """A no that nobody has heard yet holds for whoever is one with them, and for them when they come back."""
    unheard = inbox.unheard_of(session, fan_ids)
    if not unheard:
        return
    try:
        with session.begin_nested():
            journey.hear(session, bot, unheard)
    except DBAPIError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, it must not keep anybody from being forgotten
        log.warning("last_words_broke", error=type(error).__name__, entries=len(unheard))


def _leave_hashes(session: Session, bot: Bot, them: Traces, how: How, now: datetime) -> None:
    secret = bot.settings.secret
    wanted = refused(session, them) if how is How.RETENTION else them.handles
    erasures.suppress(session, secret, wanted, now)
    again = {erasures.fingerprint(secret, erasures.REDELIVERY, *words) for words in them.said}
    erasures.expect_again(session, again, now)


def refused(session: Session, them: Traces) -> set[Handle]:
    """Where their last word was no: that holds for as long as we may keep it, even when all else has run out."""
    everybody = people.load(session, them.fan_ids)
    said_no = {
        Handle(one.platform, one.account, one.handle)
        for one in them.profiles
        for about in (Purpose.SERVICE, Purpose.OFFERS)
        if everybody[one.fan_id].standing(one.fan_id, one.platform, about).withdrawn
    }
    return said_no | {
        Handle(erasures.EMAIL, "", claim.email)
        for claim in them.claims
        if claim.email and everybody[claim.fan_id].standing(claim.fan_id, erasures.EMAIL).withdrawn
    }

"""Claiming: a fan takes an offer, on a page or in a chat, and may say that he wants to hear from us."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session

from bot import confirming
from bot.assembly import Bot
from bot.confirming import EMAIL
from bot.reach import PHONE
from leads import hooks, merits, pipeline
from leads.hooks import Event, Happened
from leads.pipeline import Lead
from offers import arrivals, catalog, claims, coupons, listed, stock
from offers.catalog import Offer
from offers.claims import Claim
from optin import consents, fans, people
from optin.wordings import Wording, wording


class Kept(StrEnum):
    """Why a claim gives no code."""

    SOLD_OUT = "sold_out"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Code:
    """The fan's code; `fresh` where he has it since just now."""

    code: str
    fresh: bool


@dataclass(frozen=True, slots=True)
class Turn:
    """A claim, of what, and all fans who its person is."""

    claim: Claim
    offer: Offer
    fan_ids: Collection[UUID]


def in_turn(session: Session, word: str) -> Turn | None:
    """The claim that this word opens, with its person held: tabs and chats take turns."""
    fan_ids = claims.hold(session, word)
    found = claims.behind(session, word) if fan_ids else None
    return Turn(*found, fan_ids) if found else None


@dataclass(frozen=True, slots=True)
class _Around:
    """What stands around a claim, and decides what its code brings with it."""

    code: str | None  # that the person has of the offer already
    came_by: int | None
    has_friends: bool
    is_led: bool
    is_listened_to: bool


# Made once, and one statement: it is asked for each code, of which a rush may want hundreds a second.
_AROUND = sa.select(
    claims.CODE_OF.scalar_subquery(), arrivals.LAST, arrivals.BY_A_FRIEND, pipeline.IS_LED, hooks.ANYBODY
)


def _around(session: Session, turn: Turn) -> _Around:
    asked = {"fan_ids": turn.fan_ids, "offer": turn.offer.id}
    return _Around(*session.connection().execute(_AROUND, asked).one())


def take(session: Session, bot: Bot, turn: Turn, email: str, now: datetime) -> Code | Kept:
    """Give the fan his code, once for all time. A second click, a refresh, another tab or profile finds the same code.

    Whoever calls this holds the person (`in_turn`, or `links.hold`). Everybody locks in one order, so that nobody
    waits for ever: persons, then offers, then the leads' revision.
    """
    claim, offer, around = turn.claim, turn.offer, _around(session, turn)
    if around.code is not None:
        if claims.join(session, claim, email):
            pipeline.note_deeds(session, [claim.fan_id], now)
        return Code(around.code, fresh=False)
    if not catalog.is_open(offer, now):
        return Kept.CLOSED
    code = None if catalog.is_sold_out(offer) else _next_code(session, bot, claim, offer)
    if code is None:
        return Kept.SOLD_OUT
    claims.settle(session, claim, email, code, around.came_by, now)
    _note(session, claim, around, now)
    return Code(code, fresh=True)


def _note(session: Session, claim: Claim, around: _Around, now: datetime) -> None:
    """Whom it concerns that a code was given."""
    if around.has_friends:
        merits.brought(session, arrivals.ends(session, claim.fan_id), now)
    if around.is_listened_to:
        hooks.note(session, [Happened(Event.OFFER_CLAIMED, claim.fan_id, claim_id=claim.id)], now)
    if around.is_led:
        pipeline.note_deeds(session, [claim.fan_id], now)


def _next_code(session: Session, bot: Bot, claim: Claim, offer: Offer) -> str | None:
    """One of the stock, or None where nothing is left."""
    if not stock.take_one(session, offer.id):
        return None
    if offer.codes_listed:
        return listed.take(session, offer.id, claim.id)
    return coupons.write(bot.draw, offer.code_prefix)


def allow(
    session: Session,
    bot: Bot,
    claim: Claim,
    ticked: dict[str, Wording],
    how: str,
    evidence: str,
    now: datetime,
    given_at: datetime | None = None,
) -> Lead | None:
    """Write down each channel that he ticked, with the words he saw, and make him a lead. Nothing ticked, no lead.

    A yes to e-mails is confirmed by a click in a mail first, where mails can be sent: it makes him a lead then.
    """
    claims.finish(session, claim)
    to_confirm = {EMAIL} & set(ticked) if confirming.is_possible(bot) else set()
    for channel in to_confirm:
        confirming.ask(session, bot, claim, ticked[channel], how, evidence, now)
    proofs = [
        consents.record(session, _yes(claim, channel, words, how, evidence, given_at or now, now))
        for channel, words in ticked.items()
        if channel not in to_confirm
    ]
    if not proofs:
        return None
    fan_ids = people.one(session, claim.fan_id).fan_ids
    first_touch_at = fans.first_heard_at(session, fan_ids) or claim.opened_at
    return pipeline.promote(session, bot.new_id(), claim, proofs[0], first_touch_at, now)


def _yes(
    claim: Claim, channel: str, words: Wording, how: str, evidence: str, given_at: datetime, now: datetime
) -> dict[str, Any]:
    place = ":".join(part for part in (claim.platform, claim.account, claim.post) if part)
    return consents.granted(
        claim.fan_id, channel, words, how, evidence, now, claim.profile_id, place=place, given_at=given_at
    )


def channels(bot: Bot, claim: Claim, language: str, told: Mapping[str, str] | None = None) -> dict[str, Wording]:
    """What a fan may allow on a claim's page: a channel each, and the words for it. By phone where he told a number."""
    brand = bot.settings.brand
    asked = {"email": wording("offers_email", language, brand)}
    connector = bot.connectors.get(claim.platform)
    if connector is not None and connector.rules.opens_window:
        asked[claim.platform] = wording("offers_messages", language, brand)
    if (told or {}).get(PHONE):
        asked[PHONE] = wording("offers_phone", language, brand)
    return asked

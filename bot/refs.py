"""Refs: what a link of ours carries to the platform and back: which offer is wanted, and by which way.

A link is for everyone to see, so nothing in it is personal, and nothing in it is believed. A way's code is looked up;
the word in a fan's own link is sealed for that purpose, and names his claim, which it does not open. Telegram carries
64 characters of A-Z, a-z, 0-9, _ and - (https://core.telegram.org/bots/features#deep-linking), m.me up to 2,083
(https://developers.facebook.com/docs/messenger-platform/discovery/m-me-links, both read 2026-11).
"""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col

from bot.inbox import Entry
from offers import ways_in
from offers.claims import Claim
from optin import tokens
from optin.tokens import Page

WAY = "in-"  # and the code of a way that a marketer named
FRIEND = "friend-"  # and the sealed id of the claim of whoever shares his link


@dataclass(frozen=True, slots=True)
class Ref:
    """What a link says: an offer, and the way or the fan to whom it belongs."""

    offer_id: UUID
    way_id: UUID | None = None
    campaign: str = ""  # of that way
    shared_by: UUID | None = None


def of_way(code: str) -> str:
    return WAY + code


def of_friend(secret: str, claim_id: UUID) -> str:
    return FRIEND + tokens.seal(secret, Page.FRIEND, claim_id)


def read(session: Session, secret: str, entries: Collection[Entry]) -> dict[str, Ref]:
    """What the links say by which these fans came, by payload: at most two queries, and mostly none."""
    payloads = {entry.interaction.payload for entry in entries}
    return _ways(session, payloads) | _friends(session, secret, payloads)


def _ways(session: Session, payloads: Collection[str]) -> dict[str, Ref]:
    codes = [payload.removeprefix(WAY) for payload in payloads if payload.startswith(WAY)]
    return {
        of_way(code): Ref(way.offer_id, way.id, way.campaign) for code, way in ways_in.behind(session, codes).items()
    }


def _friends(session: Session, secret: str, payloads: Collection[str]) -> dict[str, Ref]:
    sealed = {payload: payload.removeprefix(FRIEND) for payload in payloads if payload.startswith(FRIEND)}
    claims = {payload: tokens.opened(secret, Page.FRIEND, word) for payload, word in sealed.items()}
    named = [claim_id for claim_id in claims.values() if claim_id is not None]
    if not named:
        return {}
    theirs = sa.select(col(Claim.id), col(Claim.offer_id), col(Claim.fan_id)).where(col(Claim.id).in_(named))
    found = {claim_id: Ref(offer_id, shared_by=fan_id) for claim_id, offer_id, fan_id in session.execute(theirs)}
    return {payload: found[claim_id] for payload, claim_id in claims.items() if claim_id in found}

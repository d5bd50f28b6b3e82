"""Learning: what was brought to fans and what they took of it, counted for the arbitration of offers.

Who asks for an offer takes it anyway, and would make any message look good: what answered a wish is counted apart, and
only where offers competed for it and the draw chose (bot/settling.py), so that each had a fair chance to be taken.
"""

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import func
from sqlmodel import Session, col

from bot.assembly import Bot
from bot.outbox import Outgoing, State
from offers import arms
from offers.claims import Claim

REMEMBERED = timedelta(days=180)  # tastes change
PATIENCE = timedelta(days=2)  # a message that nobody took counts against its offer only then


def learn(bot: Bot) -> int:
    """Count anew. Says how many arms there are."""
    with bot.transaction() as session:
        counted = _counted(session, bot.now())
        arms.replace(session, counted)
        return len(counted)


def _counted(session: Session, now: datetime) -> list[dict[str, object]]:
    took = col(Claim.claimed_at).is_not(None) & (col(Claim.claimed_at) >= col(Outgoing.created_at))
    arm: tuple[Any, ...] = (
        col(Outgoing.offer_id),
        col(Outgoing.platform).label("channel"),
        col(Outgoing.segment),
        (col(Outgoing.solicits) == "").label("asked"),
    )
    counts = (func.count().label("shown"), func.count().filter(took).label("claimed"))
    brought = (
        sa.select(*arm, *counts)
        .outerjoin(Claim, col(Claim.id) == col(Outgoing.claim_id))
        .where(
            col(Outgoing.state) == State.SENT.value,
            sa.or_(col(Outgoing.solicits) != "", col(Outgoing.segment) != ""),
            col(Outgoing.offer_id).is_not(None),
            col(Outgoing.created_at) > now - REMEMBERED,
            sa.or_(took, col(Outgoing.sent_at) <= now - PATIENCE),
        )
        .group_by(*arm)
    )
    return [dict(row) for row in session.execute(brought).mappings()]

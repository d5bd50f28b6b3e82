"""The dossier: all that we keep of a person, for himself, for an auditor, or to take along to another service.

It reads what bot/traces.py names, and so holds whatever an erasure would remove.
"""

import json
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session, SQLModel, col, select

from bot import traces
from bot.assembly import Bot
from bot.pace import Pace
from bot.traces import HIS, QUOTES, Traces
from leads.pipeline import Lead
from offers.catalog import Offer
from optin import addresses, erasures, people, wordings
from optin.fans import Fan, Profile

FORMAT = 1  # of the JSON: changed with any field that is renamed or taken away
# Of no person, or of another one.
INSIDE = frozenset(
    {
        "lane", "attempts", "once", "token_hash", "person_id", "manager_id", "revision", "came_by", "came_first",
        "shared_by", "other_id",
    }
)  # fmt: skip
BY_WHOM = frozenset({"said_by", "by"})
Dossier = dict[str, Any]


def of(session: Session, bot: Bot, fan_id: UUID) -> Dossier | None:
    """The dossier of this fan and of whoever is one person with him. None where there is nobody."""
    if session.get(Fan, fan_id) is None:
        return None
    person = people.one(session, fan_id)
    them = traces.of(session, bot, person.fan_ids)
    told = {str(table.__tablename__): _rows(session, table, them) for table in (*HIS, *QUOTES) if table is not Pace}
    for line in told["consent"]:
        line["words"] = wordings.shown(line["wording"], line["wording_hash"], bot.settings.brand)
    names = _offers(session, [row["offer_id"] for row in told["claim"]])
    for claim in told["claim"]:
        claim["offer"] = names.get(claim["offer_id"], "")
    about = {"format": FORMAT, "brand": bot.settings.brand, "made_at": bot.now(), "language": person.languages[fan_id]}
    return about | told


def as_json(dossier: Dossier) -> str:
    return json.dumps(dossier, ensure_ascii=False, indent=2, default=_plain)


def found(session: Session, bot: Bot, wanted: str) -> set[UUID]:
    """The fans whom an id, a handle or an e-mail address means, and those of whom only a proof is left."""
    try:
        fan = session.get(Fan, UUID(wanted))
    except ValueError:
        known_as = (wanted, erasures.instead_of(bot.settings.secret, wanted))
        by_handle = select(Profile.fan_id).where(col(Profile.handle).in_(known_as))
        by_address = select(Lead.fan_id).where(Lead.email_hash == addresses.hash_of(wanted))
        return _one_each(session, {*session.exec(by_handle), *session.exec(by_address)})
    return {fan.id} if fan else set()


def _one_each(session: Session, fan_ids: set[UUID]) -> set[UUID]:
    """One fan of each person: a dossier is of all whom he is."""
    everybody = people.load(session, fan_ids)
    return {min(fan_ids.intersection(person.fan_ids)) for person in everybody.values()}


def shown(session: Session, fan_ids: set[UUID]) -> list[str]:
    """A line for each of these fans, to choose from."""
    known = select(Profile).where(col(Profile.fan_id).in_(fan_ids)).order_by(col(Profile.fan_id), col(Profile.id))
    return [f"{one.fan_id}  {one.platform} {one.handle} {one.name}".rstrip() for one in session.exec(known)]


def _rows(session: Session, table: type[SQLModel], them: Traces) -> list[dict[str, Any]]:
    where = (HIS[table] if table in HIS else QUOTES[table])(them)
    keys = list(table.__table__.primary_key.columns)  # type: ignore[attr-defined]
    return [_told(row) for row in session.exec(select(table).where(where).order_by(*keys))]


def _told(row: SQLModel) -> dict[str, Any]:
    """A row without what is ours alone, or another person's: which manager spoke is nothing of the fan's."""
    columns = {name: value for name, value in row.model_dump().items() if name not in INSIDE}
    managers = {name: "manager" for name in BY_WHOM & columns.keys() if str(columns[name]).startswith("manager:")}
    return columns | managers


def _offers(session: Session, offer_ids: list[UUID]) -> Mapping[UUID, str]:
    return dict(session.exec(select(Offer.id, Offer.name).where(col(Offer.id).in_(offer_ids))).all())


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime | date) else str(value)

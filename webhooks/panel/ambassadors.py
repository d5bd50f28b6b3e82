"""The ambassadors: who does most for the brand now, with the parts of each score."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from apiflask import APIBlueprint
from flask import render_template
from sqlmodel import Session

from leads import scores
from leads.ambassadors import HALF, WHOLE, WORTH, Score
from optin.fans import Profile
from webhooks.door import the_bot
from webhooks.panel import fan_reports

MOST = 100

blueprint = APIBlueprint("ambassadors", __name__, enable_openapi=False)


@dataclass(frozen=True, slots=True)
class Ambassador:
    """A person with a score; his profiles, the one that we know longest first."""

    profiles: Sequence[Profile]
    score: Score


@blueprint.get("/ambassadors")
def show() -> str:
    bot = the_bot()
    with bot.reading() as session:
        found = _found(session)
    return render_template(
        "panel/ambassadors.html", ambassadors=found, most=MOST, worth=WORTH, whole=WHOLE.days, half=HALF.days
    )


def _found(session: Session) -> list[Ambassador]:
    best = scores.best(session, MOST, the_bot().now())
    profiles = _profiles(session, [fan_id for person, _ in best for fan_id in person.fan_ids])
    return [
        Ambassador([one for fan_id in person.fan_ids for one in profiles.get(fan_id, ())], score)
        for person, score in best
    ]


def _profiles(session: Session, fan_ids: Sequence[UUID]) -> Mapping[UUID, list[Profile]]:
    found: dict[UUID, list[Profile]] = {}
    for one in fan_reports.of_fans(session, fan_ids) if fan_ids else ():
        found.setdefault(one.fan_id, []).append(one)
    return found

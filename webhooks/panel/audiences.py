"""Custom audiences: with whom each is filled, how many are in it, and what to do where its platform takes nothing."""

from dataclasses import dataclass
from uuid import UUID

from apiflask import APIBlueprint
from flask import Response, abort, flash, make_response, redirect, render_template, request, url_for

from bot import audiences, targeting
from bot.audiences import AudienceList
from offers import catalog
from offers.catalog import Offer
from webhooks.door import the_bot
from webhooks.panel import who

EVERYBODY = "everybody"

blueprint = APIBlueprint("audiences", __name__, enable_openapi=False)


@dataclass(frozen=True, slots=True)
class Shown:
    """`row` is None where nobody has filled it yet; `reached` says whether its settings are there."""

    id: str
    row: AudienceList | None
    counts: dict[str, int]
    reached: bool

    @property
    def connected(self) -> bool:
        return self.row is not None and self.row.connected


@blueprint.get("/audiences")
def show() -> str:
    bot = the_bot()
    with bot.reading() as session:
        rows = {row.id: row for row in audiences.all_of_them(session)}
        counts, offers = audiences.counts(session), catalog.all_of_them(session)
    shown = [
        Shown(one, rows.get(one), counts.get(one, {}), one in bot.audiences)
        for one in sorted({*bot.audiences, *rows})
        if one in bot.audiences or counts.get(one)
    ]
    return render_template("panel/audiences.html", shown=shown, offers=offers, everybody=EVERYBODY)


@blueprint.post("/audiences/<audience_id>/fill")
def fill(audience_id: str) -> Response:
    bot, whom = the_bot(), request.form.get("whom", "")
    if audience_id not in bot.audiences:
        abort(404)
    with bot.transaction() as session:
        offer = None if whom == EVERYBODY else session.get(Offer, _id(whom))
        if offer is None and whom != EVERYBODY:
            abort(400)
        targeting.fill(session, audience_id, offer, who.me(), bot.now())
    return _back("audience_filled")


@blueprint.post("/audiences/<audience_id>/empty")
def empty(audience_id: str) -> Response:
    bot = the_bot()
    with bot.transaction() as session:
        row = session.get(AudienceList, audience_id) or abort(404)
        done = targeting.empty(session, row, who.me(), bot.now())
    return _back("audience_emptied" if done else "decided_already")


@blueprint.post("/audiences/<audience_id>/again")
def again(audience_id: str) -> Response:
    """Somebody has mended what was wrong: it need not wait any longer."""
    with the_bot().transaction() as session:
        row = session.get(AudienceList, audience_id) or abort(404)
        row.rests_until = None
        session.add(row)
    return _back("audience_again")


def _id(word: str) -> UUID:
    try:
        return UUID(word)
    except ValueError:
        abort(400)


def _back(verb: str) -> Response:
    flash("", verb)
    return make_response(redirect(url_for("panel.audiences.show"), 303))

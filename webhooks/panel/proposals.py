"""Bringing an offer to one fan: first what would become of it, then the manager's word."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from apiflask import APIBlueprint
from flask import Response, abort, flash, make_response, redirect, render_template, request, url_for
from sqlmodel import Session

from bot import arbitrating, bringing, explaining, own_words, soliciting
from bot.arbitrating import Decision
from bot.soliciting import Preview
from bot.weighing import Choice
from offers.catalog import Offer
from optin import people
from optin.permits import Deferral, Refusal
from webhooks.door import the_bot
from webhooks.panel import fan_reports, who

blueprint = APIBlueprint("proposals", __name__, enable_openapi=False)

BEST = "best"  # in the place of an offer: whichever is the best for him
LONGEST_CHANCE = 20  # digits of 64 bits


@blueprint.get("/fans/<uuid:fan_id>/propose")
def look(fan_id: UUID) -> Response:
    """The answer before anything is decided: looking changes nothing."""
    if request.args.get("offer") == BEST:
        return _best(fan_id, 200)
    return _page(fan_id, _id(request.args.get("offer", "")), 200)


@blueprint.post("/fans/<uuid:fan_id>/propose")
def propose(fan_id: UUID) -> Response:
    bot, offer_id = the_bot(), _id(request.form.get("offer", ""))
    with bot.transaction() as session:
        offer = session.get(Offer, offer_id) or abort(404)
        _be_a_fan(session, fan_id)
        best = _the_same_best(session, fan_id, offer_id)
        if best is not None or "chance" not in request.form:
            choice = _choice(best) if best else None
            proposed = bringing.propose(session, bot, fan_id, offer, who.me(), bot.now(), choice)
    if best is None and "chance" in request.form:
        return _best(fan_id, 409)
    if isinstance(proposed.answer, Refusal):
        return _page(fan_id, offer_id, 409, answered=proposed.answer)
    flash(str(proposed.message_id), "put_off" if isinstance(proposed.answer, Deferral) else "proposed")
    return make_response(redirect(url_for("panel.fans.one", fan_id=fan_id), 303))


@dataclass(frozen=True, slots=True)
class Best:
    """What was found to be the best for him, and the chance by which it was: it can be found again."""

    decision: Decision
    chance: int

    @property
    def kept(self) -> dict[str, Any]:
        return arbitrating.as_chosen(self.decision, self.chance)


def _best(fan_id: UUID, status: int) -> Response:
    """The best for him, with all that it was weighed against."""
    bot = the_bot()
    chance = bot.draw()
    with bot.reading() as session:
        _be_a_fan(session, fan_id)
        best = Best(arbitrating.best_for(session, bot, fan_id, bot.now(), chance), chance)
    winner = best.decision.winner
    return _page(fan_id, winner.offer_id if winner else None, status, best)


def _the_same_best(session: Session, fan_id: UUID, offer_id: UUID) -> Best | None:
    """What was seen before the button was pressed, where it is still the best."""
    typed = request.form.get("chance", "")
    if not (typed.isascii() and typed.isdigit() and len(typed) <= LONGEST_CHANCE):
        return None
    bot = the_bot()
    best = Best(arbitrating.best_for(session, bot, fan_id, bot.now(), int(typed)), int(typed))
    winner = best.decision.winner
    return best if winner is not None and winner.offer_id == offer_id else None


def _choice(best: Best) -> Choice | None:
    winner = best.decision.winner
    return Choice(winner.profile_id, best.kept) if winner else None


def _page(
    fan_id: UUID, offer_id: UUID | None, status: int, best: Best | None = None, answered: Refusal | None = None
) -> Response:
    """What would become of this offer, or why nothing came of it; of none, why nothing is the best for him."""
    bot, mine = the_bot(), own_words.signature(who.me())
    choice = _choice(best) if best else None
    with bot.reading() as session:
        fan_ids = _be_a_fan(session, fan_id)
        offer, preview = None, Preview(Refusal(best.decision.why if best else ""))
        if offer_id is not None:
            offer = session.get(Offer, offer_id) or abort(404)
            preview = soliciting.preview(session, bot, fan_id, offer, bot.now(), mine, choice)
            if answered is not None and not isinstance(preview.answer, Refusal):
                preview = Preview(answered)  # the lot, which no preview knows
        profiles = fan_reports.of_fans(session, fan_ids)
        kept = best.kept["arbitration"] if best else {}
        ranking = explaining.ranked(kept, explaining.names(session, [best.kept]) if best else {})
    page = render_template(
        "panel/proposal.html", fan_id=fan_id, offer=offer, preview=preview, profiles=profiles, best=best,
        ranking=ranking,
    )  # fmt: skip
    return make_response(page, status)


def _be_a_fan(session: Session, fan_id: UUID) -> tuple[UUID, ...]:
    try:
        return people.one(session, fan_id).fan_ids
    except KeyError:
        abort(404)


def _id(typed: str) -> UUID:
    try:
        return UUID(typed)
    except ValueError:
        abort(404)

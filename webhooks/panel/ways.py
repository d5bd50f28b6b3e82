"""Ways in to an offer: its links, to post or to print, each under a name by which it is seen who came by it."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from apiflask import APIBlueprint
from flask import Response, abort, flash, make_response, redirect, render_template, request, url_for
from sqlmodel import Session

from bot import preview, refs, shelf
from bot.assembly import Bot
from bot.preview import ENTRANCE, Entrance
from offers import arrivals, editing, ways_in
from offers.catalog import Offer
from offers.texts import Fault
from offers.ways_in import Name
from webhooks import pictures
from webhooks.door import the_bot
from webhooks.panel import who

blueprint = APIBlueprint("ways", __name__, enable_openapi=False)


@dataclass(frozen=True, slots=True)
class Way:
    """A way in, with its link on each platform that has any. The one without a code was there from the beginning."""

    code: str
    name: Name
    entrances: list[Entrance]
    came: int


@blueprint.get("/offers/<uuid:offer_id>/ways")
def show(offer_id: UUID) -> Response:
    return _page(offer_id, Name(), {}, 200)


@blueprint.post("/offers/<uuid:offer_id>/ways")
def add(offer_id: UUID) -> Response:
    typed = Name.typed(*(request.form.get(word, "") for word in ("source", "medium", "campaign")))
    faults = ways_in.faults(typed)
    if faults:
        return _page(offer_id, typed, faults, 422)
    bot = the_bot()
    with bot.transaction() as session:
        offer = session.get(Offer, offer_id) or abort(404)
        named = shelf.name_way(session, bot, offer, typed, who.me(), bot.now())
    flash("", "way_named" if named else "way_known")
    return make_response(redirect(url_for("panel.ways.show", offer_id=offer_id), 303))


@blueprint.get("/offers/<uuid:offer_id>/ways/qr.svg")
def picture(offer_id: UUID) -> Response:
    """The picture of one of the links on the page, and of no other text."""
    wanted = tuple(request.args.get(word, "") for word in ("way", "platform", "account"))
    bot = the_bot()
    with bot.reading() as session:
        ways = of(session, bot, session.get(Offer, offer_id) or abort(404))
    links = {(way.code, one.platform, one.account): one.link for way in ways for one in way.entrances}
    if wanted not in links:
        abort(404)
    drawn = pictures.qr(links[wanted])
    drawn.headers["Content-Disposition"] = f'inline; filename="{wanted[1]}-{wanted[0] or "link"}.svg"'
    return drawn


def of(session: Session, bot: Bot, offer: Offer) -> list[Way]:
    """All ways to this offer, the plain one first."""
    named, sheet = ways_in.of(session, offer.id), editing.sheet_of(offer)
    came = arrivals.by_way(session, [way.id for way in named])
    plain = Way("", Name(), preview.entrances(bot, sheet, ENTRANCE + offer.slug), 0)
    return [
        plain,
        *(
            Way(
                way.code,
                Name(way.source, way.medium, way.campaign),
                preview.entrances(bot, sheet, refs.of_way(way.code)),
                came.get(way.id, 0),
            )
            for way in named
        ),
    ]


def _page(offer_id: UUID, typed: Name, faults: Mapping[str, list[Fault]], status: int) -> Response:
    bot = the_bot()
    with bot.reading() as session:
        offer = session.get(Offer, offer_id) or abort(404)
        ways = of(session, bot, offer)
    page = render_template(
        "panel/ways.html", offer=offer, ways=ways, typed=typed, faults=faults, longest=ways_in.LONGEST
    )
    return make_response(page, status)

"""The offers: listed, made, changed, opened, paused, and read in both languages before a fan reads them."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

from apiflask import APIBlueprint
from flask import Response, abort, flash, make_response, redirect, render_template, request, url_for
from sqlmodel import Session

from bot import preview, shelf
from bot.changes import Subject
from bot.preview import Reading
from offers import catalog, editing, ways_in
from offers.catalog import Kind, Offer
from offers.conditions import FIELDS, OPERATORS
from offers.editing import LANGUAGES, LONGEST, Amiss, Faults, Sheet, sheet_of
from offers.questions import Question
from offers.texts import VARIABLES, Fault
from optin.standing import Purpose
from webhooks.door import the_bot
from webhooks.panel import condition_form, journal_reports, offer_form, reach, reports, ways, who
from webhooks.panel.condition_form import Group, Match
from webhooks.panel.offer_form import Typed

COUNT = "count"  # among the buttons that reshape conditions, the one that only counts whom they reach

blueprint = APIBlueprint("offers", __name__, enable_openapi=False)


@blueprint.get("/offers")
def show() -> str:
    with the_bot().reading() as session:
        offers = reports.offers(session)
    return render_template("panel/offers.html", offers=offers, now=the_bot().now())


@blueprint.route("/offers/new", methods=["GET", "POST"])
def make() -> Response:
    if request.method == "GET":
        return _page(None, Typed(), {}, Sheet())
    typed = offer_form.sent(request.form)
    if "change" in request.form:
        return _reshaped(None, typed)
    sheet, faults = _read(typed, None)
    if faults or _only_looks():
        return _page(None, typed, faults, sheet)
    bot = the_bot()
    with bot.transaction() as session:
        offer = shelf.make(session, bot, sheet, typed["slug"], who.me(), bot.now())
        _open_if_asked(session, offer)
    return _to(offer.id, "opened" if _asks_to_open() else "made")


@blueprint.route("/offers/<uuid:offer_id>", methods=["GET", "POST"])
def one(offer_id: UUID) -> Response:
    offer = _offer(offer_id)
    if request.method == "GET":
        return _page(offer, offer_form.of(offer), {}, sheet_of(offer))
    typed = offer_form.sent(request.form)
    if "change" in request.form:
        return _reshaped(offer, typed)
    sheet, faults = _read(typed, offer)
    if faults or _only_looks():
        return _page(offer, typed, faults, sheet)
    if not _write(offer_id, _seen(offer), sheet):
        return _page(_offer(offer_id), typed, {"name": [Fault(Amiss.CHANGED)]}, sheet, 409)
    return _to(offer_id, "opened" if _asks_to_open() else "edited")


@blueprint.post("/offers/<uuid:offer_id>/open")
def open_(offer_id: UUID) -> Response:
    bot = the_bot()
    with bot.transaction() as session:
        offer = session.get(Offer, offer_id) or abort(404)
        faults = shelf.open_(session, bot, offer, who.me(), bot.now())
    if faults:
        return _page(offer, offer_form.of(offer), faults, sheet_of(offer))
    return _to(offer_id, "opened")


@blueprint.post("/offers/<uuid:offer_id>/pause")
def pause(offer_id: UUID) -> Response:
    bot = the_bot()
    with bot.transaction() as session:
        offer = session.get(Offer, offer_id) or abort(404)
        shelf.pause(session, offer, who.me(), bot.now())
    return _to(offer_id, "paused")


def _offer(offer_id: UUID) -> Offer:
    with the_bot().reading() as session:
        return session.get(Offer, offer_id) or abort(404)


def _read(typed: Typed, offer: Offer | None) -> tuple[Sheet, Faults]:
    """All that is wrong at once: of a field, what keeps it from being read rather than what else it lacks."""
    sheet, unread = offer_form.read(typed)
    to_open = shelf.faults_to_open(the_bot(), sheet) if _asks_to_open() else {}
    faults = to_open | shelf.faults(the_bot(), sheet, offer) | _no_stand_in(sheet, offer) | unread
    return sheet, _in_place(faults, typed)


def _in_place(faults: Faults, typed: Typed) -> Faults:
    return condition_form.faults(faults, condition_form.document(typed.conditions)[1]) if typed.conditions else faults


def _reshaped(offer: Offer | None, typed: Typed) -> Response:
    """A button among the conditions: the form comes back with a row more or less, and nothing is written down."""
    wish, sheet = request.form["change"], offer_form.read(typed)[0]
    if wish == COUNT:
        found = _in_place(editing.faults(sheet), typed)
        unfit = {name: told for name, told in found.items() if name.startswith(condition_form.ROOT)}
        return _page(offer, typed, unfit, sheet, 200)
    field = request.form.get(f"{condition_form.ROOT}{_dotted(wish)}.add", "")
    conditions, goes_on = condition_form.reshaped(typed.conditions or Group(), wish, field)
    return _page(offer, replace(typed, conditions=conditions), {}, sheet, goes_on=goes_on)


def _dotted(wish: str) -> str:
    place = wish.partition(":")[2]
    return f".{place}" if place else ""


def _no_stand_in(sheet: Sheet, offer: Offer | None) -> Faults:
    """What is wrong with the offer that is to stand in for this one."""
    if sheet.fallback_id is None:
        return {}
    if offer is not None and sheet.fallback_id == offer.id:
        return {"fallback_id": [Fault(Amiss.ITSELF)]}
    return {} if str(sheet.fallback_id) in _others(offer) else {"fallback_id": [Fault(Amiss.NO_SUCH_OFFER)]}


def _others(offer: Offer | None) -> dict[str, str]:
    """The names of all other offers, by id."""
    with the_bot().reading() as session:
        return {str(one.id): one.name for one in catalog.all_of_them(session) if offer is None or one.id != offer.id}


def _write(offer_id: UUID, seen: datetime, sheet: Sheet) -> bool:
    bot = the_bot()
    with bot.transaction() as session:
        written = shelf.edit(session, offer_id, seen, sheet, who.me(), bot.now())
        if written:
            _open_if_asked(session, session.get_one(Offer, offer_id, populate_existing=True))
    return written


def _open_if_asked(session: Session, offer: Offer) -> None:
    if _asks_to_open():
        shelf.open_(session, the_bot(), offer, who.me(), the_bot().now())


def _asks_to_open() -> bool:
    return "open" in request.form


def _only_looks() -> bool:
    """The form's second button shows how fans would read it, and writes nothing down."""
    return "look" in request.form


def _seen(offer: Offer) -> datetime:
    """How old the offer was that the manager changed."""
    try:
        seen = datetime.fromisoformat(request.form.get("seen", ""))
    except ValueError:
        return offer.updated_at
    return seen if seen.tzinfo else seen.replace(tzinfo=UTC)


def _to(offer_id: UUID, verb: str) -> Response:
    flash("", verb)
    return make_response(redirect(url_for("panel.offers.one", offer_id=offer_id), 303))


def _page(
    offer: Offer | None, typed: Typed, faults: Faults, sheet: Sheet, status: int = 422, goes_on: str = ""
) -> Response:
    bot, conditions = the_bot(), typed.conditions or Group()
    with bot.reading() as session:
        reached = reach.of(session, bot, conditions)
        choices = reach.choices(session, bot, conditions, offer.id if offer else None)
        ways_to = ways.of(session, bot, offer) if offer else []
    page = render_template(
        "panel/offer.html",
        offer=offer,
        typed=typed,
        faults=faults,
        readings=_readings(sheet),
        conditions=conditions,
        root=condition_form.ROOT,
        deepest=condition_form.DEEPEST_ADDED,
        purposes=list(Purpose),
        currency=bot.settings.currency,
        condition_fields=FIELDS,
        operators=OPERATORS,
        matches=list(Match),
        reached=reached,
        choices=choices,
        goes_on=goes_on,
        ways=ways_to,
        longest_way=ways_in.LONGEST,
        changes=_changes(offer),
        platforms=sorted({*bot.connectors, *typed.platforms}),
        accounts=_accounts(typed),
        kinds=[kind.value for kind in Kind],
        others=_others(offer),
        tongues=LANGUAGES,
        questions=list(Question),
        longest=LONGEST,
        variables=VARIABLES,
        now=bot.now(),
    )
    return make_response(page, status if faults else 200)


def _readings(sheet: Sheet) -> list[Reading]:
    """How it reads in each language whose texts can be read at all."""
    faults = editing.faults(sheet)
    readable = [
        language
        for language in LANGUAGES
        if sheet.texts.get(language) and not any(name.startswith(f"{language}.") for name in faults)
    ]
    return [preview.read(the_bot(), sheet, language) for language in readable]


def _changes(offer: Offer | None) -> list[object]:
    if offer is None:
        return []
    with the_bot().reading() as session:
        return list(journal_reports.journal(session, None, (Subject.OFFER, str(offer.id))).rows)


def _accounts(typed: Typed) -> dict[str, str]:
    """The accounts that may be chosen, each with its platform; one that is no longer set up stays to be seen."""
    known = {account: name for name, one in sorted(the_bot().connectors.items()) for account in one.accounts}
    return known | {account: "" for account in typed.accounts if account not in known}

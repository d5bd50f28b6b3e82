"""The queue: drafts that wait for a manager, to be approved, edited or rejected."""

import hashlib
from typing import Any
from uuid import UUID

from apiflask import APIBlueprint
from flask import Response, flash, make_response, redirect, render_template, request, url_for

from bot import desk, managers, own_words
from bot.desk import Done, TooLate
from bot.own_words import Unfit
from connectors import Way
from offers import catalog
from webhooks import i18n
from webhooks.door import the_bot
from webhooks.panel import asking, reports, who
from webhooks.panel.shapes import Slice, Told

blueprint = APIBlueprint("queue", __name__, enable_openapi=False)


@blueprint.get("/")
def show() -> Response:
    return _page(200)


@blueprint.get("/queue/cards")
def cards() -> Response:
    """The same drafts without the page around them; 304 where nothing has changed since they were last asked for."""
    drafts = _drafts()
    fingerprint = _fingerprint(drafts)
    if request.if_none_match.contains(fingerprint):
        answer = Response(status=304)
    else:
        answer = make_response(render_template("panel/fragment.html", drafts=drafts, problem=None, **SHOWN))
    answer.set_etag(fingerprint)
    return answer


@blueprint.post("/drafts/<uuid:message_id>/approve")
def approve(message_id: UUID) -> Response:
    bot, typed = the_bot(), request.form.get("text", "")
    with bot.transaction() as session:
        decided = desk.approve(session, bot, message_id, typed, who.me(), bot.now())
    return _answer(decided, message_id, "approved", typed)


@blueprint.post("/drafts/<uuid:message_id>/reject")
def reject(message_id: UUID) -> Response:
    bot, because = the_bot(), request.form.get("because", "")
    with bot.transaction() as session:
        decided = desk.reject(session, message_id, because, who.me(), bot.now())
    return _answer(decided, message_id, "rejected", because)


@blueprint.post("/drafts/<uuid:message_id>/reopen")
def reopen(message_id: UUID) -> Response:
    """Take a decision back, as long as nothing has left."""
    bot = the_bot()
    with bot.transaction() as session:
        decided = desk.reopen(session, message_id, who.me(), bot.now())
    return _answer(decided, message_id, "reopened", "")


def longest(told: Told) -> int:
    """How many letters the platform takes here."""
    message = told.message
    return own_words.longest(own_words.rules_of(the_bot(), message.platform), Way(message.way))


def gives_nothing(told: Told) -> bool:
    """Whether it offers what can't be had now."""
    is_offer = told.message.purpose == "offer"
    return is_offer and told.offer is not None and not catalog.can_be_had(told.offer, the_bot().now())


SHOWN: dict[str, Any] = {"longest": longest, "gives_nothing": gives_nothing}


def _answer(decided: Done | TooLate | Unfit, message_id: UUID, verb: str, typed: str) -> Response:
    if isinstance(decided, Done):
        flash(str(message_id), verb)
        return make_response(redirect(url_for("panel.queue.show", order=request.args.get("order")), 303))
    status = 409 if isinstance(decided, TooLate) else 422
    return _page(status, {"id": message_id, "verb": verb, "typed": typed, **_told(decided)})


def _told(decided: TooLate | Unfit) -> dict[str, object]:
    """Why it was not done, and who was faster. Nothing that was typed is lost: the page shows it again."""
    if isinstance(decided, Unfit):
        return {"unfit": decided.value}
    change = decided.change
    with the_bot().reading() as session:
        faster = managers.names(session).get(change.manager_id, "") if change else ""
    return {"late": decided, "faster": faster, "change": change}


def _page(status: int, problem: dict[str, object] | None = None) -> Response:
    drafts = _drafts()
    page = render_template(
        "panel/queue.html",
        drafts=drafts,
        fingerprint=_fingerprint(drafts),
        problem=problem,
        newest_first=_newest_first(),
        **SHOWN,
    )
    return make_response(page, status)


def _drafts() -> Slice[Told]:
    with the_bot().reading() as session:
        return reports.drafts(session, newest_first=_newest_first(), after=asking.after_id())


def _newest_first() -> bool:
    return request.args.get("order") == "newest"


def _fingerprint(drafts: Slice[Told]) -> str:
    """Changes whenever the cards would look different."""
    seen = [
        (one.message.id, one.message.text, one.message.valid_until, one.asked.text, gives_nothing(one))
        for one in drafts.rows
    ]
    return hashlib.sha256(repr((i18n.language(), seen, drafts.next)).encode()).hexdigest()[:32]

"""The counter: somebody shows a code, and whoever stands there sees at once whether it counts, and takes it."""

from uuid import UUID

from apiflask import APIBlueprint
from flask import Response, make_response, redirect, render_template, request, url_for

from bot import counter, managers
from bot.desk import TIME_TO_UNDO
from leads import redemptions
from leads.redemptions import Found, NotRedeemed, Redemption, Why
from webhooks.door import the_bot
from webhooks.panel import who

SLIP, TOO_LATE = "slip", "too_late"  # beside the words of redemptions.Why
LONGEST = 80  # letters that are read of what was typed

blueprint = APIBlueprint("counter", __name__, enable_openapi=False)


@blueprint.route("/counter", methods=["GET", "POST"])
def show() -> Response:
    """The field. A code is sent by POST: whoever knows it can use it, so it stands in no address."""
    if request.method == "GET":
        return _done(request.args.get("redeemed", ""))
    typed, now = _typed(), the_bot().now()
    if not typed:
        return _page()
    with the_bot().reading() as session:
        found = redemptions.look(session, typed)
    if found is None:
        return _page(422, typed, SLIP if redemptions.is_slip(typed) else Why.UNKNOWN)
    against = found.against(now)
    return _page(422 if against else 200, typed, against or "", found)


@blueprint.post("/counter/redeem")
def redeem() -> Response:
    bot, typed = the_bot(), _typed()
    with bot.transaction() as session:
        told = counter.redeem(session, bot, typed, who.me(), bot.now())
    if isinstance(told, NotRedeemed):
        return _page(409, typed, told.why, told.found)
    return make_response(redirect(url_for("panel.counter.show", redeemed=told.redemption.id), 303))


@blueprint.post("/counter/<uuid:redemption_id>/undo")
def undo(redemption_id: UUID) -> Response:
    bot = the_bot()
    with bot.transaction() as session:
        undone = counter.undo(session, redemption_id, who.me(), bot.now())
    return _page(undone=True) if undone else _page(409, "", TOO_LATE)


def _typed() -> str:
    return request.form.get("code", "").strip()[:LONGEST]


def _done(named: str) -> Response:
    """The empty field again; above it, for a moment, what was just taken."""
    with the_bot().reading() as session:
        known = session.get(Redemption, UUID(named)) if _is_id(named) else None
        done = known if known and counter.may_undo(known, who.me(), the_bot().now()) else None
        found = redemptions.of(session, done) if done else None
    return _page(found=found, done=done)


def _is_id(text: str) -> bool:
    try:
        return bool(UUID(text))
    except ValueError:
        return False


def _page(
    status: int = 200,
    typed: str = "",
    against: str = "",
    found: Found | None = None,
    done: Redemption | None = None,
    undone: bool = False,
) -> Response:
    used = found.used if found else None
    with the_bot().reading() as session:
        names = {f"manager:{manager_id}": name for manager_id, name in managers.names(session).items()}
    page = render_template(
        "panel/counter.html",
        typed=typed,
        against=against,
        found=found,
        done=done,
        undone=undone,
        by=(names.get(used.by) or used.place) if used else "",
        undo_seconds=int(TIME_TO_UNDO.total_seconds()),
    )
    return make_response(page, status)

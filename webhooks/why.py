"""Why a message came, in two sentences, with a button to get no more of them."""

from apiflask import APIBlueprint
from flask import Response, make_response, redirect, request, url_for

from bot import choosing, pages, reasons
from bot.choosing import Word
from offers import catalog
from optin.tokens import Page
from webhooks import i18n
from webhooks.door import the_bot
from webhooks.guest import behind, meet, told, unknown
from webhooks.visit import came_from_here

PLACE = "/why"

# As in webhooks/claim.py: the word in the address is all that opens these pages, so they carry no CSRF token.
blueprint = APIBlueprint("why", __name__, url_prefix=PLACE, enable_openapi=False)


@blueprint.before_request
def refuse_other_sites() -> Response | None:
    if request.method == "POST" and not came_from_here():
        return told("claim/elsewhere", 403, back=url_for("why.look", **(request.view_args or {})))
    return None


@blueprint.get("/<word>")
def look(word: str) -> Response:
    bot = the_bot()
    with behind(word, Page.WHY, bot.reading) as found:
        reason = reasons.of(found[0], bot, found[1]) if found else None
        guest = meet(found[0], reason.message.fan_id) if found and reason else None
        if reason is None or guest is None:
            return unknown()
        standing = guest.person.standing(guest.fan_id, reason.message.platform, reason.purpose)
        return told(
            "fan/why",
            word=word,
            reason=reason,
            others=[catalog.texts(one, i18n.language()).get("title") or one.name for one in reason.others],
            guest=guest,
            stopped=standing.lines[0] if standing.withdrawn else None,
            choices=pages.path(bot, Page.CHOICES, guest.fan_id),
            rights=pages.path(bot, Page.RIGHTS, guest.fan_id),
        )


@blueprint.post("/<word>/stop")
def stop(word: str) -> Response:
    """No more of this kind on this channel."""
    bot = the_bot()
    with behind(word, Page.WHY, bot.transaction) as found:
        reason = reasons.of(found[0], bot, found[1]) if found else None
        if found is None or reason is None:
            return unknown()
        message, now = reason.message, bot.now()
        said = Word(message.fan_id, message.profile_id, "page", str(bot.new_id()), now, PLACE)
        choosing.stop(found[0], bot, reason.person, said, message.platform, now, [reason.purpose])
    return make_response(redirect(url_for("why.look", word=word), 303))

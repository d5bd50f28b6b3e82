"""The page behind the link in a confirming mail. Only its button confirms: programs that scan mails open every link."""

from apiflask import APIBlueprint
from flask import Response, make_response, redirect, render_template, request, url_for

from bot import confirming
from optin import confirmations
from webhooks import i18n
from webhooks.door import the_bot
from webhooks.visit import came_from_here

# As in webhooks/claim.py: the word in the address is all that opens it, and a foreign page would have to know that.
blueprint = APIBlueprint("confirm", __name__, url_prefix="/confirm", enable_openapi=False)


@blueprint.get("/<word>")
def look(word: str) -> Response:
    bot = the_bot()
    with bot.reading() as session:
        asked = confirming.behind(session, bot, word)
        if asked is None:
            return _told("unknown", 404)
        if asked.confirmed_at is not None:
            return _told("done")
        i18n.prefer(asked.wording.rpartition(".")[2])
        words = confirming.words(bot, asked)
        return _told("ask" if confirmations.is_open(asked, bot.now()) else "late", word=word, asked=asked, words=words)


@blueprint.post("/<word>")
def confirm(word: str) -> Response:
    bot = the_bot()
    if not came_from_here():
        return make_response(redirect(url_for("confirm.look", word=word), 303))
    with bot.transaction() as session:
        asked = confirming.behind(session, bot, word)
        if asked is None:
            return _told("unknown", 404)
        confirming.confirm(session, bot, asked, bot.now())
    return make_response(redirect(url_for("confirm.look", word=word, lang=request.args.get("lang")), 303))


def _told(page: str, status: int = 200, **facts: object) -> Response:
    return make_response(render_template(f"confirm/{page}.html", brand=the_bot().settings.brand, **facts), status)

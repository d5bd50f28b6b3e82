"""All that is kept of a fan, for an auditor, or to be handed to the fan who asked for it."""

from uuid import UUID

from apiflask import APIBlueprint
from flask import Response, abort

from bot import dossier, pages
from optin.tokens import Page
from webhooks import rights
from webhooks.door import the_bot

blueprint = APIBlueprint("dossiers", __name__, enable_openapi=False)


@blueprint.app_context_processor
def in_every_page() -> dict[str, object]:
    return {"rights_link": lambda fan_id: pages.link(the_bot(), Page.RIGHTS, fan_id)}


@blueprint.get("/fans/<uuid:fan_id>/dossier.<any(json, html):form>")
def one(fan_id: UUID, form: str) -> Response:
    bot = the_bot()
    with bot.reading() as session:
        told = dossier.of(session, bot, fan_id)
    return rights.as_file(told, form) if told else abort(404)

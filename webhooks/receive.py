"""What the platforms send: checked on the raw bytes, kept, and acknowledged. Nobody thinks here."""

from apiflask import APIBlueprint
from flask import Response, abort, request

from bot import inbox, lanes
from connectors import Connector
from webhooks.door import the_bot

blueprint = APIBlueprint("receive", __name__, url_prefix="/webhooks", enable_openapi=False)


@blueprint.get("/<platform>")
def handshake(platform: str) -> Response:
    """The platform asks whether this address is ours."""
    challenge = _connector(platform).handshake(request.args)
    if challenge is None:
        abort(403)
    return Response(challenge, mimetype="text/plain")


@blueprint.post("/<platform>")
def receive(platform: str) -> Response:
    """200 says that everything in it is kept: once that is said, nothing may lose it."""
    bot, connector = the_bot(), _connector(platform)
    body = request.get_data(cache=False)
    if not connector.verify(dict(request.headers), body):
        abort(403)
    now = bot.now()
    interactions = connector.read(body, now)
    with bot.transaction() as session:
        inbox.keep(session, interactions, lanes.of, now)
    return Response("kept", mimetype="text/plain")


def _connector(platform: str) -> Connector:
    connector = the_bot().connectors.get(platform)
    if connector is None:
        abort(404)
    return connector

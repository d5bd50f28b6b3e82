"""What a platform asks in a person's name: to erase his data, or to do without our app. Signed, as its webhooks are."""

from uuid import UUID

from apiflask import APIBlueprint
from flask import Response, abort, jsonify, make_response, request, url_for
from sqlmodel import Session, col, select

from bot import accounts, forgetting
from bot.assembly import Bot
from connectors import Called, Connector
from optin import erasures
from optin.erasures import How
from optin.fans import Handle, Profile
from webhooks.door import the_bot

DEAUTHORIZED = "platform_deauthorized"

blueprint = APIBlueprint("callbacks", __name__, url_prefix="/webhooks", enable_openapi=False)


@blueprint.post("/<platform>/data-deletion")
def delete(platform: str) -> Response:
    """Erase who is meant, and say where he may look it up. The shape of the answer is Meta's."""
    connector, called = _called(platform)
    code = _erased(the_bot(), connector, called)
    url = f"{the_bot().settings.address}{url_for('rights.status', code=code)}"
    return jsonify({"url": url, "confirmation_code": code})


@blueprint.post("/<platform>/deauthorize")
def deauthorize(platform: str) -> Response:
    """Who gave us the right to speak for an account took it back: say nothing more until a person has looked."""
    connector, _ = _called(platform)
    bot = the_bot()
    with bot.transaction() as session:
        for account in connector.accounts:
            accounts.pause(session, platform, account, DEAUTHORIZED, bot.now())
    return make_response("paused")


def _called(platform: str) -> tuple[Connector, Called]:
    connector = the_bot().connectors.get(platform)
    if connector is None:
        abort(404)
    called = connector.called(request.get_data(), the_bot().now())
    if called is None:
        abort(403)
    return connector, called


def _erased(bot: Bot, connector: Connector, called: Called) -> str:
    """The code. An id that we don't know may be that of somebody whom the platform shows us by another one."""
    with bot.reading() as session:
        fan_ids = _carrying(session, connector, called.handle)
    code = forgetting.forget(bot, fan_ids, How.PLATFORM) if fan_ids else None
    return code or _nobody(bot, connector, called)


def _carrying(session: Session, connector: Connector, handle: str) -> set[UUID]:
    his = select(Profile.fan_id).where(Profile.platform == connector.name, Profile.handle == handle)
    return set(session.exec(his.where(col(Profile.account).in_(connector.accounts))))


def _nobody(bot: Bot, connector: Connector, called: Called) -> str:
    code, now = f"{bot.draw():016x}", bot.now()
    handles = [Handle(connector.name, account, called.handle) for account in connector.accounts]
    with bot.transaction() as session:
        erasures.suppress(session, bot.settings.secret, handles, now)
        erasures.nobody(session, bot.new_id(), code, How.PLATFORM, now)
    return code

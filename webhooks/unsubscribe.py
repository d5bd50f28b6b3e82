"""No more promotion on one channel, with one click: by a mailbox provider (RFC 8058) or by the fan himself."""

from apiflask import APIBlueprint
from flask import Response

from bot import choosing, pages
from bot.reach import PROMOTING
from optin.fans import Profile
from optin.standing import Purpose
from optin.tokens import Page
from webhooks.door import the_bot
from webhooks.guest import Guest, behind, meet, told, unknown

# No cookie, no origin is looked at: a mailbox provider sends neither. Only who has the mail has the word.
blueprint = APIBlueprint("unsubscribe", __name__, url_prefix="/u", enable_openapi=False)


@blueprint.get("/<word>")
def look(word: str) -> Response:
    """A button and no more: programs that scan mails open every link."""
    with behind(word, Page.UNSUBSCRIBE, the_bot().reading) as found:
        profile = found[0].get(Profile, found[1]) if found else None
        guest = meet(found[0], profile.fan_id) if found and profile else None
        return show(word, guest, profile) if guest and profile else unknown()


@blueprint.post("/<word>")
def unsubscribe(word: str) -> Response:
    """200 at once, since a provider follows no redirect. What he asks us himself is still answered."""
    with behind(word, Page.UNSUBSCRIBE, the_bot().transaction) as found:
        profile = found[0].get(Profile, found[1]) if found else None
        guest = meet(found[0], profile.fan_id) if found and profile else None
        if guest is None or profile is None:
            return unknown()
        said = guest.says("/u", "mail", profile.id)
        choosing.stop(guest.session, guest.bot, guest.person, said, profile.platform, guest.now, PROMOTING)
        return show(word, guest, profile)


def show(word: str, guest: Guest, profile: Profile) -> Response:
    words = [guest.person.standing(guest.fan_id, profile.platform, purpose) for purpose in PROMOTING]
    stopped = all(one.withdrawn for one in words)
    change = words[0].lines[0].evidence if stopped else ""
    return told(
        "fan/unsubscribe",
        word=word,
        guest=guest,
        channel=profile.platform,
        stopped=stopped,
        change=change,
        answers=not guest.person.standing(guest.fan_id, profile.platform, Purpose.SERVICE).withdrawn,
        choices=pages.path(guest.bot, Page.CHOICES, guest.fan_id),
    )

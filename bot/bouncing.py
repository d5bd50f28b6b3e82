"""Bouncing: what mail servers and mailbox providers tell of our mails, read into the journal of consents."""

from datetime import timedelta
from uuid import UUID

from sqlmodel import col, func, select

from bot import accounts, facts
from bot.facts import Known, Verdict
from bot.inbox import Outcome
from bot.outbox import Outgoing
from bot.scene import Scene
from connectors import Kind
from optin.fans import Profile
from optin.history import Touchpoint

SOFT = 5  # soft failures, the last included, in SOFT_WITHIN: then nobody reads there. RFC 3463 leaves the number to us
SOFT_WITHIN = timedelta(days=7)


def hear(scene: Scene) -> Verdict:
    """A mail that came back, or whose reader called it spam. Who it was for may be told by our own key alone."""
    fan = _addressee(scene) or scene.fan()  # our own key first: addresses in reports are blacked out, or forged
    if scene.interaction.kind is Kind.BOUNCED and scene.interaction.payload == "ours":
        return _our_fault(scene)
    if fan is None:
        return Outcome.NOTED, "address_unknown"
    if scene.interaction.kind is Kind.STOP:
        return _leave_alone(scene, fan, "complaint", "complained")
    if scene.interaction.payload == "hard" or _soft_ones(scene, fan) >= SOFT:
        return _leave_alone(scene, fan, "bounce", "address_fails")
    return Outcome.NOTED, "mail_delayed"


def _leave_alone(scene: Scene, fan: Known, how: str, why: str) -> Verdict:
    channel = scene.interaction.platform
    scene.withdraw(fan, channel, how)
    scene.notes.withdrawn |= {(fan_id, channel) for fan_id in fan.person.fan_ids}
    return Outcome.NOTED, why


def _our_fault(scene: Scene) -> Verdict:
    """Servers refuse our mail for what we are, not for whom it is for: to go on would make it worse."""
    one = scene.interaction
    accounts.pause(scene.session, one.platform, one.account, "our_fault", scene.now)
    return Outcome.NOTED, "our_fault"


def _soft_ones(scene: Scene, fan: Known) -> int:
    """How often a mail to him failed lately, this time included."""
    scene.remember(fan)
    lately = select(func.count()).where(
        Touchpoint.profile_id == fan.profile_id,
        Touchpoint.kind == Kind.BOUNCED.value,
        col(Touchpoint.at) > scene.now - SOFT_WITHIN,
    )
    mine = (fan.profile_id, Kind.BOUNCED.value)
    noted = [row for row in scene.notes.touchpoints if (row["profile_id"], row["kind"]) == mine]
    return int(scene.session.exec(lately).one()) + len(noted)


def _addressee(scene: Scene) -> Known | None:
    try:
        message = scene.session.get(Outgoing, UUID(scene.interaction.parent))
    except ValueError:
        return None
    profile = scene.session.get(Profile, message.profile_id) if message else None
    return facts.known(scene.session, scene.facts, profile) if profile else None

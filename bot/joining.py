"""Joining: who opens one claim from a second platform is one person on both, from then on.

The word in the link stands on the claim's page alone, which only its fan was given. A link never allows anything: until
he speaks again, the strictest of what he said on either side holds (optin/standing.py).
"""

from collections.abc import Collection, Iterator
from uuid import UUID

from sqlmodel import Session, col, select

from bot import facts, speech
from bot.assembly import Bot
from bot.facts import Known, Verdict
from bot.inbox import Entry, Outcome
from bot.scene import Scene
from bot.speech import Say
from leads import pipeline
from offers import claims
from offers.claims import Claim
from optin import links, people, tokens
from optin.links import Proof
from optin.tokens import Page

PREFIX = "join-"  # of a payload that names a claim


def ways(bot: Bot, claim: Claim, platforms: Collection[str]) -> Iterator[tuple[str, str]]:
    """The platforms beside these on which he may open it, each with the link that does."""
    payload = PREFIX + tokens.seal(bot.settings.secret, Page.JOIN, claim.id)
    for name, connector in bot.connectors.items():
        links_there = (connector.entry_link(account, payload) for account in connector.accounts)
        first = next(filter(None, links_there), "")
        if first and name not in platforms:
            yield name, first


def claimants(session: Session, bot: Bot, entries: Collection[Entry]) -> set[UUID]:
    """Whose claims are opened in this batch."""
    named = (_claim_id(bot, entry.interaction.payload) for entry in entries)
    ids = [claim_id for claim_id in named if claim_id is not None]
    return set(session.exec(select(Claim.fan_id).where(col(Claim.id).in_(ids)))) if ids else set()


def joins(scene: Scene, fan: Known) -> Verdict | None:
    """He came by such a link: both profiles are his."""
    if not scene.interaction.payload.startswith(PREFIX):
        return None
    claim_id = _claim_id(scene.bot, scene.interaction.payload)
    claim = scene.session.get(Claim, claim_id) if claim_id else None
    if claim is None:
        return Outcome.SILENT, "no_such_link"
    facts.write(scene.session, scene.notes, scene.facts, scene.now)  # a newcomer has to stand in the tables first
    if not links.link(scene.session, claim.fan_id, fan.fan_id, Proof.CLAIM_LINK, str(claim.id), scene.now):
        return Outcome.SILENT, "joined_already"
    _know_anew(scene, fan)
    pipeline.touch_all(scene.session, fan.person.fan_ids, scene.now)
    speech.answer(scene, fan, Say("joined", {"brand": scene.brand}))
    return Outcome.CLAIMED, "joined"


def _claim_id(bot: Bot, payload: str) -> UUID | None:
    if not payload.startswith(PREFIX):
        return None
    return tokens.opened(bot.settings.secret, Page.JOIN, payload.removeprefix(PREFIX))


def _know_anew(scene: Scene, fan: Known) -> None:
    """Whoever of the batch is part of this person is heard as such from now on."""
    everybody = people.load(scene.session, [fan.fan_id])
    held = claims.held(scene.session, everybody)
    for known in scene.facts.people.values():
        if known.fan_id in everybody:
            known.person, known.holds = everybody[known.fan_id], list(held)
    facts.learn_campaigns(scene.session, scene.facts, [fan])

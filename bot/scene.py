"""A scene: one thing that a fan did, with all that is known when it is heard."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session

from bot import facts, language
from bot.assembly import Bot
from bot.facts import Facts, Known, Notes
from bot.inbox import Entry
from bot.meaning import Meaning
from connectors import Interaction, Rules
from offers.conditions import FanFacts
from optin import consents, wishes
from optin.standing import EVERYTHING, EVERYWHERE

SILENT_RULES = Rules(answers={})  # of a platform that is no longer set up: we hear what it said, and say nothing


@dataclass(slots=True)
class Scene:
    session: Session
    bot: Bot
    facts: Facts
    notes: Notes
    entry: Entry
    now: datetime
    meant: Meaning = Meaning.UNKNOWN
    spoken: str = ""
    told: wishes.Verdict = None  # what his words say about being written to

    @property
    def interaction(self) -> Interaction:
        return self.entry.interaction

    @property
    def rules(self) -> Rules:
        connector = self.bot.connectors.get(self.interaction.platform)
        return connector.rules if connector else SILENT_RULES

    @property
    def connector_accounts(self) -> tuple[str, ...]:
        connector = self.bot.connectors.get(self.interaction.platform)
        return connector.accounts if connector else ()

    @property
    def brand(self) -> str:
        return self.bot.settings.brand

    def about(self, fan: Known) -> FanFacts:
        """What conditions ask, as it was before this batch. Of a newcomer we know what he shows."""
        newcomer = FanFacts(
            languages=frozenset({fan.language}),
            platforms=frozenset({fan.platform}),
            first_met=timedelta(0),
            last_heard=timedelta(0),
        )
        return self.facts.about.get(fan.person.id, newcomer)

    def fan(self) -> Known | None:
        return self.facts.people.get(facts.handle_of(self.entry))

    def language(self, fan: Known) -> str:
        """The language of this answer: that of his words where they are clear, else the one he spoke before."""
        if not self.spoken:
            self.spoken = language.detect(self.interaction.text, fan.language)
        return self.spoken

    @property
    def place(self) -> str:
        """Where it was said, for the consent journal."""
        one = self.interaction
        return ":".join(part for part in (one.platform, one.account, one.thread) if part)

    @property
    def said_at(self) -> datetime:
        """When he said it, by the platform's clock, which may be ahead of ours."""
        return min(self.interaction.at, self.now)

    def withdraw(self, fan: Known, channel: str, how: str, purpose: str = EVERYTHING) -> None:
        """He wants no more of this: noted for every fan who is one person with him, and known from now on."""
        one = self.interaction
        said = consents.withdrawn(
            fan.fan_id, channel, how, one.id, self.said_at, self.now, fan.profile_id, purpose=purpose, place=self.place
        )
        self.note_consent(fan, consents.by_whole_person(said, fan.person.fan_ids))

    def begin_unwilling(self, fan: Known, since: datetime) -> None:
        """He is new to us, and asked to be left alone before he was forgotten: until he says otherwise, that holds."""
        said = consents.withdrawn(
            fan.fan_id, EVERYWHERE, "suppression", self.interaction.id, since, self.now, fan.profile_id
        )
        self.note_consent(fan, [said])

    def answer_again(self, fan: Known) -> None:
        """He asks to be answered again after a stop. It is no yes to anything else."""
        one = self.interaction
        said = consents.withdrawn(
            fan.fan_id, one.platform, "chat", one.id, self.said_at, self.now, fan.profile_id, place=self.place
        )
        self.note_consent(fan, [consents.taken_back(said)])

    def note_consent(self, fan: Known, lines: list[dict[str, Any]]) -> None:
        """Lines for the journal, known to whoever is heard after this."""
        self.notes.consents += lines
        fan.person.lines += map(consents.as_line, lines)
        self.notes.changed_leads.update(fan.person.fan_ids)

    def remember(self, fan: Known) -> None:
        """Note what he did as a touchpoint. His STOP or block too: it is part of what passed between us."""
        one = self.interaction
        self.notes.touchpoints.append(
            {
                "fan_id": fan.fan_id,
                "profile_id": fan.profile_id,
                "at": one.at,
                "said_by": "fan",
                "kind": one.kind.value,
                "text": one.text,
                "thread": one.thread,
                "subject": one.subject,
                "inbox_id": self.entry.id,
                "message_id": None,
            }
        )

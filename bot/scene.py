"""A scene: one thing that a fan did, with all that is known when it is heard."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from bot import facts, language
from bot.assembly import Bot
from bot.facts import Facts, Known, Notes
from bot.inbox import Entry
from bot.meaning import Meaning
from connectors import Interaction, Rules

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

    def fan(self) -> Known | None:
        return self.facts.people.get(facts.handle_of(self.entry))

    def language(self, fan: Known) -> str:
        """The language of this answer: that of his words where they are clear, else the one he spoke before."""
        if not self.spoken:
            self.spoken = language.detect(self.interaction.text, fan.language)
        return self.spoken

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

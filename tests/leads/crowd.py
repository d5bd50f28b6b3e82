"""An invented crowd: fans with profiles, links, consents, claims, leads and what they did, by one number's chance."""

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlmodel import Session, func, select

from leads import merits
from leads.ambassadors import Kind
from leads.details import Detail
from leads.pipeline import Lead
from leads.purchases import Purchase
from offers.arrivals import Arrival
from offers.catalog import Offer
from offers.claims import Claim
from optin import consents, links
from optin.addresses import hash_of
from optin.fans import Fan, Profile
from optin.history import Touchpoint
from optin.links import Link, Proof
from tests.offers import trees

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
PURPOSES = (*trees.PURPOSES, "profiling", "*")
KINDS = ("comment", "message", "comment_edited", "reaction")


@dataclass
class Crowd:
    session: Session
    chance: random.Random
    fans: list[UUID] = field(default_factory=list)
    profiles: dict[UUID, Profile] = field(default_factory=dict)
    held: dict[UUID, list[UUID]] = field(default_factory=dict)  # offers, by the fan who holds them

    def new_id(self) -> UUID:
        return UUID(int=self.chance.getrandbits(128))

    def ago(self) -> datetime:
        """Whole days now and then, so that limits are met exactly; a platform's clock may be ahead of ours."""
        off = self.chance.choice((0, 0, -1, 1, 500_000))
        return NOW - timedelta(days=self.chance.choice((0, 1, 2, 5, 10, 30)), microseconds=off)

    def gather(self, count: int) -> None:
        for number, offer_id in enumerate(trees.OFFERS[:3]):
            plain: dict[str, Any] = {name: [] for name in ("keywords", "platforms", "accounts", "posts")}
            named: dict[str, Any] = {"id": UUID(offer_id), "slug": f"o{number}", "name": "O", "texts": {}}
            named["themes"] = list(trees.THEMES[number])
            self.session.add(Offer(**plain, **named, created_at=NOW, updated_at=NOW))
        self.session.flush()
        for number in range(count):
            self.meet(number)
        # The journal's ids tell another order than its dates do.
        for _ in range(3 * count):
            self.speak(self.chance.choice(self.fans))
        for _ in range(count // 2):
            self.link()
        for number in range(count // 2):
            self.buy(number)
        for _ in range(2 * count):
            self.arrive(self.chance.choice(self.fans))
        for number in range(4 * count):
            self.merit(number)
        for fan_id in [one for one in self.held if self.chance.random() < 0.5]:
            self.hold_the_rest(fan_id)

    def meet(self, number: int) -> None:
        fan_id = self.new_id()
        self.fans.append(fan_id)
        self.session.add(Fan(id=fan_id, person_id=fan_id, language=self.chance.choice(trees.LANGUAGES), created_at=NOW))
        self.session.flush()
        for platform in self.chance.sample((*trees.PLATFORMS, "email"), self.chance.choice((0, 1, 1, 2))):
            profile = self.show(fan_id, platform, f"fan-{number}")
            for _ in range(self.chance.choice((0, 1, 2, 4))):
                self.touch(profile)
        if fan_id in self.profiles:
            for offer_id in self.chance.sample(trees.OFFERS[:3], self.chance.choice((0, 0, 1, 2))):
                self.claim(self.profiles[fan_id], UUID(offer_id))
        if self.chance.random() < 0.2:
            self.lead(fan_id)
        if self.chance.random() < 0.3:
            said = self.chance.choice(("", "+331"))
            self.session.add(Detail(fan_id=fan_id, name="phone", value=said, told_at=self.ago()))

    def show(self, fan_id: UUID, platform: str, handle: str) -> Profile:
        profile = Profile(
            id=self.new_id(), fan_id=fan_id, platform=platform, account="a", handle=handle, name="",
            first_heard_at=self.ago(), last_heard_at=self.ago(),
            window_opened_at=self.chance.choice((None, self.ago())),
        )  # fmt: skip
        self.session.add(profile)
        self.session.flush()
        self.profiles[fan_id] = profile
        return profile

    def touch(self, profile: Profile) -> None:
        who, kind = self.chance.choice(("fan", "fan", "bot")), self.chance.choice(KINDS)
        self.session.add(
            Touchpoint(
                fan_id=profile.fan_id, profile_id=profile.id, at=NOW, said_by=who, kind=kind,
                text="", thread="", subject="",
            )
        )  # fmt: skip

    def hold_the_rest(self, fan_id: UUID) -> None:
        for offer_id in map(UUID, trees.OFFERS[:3]):
            if offer_id not in self.held[fan_id]:
                self.claim(self.profiles[fan_id], offer_id)

    def claim(self, profile: Profile, offer_id: UUID) -> None:
        claim_id = self.new_id()
        self.held.setdefault(profile.fan_id, []).append(offer_id)
        self.session.add(
            Claim(
                id=claim_id, fan_id=profile.fan_id, profile_id=profile.id, offer_id=offer_id, token_hash=claim_id.hex,
                language="fr", platform=profile.platform, account="a", post=self.chance.choice(("", *trees.POSTS)),
                opened_at=NOW, code=self.chance.choice((None, claim_id.hex)),
                email_hash=self.chance.choice(("", hash_of(self.address()))),
                email=self.chance.choice(("", "", "a@b.example")),
            )
        )  # fmt: skip

    def buy(self, number: int) -> None:
        """By a fan's code or lead, or told by an address that nobody, somebody or several have told us."""
        whose: dict[str, Any] = {"fan_id": self.chance.choice(self.fans[: len(self.fans) * 2 // 3])}
        if self.chance.random() < 0.5:
            whose = {"email_hash": hash_of(self.address()), "fan_id": None}
        elif self.chance.random() < 0.5:
            whose["email_hash"] = hash_of(self.address())
        self.session.add(
            Purchase(
                id=self.new_id(), source="shop", order_id=str(number), amount=self.chance.choice((0, 500, 1500)),
                currency=self.chance.choice(trees.CURRENCIES), at=self.ago(), told_at=NOW, told_by="shop",
                **{"email_hash": "-", **whose},
            )
        )  # fmt: skip

    def arrive(self, fan_id: UUID) -> None:
        if fan_id in self.profiles:
            profile_id = self.profiles[fan_id].id
            self.session.add(Arrival(fan_id=fan_id, profile_id=profile_id, at=NOW, platform="x", account="a"))
            self.session.flush()

    def merit(self, number: int) -> None:
        """On few days, some just at the limits; by few fans, for others, for himself, and for nobody whom we know."""
        days = self.chance.choice((0, 0, 1, 90, 90, 180, 181))
        at = NOW - timedelta(days=days, microseconds=self.chance.choice((0, -1, 1, 50_000)))
        kind, few = self.chance.choice(list(Kind)), self.fans[: len(self.fans) // 2]
        other = self.chance.choice((None, *few))
        merits.write(self.session, [merits.merit(self.chance.choice(few), kind, at, f"m{number}", other)])

    def address(self) -> str:
        return f"fan-{self.chance.randrange(len(self.fans))}@example.com"

    def lead(self, fan_id: UUID) -> None:
        consent_id = self.speak(fan_id)
        self.session.add(
            Lead(
                id=self.new_id(), fan_id=fan_id, consent_id=consent_id, language="fr", platform="x",
                email=self.chance.choice(("", "a@b.example", "a@b.example")),
                email_hash=hash_of(self.address()), account="a", first_touch_at=NOW, created_at=NOW,
                updated_at=NOW, revision=1000 + len(self.fans),
            )
        )  # fmt: skip

    def speak(self, fan_id: UUID) -> int:
        """A line of the journal. Its number says nothing of when it was said."""
        line = dict.fromkeys(("wording", "wording_hash", "how", "evidence"), "")
        act = self.chance.choice(("granted", "granted", "withdrawn", "asked"))
        about = {"channel": self.chance.choice((*trees.CHANNELS, "sms", "*")), "purpose": self.chance.choice(PURPOSES)}
        dates = {"given_at": self.ago(), "recorded_at": NOW}
        return consents.record(self.session, {**line, **about, **dates, "fan_id": fan_id, "act": act})

    def link(self) -> None:
        """Two of four neighbours, in half of the crowd. Some links prove wrong."""
        first = self.chance.randrange(0, len(self.fans) // 2, 4)
        one, other = self.chance.sample(self.fans[first : first + 4], 2)
        links.link(self.session, one, other, Proof.EMAIL, "", self.ago())
        newest = self.session.exec(select(func.max(Link.id))).one()
        if newest and self.chance.random() < 0.2:
            links.unlink(self.session, newest, "", NOW, "manager")


def gathered(session: Session, number: int, count: int = 60) -> Crowd:
    crowd = Crowd(session, random.Random(number))
    crowd.gather(count)
    return crowd

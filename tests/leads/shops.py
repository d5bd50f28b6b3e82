"""An invented shop by one number's chance, and what its books say in plain Python: who bought, and what brought him.

SQL must say the same.
"""

import random
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlmodel import Session, select

from leads.pipeline import Lead
from leads.purchases import Purchase
from leads.value import Sale, Touch
from offers.catalog import Offer
from offers.claims import Claim
from optin import consents, links
from optin.fans import Fan, Profile
from optin.links import Proof

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
PLATFORMS = ("facebook", "x", "email")
POSTS = ("", "post-1", "post-2")
OFFERS = [UUID(int=number) for number in (1, 2, 3)]
CURRENCIES = ("EUR", "EUR", "EUR", "USD")


@dataclass
class Shop:
    session: Session
    chance: random.Random
    fans: list[UUID] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)
    leads: list[Lead] = field(default_factory=list)
    purchases: list[Purchase] = field(default_factory=list)

    def new_id(self) -> UUID:
        return UUID(int=self.chance.getrandbits(128))

    def moment(self) -> datetime:
        """Few of them, so that many fall together, and both ends of a day."""
        days = timedelta(days=self.chance.choice((0, 1, 2, 3, 40, 41)))
        return NOW - days + timedelta(hours=self.chance.choice((-12, 0, 0, 11, 12)))

    def address(self) -> str:
        """Some are told by many, some by nobody."""
        return f"hash-{self.chance.randrange(len(self.fans) + 3)}"

    def open(self, fans: int) -> None:
        for number, offer_id in enumerate(OFFERS):
            plain: dict[str, Any] = {name: [] for name in ("keywords", "platforms", "accounts", "posts")}
            self.add(Offer(id=offer_id, slug=f"o{number}", name="O", texts={}, created_at=NOW, updated_at=NOW, **plain))
        for number in range(fans):
            self.meet(number)
        for _ in range(fans // 2):
            one, other = self.chance.sample(self.fans, 2)
            links.link(self.session, one, other, Proof.CLAIM_LINK, "", NOW)
        for number in range(fans * 5):
            self.sell(number)

    def add(self, row: Any) -> Any:
        self.session.add(row)
        self.session.flush()
        return row

    def meet(self, number: int) -> None:
        fan_id = self.new_id()
        self.fans.append(fan_id)
        self.add(Fan(id=fan_id, person_id=fan_id, language="fr", created_at=NOW))
        platform = self.chance.choice(PLATFORMS)
        self.add(
            Profile(
                id=fan_id, fan_id=fan_id, platform=platform, account="a", handle=str(number), name="",
                first_heard_at=NOW, last_heard_at=NOW,
            )
        )  # fmt: skip
        for offer_id in self.chance.sample(OFFERS, self.chance.choice((0, 1, 1, 3))):
            self.claims.append(self.claim(fan_id, offer_id, platform))
        if self.chance.random() < 0.3:
            self.leads.append(self.lead(fan_id, number))

    def claim(self, fan_id: UUID, offer_id: UUID, platform: str) -> Claim:
        claim_id, taken = self.new_id(), self.chance.random() < 0.7
        told = self.address() if self.chance.random() < 0.6 else ""
        row: Claim = self.add(
            Claim(
                id=claim_id, fan_id=fan_id, profile_id=fan_id, offer_id=offer_id, token_hash=claim_id.hex,
                language="fr", platform=platform, account="a", post=self.chance.choice(POSTS), opened_at=NOW,
                email_hash=told, code=claim_id.hex if taken else None, claimed_at=self.moment() if taken else None,
            )
        )  # fmt: skip
        return row

    def lead(self, fan_id: UUID, number: int) -> Lead:
        line = consents.withdrawn(fan_id, "email", "chat", "i", NOW, NOW, purpose="offers")
        consents.journal(self.session, [line])
        consent = consents.of(self.session, [fan_id])[-1].id
        row: Lead = self.add(
            Lead(
                id=self.new_id(), fan_id=fan_id, consent_id=consent, email="",
                email_hash=self.chance.choice(("", self.address())), language="fr", platform="x",
                account="a", first_touch_at=NOW, created_at=NOW, updated_at=NOW,
                revision=number + 1,
            )
        )  # fmt: skip
        return row

    def sell(self, number: int) -> None:
        """By a code, by a lead, by an address, or by more than one of them."""
        claim = self.chance.choice(self.claims) if self.claims and self.chance.random() < 0.3 else None
        lead = self.chance.choice(self.leads) if self.leads and self.chance.random() < 0.2 else None
        nameless = claim is None and lead is None
        told = self.address() if nameless or self.chance.random() < 0.4 else ""
        row: Purchase = self.add(
            Purchase(
                id=self.new_id(), source="shop", order_id=str(number), amount=self.chance.choice((0, 500, 1990)),
                currency=self.chance.choice(CURRENCIES), claim_id=claim.id if claim else None,
                lead_id=lead.id if lead else None, email_hash=told, at=self.moment(), told_at=NOW, told_by="key",
                fan_id=claim.fan_id if claim else lead.fan_id if lead else None,
            )
        )  # fmt: skip
        self.purchases.append(row)

    def sales(self, currency: str, since: datetime | None, until: datetime) -> list[Sale]:
        """What the books say."""
        person = {fan.id: fan.person_id for fan in self.session.exec(select(Fan))}
        told: defaultdict[str, set[UUID]] = defaultdict(set)
        for address, fan_id in ((one.email_hash, one.fan_id) for table in (self.claims, self.leads) for one in table):
            told[address].add(person[fan_id])
        return [
            self.sale(one, person, told)
            for one in self.purchases
            if one.currency == currency and one.at <= until and (since is None or one.at > since)
        ]

    def sale(self, one: Purchase, person: dict[UUID, UUID], told: dict[str, set[UUID]]) -> Sale:
        if one.claim_id is not None:
            taken = [claim for claim in self.claims if claim.id == one.claim_id]
        else:
            buyers = {person[one.fan_id]} if one.fan_id else told[one.email_hash]
            before = [claim for claim in self.claims if claim.claimed_at and claim.claimed_at <= one.at]
            taken = [claim for claim in before if person[claim.fan_id] in buyers]
            if not taken:
                return Sale(min(buyers) if buyers else one.email_hash, one.at, one.amount)
        last = max(taken, key=lambda claim: (claim.claimed_at or NOW, claim.id))
        return Sale(person[last.fan_id], one.at, one.amount, Touch(last.platform, last.offer_id, last.post))


def opened(session: Session, number: int, fans: int = 8) -> Shop:
    shop = Shop(session, random.Random(number))
    shop.open(fans)
    return shop

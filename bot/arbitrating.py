"""Arbitrating: which offer is the best to bring to each of many people now, over all channels, or why none is.

Nothing is written and nothing is sent: who acts on a decision goes through bot/soliciting.py, where everything is asked
once more with the person held, and the lot is drawn: who is held out is chosen for like anybody else. What is the same
for everybody is read once, the facts of a batch in a handful of queries, and the cheapest question comes first:
most people never said yes to anything.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session

from bot import assembly, permitting, places, prices
from bot.assembly import Bot
from connectors import Way
from leads import fan_facts
from offers import arbitration, arms, arrivals, catalog, condition_rows, conditions, segments
from offers.arbitration import Beta, Candidate, Price, Ranked
from offers.beliefs import Beliefs
from offers.catalog import Offer
from offers.conditions import FanFacts, Test
from optin import fans, house_rules, people, permits
from optin.fans import Reach
from optin.people import Person
from optin.permits import Allowed, Answer, Deferral, Facts, Permit, Refusal, Solicitation
from optin.pressure import Caps, Counted
from optin.standing import Purpose

KEPT = 10  # lines of a ranking that a receipt keeps


@dataclass(frozen=True, slots=True)
class Stall:
    """An open offer, ready to be asked about many."""

    id: UUID
    name: str  # of its arms
    is_for: Test
    platforms: frozenset[str]
    accounts: frozenset[str]
    campaigns: frozenset[str]
    gain: float
    guessed: bool  # that
    priority: int


@dataclass(frozen=True, slots=True)
class Market:
    """What is the same for everybody."""

    stalls: Sequence[Stall]
    beliefs: Beliefs
    prices: Mapping[tuple[str, str], Price]
    allowed: Mapping[str, Allowed]
    caps: Caps
    now: datetime


@dataclass(frozen=True, slots=True)
class Decision:
    """`why` says why nothing goes now; "" where the winner may."""

    person_id: UUID
    why: str
    answer: Answer | None = None  # of the winner's profile, or what speaks against all of them
    segment: str = ""
    ranking: Sequence[Ranked] = ()
    unfit: Mapping[UUID, str] = field(default_factory=dict)  # the offers that he may not have, and why

    @property
    def winner(self) -> Candidate | None:
        return arbitration.winner(self.ranking)


@dataclass(slots=True)
class Batch:
    """What is known about the people of a batch who may be written to at all."""

    facts: Mapping[UUID, FanFacts]
    reach: Mapping[UUID, list[Reach]]  # by person, as the next two
    counted: Mapping[UUID, tuple[Counted, ...]]
    brought: Mapping[UUID, set[UUID]]
    campaigns: Mapping[UUID, str]  # by which each came last, where an offer asks for one


def market(session: Session, bot: Bot, now: datetime) -> Market:
    """The open offers, what we believe of them, and what it costs to bring them."""
    _, caps = house_rules.current(session)
    rules = {name: connector.rules for name, connector in bot.connectors.items()}
    had = (one for one in catalog.showing(session) if catalog.can_be_had(one, now))
    return Market(
        stalls=[_stall(offer) for offer in had],
        beliefs=arms.beliefs(session),
        prices=prices.now_asked(session, bot, caps, now),
        allowed={name: permits.allowed(one, None, Way.DIRECT) for name, one in rules.items()},
        caps=caps,
        now=now,
    )


def decide(session: Session, market: Market, person_ids: Collection[UUID], beta: Beta) -> Iterator[Decision]:
    """A decision for each of these people."""
    agreed = people.ever_agreed(session, person_ids)
    asked = people.load(session, [person_id for person_id, ever in agreed.items() if ever])
    batch = _load(session, market, asked)
    for person_id in sorted(agreed):
        known = asked.get(person_id)
        yield _decided(known, batch, market, beta) if known else Decision(person_id, "no_consent")


def best_for(session: Session, bot: Bot, fan_id: UUID, now: datetime, seed: int) -> Decision:
    """The best for this fan. The same seed gives the same answer, as long as nothing else has changed."""
    [decision] = decide(session, market(session, bot, now), [fan_id], assembly.chance(seed).betavariate)
    return decision


def as_chosen(decision: Decision, seed: int) -> dict[str, Any]:
    """The choice as a receipt keeps it."""
    ranking = arbitration.as_chosen(decision.ranking[:KEPT])
    unfit = [{"offer": str(offer_id), "why": why} for offer_id, why in decision.unfit.items()]
    return {"arbitration": {"chance": str(seed), "segment": decision.segment, "ranking": ranking, "unfit": unfit}}


def _stall(offer: Offer) -> Stall:
    return Stall(
        id=offer.id,
        name=str(offer.id),
        is_for=conditions.compiled(condition_rows.from_json(offer.conditions)),
        platforms=frozenset(offer.platforms),
        accounts=frozenset(offer.accounts),
        campaigns=frozenset(offer.campaigns),
        gain=arbitration.gain(offer.worth, offer.cost),
        guessed=offer.worth is None,
        priority=offer.priority,
    )


def _load(session: Session, market: Market, asked: Mapping[UUID, Person]) -> Batch:
    them = list({person.id: person for person in asked.values()}.values())
    reach: dict[UUID, list[Reach]] = defaultdict(list)
    for one in fans.reach(session, asked):
        reach[asked[one.fan_id].id].append(one)
    counted: dict[UUID, tuple[Counted, ...]] = defaultdict(tuple)
    for fan_id, rows in permitting.counted(session, them, market.caps, market.now).items():
        counted[asked[fan_id].id] += tuple(one for _, _, one in rows)
    brought: dict[UUID, set[UUID]] = defaultdict(set)
    for fan_id, offer_ids in places.brought_to(session, asked).items():
        brought[asked[fan_id].id] |= offer_ids
    facts = fan_facts.of(session, asked, market.now)
    return Batch(facts, reach, counted, brought, _campaigns(session, market, asked))


def _campaigns(session: Session, market: Market, asked: Mapping[UUID, Person]) -> dict[UUID, str]:
    if not any(stall.campaigns for stall in market.stalls):
        return {}
    return arrivals.campaigns(session, {fan_id: person.id for fan_id, person in asked.items()})


def _decided(person: Person, batch: Batch, market: Market, beta: Beta) -> Decision:
    answers = [(one, _answer(one, person, batch, market)) for one in _on_our_platforms(person, batch, market)]
    if not answers:
        return Decision(person.id, "no_consent", Refusal("no_consent"))
    kind = min((type(answer) for _, answer in answers), key=_BEST_FIRST.index)
    if kind is Refusal:
        refusal = answers[0][1]
        return Decision(person.id, refusal.why, refusal)
    open_to_us = {one.id: (one, answer) for one, answer in answers if isinstance(answer, kind)}
    return _chosen(person, batch, market, beta, open_to_us)


_BEST_FIRST: tuple[type[Answer], ...] = (Permit, Deferral, Refusal)


def _chosen(
    person: Person, batch: Batch, market: Market, beta: Beta, open_to_us: Mapping[UUID, tuple[Reach, Answer]]
) -> Decision:
    facts = batch.facts[person.id]
    segment = segments.of(facts).value
    unfit: dict[UUID, str] = {}
    candidates: list[Candidate] = []
    for stall in market.stalls:
        shown = not stall.campaigns or batch.campaigns.get(person.id) in stall.campaigns
        here = [one for one, _ in open_to_us.values() if shown and _may_show(stall, one)]
        if why := _unfit(stall, facts, batch.brought[person.id], here):
            unfit[stall.id] = why
        else:
            candidates += [_candidate(stall, one, segment, market) for one in here]
    ranking = arbitration.rank(candidates, beta)
    best = arbitration.winner(ranking)
    if best is None:
        why = "costs_more_than_it_brings" if ranking else "nothing_for_him"
        return Decision(person.id, why, None, segment, ranking, unfit)
    answer = open_to_us[best.profile_id][1]
    return Decision(person.id, "" if isinstance(answer, Permit) else answer.why, answer, segment, ranking, unfit)


def _unfit(stall: Stall, facts: FanFacts, brought: Collection[UUID], here: Sequence[Reach]) -> str:
    if stall.id in brought or stall.name in facts.claimed:
        return "already_proposed"
    if not stall.is_for(facts):
        return "not_eligible"
    return "" if here else "shown_elsewhere"


def _may_show(stall: Stall, one: Reach) -> bool:
    here = not stall.platforms or one.platform in stall.platforms
    return here and (not stall.accounts or one.account in stall.accounts)


def _candidate(stall: Stall, one: Reach, segment: str, market: Market) -> Candidate:
    belief = market.beliefs.of(stall.name, one.platform, segment)
    price = market.prices.get((one.platform, one.account), arbitration.FREE)
    return Candidate(stall.id, one.platform, one.id, belief, stall.gain, price, stall.priority, stall.guessed)


def _on_our_platforms(person: Person, batch: Batch, market: Market) -> list[Reach]:
    return [one for one in batch.reach[person.id] if one.platform in market.allowed]


def _answer(one: Reach, person: Person, batch: Batch, market: Market) -> Answer:
    """May we write to him there, whatever the offer."""
    facts = Facts(
        channel=one.platform,
        way=Way.DIRECT,
        allowed=market.allowed[one.platform],
        window_opened_at=one.window_opened_at,
        window_opened_by=one.window_opened_by,
        blocked=one.blocked_at is not None,
        service=person.standing(one.fan_id, one.platform, Purpose.SERVICE),
        solicits=Solicitation(
            purpose=Purpose.OFFERS,
            consent=person.standing(one.fan_id, one.platform, Purpose.OFFERS),
            preferences=person.preferences,
            caps=market.caps,
            weight=market.caps.weight(Way.DIRECT),
            counted=batch.counted[person.id],
            voices=person.voices,
        ),
    )
    return permits.decide(facts, market.now)

"""whom an offer is for: a second's worth of single answers, and the count over 100,000 fans.

The fans have each a profile and three touchpoints; a third have a yes, and one in fifty is linked with another.
"""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session

from bot import database
from leads import audience, fan_facts
from offers import conditions
from offers.conditions import All, Any, Condition, Not, Operator, Tree, Yes
from optin.consents import Consent
from optin.fans import Fan, Profile
from optin.history import Touchpoint
from optin.links import Link
from optin.schema import write_all

FANS = 100_000
BATCH = 5_000
ANSWERS = 500_000
LINKED = 50  # one in so many
NOW = datetime(2026, 11, 20, tzinfo=UTC)

SPOKEN = (
    Condition("language", Operator.ANY_OF, ("fr",)),
    Any((Condition("comments", Operator.AT_LEAST, 2), Condition("messages", Operator.AT_LEAST, 2))),
    Not(Condition("last_heard", Operator.LONGER_AGO, 60)),
)
TREES: dict[str, Tree] = {
    "one condition": SPOKEN[0],
    "five, without consent": All((*SPOKEN, Condition("is_lead", Operator.IS, False))),
    "five, with consent": All((*SPOKEN, Condition("consent", Operator.GRANTED, Yes("facebook", "offers")))),
}


def measure(new_database: Callable[[str], str], share: float) -> Iterator[str]:
    url, fans = new_database("conditions"), int(FANS * share)
    database.migrate(url)
    engine = database.connect(url)
    with database.transactions(engine)() as session:
        for start in range(0, fans, BATCH):
            _fill(session, range(start, min(start + BATCH, fans)))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text("ANALYZE"))
    with database.readings(engine)() as session:
        yield _evaluated(session, int(ANSWERS * share))
        for name, tree in TREES.items():
            begun = time.perf_counter()
            found = audience.count(session, tree, NOW)
            yield f"{name:22} {time.perf_counter() - begun:7.2f} s to count {found} of {fans} fans"
    engine.dispose()


def _evaluated(session: Session, answers: int) -> str:
    begun = time.perf_counter()
    facts = list(fan_facts.load(session, [UUID(int=number + 1) for number in range(1000)], NOW).values())
    loaded = len(facts) / (time.perf_counter() - begun)
    holds = conditions.compiled(TREES["five, with consent"])
    begun = time.perf_counter()
    for _ in range(0, answers, len(facts)):
        for known in facts:
            holds(known)
    rate = answers / (time.perf_counter() - begun)
    return f"{rate:9.0f} evaluations of five conditions a second (aim: 300,000); facts of {loaded:.0f} people a second"


def _fill(session: Session, numbers: range) -> None:
    ids = {number: UUID(int=number + 1) for number in numbers}
    person = {number: ids[number - 1] if number % LINKED == 1 else ids[number] for number in numbers}
    heard = {number: NOW - timedelta(days=number % 120) for number in numbers}
    write_all(session, Fan, [
        {"id": ids[n], "person_id": person[n], "language": "fr" if n % 3 else "en", "created_at": NOW} for n in numbers
    ])  # fmt: skip
    write_all(session, Profile, [
        {"id": ids[n], "fan_id": ids[n], "platform": "facebook", "account": "1", "handle": str(n), "name": "",
         "first_heard_at": heard[n], "last_heard_at": heard[n]} for n in numbers
    ])  # fmt: skip
    write_all(session, Touchpoint, [
        {"fan_id": ids[n], "profile_id": ids[n], "at": heard[n], "said_by": "fan",
         "kind": "comment" if (n + times) % 2 else "message", "text": "", "thread": "", "subject": ""}
        for n in numbers for times in range(3)
    ])  # fmt: skip
    write_all(session, Consent, [
        {"fan_id": ids[n], "channel": "facebook", "purpose": "offers", "act": "granted", "wording": "",
         "wording_hash": "", "how": "", "evidence": "", "given_at": heard[n], "recorded_at": NOW}
        for n in numbers if n % 3 == 1
    ])  # fmt: skip
    write_all(session, Link, [
        {"fan_id": ids[n], "other_id": ids[n - 1], "proof": "email", "evidence": "", "by": "fan", "at": NOW}
        for n in numbers if n % LINKED == 1
    ])  # fmt: skip

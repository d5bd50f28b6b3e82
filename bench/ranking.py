"""the panel's leads by score, of 100,000: a page at the beginning, middle and end, and what the clock does for it.

Each lead has a profile, three touchpoints, two consents and a code; a third of them bought, a quarter used the code,
and one in fifty is linked with another. A page is asked of the panel itself, by a manager who is signed in.
"""

import statistics
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col, select

from bot import database, ranking
from bot.assembly import Bot
from leads import pipeline
from leads.pipeline import Lead
from leads.purchases import Purchase
from leads.ranking import AT_SIGHT, Rank
from leads.redemptions import Redemption
from offers.catalog import Offer
from offers.claims import Claim
from optin.consents import Consent
from optin.fans import Fan, Profile
from optin.history import Touchpoint
from optin.links import Link
from optin.schema import write_all
from tests.webhooks.panel.office import Desk, Office
from webhooks.panel import reports

LEADS, BATCH, TIMES = 100_000, 5_000, 15
LINKED = 50  # one in so many
NOW = datetime(2026, 11, 20, tzinfo=UTC)
OFFER = UUID(int=1)


def measure(new_database: Callable[[str], str], share: float) -> Iterator[str]:
    url, leads = new_database("ranking"), int(LEADS * share)
    database.migrate(url)
    office = Office(url)
    bot, desk = office.bot, office.desk()
    _fill_all(bot, leads)
    yield _line("before the first place", desk)
    yield f"{'all places':26} {_placed(bot, leads):7.1f} s of the clock's time for {leads} leads"
    for name, part in {"beginning": 0.0, "middle": 0.5, "end": 0.99}.items():
        yield _line(name, desk, _after(bot, int(leads * part)))
    _change(bot, range(AT_SIGHT))
    yield _line(f"{AT_SIGHT} changed just now", desk)
    bot.engine.dispose()


def _line(name: str, desk: Desk, after: str = "") -> str:
    first, *times = (_timed(desk, after) for _ in range(TIMES + 1))
    return (
        f"{name:26} {statistics.median(times):7.1f} ms a page of {reports.PAGE}, "
        f"{max(times):.1f} at worst, {first:.1f} at first"
    )


def _timed(desk: Desk, after: str) -> float:
    begun = time.perf_counter()
    page = desk.get(f"/panel/leads?order=score&after={after}")
    taken = (time.perf_counter() - begun) * 1000
    assert page.status_code == 200
    assert 'class="lead"' in page.text
    return taken


def _placed(bot: Bot, leads: int) -> float:
    ranker, begun = ranking.Ranking(bot), time.perf_counter()
    while _ranked(bot) < leads:
        ranker()
    return time.perf_counter() - begun


def _ranked(bot: Bot) -> int:
    with bot.reading() as session:
        return int(session.exec(select(sa.func.count()).select_from(Rank)).one())


def _after(bot: Bot, number: int) -> str:
    order = sa.select(col(Rank.points), col(Rank.revision)).order_by(col(Rank.points).desc(), col(Rank.revision).desc())
    with bot.reading() as session:
        points, revision = session.execute(order.offset(number).limit(1)).one()
    return f"{points}.{revision}" if number else ""


def _change(bot: Bot, numbers: range) -> None:
    with bot.transaction() as session:
        pipeline.touch_all(session, [_id(number) for number in numbers], NOW)


def _fill_all(bot: Bot, leads: int) -> None:
    with bot.transaction() as session:
        lists: dict[str, Any] = {name: [] for name in ("keywords", "platforms", "accounts", "posts", "themes")}
        session.add(Offer(id=OFFER, slug="o", name="O", texts={}, **lists, created_at=NOW, updated_at=NOW))
        session.flush()
        for start in range(0, leads, BATCH):
            _fill(session, range(start, min(start + BATCH, leads)))
        session.execute(sa.text("UPDATE revision SET last = :last"), {"last": leads})
    with bot.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text("ANALYZE"))


def _id(number: int) -> UUID:
    return UUID(int=number + 1)


def _fill(session: Session, numbers: range) -> None:
    ids, blank = {n: _id(n) for n in numbers}, dict.fromkeys(("wording", "wording_hash", "how", "evidence"), "")
    write_all(session, Fan, [
        {"id": ids[n], "person_id": _id(n - 1) if n % LINKED == 1 else ids[n], "language": "fr", "created_at": NOW}
        for n in numbers
    ])  # fmt: skip
    write_all(session, Profile, [
        {"id": ids[n], "fan_id": ids[n], "platform": "facebook", "account": "1", "handle": str(n), "name": "",
         "first_heard_at": NOW, "last_heard_at": NOW} for n in numbers
    ])  # fmt: skip
    write_all(session, Touchpoint, [
        {"fan_id": ids[n], "profile_id": ids[n], "at": NOW, "said_by": "fan", "kind": "comment", "text": "",
         "thread": "", "subject": ""} for n in numbers for _ in range(3)
    ])  # fmt: skip
    write_all(session, Consent, [
        {**blank, "id": 2 * n + half + 1, "fan_id": ids[n], "channel": channel, "purpose": "offers", "act": "granted",
         "given_at": NOW, "recorded_at": NOW} for n in numbers for half, channel in enumerate(("email", "facebook"))
    ])  # fmt: skip
    write_all(session, Claim, [
        {"id": ids[n], "fan_id": ids[n], "profile_id": ids[n], "offer_id": OFFER, "token_hash": f"{n:064}",
         "language": "fr", "platform": "facebook", "account": "1", "post": "", "opened_at": NOW, "claimed_at": NOW,
         "code": f"C-{n}", "email": f"fan-{n}@example.com", "email_hash": f"{n:064}"} for n in numbers
    ])  # fmt: skip
    write_all(session, Lead, [
        {"id": ids[n], "fan_id": ids[n], "consent_id": 2 * n + 1, "claim_id": ids[n], "offer_id": OFFER,
         "email": f"fan-{n}@example.com", "email_hash": f"{n:064}", "name": f"Fan {n}", "language": "fr",
         "platform": "facebook", "account": "1", "first_touch_at": NOW, "created_at": NOW, "updated_at": NOW,
         "revision": n + 1} for n in numbers
    ])  # fmt: skip
    write_all(session, Redemption, [
        {"id": ids[n], "claim_id": ids[n], "by": "key:till", "at": NOW} for n in numbers if n % 4 == 0
    ])  # fmt: skip
    write_all(session, Purchase, [
        {"id": _id(10 * n + time), "source": "shop", "order_id": f"{n}-{time}", "amount": 1990, "currency": "EUR",
         "claim_id": ids[n], "fan_id": ids[n], "at": NOW, "told_at": NOW, "told_by": "key:till"}
        for n in numbers if n % 3 == 0 for time in range(n % 5 + 1)
    ])  # fmt: skip
    write_all(session, Link, [
        {"fan_id": ids[n], "other_id": _id(n - 1), "proof": "email", "evidence": "", "by": "fan", "at": NOW}
        for n in numbers if n % LINKED == 1
    ])  # fmt: skip

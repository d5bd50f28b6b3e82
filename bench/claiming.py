"""claims a second on one offer, by eight processes, beside a bare UPDATE of the same rows."""

import multiprocessing
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from uuid import UUID

from pydantic import SecretStr
from sqlalchemy import update
from sqlmodel import col

from bot import assembly, claiming, database
from bot.assembly import Bot
from bot.settings import Settings
from offers import claims
from offers.catalog import Offer
from offers.claims import Claim
from optin.fans import Fan, Profile
from optin.schema import write_all

CLAIMS = 4_000
WORKERS = 8
FORK = multiprocessing.get_context("fork")  # they begin at once, with everything imported


def measure(new_database: Callable[[str], str], share: float) -> Iterator[str]:
    """Each claim is a transaction of its own, as a click is: the person held, the stock taken, the code given."""
    count = int(CLAIMS * share)
    rates = {how: _rate(new_database(f"claiming_{how.__name__}"), how, count) for how in (_claim, _bare)}
    yield f"claims           {rates[_claim]:7.0f} a second   (aim: 500)"
    yield f"bare UPDATEs     {rates[_bare]:7.0f} a second"
    yield f"ratio            {rates[_claim] / rates[_bare]:7.2f}"


def _rate(url: str, how: Callable[[Bot, UUID], None], count: int) -> float:
    claim_ids = _fill(url, count)
    together = FORK.Barrier(WORKERS + 1)
    shares = [claim_ids[worker::WORKERS] for worker in range(WORKERS)]
    workers = [FORK.Process(target=_work, args=(url, how, mine, together)) for mine in shares]
    for worker in workers:
        worker.start()
    together.wait()
    begun = time.perf_counter()
    for worker in workers:
        worker.join()
    if any(worker.exitcode for worker in workers):
        raise SystemExit("a claim broke")
    return count / (time.perf_counter() - begun)


def _bot(url: str) -> Bot:
    return assembly.put_together(Settings(database_url=SecretStr(url), secret_key=SecretStr("bench" * 8)), {})


def _fill(url: str, count: int) -> list[UUID]:
    """One offer with as many codes as there are fans who hold a link to it."""
    database.migrate(url)
    bot, now = _bot(url), datetime.now(UTC)
    offer_id, ids = bot.new_id(), [bot.new_id() for _ in range(count)]
    offer = Offer(
        id=offer_id, slug="rush", name="Rush", state="open", keywords=[], platforms=[], accounts=[], posts=[],
        texts={}, stock=count, created_at=now, updated_at=now,
    )  # fmt: skip
    fans = [{"id": one, "person_id": one, "language": "fr", "created_at": now} for one in ids]
    profiles = [_profile(one, now) for one in ids]
    with bot.transaction() as session:
        session.add(offer)
        session.flush()
        write_all(session, Fan, fans)
        write_all(session, Profile, profiles)
        write_all(session, Claim, [_claim_of(one, offer_id, now) for one in ids])
    bot.engine.dispose()
    return ids


def _profile(one: UUID, now: datetime) -> dict[str, object]:
    return {
        "id": one, "fan_id": one, "platform": "facebook", "account": "1", "handle": str(one), "name": "",
        "first_heard_at": now, "last_heard_at": now,
    }  # fmt: skip


def _claim_of(one: UUID, offer_id: UUID, now: datetime) -> dict[str, object]:
    return {
        "id": one, "fan_id": one, "profile_id": one, "offer_id": offer_id, "token_hash": claims.hash_of(str(one)),
        "language": "fr", "platform": "facebook", "account": "1", "opened_at": now,
    }  # fmt: skip


def _work(url: str, how: Callable[[Bot, UUID], None], mine: Sequence[UUID], together: object) -> None:
    bot = _bot(url)
    with bot.reading() as session:
        session.connection()
    together.wait()  # type: ignore[attr-defined]
    for claim_id in mine:
        how(bot, claim_id)


def _claim(bot: Bot, claim_id: UUID) -> None:
    with bot.transaction() as session:
        found = claiming.in_turn(session, str(claim_id))
        if found is None:
            raise LookupError(claim_id)
        claim, offer = found
        claiming.take(session, bot, claim, offer, "fan@example.com", bot.now())


def _bare(bot: Bot, claim_id: UUID) -> None:
    with bot.transaction() as session:
        session.execute(update(Offer).values(taken=Offer.taken + 1))
        session.execute(update(Claim).where(col(Claim.id) == claim_id).values(code=str(claim_id), claimed_at=bot.now()))

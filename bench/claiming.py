"""claims a second on one offer, by eight processes: of a crowd for whom there are codes for one in ten, and of one in
which everybody gets his; beside two bare UPDATEs of the same rows."""

import multiprocessing
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from uuid import UUID

from pydantic import SecretStr
from sqlalchemy import bindparam, func, update
from sqlmodel import col, select

from bot import assembly, claiming, database
from bot.assembly import Bot
from bot.settings import Settings
from offers import claims
from offers.catalog import Offer
from offers.claims import Claim
from offers.stock import LOTS, Lot
from optin.fans import Fan, Profile
from optin.schema import write_all

CLAIMS = 10_000
WORKERS = 8
FORK = multiprocessing.get_context("fork")  # they begin at once, with everything imported


def measure(new_database: Callable[[str], str], share: float) -> Iterator[str]:
    """Each claim is a transaction of its own, as a click is: the person held, the stock taken, the code given."""
    count = int(CLAIMS * share)
    rush = _rate(new_database("claiming_rush"), _claim, count, stock=count // 10)
    everybody = _rate(new_database("claiming_everybody"), _claim, count, stock=count)
    bare = _rate(new_database("claiming_bare"), _bare, count, stock=None)
    yield f"claims, a code for one in ten  {rush:7.0f} a second   (aim: 500)"
    yield f"claims, a code for everybody   {everybody:7.0f} a second   {everybody / bare:.2f} of the bare limit"
    yield f"bare UPDATEs                   {bare:7.0f} a second"


def _rate(url: str, how: Callable[[Bot, UUID], None], count: int, stock: int | None) -> float:
    claim_ids = _fill(url, count, stock)
    together = FORK.Barrier(WORKERS + 1)
    shares = [claim_ids[worker::WORKERS] for worker in range(WORKERS)]
    workers = [FORK.Process(target=_work, args=(url, how, mine, together)) for mine in shares]
    for worker in workers:
        worker.start()
    together.wait()
    begun = time.perf_counter()
    for worker in workers:
        worker.join()
    took = time.perf_counter() - begun
    if any(worker.exitcode for worker in workers):
        raise SystemExit("a claim broke")
    if stock is not None:
        _count(url, stock)
    return count / took


def _count(url: str, stock: int) -> None:
    """A figure is worth nothing where the stock was not given out to the last code."""
    bot = _bot(url)
    with bot.reading() as session:
        given = session.exec(select(func.count(col(Claim.code)))).one()
    bot.engine.dispose()
    if given != stock:
        raise SystemExit(f"{given} codes were given instead of {stock}")


def _bot(url: str) -> Bot:
    return assembly.put_together(Settings(database_url=SecretStr(url), secret_key=SecretStr("bench" * 8)), {})


def _fill(url: str, count: int, stock: int | None) -> list[UUID]:
    """One offer, and fans who hold a link to it."""
    database.migrate(url)
    bot, now = _bot(url), datetime.now(UTC)
    offer_id, ids = bot.new_id(), [bot.new_id() for _ in range(count)]
    offer = Offer(
        id=offer_id, slug="rush", name="Rush", state="open", keywords=[], platforms=[], accounts=[], posts=[],
        texts={}, stock=stock, created_at=now, updated_at=now,
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
    """As the page does it."""
    word = str(claim_id)
    with bot.reading() as session:
        if claims.too_late(session, word):
            return
    with bot.transaction() as session:
        turn = claiming.in_turn(session, word)
        if turn is None:
            raise LookupError(claim_id)
        claiming.take(session, bot, turn, "fan@example.com", bot.now())


# Made once, as the service's own are.
_LOT, _CLAIM = Lot.__table__, Claim.__table__  # type: ignore[attr-defined]
_ONE_MORE = update(_LOT).where(_LOT.c.number == bindparam("lot")).values(taken=_LOT.c.taken + 1)
_ITS_CODE = update(_CLAIM).where(_CLAIM.c.id == bindparam("row")).values(code=bindparam("given"))


def _bare(bot: Bot, claim_id: UUID) -> None:
    with bot.transaction() as session:
        session.connection().execute(_ONE_MORE, {"lot": claim_id.int % LOTS})
        session.connection().execute(_ITS_CODE, {"row": claim_id, "given": str(claim_id)})

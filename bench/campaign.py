"""the best of ten offers for each of a million fans: facts loaded, permits asked, conditions, ranking; nothing is sent.

The people are made with SQL: 1 in 21 has a second, linked profile, 3 in 10 said yes to offers, the rest to nothing;
some have codes, some are leads, some had offers of late. Two processes share them out by their ids.
"""

import multiprocessing
import resource
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from uuid import UUID

import sqlalchemy as sa

from bench import processes
from bot import arbitrating, assembly, database
from bot.assembly import Bot
from offers import condition_rows
from offers.catalog import Offer
from offers.conditions import EVERYBODY, All, Any, Condition, Not, Operator, Tree, Yes
from optin import people

FANS = 1_000_000
AT_ONCE = 500
WORKERS = 2
NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
FORK = multiprocessing.get_context("fork")
OFFERS = [UUID(int=2**100 + number) for number in range(10)]
PLATFORMS = {
    "TELEGRAM_BOT_TOKEN": "7:bench", "TELEGRAM_BOT_USERNAME": "bench_bot", "X_BEARER_TOKEN": "bench",
    "X_USER_ID": "2244994945",
}  # fmt: skip


def measure(new_database: Callable[[str], str], share: float) -> Iterator[str]:
    fans = int(FANS * share)
    env = processes.environment(new_database("campaign"), 8000, 8001) | PLATFORMS
    begun = time.perf_counter()
    _fill(env, fans)
    yield f"{time.perf_counter() - begun:.0f} s to make {fans:,} fans"
    begun = time.perf_counter()
    with FORK.Pool(WORKERS) as pool:
        parts = pool.map(partial(_work, env, fans), range(WORKERS))
    took = time.perf_counter() - begun
    whys = sum((why for why, _, _ in parts), Counter[str]())
    yield f"{took:8.1f} s for {whys.total():,} people, {whys.total() / took:,.0f} a second   (aim: 120 s a million)"
    yield f"{sum(cpu for _, cpu, _ in parts):8.1f} s of a core in these {WORKERS} processes, beside PostgreSQL's own"
    yield f"{max(memory for _, _, memory in parts):8.0f} MB at most in each of them"
    for why, count in whys.most_common():
        yield f"{count:8,} {why or 'with a winner'}"


def _work(env: dict[str, str], fans: int, worker: int) -> tuple[Counter[str], float, float]:
    """A part of all people, batch by batch in the order of their ids, in a transaction each."""
    begun, bot = time.process_time(), assembly.assemble(env)
    last, end = UUID(int=fans * worker // WORKERS), UUID(int=fans * (worker + 1) // WORKERS)
    beta, whys = assembly.chance(worker).betavariate, Counter[str]()
    with bot.reading() as session:
        market = arbitrating.market(session, bot, NOW)
    while True:
        with bot.reading() as session:
            batch = people.after(session, last, AT_ONCE, end)
            whys.update(one.why for one in arbitrating.decide(session, market, batch, beta))
        if not batch:
            return whys, time.process_time() - begun, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        last = batch[-1]


def _fill(env: dict[str, str], fans: int) -> None:
    database.migrate(env["DATABASE_URL"])
    bot = assembly.assemble(env)
    with bot.transaction() as session:
        session.add_all(map(_offer, range(len(OFFERS))))
        session.flush()
        for statement in POPULATION:
            session.execute(sa.text(statement), {"fans": fans, "now": NOW, "page": processes.PAGE, "offer": OFFERS[0]})
    _analyse(bot)
    bot.engine.dispose()


def _analyse(bot: Bot) -> None:
    with bot.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text("VACUUM ANALYZE"))


def _offer(number: int) -> Offer:
    return Offer(
        id=OFFERS[number], slug=f"offer-{number}", name=f"Offer {number}", state="open", keywords=[], platforms=[],
        accounts=[], posts=[], texts={}, conditions=condition_rows.as_json(TREES[number]), worth=1000 + 400 * number,
        cost=100 * number, priority=number == 9, created_at=NOW, updated_at=NOW,
    )  # fmt: skip


def _row(field: str, operator: Operator, value: object = None) -> Condition:
    return Condition(field, operator, value)  # type: ignore[arg-type]


SPOKEN = _row("comments", Operator.AT_LEAST, 2)
FRENCH = _row("language", Operator.ANY_OF, ("fr",))
LATELY = _row("last_heard", Operator.WITHIN, 30)
LEAD = _row("is_lead", Operator.IS, True)
TREES: tuple[Tree, ...] = (
    EVERYBODY,
    FRENCH,
    All((FRENCH, LATELY)),
    LEAD,
    Not(LEAD),
    All((SPOKEN, LATELY)),
    Any((SPOKEN, LEAD)),
    All((_row("claimed_offer", Operator.ANY_OF, (str(OFFERS[0]),)), LATELY)),
    _row("consent", Operator.GRANTED, Yes("telegram", "offers")),
    All((LEAD, SPOKEN, FRENCH, LATELY)),
)

_ID = "lpad(to_hex({}), 32, '0')::uuid"
_N, _BEFORE = _ID.format("n"), _ID.format("n - 1")
_HEARD = "CAST(:now AS timestamptz) - (n % 90 * 7919 % 90) * interval '1 day' - interval '1 hour'"
_PLATFORM = "(ARRAY['facebook', 'telegram', 'x'])[1 + n % 3]"
_ACCOUNT = "(ARRAY[CAST(:page AS text), 'bench_bot', '2244994945'])[1 + n % 3]"
_ALL = "FROM generate_series(1, CAST(:fans AS integer)) AS n"
_SAID_YES = "n % 10 IN (1, 4, 7)"
_HAS_CODE = "n % 50 IN (1, 4, 7, 11)"
POPULATION = (
    f"""INSERT INTO fan (id, person_id, language, created_at)
        SELECT {_N}, CASE WHEN n % 21 = 20 THEN {_BEFORE} ELSE {_N} END,
               CASE WHEN n % 4 = 0 THEN 'en' ELSE 'fr' END, {_HEARD} {_ALL}""",
    f"""INSERT INTO profile (id, fan_id, platform, account, handle, name, first_heard_at, last_heard_at,
                             window_opened_at, window_opened_by)
        SELECT {_N}, {_N}, {_PLATFORM}, {_ACCOUNT}, n::text, 'Fan', {_HEARD} - interval '100 days', {_HEARD},
               CASE WHEN n % 5 < 3 THEN {_HEARD} END, '' {_ALL}""",
    f"""INSERT INTO fan_link (fan_id, other_id, proof, evidence, "by", at)
        SELECT {_N}, {_BEFORE}, 'email', '', 'fan', :now {_ALL} WHERE n % 21 = 20""",
    f"""INSERT INTO touchpoint (fan_id, profile_id, at, said_by, kind, text, thread, subject)
        SELECT {_N}, {_N}, {_HEARD}, 'fan', CASE WHEN (n + t) % 3 = 0 THEN 'message' ELSE 'comment' END, '', '', ''
        {_ALL}, generate_series(1, 3) AS t WHERE t <= 1 + n % 3""",
    f"""INSERT INTO consent (fan_id, profile_id, channel, purpose, act, wording, wording_hash, how, place, evidence,
                             given_at, recorded_at)
        SELECT {_N}, {_N}, {_PLATFORM}, 'offers', 'granted', '', '', 'claim_page', '', '', {_HEARD}, :now
        {_ALL} WHERE {_SAID_YES}""",
    f"""INSERT INTO consent (fan_id, profile_id, channel, purpose, act, wording, wording_hash, how, place, evidence,
                             given_at, recorded_at)
        SELECT {_N}, {_N}, '*', '*', 'withdrawn', '', '', 'chat', '', '', :now, :now {_ALL} WHERE n % 40 = 1""",
    f"""INSERT INTO claim (id, fan_id, profile_id, offer_id, token_hash, step, language, platform, account, post,
                           evidence, opened_at, email, email_hash, name, code, claimed_at)
        SELECT {_N}, {_N}, {_N}, :offer, n::text, 'done', 'fr', {_PLATFORM}, {_ACCOUNT}, '', '', {_HEARD},
               n || '@example.com', '', 'Fan', 'CODE-' || n, {_HEARD} {_ALL} WHERE {_HAS_CODE}""",
    """INSERT INTO lead (id, fan_id, consent_id, claim_id, offer_id, email, email_hash, name, language, platform,
                          account, post, first_touch_at, created_at, updated_at, revision, told_qualified)
        SELECT claim.id, claim.fan_id, consent.id, claim.id, claim.offer_id, claim.email, '', 'Fan', 'fr',
               claim.platform, claim.account, '', :now, :now, :now, row_number() OVER (), false
        FROM claim JOIN consent ON consent.fan_id = claim.fan_id AND consent.act = 'granted'""",
    f"""INSERT INTO message (id, once, platform, account, way, recipient, handle, lane, answers, fan_id, profile_id,
                             offer_id, purpose, solicits, weight, priority, language, title, text, buttons, then_text,
                             state, reason, why, said_by, due_at, created_at, attempts, sent_at, external_id, segment)
        SELECT {_N}, 'solicits:' || n, {_PLATFORM}, {_ACCOUNT}, 'direct', n::text, n::text, 0, '', {_N}, {_N},
               :offer, 'offer', 'offers', 100, 0, 'fr', '', '', '[]', '', 'sent', '', 'consent', 'bot', sent, sent, 1,
               sent, n::text, 'stranger'
        FROM (SELECT n, CAST(:now AS timestamptz) - (n % 25) * interval '1 day' AS sent {_ALL}) AS gone
        WHERE n % 10 = 4""",
    """INSERT INTO arm (offer_id, channel, segment, asked, shown, claimed)
       SELECT offer.id, channel, segment, false, 4000, 40 + 4 * priority
       FROM offer, unnest(ARRAY['facebook', 'telegram', 'x']) AS channel,
            unnest(ARRAY['stranger', 'follower', 'taker', 'lead']) AS segment""",
)

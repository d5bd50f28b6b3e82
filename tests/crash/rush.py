"""A rush on few codes: pages and chats at once, double clicks, two profiles of one person, and kill -9 in between.

`python -m tests.crash.rush --claims 10000 --codes 1000 --database postgresql` plays it in full.
"""

import json
import multiprocessing
import os
import random
import re
import signal
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import click
from flask import Flask
from pydantic import SecretStr
from sqlalchemy import update
from sqlmodel import col, select

from bot import assembly, claiming, database, hearing, inbox, lanes
from bot.assembly import Bot
from bot.inbox import Inbox
from bot.lanes import Lane
from bot.outbox import Outgoing
from bot.settings import Settings
from connectors import Interaction, Kind
from offers import claims, listed
from offers.catalog import Offer
from offers.claims import Claim
from optin.fans import Fan, Profile
from optin.links import Link, Proof
from optin.schema import write_all
from tests.crash.__main__ import _databases, _folder
from tests.pigeon import Pigeon
from webhooks.app import create_app

SECRET = "not-so-hidden-in-the-tests-0123456789abcdef"
LISTENERS = 2  # of the processes; the others press on pages
TWO_PROFILES, TWICE, BY_CHAT, TICKED = 5, 4, 6, 3  # every so manieth
PATIENCE = 1800.0
FORK = multiprocessing.get_context("fork")  # with everything imported: the dead are replaced at once
CODE = re.compile(r'class="code"[^>]*>([^<]+)<')
SOLD_OUT_PAGE, SOLD_OUT_WORDS = "Tous les codes sont partis", "Cette offre est épuisée"


@dataclass(frozen=True)
class Plan:
    seed: int
    claims: int
    codes: int
    kills: int
    processes: int = 8
    listed: bool = False  # a shop's own codes


@dataclass(frozen=True)
class Press:
    """Somebody presses the button of his page. `number` tells two presses of one page apart."""

    number: int
    claim_id: UUID
    ticks: bool


@dataclass
class Crowd:
    """`people` are the claims of each person; `chats` the claims whose fans write their address in the chat as well."""

    people: list[list[UUID]]
    presses: list[Press]
    chats: list[UUID]


@dataclass
class Figures:
    claimed: int = 0
    losers: int = 0
    pressed: int = 0
    written: int = 0
    twice: int = 0
    linked: int = 0
    kills: int = 0
    seconds: float = 0
    faults: tuple[str, ...] = ()


def play(url: str, folder: Path, plan: Plan) -> Figures:
    chance = random.Random(plan.seed)
    crowd = _gather(url, plan, chance)
    begun = time.monotonic()
    kills = _run(url, folder, plan, crowd, chance)
    seconds = time.monotonic() - begun
    told = _told(folder)
    found = _verdict(url, plan, crowd, told)
    return replace(found, kills=kills, seconds=seconds)


def _bot(url: str) -> Bot:
    settings = Settings(database_url=SecretStr(url), secret_key=SecretStr(SECRET), brand="Zéphyr")
    return assembly.put_together(settings, {"pigeon": Pigeon("loft", "ring")})


# Who comes ------------------------------------------------------------------------------------------------------------


def _gather(url: str, plan: Plan, chance: random.Random) -> Crowd:
    """As many claims as planned, by pages and by chats; fans with two profiles hold two links."""
    bot, now = _bot(url), datetime.now(UTC)
    crowd = _people(bot, plan, chance)
    offer_id = _offer(bot, plan, now)
    with bot.transaction() as session:
        fans = [(fan, person[0]) for person in crowd.people for fan in person]
        write_all(session, Fan, [_fan(one, first, now) for one, first in fans])
        write_all(session, Profile, [_profile(one, now) for one, _ in fans])
        write_all(session, Link, [_link(person, now) for person in crowd.people if len(person) > 1])
        write_all(session, Claim, [_claim(one, offer_id, now) for one, _ in fans])
    for start in range(0, len(crowd.chats), 200):
        said = [_says(one, now) for one in crowd.chats[start : start + 200]]
        with bot.transaction() as session:
            inbox.keep(session.connection(), said, lanes.of, now)
    bot.engine.dispose()
    return crowd


def _people(bot: Bot, plan: Plan, chance: random.Random) -> Crowd:
    crowd = Crowd([], [], [])
    while len(crowd.presses) + len(crowd.chats) < plan.claims:
        many = 2 if chance.randrange(TWO_PROFILES) == 0 else 1
        person = [bot.new_id() for _ in range(many)]
        crowd.people.append(person)
        for one in person:
            times = 2 if chance.randrange(TWICE) == 0 else 1
            for _ in range(times):
                crowd.presses.append(Press(len(crowd.presses), one, chance.randrange(TICKED) == 0))
        if chance.randrange(BY_CHAT) == 0:
            crowd.chats.append(chance.choice(person))
    return crowd


def _offer(bot: Bot, plan: Plan, now: datetime) -> UUID:
    texts = {"fr": {"title": "20 %", "pitch": "Pour vous.", "terms": ""}}
    offer = Offer(
        id=bot.new_id(), slug="rush", name="Rush", state="open", keywords=["promo"], platforms=[], accounts=[],
        posts=[], texts=texts, stock=None if plan.listed else plan.codes, created_at=now, updated_at=now,
    )  # fmt: skip
    with bot.transaction() as session:
        session.add(offer)
        session.flush()
        if plan.listed:
            listed.add(session, offer, [f"SHOP-{number}" for number in range(plan.codes)], now)
    return offer.id


def _fan(one: UUID, first: UUID, now: datetime) -> dict[str, object]:
    return {"id": one, "person_id": first, "language": "fr", "created_at": now}


def _profile(one: UUID, now: datetime) -> dict[str, object]:
    return {
        "id": one, "fan_id": one, "platform": "pigeon", "account": "loft", "handle": str(one), "name": "",
        "first_heard_at": now, "last_heard_at": now, "window_opened_at": now,
    }  # fmt: skip


def _link(person: Sequence[UUID], now: datetime) -> dict[str, object]:
    return {
        "fan_id": person[0], "other_id": person[1], "proof": Proof.EMAIL.value, "evidence": "", "by": "fan", "at": now,
    }  # fmt: skip


def _claim(one: UUID, offer_id: UUID, now: datetime) -> dict[str, object]:
    return {
        "id": one, "fan_id": one, "profile_id": one, "offer_id": offer_id, "language": "fr", "platform": "pigeon",
        "token_hash": claims.hash_of(claims.token(SECRET, one)), "account": "loft", "opened_at": now,
    }  # fmt: skip


def _says(one: UUID, now: datetime) -> Interaction:
    text = f"{one.hex}@example.com"
    return Interaction("pigeon", "loft", f"chat-{one}", Kind.MESSAGE, now, str(one), text=text, subject=f"s{one}")


# What happens ---------------------------------------------------------------------------------------------------------


def _run(url: str, folder: Path, plan: Plan, crowd: Crowd, chance: random.Random) -> int:
    """All processes at once. A dead one is followed by another, which goes on where it was: the fan presses again."""
    pages = plan.processes - LISTENERS
    app = create_app(_bot(url))  # made once; each process opens its own connections
    work: list[Callable[[int], None]] = []
    for number in range(pages):
        mine = crowd.presses[number::pages]  # the two clicks of one fan fall to two processes
        work.append(lambda _, mine=mine, number=number: _press(app, folder / f"told-{number}", mine))  # type: ignore[misc]
    work += [lambda life, number=number: _listen(url, f"listener-{number}-{life}") for number in range(LISTENERS)]  # type: ignore[misc]
    lives = [0] * len(work)
    running = [_start(job, 0) for job in work]
    kills, deadline = 0, time.monotonic() + PATIENCE
    while any(process.is_alive() for process in running):
        time.sleep(chance.uniform(0.02, 0.3))
        alive = [number for number, process in enumerate(running) if process.is_alive()]
        if kills < plan.kills and alive:
            victim = chance.choice(alive)
            os.kill(running[victim].pid or 0, signal.SIGKILL)
            running[victim].join()
            kills += 1
        for number, process in enumerate(running):
            if process.exitcode:
                _forget_lease(url, f"listener-{number - pages}-{lives[number]}")
                lives[number] += 1
                running[number] = _start(work[number], lives[number])
        if time.monotonic() > deadline or sum(lives) > plan.kills + 20:
            for process in running:
                process.kill()
            raise RuntimeError("the rush does not end: see what its processes printed")
    return kills


def _start(job: Callable[[int], None], life: int) -> multiprocessing.process.BaseProcess:
    process = FORK.Process(target=job, args=(life,))
    process.start()
    return process


def _press(app: Flask, told: Path, mine: Sequence[Press]) -> None:
    bot = app.extensions["fanfare"]
    with bot.reading() as session:
        ticked = [
            words.hash for words in claiming.channels(bot, session.exec(select(Claim).limit(1)).one(), "fr").values()
        ]
    done = len(told.read_text().splitlines()) if told.exists() else 0
    page = os.open(told, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for press in mine[done:]:
        visitor, word = app.test_client(), claims.token(SECRET, press.claim_id)
        form = {"email": f"{press.claim_id.hex}@example.com", "allow": ticked if press.ticks else []}
        pressed = visitor.post(f"/claim/{word}", data=form)
        shown = visitor.get(f"/claim/{word}")
        code = CODE.search(shown.text)
        said = code[1] if code else "sold_out" if SOLD_OUT_PAGE in shown.text else "?"
        line = [press.number, press.claim_id.hex, pressed.status_code, shown.status_code, said]
        os.write(page, json.dumps(line).encode() + b"\n")


def _listen(url: str, name: str) -> None:
    bot = _bot(url)
    while True:
        heard = hearing.hear_some(bot, name)
        with bot.reading() as session:
            if not inbox.anything_waiting(session):
                return
        if not heard:
            time.sleep(0.02)


def _forget_lease(url: str, holder: str) -> None:
    """As if LEASE had passed since the death."""
    bot = _bot(url)
    with bot.transaction() as session:
        session.execute(
            update(Lane).where(col(Lane.holder) == holder).values(held_until=datetime(2000, 1, 1, tzinfo=UTC))
        )
    bot.engine.dispose()


# What must be true ----------------------------------------------------------------------------------------------------


def _told(folder: Path) -> list[list[object]]:
    return [json.loads(line) for path in sorted(folder.glob("told-*")) for line in path.read_text().splitlines()]


def _verdict(url: str, plan: Plan, crowd: Crowd, told: Sequence[list[object]]) -> Figures:
    bot = _bot(url)
    with bot.reading() as session:
        codes = {claim.id: claim.code for claim in session.exec(select(Claim)) if claim.code}
        taken = session.exec(select(Offer.taken)).one()
        from_list = dict(session.exec(select(listed.OfferCode.taken_by, listed.OfferCode.code)).all())
        messages = session.exec(select(Outgoing)).all()
        unheard = session.exec(select(Inbox).where(Inbox.state != inbox.Heard)).all()
    bot.engine.dispose()
    person_of = {one: number for number, person in enumerate(crowd.people) for one in person}
    theirs: dict[int, set[str]] = defaultdict(set)
    for one, code in codes.items():
        theirs[person_of[one]].add(code)
    faults = [
        *_counted(plan, codes, taken, theirs),
        *([f"{len(unheard)} unheard"] if unheard else []),
        *([] if not plan.listed or {k: v for k, v in from_list.items() if k} == codes else ["list and claims differ"]),
        *_pages(crowd, told, person_of, theirs),
        *_chats(crowd, messages, person_of, theirs),
    ]
    presses = Counter(press.claim_id for press in crowd.presses)
    return Figures(
        claimed=len(codes), losers=len(crowd.people) - len(theirs), pressed=len(told), written=len(crowd.chats),
        twice=sum(times > 1 for times in presses.values()), linked=sum(len(person) > 1 for person in crowd.people),
        faults=tuple(faults),
    )  # fmt: skip


def _counted(plan: Plan, codes: dict[UUID, str], taken: int, theirs: dict[int, set[str]]) -> Iterator[str]:
    if len(codes) != plan.codes or taken != plan.codes:
        yield f"{len(codes)} claims and {taken} taken instead of {plan.codes}"
    if len(set(codes.values())) != len(codes):
        yield "a code was given twice"
    if any(len(some) > 1 for some in theirs.values()):
        yield "a person has two codes"


def _pages(
    crowd: Crowd, told: Sequence[list[object]], person_of: dict[UUID, int], theirs: dict[int, set[str]]
) -> Iterator[str]:
    """Whoever has a code saw it, and whoever has none read that all are gone."""
    if [line[0] for line in sorted(told)] != list(range(len(crowd.presses))):
        yield "a press was lost"
    for number, claim, pressed, shown, said in told:
        code = next(iter(theirs.get(person_of[UUID(str(claim))], set())), "sold_out")
        if (pressed, shown, said) != (303, 200, code):
            yield f"press {number}: {pressed}, {shown}, {said} instead of {code}"


def _chats(
    crowd: Crowd, messages: Sequence[Outgoing], person_of: dict[UUID, int], theirs: dict[int, set[str]]
) -> Iterator[str]:
    said = {message.fan_id: message for message in messages}
    for one in crowd.chats:
        code = next(iter(theirs.get(person_of[one], set())), None)
        if one not in said:
            yield "a chat was left without a word"
        elif not _fits(said[one], code):
            yield f"a chat said {said[one].text!r} to who has {code}"


def _fits(message: Outgoing, code: str | None) -> bool:
    """Where his page was faster, an address in the chat answers nothing any more: a person looks at it."""
    if code is None:
        return SOLD_OUT_WORDS in message.text
    return code in message.text or (message.state, message.reason) == ("draft", "not_understood")


@click.command()
@click.option("--claims", "many", default=10_000, show_default=True)
@click.option("--codes", default=1_000, show_default=True)
@click.option("--kills", default=24, show_default=True)
@click.option("--seed", default=1, show_default=True)
@click.option("--listed", "from_list", is_flag=True, help="Codes of a shop's own list.")
@click.option("--database", "kind", default="sqlite", show_default=True, type=click.Choice(["sqlite", "postgresql"]))
def main(many: int, codes: int, kills: int, seed: int, from_list: bool, kind: str) -> None:
    """Let a crowd take all the codes of an offer, and count them afterwards."""
    plan = Plan(seed, many, codes, kills, listed=from_list)
    with _databases(kind) as urls, _folder(f"rush-{kind}", seed) as folder:
        url = next(urls).format(folder=folder)
        database.migrate(url)
        figures = play(url, folder, plan)
    click.echo(f"{kind}: {figures}")
    click.echo(f"{(figures.pressed + figures.written) / figures.seconds:.0f} attempts a second, each with its page")
    sys.exit(bool(figures.faults))


if __name__ == "__main__":
    main()

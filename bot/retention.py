"""Retention: what nobody may keep any longer goes by itself, once a day, a batch at a time."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import structlog
from sqlmodel import Session

from bot.assembly import Bot
from bot.overdue import RULES, Rule
from bot.periods import PERIODS, Kept

log = structlog.get_logger()

Counts = Counter[tuple[Kept, str]]  # why, of which table, how many rows


def run(bot: Bot) -> Counts:
    """Let go of what is over. Running it again lets go of nothing more."""
    gone = sum((_run(bot, rule) for rule in RULES), Counts())
    for (why, table), rows in sorted(gone.items()):
        log.info("retention", why=why.value, table=table, rows=rows)
    return gone


def foresee(bot: Bot) -> Counts:
    """What `run` would let go of now. Changes nothing."""
    return sum((_foresee(bot, rule) for rule in RULES), Counts())


def _run(bot: Bot, rule: Rule) -> Counts:
    gone, after, now = Counts(), None, bot.now()
    while True:
        with bot.transaction() as session:
            batch = rule.due(session, now - PERIODS[rule.why], after)
            if not batch:
                return gone
            gone += _counted(rule, session, bot, batch)
            rule.let_go(session, bot, batch, now)
            after = batch[-1]


def _foresee(bot: Bot, rule: Rule) -> Counts:
    foreseen, after, now = Counts(), None, bot.now()
    with bot.reading() as session:
        while batch := rule.due(session, now - PERIODS[rule.why], after):
            foreseen += _counted(rule, session, bot, batch)
            after = batch[-1]
    return foreseen


def _counted(rule: Rule, session: Session, bot: Bot, batch: Sequence[Any]) -> Counts:
    return Counts({(rule.why, table): rows for table, rows in rule.count(session, bot, batch).items()})

"""Polling: what a platform does not bring is fetched, and kept page by page before the position moves on."""

from datetime import datetime, timedelta

import structlog

from bot import accounts, inbox, lanes, spending
from bot.assembly import Bot
from connectors import Busy, Connector, Page, Refused, Unreachable

log = structlog.get_logger()


def poll(bot: Bot, connector: Connector, stream: str) -> timedelta:
    """Fetch all that is new on a stream. Says how long the platform wants us to wait before the next poll."""
    for account in connector.accounts:
        try:
            _poll_account(bot, connector, account, stream, bot.now())
        except Busy as busy:
            return busy.retry_after
        except Unreachable as away:
            log.warning("poll_unreachable", platform=connector.name, stream=stream, reason=away.reason)
        except Refused as refused:
            _give_up(bot, connector, account, refused, bot.now())
    return timedelta(0)


def _poll_account(bot: Bot, connector: Connector, account: str, stream: str, now: datetime) -> None:
    with bot.reading() as session:
        position = accounts.position(session, connector.name, account, stream)
        spent = spending.spent(session, connector.name, account, now)
    budget = connector.monthly_budget(account)
    if budget is not None and spent >= budget:
        log.warning("budget_spent", platform=connector.name, stream=stream)
        return
    for page in connector.poll(stream, position, now):
        _keep(bot, connector, account, stream, page, now)


def _keep(bot: Bot, connector: Connector, account: str, stream: str, page: Page, now: datetime) -> None:
    """The page, what it cost, and on the last one the new position, in one commit."""
    with bot.transaction() as session:
        inbox.keep(session.connection(), page.interactions, lanes.of, now)
        spending.spend(session, connector.name, account, page.cost, now)
        if page.position is not None:
            accounts.move_on(session, connector.name, account, stream, page.position)


def _give_up(bot: Bot, connector: Connector, account: str, refused: Refused, now: datetime) -> None:
    log.error("poll_refused", platform=connector.name, reason=refused.reason)
    with bot.transaction() as session:
        accounts.pause(session, connector.name, account, f"platform:{refused.reason}", now)

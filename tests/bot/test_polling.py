"""Polls: every page is kept before the position moves on, and one clock leads."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from sqlmodel import select

from bot import accounts, clock, polling, spending
from bot.accounts import AccountState
from bot.inbox import Inbox
from connectors import Busy, Interaction, Kind, Page, PlatformError, Refused, Scope, Unreachable
from tests.pigeon import Pigeon
from tests.stage import NOON, Stage


class Polled(Pigeon):
    """Pigeons that have to be fetched: each poll brings these pages, or raises."""

    streams = ("nest",)

    def __init__(self) -> None:
        super().__init__("loft", "ring")
        self.pages: list[Page | PlatformError] = []
        self.asked: list[str] = []
        self.budget: Decimal | None = None

    def poll(self, stream: str, position: str, now: datetime) -> Iterator[Page]:
        self.asked.append(position)
        for page in self.pages:
            if isinstance(page, PlatformError):
                raise page
            yield page

    def monthly_budget(self, account: str) -> Decimal | None:
        return self.budget


@pytest.fixture
def stage(database_url: str) -> Iterator[Stage]:
    stage = Stage(database_url)
    yield stage
    stage.close()


def said(name: str) -> Interaction:
    return Interaction("pigeon", "loft", name, Kind.MESSAGE, NOON, "lea", text=name)


def kept(stage: Stage) -> list[str]:
    with stage.bot.reading() as session:
        return sorted(session.exec(select(Inbox.key)).all())


def test_the_position_moves_on_after_the_last_page(stage: Stage) -> None:
    nest = Polled()
    nest.pages = [Page((said("a"),)), Page((said("b"),), position="b")]

    polling.poll(stage.bot, nest, "nest")
    polling.poll(stage.bot, nest, "nest")

    assert (nest.asked, kept(stage)) == (["", "b"], ["a", "b"])


@pytest.mark.parametrize("fault", [Unreachable("away"), Busy("rate", timedelta(minutes=1))])
def test_a_poll_that_breaks_is_made_again_and_loses_nothing(stage: Stage, fault: PlatformError) -> None:
    nest = Polled()
    nest.pages = [Page((said("a"),)), fault]
    polling.poll(stage.bot, nest, "nest")

    nest.pages = [Page((said("a"),)), Page((said("b"),), position="b")]
    polling.poll(stage.bot, nest, "nest")

    assert (nest.asked, kept(stage)) == (["", ""], ["a", "b"])


def test_a_platform_that_refuses_silences_the_account_for_a_person_to_see(stage: Stage) -> None:
    nest = Polled()
    nest.pages = [Refused("token_dead", Scope.ACCOUNT)]

    polling.poll(stage.bot, nest, "nest")

    assert [row.reason for row in stage.all(AccountState)] == ["platform:token_dead"]


def test_what_a_poll_costs_is_counted_and_ends_at_the_budget(stage: Stage) -> None:
    nest = Polled()
    nest.budget = Decimal("0.01")
    nest.pages = [Page((said("a"),), position="a", cost=Decimal("0.01"))]

    polling.poll(stage.bot, nest, "nest")
    polling.poll(stage.bot, nest, "nest")

    with stage.bot.reading() as session:
        assert spending.spent(session, "pigeon", "loft", NOON) == Decimal("0.01")
        assert accounts.position(session, "pigeon", "loft", "nest") == "a"
    assert nest.asked == [""]


def test_of_two_clocks_one_leads_and_the_other_takes_over(stage: Stage, database_url: str) -> None:
    other = Stage(database_url)

    with clock._leading(stage.bot) as first, clock._leading(other.bot) as second:
        led = (first is not None, second is not None)
    with clock._leading(other.bot) as then:
        taken_over = then is not None
    other.close()

    assert (led, taken_over) == ((True, False), True)

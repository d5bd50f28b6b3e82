"""pure permit decisions a second by one core: answers to what was asked, and solicitations with 20 counted messages."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import cycle, islice
from uuid import UUID

from connectors import Kind, Rules, Way
from optin import permits
from optin.choices import Preferences
from optin.permits import Facts, Permit, Solicitation
from optin.pressure import Caps, Counted
from optin.standing import Act, Line, Standing

DECISIONS = 200_000
AIM = 20_000
COUNTED = 20
NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
RULES = Rules(
    answers={Kind.COMMENT: (Way.PRIVATE, Way.PUBLIC), Kind.MESSAGE: (Way.DIRECT,)},
    opens_window=frozenset({Kind.MESSAGE}),
    window=timedelta(hours=24),
    human_window=timedelta(days=7),
    private_reply_within=timedelta(days=7),
)


def measure(share: float) -> Iterator[str]:
    """No database is asked: every fact is brought along."""
    count = int(DECISIONS * share)
    for name, facts in (("answers", _answers()), ("solicitations", _solicitations())):
        rate = _decide(facts, count)
        yield f"{name:<16} {rate:7.0f} a second   (aim: {AIM:,})"


def _decide(facts: list[Facts], count: int) -> float:
    """By the clock of this process: how fast one core decides, whatever else the machine does."""
    asked = list(islice(cycle(facts), count))
    begun = time.process_time()
    permitted = sum(isinstance(permits.decide(one, NOW), Permit) for one in asked)
    took = time.process_time() - begun
    if not 0 < permitted < count:
        raise SystemExit("all were decided alike: that measures nothing")
    return count / took


def _answers() -> list[Facts]:
    """Comments and messages, in time and too late, from fans who said stop and from others."""
    kinds = ((Kind.COMMENT, Way.PRIVATE), (Kind.COMMENT, Way.PUBLIC), (Kind.MESSAGE, Way.DIRECT))
    return [
        Facts(
            "facebook",
            way,
            permits.allowed(RULES, kind, way),
            kind,
            asked_at=NOW - timedelta(days=days),
            window_opened_at=NOW - timedelta(days=days),
            service=service,
        )
        for kind, way in kinds
        for days in (0, 3, 8)
        for service in (Standing(), Standing(Act.GRANTED), Standing(Act.WITHDRAWN))
    ]


def _solicitations() -> list[Facts]:
    """Fans who said yes, each with 20 messages counted over the month: with room, at their cap, in their pause."""
    return [
        Facts(
            "facebook",
            Way.DIRECT,
            permits.allowed(RULES, None, Way.DIRECT),
            window_opened_at=NOW - timedelta(hours=1),
            solicits=Solicitation("offers", _yes(), wishes, Caps(caps=caps), 100, _counted(every)),
        )
        for every in (timedelta(hours=35), timedelta(hours=8))
        for wishes in (Preferences(), Preferences(hours=(9, 20)), Preferences(paused_until=NOW + timedelta(hours=2)))
        for caps in ({"*": {"day": 1, "week": 8, "month": 30}}, {"*": {"day": 1, "week": 3}, "offers": {"month": 8}})
    ]


def _yes() -> Standing:
    return Standing(Act.GRANTED, (Line(1, UUID(int=1), "facebook", "offers", Act.GRANTED, NOW, "claim-1"),))


def _counted(every: timedelta) -> tuple[Counted, ...]:
    return tuple(Counted(NOW - (number + 1) * every, "offers", 100) for number in range(COUNTED))

"""From the page of his code to a second platform: the link there says who he is."""

import re
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlmodel import select

from bot import assembly, hearing, inbox, lanes
from bot.settings import Settings
from connectors import Interaction, Kind
from offers import claims
from optin.links import Link
from tests.cast import NOW, SECRET, Clock, Quiet, Stage
from tests.pigeon import Pigeon

LINK = re.compile(r'<a href="(https://pigeon\.example/[^"]+)" rel="noreferrer">([^<]+)</a>')


class Homing(Pigeon):
    """A pigeon that brings back the word with which it was sent off."""

    def entry_link(self, account: str, payload: str) -> str:
        return f"https://pigeon.example/{account}?ref={payload}"


@pytest.fixture
def stage(database_url: str) -> Iterator[Stage]:
    clock = Clock()
    read = Settings.read({"SECRET_KEY": SECRET, "DATABASE_URL": database_url, "HOLDOUT_PERCENT": "0"})
    bot = assembly.put_together(read, {"facebook": Quiet(), "pigeon": Homing("loft", "ring")}, clock)
    yield Stage(bot, clock)
    bot.engine.dispose()


def test_the_link_on_his_page_leads_to_one_person_on_both_sides(stage: Stage) -> None:
    alice = stage.fan()
    word = stage.claim(stage.offer(), alice)
    visitor = stage.visitor()
    form = visitor.get(f"/claim/{word}")
    page = visitor.post(f"/claim/{word}", data={"email": "alice@example.com"}, follow_redirects=True)

    [(link, name)] = LINK.findall(page.text)
    [payload] = parse_qs(urlsplit(link).query)["ref"]
    one = Interaction("pigeon", "loft", "p1", Kind.PRESS, NOW, "alice-there", "Alice", payload=payload)
    with stage.bot.transaction() as session:
        inbox.keep(session.connection(), [one], lanes.of, NOW)
    hearing.hear_some(stage.bot, "worker-1")

    with stage.bot.reading() as session:
        [joined] = session.exec(select(Link)).all()
        found = claims.behind(session, word)
    assert found is not None
    assert (joined.fan_id, joined.proof, joined.evidence) == (alice, "claim_link", str(found[0].id))
    assert name == "Pigeon"
    assert word not in link
    assert LINK.findall(form.text) == []  # first the code: what is offered stands alone
    assert LINK.findall(visitor.get(f"/claim/{word}").text) == []  # he is known there by now

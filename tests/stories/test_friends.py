"""Friends: a fan shares his link, a friend takes the offer elsewhere, and what is for ambassadors opens to him.

All through the doors: webhooks, pages, workers. And whoever games it gains nothing."""

import json
import re
from collections.abc import Iterator
from html import unescape
from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient

from bot import forgetting
from bot.outbox import Outgoing
from connectors import Kind as Did
from leads import scores
from leads.ambassadors import Kind, Score
from leads.merits import Merit
from offers import condition_rows
from offers.claims import Claim
from offers.conditions import Condition, Operator
from optin import consents, fans, links, people
from optin.erasures import How
from optin.fans import Handle
from optin.links import Proof
from optin.standing import Purpose
from tests.owl import Owl
from tests.stage import Stage
from webhooks.app import create_app

LINK = re.compile(r"/claim/\w+")
SHARED = re.compile(r'value="https://owl\.example/tree\?start=([\w-]+)" readonly')
FOR_AMBASSADORS = condition_rows.as_json(Condition("ambassador_score", Operator.AT_LEAST, 10))


class Play:
    """The stage with its doors: fans on two platforms, and a browser each time."""

    def __init__(self, stage: Stage, owl: Owl) -> None:
        self.stage, self.owl = stage, owl
        self.app = create_app(stage.bot)
        self.number = 0

    def browser(self) -> FlaskClient:
        return self.app.test_client()

    def posts(self, platform: str, what: str, who: str, **more: Any) -> None:
        """The platform tells us, and everything is worked off."""
        self.number += 1
        one = {"id": f"p{self.number}", "what": what, "who": who, "name": who.title(), "at": self.stage.now.timestamp()}
        answer = self.browser().post(f"/webhooks/{platform}", data=json.dumps([one | more]), headers={"X-Ring": "ring"})
        assert answer.status_code == 200
        self.stage.work()

    def takes(self, who: str, platform: str = "pigeon") -> str:
        """Follows the link that he was given in private, and takes the code. Says the word by which friends come."""
        sent = self.owl.sent if platform == "owl" else self.stage.pigeon.sent
        path = next(found[0] for one in reversed(sent) if one.to == who and (found := LINK.search(one.text)))
        page = self.browser().post(path, data={"email": f"{who}@example.com"}, follow_redirects=True)
        return SHARED.findall(unescape(page.text))[0]

    def friend(self, word: str, who: str) -> None:
        """Somebody comes by this link, and takes the offer."""
        self.posts("owl", "note", who, word=word)
        self.takes(who, "owl")

    def fan(self, who: str, platform: str = "pigeon") -> UUID:
        account = "tree" if platform == "owl" else "loft"
        with self.stage.bot.reading() as session:
            return fans.behind(session, [Handle(platform, account, who)])[Handle(platform, account, who)]

    def score(self, who: str, platform: str = "pigeon") -> Score | None:
        with self.stage.bot.reading() as session:
            return scores.of(session, people.one(session, self.fan(who, platform)), self.stage.now)

    def points(self, who: str = "lea") -> int:
        score = self.score(who)
        assert score is not None
        return score.points

    def link(self, one: UUID, other: UUID) -> None:
        with self.stage.bot.transaction() as session:
            assert links.link(session, one, other, Proof.MANAGER, "said so", self.stage.now)


@pytest.fixture
def play(database_url: str) -> Iterator[Play]:
    owl = Owl("tree", "ring")
    stage = Stage(database_url, owl)
    yield Play(stage, owl)
    stage.close()


@pytest.fixture
def shared(play: Play) -> str:
    """Léa has a code, and this is the word in her link."""
    play.stage.offer()
    play.posts("pigeon", "note", "lea", text="promo")
    return play.takes("lea")


def test_a_friend_who_takes_the_offer_opens_what_is_for_ambassadors(play: Play, shared: str) -> None:
    vip = play.stage.offer(slug="vip", name="Vip", keywords=["merci"], conditions=FOR_AMBASSADORS)
    play.posts("pigeon", "note", "lea", text="merci")
    before = [one.reason for one in play.stage.all(Outgoing) if one.state == "draft"]

    play.friend(shared, "max")
    play.stage.later(minutes=1)
    play.posts("pigeon", "note", "lea", text="merci")

    assert before == ["not_eligible"]
    assert play.points() == 10
    assert vip.id in [one.offer_id for one in play.stage.all(Claim) if one.fan_id == play.fan("lea")]


def test_sharing_writes_to_nobody_and_says_no_names(play: Play, shared: str) -> None:
    before = len(play.stage.said())

    play.friend(shared, "max")

    assert len(play.stage.said()) == before
    assert {one.to for one in play.owl.sent} == {"max"}
    assert [one.text for one in play.owl.sent if "Lea" in one.text] == []


def test_the_same_friend_counts_once_whatever_he_takes(play: Play, shared: str) -> None:
    play.friend(shared, "max")
    play.stage.offer(slug="tea", name="Thé", keywords=["tea"])

    play.posts("owl", "note", "max", word=shared)
    play.posts("owl", "note", "max", text="tea")
    play.takes("max", "owl")

    assert play.points() == 10


def test_his_own_second_profile_counts_for_nothing_when_it_is_known_to_be_his(play: Play, shared: str) -> None:
    play.friend(shared, "lea-elsewhere")
    counted = play.points()

    play.link(play.fan("lea"), play.fan("lea-elsewhere", "owl"))

    assert (counted, play.points()) == (10, 0)


def test_who_was_known_before_is_no_new_friend(play: Play, shared: str) -> None:
    play.posts("owl", "note", "max", text="bonjour")
    play.friend(shared, "max")

    assert play.points() == 0


def test_who_proves_to_have_been_known_elsewhere_counts_no_more(play: Play, shared: str) -> None:
    play.posts("pigeon", "note", "max", text="bonjour")
    play.friend(shared, "max-owl")
    counted = play.points()

    play.link(play.fan("max"), play.fan("max-owl", "owl"))

    assert (counted, play.points()) == (10, 0)


def test_two_profiles_of_one_friend_are_one_friend(play: Play, shared: str) -> None:
    play.friend(shared, "max")
    play.friend(shared, "max-again")
    counted = play.points()

    play.link(play.fan("max", "owl"), play.fan("max-again", "owl"))

    assert (counted, play.points()) == (20, 10)


def test_of_ten_friends_a_day_three_count(play: Play, shared: str) -> None:
    for number in range(10):
        play.friend(shared, f"friend-{number}")

    assert len([one for one in play.stage.all(Merit) if one.kind == Kind.FRIEND]) == 10
    assert play.points() == 30


def test_a_friend_who_only_looks_does_not_count(play: Play, shared: str) -> None:
    play.posts("owl", "note", "max", word=shared)

    assert play.points() == 0


def test_what_friends_gave_fades_in_steps(play: Play, shared: str) -> None:
    play.friend(shared, "max")

    faded = []
    for days in (90, 1, 89, 1):
        play.stage.later(days=days)
        faded.append(play.points())

    assert faded == [10, 5, 5, 0]


def test_a_friend_who_is_forgotten_leaves_the_points_and_no_trace(play: Play, shared: str) -> None:
    play.friend(shared, "max")
    forgetting.forget(play.stage.bot, [play.fan("max", "owl")], How.FAN)

    [merit] = play.stage.all(Merit)
    assert (merit.other_id, play.points()) == (None, 10)


def test_praise_in_public_counts_once_a_week_and_goes_with_its_words(play: Play, shared: str) -> None:
    for text in ("j'adore cette marque", "vous êtes géniaux, j'adore", "bonjour"):
        play.posts("pigeon", "coo", "lea", text=text, post="post-1")
    praised, words = play.points(), [one.evidence for one in play.stage.all(Merit)]
    for kind, subject in zip((Did.COMMENT_REMOVED, Did.COMMENT_EDITED), words, strict=True):
        play.stage.does(kind, "autre chose", "lea", subject=subject)
        play.stage.work()

    assert (praised, play.points()) == (2, 0)
    assert play.stage.all(Merit) == []


def test_thanks_right_below_a_fans_answer_show_that_it_helped(play: Play, shared: str) -> None:
    play.posts("pigeon", "coo", "lea", text="Il suffit de le rincer à froid", post="post-1")
    answer = f"p{play.number}"
    for who, text in (("max", "merci !"), ("max", "merci beaucoup"), ("lea", "merci"), ("noor", "un tout autre sujet")):
        play.stage.does(Did.COMMENT, text, who, parent=answer)
        play.stage.work()

    assert play.points() == 6
    assert [one.kind for one in play.stage.all(Merit)] == [Kind.HELPED]


def test_thanks_of_his_own_second_profile_count_for_nothing_when_it_is_known_to_be_his(play: Play, shared: str) -> None:
    play.posts("pigeon", "coo", "lea", text="Il suffit de le rincer à froid", post="post-1")
    play.stage.does(Did.COMMENT, "merci !", "lea-elsewhere", parent=f"p{play.number}")
    play.stage.work()
    counted = play.points()

    play.link(play.fan("lea"), play.fan("lea-elsewhere"))

    assert (counted, play.points()) == (6, 0)


def test_praise_below_the_brands_own_words_is_for_the_brand(play: Play, shared: str) -> None:
    play.stage.does(Did.COMMENT, "j'adore cette marque", "lea", parent="what-the-brand-said")
    play.stage.work()

    assert play.points() == 2


@pytest.mark.parametrize("purpose", [Purpose.PROFILING.value, "*"])
def test_who_objects_to_profiling_has_no_score_and_gets_none(play: Play, shared: str, purpose: str) -> None:
    play.friend(shared, "max")
    play.stage.later(minutes=1)
    lea, now = play.fan("lea"), play.stage.now
    with play.stage.bot.transaction() as session:
        consents.journal(session, [consents.withdrawn(lea, "*", "page", "w1", now, now, purpose=purpose)])

    play.friend(shared, "noor")
    play.posts("pigeon", "coo", "lea", text="j'adore cette marque", post="post-1")

    assert play.score("lea") is None
    assert len(play.stage.all(Merit)) == 1
    with play.stage.bot.reading() as session:
        assert scores.best(session, 10, play.stage.now) == []

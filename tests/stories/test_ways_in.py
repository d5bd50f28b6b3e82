"""How a fan came first and how he came last: by a printed link, under a post, by a friend; what a CRM reads of it."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from bot import arbitrating, forgetting, joining, refs
from bot.inbox import Inbox
from connectors import Kind
from leads import feed, profiles, rows
from leads.profiles import Profile
from leads.records import LeadRecord
from offers import ways_in
from offers.arrivals import Arrival
from offers.catalog import Offer
from offers.claims import Claim
from offers.ways_in import Name
from optin import fans, links, tokens
from optin.erasures import How
from optin.fans import Handle
from optin.fans import Profile as FanProfile
from optin.links import Proof
from optin.tokens import Page
from tests.owl import Owl
from tests.stage import SECRET, Stage
from tests.stories.test_answering import counted
from tests.stories.test_soliciting import allow, meet


@pytest.fixture
def owl() -> Owl:
    return Owl("tree", "ring")


@pytest.fixture
def stage(database_url: str, owl: Owl) -> Iterator[Stage]:
    stage = Stage(database_url, owl)
    yield stage
    stage.close()


def way_to(stage: Stage, offer: Offer, name: Name) -> str:
    """The word of a link of this name."""
    with stage.bot.transaction() as session:
        way = ways_in.add(session, stage.bot.new_id(), f"{name.source}-code", offer.id, name, stage.now)
    assert way is not None
    return refs.of_way(way.code)


def comes_by(stage: Stage, word: str, who: str = "lea") -> None:
    stage.does(Kind.REFERRAL, who=who, platform="owl", account="tree", payload=word, thread="")
    stage.work()


def takes(stage: Stage, who: str = "lea") -> None:
    """Tells an address, and says yes to hearing more."""
    for text in (f"{who}@example.com", "oui"):
        stage.does(Kind.MESSAGE, text, who, platform="owl", account="tree", thread="")
        stage.work()


def record(stage: Stage) -> LeadRecord:
    with stage.bot.reading() as session:
        (one,) = feed.page(session, 10).leads
    assert isinstance(one, LeadRecord)
    return one


def touch(stage: Stage, which: str) -> dict[str, Any]:
    told: dict[str, Any] = record(stage).model_dump(mode="json")["source"][which]
    return {name: value for name, value in told.items() if value and name != "at"}


OWL = {"platform": "owl", "account": "tree"}


def test_the_first_and_the_last_touch_are_kept_apart(stage: Stage) -> None:
    offer = stage.offer()
    window, poster = (way_to(stage, offer, Name(word, "print", "été")) for word in ("vitrine", "affiche"))

    comes_by(stage, window)
    stage.later(days=2)
    comes_by(stage, poster)
    takes(stage)
    before = record(stage)
    stage.later(days=2)
    comes_by(stage, window)

    words = {"offer": "promo", "utm_medium": "print", "utm_campaign": "été"}
    assert touch(stage, "first_touch") == OWL | words | {"utm_source": "vitrine"}
    assert touch(stage, "last_touch") == OWL | words | {"utm_source": "affiche"}
    assert record(stage) == before  # whatever he did since


def test_an_offer_for_one_campaign_shows_to_who_came_by_it_last(stage: Stage) -> None:
    plain = stage.offer(keywords=["bonjour"])
    summer, winter = (way_to(stage, plain, Name(word, "", word)) for word in ("été", "hiver"))
    tea = stage.offer(slug="tea", keywords=["thé"], campaigns=["été"])

    def is_offered_tea(who: str) -> bool:
        stage.does(Kind.MESSAGE, "thé ?", who, platform="owl", account="tree", thread="")
        stage.work()
        return who.title() in {claim.name for claim in stage.all(Claim) if claim.offer_id == tea.id}

    comes_by(stage, winter, "max")
    comes_by(stage, summer, "lea")
    stage.does(Kind.REFERRAL, who="zoe", platform="owl", account="tree", payload=summer, thread="")
    together = is_offered_tea("zoe")  # both heard at once
    apart = [is_offered_tea(who) for who in ("ben", "max", "lea")]
    comes_by(stage, summer, "max")
    comes_by(stage, summer, "eve")
    comes_by(stage, winter, "eve")

    assert together
    assert apart == [False, False, True]
    assert [is_offered_tea(who) for who in ("max", "eve")] == [True, False]


def test_a_campaign_counts_for_the_whole_person_in_the_very_batch_that_brings_or_joins_him(stage: Stage) -> None:
    summer = way_to(stage, stage.offer(), Name("poster", "", "summer"))
    tea = stage.offer(slug="tea", keywords=["tea"], campaigns=["summer"])
    comes_by(stage, summer, "lea")
    [hers] = stage.all(Claim)
    stage.does(Kind.MESSAGE, "bonjour", "max", platform="owl", account="tree", thread="")
    meet(stage, "max")
    here, there = (one.fan_id for one in stage.all(FanProfile) if one.handle == "max")
    with stage.bot.transaction() as session:
        links.link(session, here, there, Proof.MANAGER, "said so", stage.now)

    stage.does(Kind.PRESS, who="lea", payload=joining.PREFIX + tokens.seal(SECRET, Page.JOIN, hers.id))
    stage.does(Kind.REFERRAL, who="max", platform="owl", account="tree", payload=summer, thread="")
    for who in ("lea", "max", "zoe"):
        stage.writes("tea", who)
    stage.work()

    assert Counter(claim.name for claim in stage.all(Claim) if claim.offer_id == tea.id) == {"Lea": 1, "Max": 1}


def test_where_no_offer_names_a_campaign_nobody_asks_who_came_by_which(stage: Stage) -> None:
    """And one question answers it for a whole batch where an offer does."""
    comes_by(stage, way_to(stage, stage.offer(), Name("poster", "", "summer")))

    def asked() -> list[int]:
        for who in ("lea", "max", "zoe"):
            stage.writes("promo", who, platform="owl", account="tree", thread="")
        with counted(stage) as statements:
            stage.hear()
        return [len(statements), sum("way_in.campaign" in one and "arrival" in one for one in statements)]

    asked()  # from now on all of them are known
    before, by_campaign = asked()
    stage.offer(slug="tea", keywords=["tea"], campaigns=["summer"])

    assert by_campaign == 0
    assert asked() == [before + 1, 1]


def test_what_is_brought_keeps_to_its_campaign(stage: Stage) -> None:
    summer = way_to(stage, stage.offer(keywords=["bonjour"]), Name("poster", "", "summer"))
    lea, max_ = (meet(stage, who) for who in ("lea", "max"))
    for fan in (lea, max_):
        allow(stage, fan)
    stage.does(Kind.MESSAGE, "bonjour", "lea", payload=summer)
    stage.work()
    tea = stage.offer(slug="tea", keywords=["tea"], campaigns=["summer"])

    with stage.bot.reading() as session:
        hers, his = (arbitrating.best_for(session, stage.bot, fan, stage.now, seed=1) for fan in (lea, max_))

    assert hers.winner is not None
    assert (hers.winner.offer_id, tea.id in hers.unfit) == (tea.id, False)
    assert his.unfit[tea.id] == "shown_elsewhere"


def test_a_comment_is_a_touch_and_the_post_stands_in_it(stage: Stage) -> None:
    stage.offer(platforms=[])
    stage.does(Kind.COMMENT, "promo", platform="owl", account="tree", thread="post-7")
    stage.work()
    stage.does(Kind.MESSAGE, "promo", platform="owl", account="tree", thread="")
    takes(stage)

    assert touch(stage, "first_touch") == touch(stage, "last_touch") == OWL | {"post": "post-7", "offer": "promo"}


def test_crms_read_both_in_tables(stage: Stage) -> None:
    offer = stage.offer()
    comes_by(stage, way_to(stage, offer, Name("vitrine", "affiche", "été")))
    takes(stage)

    row, one = rows.of(record(stage)), record(stage)
    odoo, hubspot, espocrm = (profiles.of(one, which) for which in (Profile.ODOO, Profile.HUBSPOT, Profile.ESPOCRM))

    assert (row["first_touch_utm_source"], row["last_touch_by_friend"]) == ("vitrine", "false")
    assert [odoo[name] for name in ("source_id", "medium_id", "campaign_id")] == ["vitrine", "affiche", "été"]
    assert hubspot["fanfare_last_touch_utm_medium"] == "affiche"
    assert "Last touch: owl, promo, vitrine / affiche / été" in str(espocrm["description"])


def test_a_link_that_was_never_made_brings_a_greeting_and_no_offer(stage: Stage) -> None:
    stage.offer()
    sealed = refs.of_friend(SECRET, stage.bot.new_id())

    for word in ("in-nothing", "friend-nonsense", sealed, sealed[:-2] + "AA", "in-", "friend-"):
        comes_by(stage, word)

    assert stage.all(Claim) == []
    assert {one.reason for one in stage.all(Inbox)} == {"hello"}
    assert [(one.way_id, one.shared_by) for one in stage.all(Arrival)] == [(None, None)]


def test_a_friends_link_names_the_offer_and_opens_nothing_of_his(stage: Stage, owl: Owl) -> None:
    stage.offer()
    comes_by(stage, "offer-promo")
    takes(stage)
    [claim] = stage.all(Claim)

    comes_by(stage, refs.of_friend(SECRET, claim.id), who="max")

    [hers, his] = stage.all(Claim)
    assert his.offer_id == hers.offer_id
    assert [(one.by_friend, one.shared_by) for one in stage.all(Arrival)] == [(False, None), (True, claim.fan_id)]
    assert [one.text for one in owl.sent if one.to == "max" and str(hers.code) in one.text] == []


def test_his_own_link_is_no_friends(stage: Stage) -> None:
    stage.offer()
    comes_by(stage, "offer-promo")
    [claim] = stage.all(Claim)

    comes_by(stage, refs.of_friend(SECRET, claim.id))

    assert [one.by_friend for one in stage.all(Arrival)] == [False, False]


def test_every_word_of_a_link_is_one_that_telegram_carries(stage: Stage) -> None:
    words = [refs.of_friend(SECRET, stage.bot.new_id()), refs.of_way("0123456789ab"), "offer-" + 40 * "x"]

    assert [word for word in words if len(word) > 64 or not word.replace("-", "").replace("_", "").isalnum()] == []


def test_who_is_erased_takes_his_touches_along_and_the_reader_hears_of_it(stage: Stage) -> None:
    """Also when they were found not to be one person, long before."""
    offer = stage.offer()
    comes_by(stage, "offer-promo")
    stage.writes("bonjour", who="elsewhere", thread="")
    stage.work()
    with stage.bot.transaction() as session:
        handles = Handle("pigeon", "loft", "elsewhere"), Handle("owl", "tree", "lea")
        known = fans.behind(session, handles)
        other, lea = (known[handle] for handle in handles)
        links.link(session, lea, other, Proof.MANAGER, "said so", stage.now)
    stage.does(Kind.PRESS, who="elsewhere", payload=way_to(stage, offer, Name("vitrine")))
    stage.work()
    takes(stage)
    told = touch(stage, "last_touch")
    with stage.bot.transaction() as session:
        [link] = links.of(session, [lea])
        links.unlink(session, link.id, "wrong", stage.now, "manager")
        cursor = feed.end(session)

    forgetting.forget(stage.bot, [other], How.FAN)

    with stage.bot.reading() as session:
        (again,) = feed.page(session, 10, cursor).leads
    assert told["utm_source"] == "vitrine"
    assert isinstance(again, LeadRecord)
    assert again.source.last_touch is None


def test_the_first_touch_of_linked_profiles_is_that_of_the_person(stage: Stage) -> None:
    offer = stage.offer()
    stage.writes("bonjour", who="lea-elsewhere", thread="")
    stage.work()
    stage.later(days=1)
    comes_by(stage, way_to(stage, offer, Name("vitrine")))
    with stage.bot.transaction() as session:
        known = fans.behind(session, [Handle("pigeon", "loft", "lea-elsewhere"), Handle("owl", "tree", "lea")])
        one, other = known.values()
        links.link(session, one, other, Proof.MANAGER, "said so", stage.now)
    takes(stage)

    assert touch(stage, "first_touch") == {"platform": "pigeon", "account": "loft"}
    assert touch(stage, "last_touch")["utm_source"] == "vitrine"

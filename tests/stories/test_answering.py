"""Where several offers answer a wish, one wins for a kept reason; what a fan names wins over what is worth more."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from uuid import UUID

from sqlalchemy import event, func
from sqlmodel import col, update

from bot import learning, pages
from bot.outbox import Outgoing
from offers import arms, condition_rows
from offers.arms import Arm
from offers.catalog import Offer
from offers.claims import Claim
from offers.conditions import Condition, Operator
from optin.receipts import Receipt
from optin.tokens import Page
from tests import shop
from tests.stage import Stage
from webhooks.app import create_app

DEAR = 1_000_000  # so much that no draw makes it lose against the plain ones


def two_for_a_word(stage: Stage, **of_the_dear: object) -> tuple[Offer, Offer]:
    plain = stage.offer(slug="plain", name="Plain", worth=1000)
    dear = stage.offer(slug="dear", name="Dear", **({"worth": DEAR} | of_the_dear))
    return plain, dear


def offered(stage: Stage) -> list[UUID]:
    """The offers that were claimed, in their order."""
    return [claim.offer_id for claim in sorted(stage.all(Claim), key=lambda claim: claim.id)]


def weighed(stage: Stage) -> list[dict]:
    rows = sorted(stage.all(Receipt), key=lambda row: row.id)
    return [row.chosen["arbitration"] for row in rows if "arbitration" in row.chosen]


def lines(kept: dict) -> list[tuple[str, str]]:
    return [(one["offer"], one["why"]) for one in (*kept["ranking"], *kept["unfit"])]


def take(stage: Stage) -> None:
    with stage.bot.transaction() as session:
        session.execute(
            update(Claim).values(code=func.substr(Claim.token_hash, 1, 20), claimed_at=stage.now, step="done")
        )


@contextmanager
def counted(stage: Stage) -> Iterator[list[str]]:
    """What the database is asked meanwhile."""
    asked: list[str] = []

    def listen(connection, cursor, statement, *rest) -> None:
        asked.append(statement)

    event.listen(stage.bot.engine, "before_cursor_execute", listen)
    yield asked
    event.remove(stage.bot.engine, "before_cursor_execute", listen)


def test_of_two_offers_for_one_word_the_one_worth_more_wins_and_the_receipt_says_so(stage: Stage) -> None:
    plain, dear = two_for_a_word(stage)

    stage.comments("promo")
    stage.work()

    assert offered(stage) == [dear.id]
    [kept] = weighed(stage)
    assert lines(kept) == [(str(dear.id), "won"), (str(plain.id), "brings_less")]
    assert kept["segment"] == "stranger"


def test_what_he_names_plainly_wins_over_whatever_is_worth_more(stage: Stage) -> None:
    stage.offer(slug="dear", name="Dear", worth=DEAR)
    named = stage.offer(slug="tea", name="Tea", keywords=["promo tea"], worth=0)

    stage.comments("promo tea")
    stage.work()

    assert (offered(stage), weighed(stage)) == ([named.id], [])


def test_a_managers_priority_goes_before_worth(stage: Stage) -> None:
    plain, dear = two_for_a_word(stage)
    with stage.bot.transaction() as session:
        session.execute(update(Offer).where(col(Offer.id) == plain.id).values(priority=5))

    stage.comments("promo")
    stage.work()

    assert offered(stage) == [plain.id]
    assert lines(weighed(stage)[0])[1] == (str(dear.id), "lower_priority")


def test_who_asks_is_answered_even_where_it_costs_more_than_it_brings(stage: Stage) -> None:
    plain, _ = two_for_a_word(stage, cost=2 * DEAR)
    with stage.bot.transaction() as session:
        session.execute(update(Offer).where(col(Offer.id) == plain.id).values(cost=3000))

    stage.comments("promo")
    stage.work()

    assert offered(stage) == [plain.id]
    assert [why for _, why in lines(weighed(stage)[0])] == ["won", "costs_more_than_it_brings"]


def test_what_he_may_not_have_does_not_compete_and_says_why(stage: Stage) -> None:
    regulars = condition_rows.as_json(Condition("messages", Operator.AT_LEAST, 3))
    plain, dear = two_for_a_word(stage)
    shop.sell_out(stage.bot, dear)
    stage.offer(slug="loyal", name="Loyal", worth=DEAR, conditions=regulars)
    stage.offer(slug="there", name="There", worth=DEAR, platforms=["letterbox"])

    stage.comments("promo")
    stage.work()

    assert offered(stage) == [plain.id]
    assert sorted(one["why"] for one in weighed(stage)[0]["unfit"]) == ["not_eligible", "offer_closed"]


def test_what_stands_in_comes_only_where_nothing_named_is_to_be_had(stage: Stage) -> None:
    stand_in = stage.offer(slug="spare", name="Spare", keywords=["spare"], worth=DEAR)
    plain, _ = two_for_a_word(stage, stock=0, fallback_id=stand_in.id)

    stage.comments("promo")
    stage.work()
    shop.sell_out(stage.bot, plain)
    stage.comments("promo", who="max")
    stage.work()

    assert offered(stage) == [plain.id, stand_in.id]


def test_he_is_led_on_with_what_he_began_and_then_gets_the_other_one(stage: Stage) -> None:
    plain, dear = two_for_a_word(stage)

    stage.writes("promo")
    stage.work()
    stage.writes("promo")
    stage.work()
    begun = offered(stage)
    take(stage)
    stage.writes("promo")
    stage.work()
    take(stage)
    stage.writes("promo")
    stage.work()

    assert (begun, offered(stage)) == ([dear.id], [dear.id, plain.id])
    assert len(stage.said()) == 4  # and to his last wish he hears which code is his
    assert ["/claim/" in text for text in stage.said()] == [True] * 4


def test_who_names_nothing_gets_the_best_that_is_shown_where_he_asks(stage: Stage) -> None:
    tea = stage.offer(slug="tea", name="Tea", keywords=["tea"], worth=1000)
    mug = stage.offer(slug="mug", name="Mug", keywords=["mug"], worth=DEAR)
    stage.offer(slug="there", name="There", keywords=["there"], worth=DEAR * 9, platforms=["letterbox"])

    stage.comments("Bonjour, vous avez quelque chose pour moi ?")
    stage.work()

    assert offered(stage) == [mug.id]
    assert [offer for offer, _ in lines(weighed(stage)[0])] == [str(mug.id), str(tea.id)]


def test_who_names_nothing_where_nothing_is_to_be_had_is_answered_by_a_person(stage: Stage) -> None:
    stage.offer(stock=0)

    stage.writes("Vous avez quelque chose pour moi ?")
    stage.work()

    assert (offered(stage), stage.outcomes()) == ([], [("drafted", "not_understood")])


def test_a_complaint_with_a_wish_in_it_gets_no_offer(stage: Stage) -> None:
    two_for_a_word(stage)

    stage.writes("Ma commande est cassée, vous avez quelque chose pour moi ?")
    stage.work()

    assert (offered(stage), stage.outcomes()) == ([], [("drafted", "complaint")])


def test_who_is_held_out_gets_what_he_asks_for_chosen_as_for_anybody(stage: Stage) -> None:
    settings = stage.bot.settings.model_copy(update={"holdout_percent": 100.0})
    stage.bot = replace(stage.bot, settings=settings)
    _, dear = two_for_a_word(stage)

    stage.comments("promo")
    stage.work()

    assert offered(stage) == [dear.id]


def test_the_same_chance_chooses_the_same(stage: Stage) -> None:
    two_for_a_word(stage, worth=1000)
    drawn = []
    for seed, who in ((1, "a"), (1, "b"), (2, "c"), (3, "d"), (4, "e"), (5, "f"), (6, "g"), (7, "h")):
        stage.bot = replace(stage.bot, draw=partial(int, seed))
        stage.comments("promo", who=who)
        stage.work()
        drawn.append(offered(stage)[-1])

    assert drawn[0] == drawn[1]
    assert len(set(drawn)) == 2


def test_what_answered_a_wish_teaches_about_wishes_and_nothing_about_what_we_bring(stage: Stage) -> None:
    _, dear = two_for_a_word(stage)
    stage.offer(slug="only", name="Only", keywords=["seule"])
    stage.comments("promo")
    stage.comments("promo", who="max")
    stage.comments("seule", who="zoe")  # nothing was chosen here, so nothing is learned of the choice
    stage.work()
    take(stage)

    learning.learn(stage.bot)

    assert [(one.offer_id, one.asked, one.shown, one.claimed) for one in stage.all(Arm)] == [(dear.id, True, 2, 2)]
    with stage.bot.reading() as session:
        wished, brought = (arms.beliefs(session, asked=asked) for asked in (True, False))
    assert wished.of(str(dear.id), "pigeon", "stranger").shown == 2
    assert brought.of(str(dear.id), "pigeon", "stranger").shown == 0


def test_a_batch_in_which_no_two_offers_compete_asks_nothing_more(stage: Stage) -> None:
    """And one in which many do asks as much as one in which a single wish does."""
    two_for_a_word(stage, keywords=["dear"])
    asked: list[int] = []
    for words in (["dear"], ["dear"] * 5, ["promo dear"], ["promo tout court", "dear"]):
        for number, text in enumerate(words):
            stage.comments(text, who=f"{len(asked)}-{number}")
        with counted(stage) as statements:
            stage.hear()
        asked.append(sum(" arm" in statement for statement in statements))
    stage.offer(slug="too", name="Too", keywords=["dear"])
    for number in range(5):
        stage.comments("dear", who=f"many-{number}")
    with counted(stage) as statements:
        stage.hear()

    assert asked == [0, 0, 0, 0]
    assert sum(" arm" in statement for statement in statements) == 1


def test_the_fan_reads_that_there_was_a_choice_and_what_else_he_may_ask_for(stage: Stage) -> None:
    texts = {"fr": {"title": "Un thé", "pitch": "Un thé.", "terms": ""}, "en": {"title": "A tea", "pitch": "A tea."}}
    two_for_a_word(stage)
    with stage.bot.transaction() as session:
        session.execute(update(Offer).where(col(Offer.slug) == "plain").values(texts=texts))
    stage.comments("promo")
    stage.work()
    [message] = [message for message in stage.all(Outgoing) if message.claim_id]
    visitor = create_app(stage.bot).test_client()

    french = visitor.get(pages.path(stage.bot, Page.WHY, message.id) + "?lang=fr").text
    english = visitor.get(pages.path(stage.bot, Page.WHY, message.id) + "?lang=en").text

    assert ["Plusieurs de nos offres" in french, "<li>Un thé</li>" in french] == [True, True]
    assert "Several of our offers answered your wish." in english

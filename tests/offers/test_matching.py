"""Keyword offers: what a fan asks for is found in his own words, and nothing that he did not ask for."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offers.matching import Candidate, Match, Matcher, Place, Why, match, matches
from tests.corpus.sentences import labelled
from tests.corpus.wishes import CATALOGUE

NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
OURS = Matcher(CATALOGUE)
PROMO = Candidate(UUID(int=1), ("PROMO",))


HERE = Place("facebook", "page", "post", NOW, "summer")


def asked(offers: list[Candidate] | Matcher, text: str, now: datetime = NOW) -> Match | None:
    matcher = offers if isinstance(offers, Matcher) else Matcher(tuple(offers))
    return match(matcher, text, replace(HERE, now=now))


def offer_asked(offers: list[Candidate], text: str = "promo") -> int | None:
    found = asked(offers, text)
    return found.offer_id.int if found else None


def test_each_sentence_of_ours_asks_for_its_offer() -> None:
    sentences = labelled("wishes.txt")

    heard = {text: found.keyword if (found := asked(OURS, text)) else "none" for text, _ in sentences}

    assert heard == dict(sentences)


def test_a_match_says_how_sure_it_is() -> None:
    written, slip = asked(OURS, "la Prômo svp"), asked(OURS, "la prmo svp")

    assert written == Match(UUID(int=0), "PROMO", True, Why.WRITTEN)
    assert slip == Match(UUID(int=0), "PROMO", False, Why.SLIP)


def test_a_slip_is_seen_in_a_short_wish_only() -> None:
    assert asked(OURS, "prmo svp") is not None
    assert asked(OURS, "hier soir au marché j'ai entendu quelqu'un dire prmo à son voisin") is None


def test_the_word_as_written_goes_before_a_slip_of_a_longer_one() -> None:
    offers = [replace(PROMO, offer_id=UUID(int=7), keywords=("CONCOURS",)), PROMO]

    assert offer_asked(offers, "cocnours promo") == 1


def test_the_longer_keyword_goes_before_the_shorter() -> None:
    offers = [PROMO, replace(PROMO, offer_id=UUID(int=7), keywords=("promo été",))]

    assert offer_asked(offers, "promo d'été") == 7


def test_of_equal_keywords_the_priority_decides_then_the_earlier_start_then_the_name() -> None:
    plain = replace(PROMO, offer_id=UUID(int=3))
    later = replace(PROMO, offer_id=UUID(int=2), starts_at=NOW - timedelta(days=1))
    first = replace(PROMO, offer_id=UUID(int=4), priority=1)

    assert offer_asked([later, plain]) == 3
    assert offer_asked([later, plain, first]) == 4
    assert offer_asked([plain, PROMO]) == 1


def test_an_offer_shows_from_its_first_to_before_its_last_moment() -> None:
    offer = replace(PROMO, starts_at=NOW, ends_at=NOW + timedelta(days=1))
    moments = [NOW - timedelta(seconds=1), NOW, NOW + timedelta(days=1)]

    assert [asked([offer], "promo", now=moment) is not None for moment in moments] == [False, True, False]


def test_an_offer_that_is_not_open_is_not_found() -> None:
    assert asked([replace(PROMO, open=False)], "promo") is None


@pytest.mark.parametrize(
    ("places", "found"),
    [
        ({"platforms": "facebook"}, True),
        ({"platforms": "x"}, False),
        ({"accounts": "page"}, True),
        ({"accounts": "other"}, False),
        ({"posts": "post"}, True),
        ({"posts": "other"}, False),
        ({"campaigns": "summer"}, True),
        ({"campaigns": "winter"}, False),
        (
            {
                "platforms": "x facebook",
                "accounts": "other page",
                "posts": "other post",
                "campaigns": "winter summer",
            },
            True,
        ),
        ({"platforms": "facebook", "accounts": "other", "posts": "post", "campaigns": "summer"}, False),
    ],
)
def test_an_offer_is_found_only_where_it_belongs(places: dict[str, str], found: bool) -> None:
    wanted: dict[str, Any] = {kind: frozenset(names.split()) for kind, names in places.items()}
    offer = replace(PROMO, **wanted)

    assert (asked([offer], "promo") is not None) is found


def test_what_is_refused_here_may_be_asked_for_there() -> None:
    assert asked(OURS, "pas de promo, mais le cadeau je veux bien") == Match(UUID(int=4), "CADEAU", True, Why.WRITTEN)


def test_offers_that_share_the_longest_word_are_named_as_plainly_and_the_others_less() -> None:
    tea, mug, any_promo = (
        Candidate(UUID(int=21), ("promo tea",), priority=1),
        Candidate(UUID(int=22), ("promo tea", "mug")),
        Candidate(UUID(int=23), ("promo",), priority=9),
    )
    matcher = Matcher((any_promo, mug, tea))

    found = matches(matcher, "la promo tea, svp", HERE)

    assert [one.offer_id for one in found] == [tea.offer_id, mug.offer_id]


word = st.from_regex(r"[A-Za-zÀ-ÖØ-öø-ÿ]{3,12}", fullmatch=True)
# Noise cannot refuse: it has none of the letters of which the refusals are made.
noise = st.text(alphabet="xzkw ,.#!?🎉\n", max_size=40)


@given(st.text(), st.lists(st.text(max_size=20), max_size=4))
def test_no_text_and_no_keyword_breaks_it(text: str, keywords: list[str]) -> None:
    found = asked([Candidate(UUID(int=1), tuple(keywords))], text)

    assert found is None or found.keyword in keywords


@given(word, noise, noise)
def test_a_keyword_is_always_found_in_the_midst_of_noise(keyword: str, before: str, after: str) -> None:
    found = asked([Candidate(UUID(int=1), (keyword,))], f"{before} #{keyword.upper()} {after}")

    assert found == Match(UUID(int=1), keyword, True, Why.WRITTEN)


instants = st.integers(-9, 9).map(lambda days: NOW + timedelta(days=days))
names = st.frozensets(st.sampled_from("abc"))


places = st.builds(Place, *[st.sampled_from("abc")] * 3, instants, st.sampled_from("abc"))


@given(places, st.data())
def test_only_what_suits_place_and_moment_is_ever_found(place: Place, data: st.DataObject) -> None:
    now, until = place.now, st.none() | instants
    offer = st.builds(Candidate, st.uuids(), st.just(("PROMO",)), names, names, names, names, until, until)
    offers = {each.offer_id: each for each in data.draw(st.lists(offer, max_size=6))}

    found = match(Matcher(tuple(offers.values())), "promo", place)

    suits: set[UUID | None] = {
        each.offer_id
        for each in offers.values()
        if (not each.platforms or place.platform in each.platforms)
        and (not each.accounts or place.account in each.accounts)
        and (not each.posts or place.post in each.posts)
        and (not each.campaigns or place.campaign in each.campaigns)
        and (each.starts_at is None or each.starts_at <= now)
        and (each.ends_at is None or now < each.ends_at)
    }
    assert (found.offer_id if found else None) in (suits or {None})

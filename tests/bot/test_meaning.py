"""What fans are about: who complains, calls for help or is angry never gets an offer, and who asks for one does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.meaning import Meaning, is_plain, promotable, read
from tests.corpus import shared
from tests.corpus.sentences import labelled

SENTENCES = [(text, Meaning(label)) for text, label in labelled("meanings.txt")]
BARRED = [text for text, meaning in SENTENCES if not promotable(meaning)]
WELCOME = [text for text, meaning in SENTENCES if promotable(meaning)]


def test_no_complaint_of_ours_gets_an_offer() -> None:
    promoted = [text for text in BARRED if promotable(read(text))]

    assert len(BARRED) > 300
    assert promoted == []


def test_no_wish_of_ours_is_taken_for_a_complaint() -> None:
    barred = [text for text in WELCOME if not promotable(read(text))]

    assert len(WELCOME) > 150
    assert barred == []


@pytest.mark.parametrize("with_a_wish", ["PROMO {}", "{} PROMO", "je veux la promo ! {}", "{} I want the promo"])
def test_a_complaint_that_names_an_offer_is_still_a_complaint(with_a_wish: str) -> None:
    promoted = [text for text in BARRED if promotable(read(with_a_wish.format(text)))]

    assert promoted == []


def test_each_sentence_of_ours_is_nearly_always_called_by_its_name() -> None:
    right = sum(read(text) is meaning for text, meaning in SENTENCES)

    assert right / len(SENTENCES) > 0.93


def test_who_only_asks_is_plain_and_who_complains_is_not() -> None:
    wishes = [text for text, meaning in SENTENCES if meaning is Meaning.WISH]

    unclear = [text for text in wishes if not is_plain(text, "promo")]
    plain = [text for text in BARRED if is_plain(text, "promo")]

    assert len(unclear) / len(wishes) < 0.07
    assert plain == []


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("TOURNESOL", True),
        ("Bonjour, le tournesol svp, merci", True),
        ("tournesol pour ma sœur", True),
        ("mon tournesol tombe en poussière", False),
        ("je n'ai pas eu le tournesol", False),
        ("The sunflower withered before Tuesday", False),
    ],
)
def test_what_is_not_in_any_word_list_is_left_to_a_person(text: str, plain: bool) -> None:
    assert is_plain(text, "TOURNESOL") is plain


def test_a_not_turns_liking_and_displeasure_round() -> None:
    texts = [
        "content de vous",
        "pas content de vous",
        "déçue",
        "pas déçue",
        "I like it",
        "I don't like it",
        "no problem",
    ]

    assert [promotable(read(text)) for text in texts] == [True, False, False, True, True, False, True]


def test_a_shouted_complaint_is_anger() -> None:
    texts = ["toujours pas reçu", "TOUJOURS PAS REÇU", "toujours pas reçu !!!"]

    assert [read(text) for text in texts] == [Meaning.COMPLAINT, Meaning.ANGER, Meaning.ANGER]


def test_a_long_letter_without_a_kind_word_goes_to_a_person() -> None:
    assert read("Je vous raconte ma journée de mardi. " * 10) is Meaning.UNKNOWN


@given(st.text())
def test_every_text_means_something(text: str) -> None:
    assert isinstance(read(text), Meaning)


# Of messages that nobody of the project wrote, the share that gets no offer: at least so many of the unhappy ones, and
# at most so many of the others. Tweets that the crowd called negative are mostly opinions about design, not complaints.
UNHAPPY = [
    ("fr/services_publics_plus.csv", {"sentiment": "negative"}, 0.98),
    ("en/ibm_twitter_care_conversations.csv", {"role": "customer", "turn": "0"}, 0.91),
    ("fr/mlma_hate_tweets.csv", {"normal": "0"}, 0.96),
    ("en/sxsw_brand_tweets.csv", {"sentiment": "negative"}, 0.55),
]
HAPPY = [
    ("en/sxsw_brand_tweets.csv", {"sentiment": "positive"}, 0.10),
    ("en/sxsw_brand_tweets.csv", {"sentiment": "neutral"}, 0.11),
    ("fr/services_publics_plus.csv", {"sentiment": "positive"}, 0.46),
]


@pytest.mark.parametrize(("name", "wanted", "floor"), UNHAPPY)
def test_the_unhappy_are_left_to_a_person(name: str, wanted: dict[str, str], floor: float) -> None:
    assert share_barred(shared.texts(name, **wanted)) >= floor


@pytest.mark.parametrize(("name", "wanted", "ceiling"), HAPPY)
def test_the_happy_are_seldom_taken_for_unhappy(name: str, wanted: dict[str, str], ceiling: float) -> None:
    assert share_barred(shared.texts(name, **wanted)) <= ceiling


def share_barred(texts: list[str]) -> float:
    return sum(not promotable(read(text)) for text in texts) / len(texts)

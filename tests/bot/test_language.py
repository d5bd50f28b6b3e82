"""Which language a fan writes in: what is decisive is believed, and for the rest what we knew before."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.language import detect, detector
from tests.corpus import shared
from tests.corpus.sentences import labelled

EITHER = ["fr", "en"]


def test_each_sentence_of_ours_is_told_whatever_we_expected() -> None:
    sentences = labelled("languages.txt")

    heard = {text: [detect(text, prior) for prior in EITHER] for text, _ in sentences}

    assert heard == {text: EITHER if label == "either" else [label, label] for text, label in sentences}


def test_a_language_that_we_do_not_speak_is_no_expectation() -> None:
    assert [detect("ok", "de"), detect("ok", ""), detect("thank you", "de")] == ["fr", "fr", "en"]


def test_the_model_is_built_once() -> None:
    assert detector() is detector()


# At least this share is told right, even where we expected the other language.
TOLD = [
    ("en/sxsw_brand_tweets.csv", "en", 0.997),
    ("en/banking77_train.csv", "en", 0.997),
    ("en/ibm_twitter_care_conversations.csv", "en", 0.97),
    ("fr/services_publics_plus.csv", "fr", 1.0),
    ("fr/mlma_hate_tweets.csv", "fr", 0.96),
]


@pytest.mark.parametrize(("name", "language", "floor"), TOLD)
def test_real_messages_are_told_against_our_expectation(name: str, language: str, floor: float) -> None:
    expected = next(other for other in EITHER if other != language)
    said = shared.texts(name)

    told = [detect(text, expected) for text in said]

    assert told.count(language) / len(said) >= floor


@given(st.text(), st.sampled_from(EITHER))
def test_every_text_is_one_of_ours(text: str, prior: str) -> None:
    assert detect(text, prior) in EITHER

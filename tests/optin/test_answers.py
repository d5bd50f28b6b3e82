"""What answers mean: a wish to be left alone is never missed, and nobody is left alone who did not ask for it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optin import answers
from optin.answers import meant, says_no, says_yes, stops
from tests.corpus import shared
from tests.corpus.sentences import labelled

SENTENCES = labelled("answers.txt")


@pytest.mark.parametrize("answer", ["stop", "start", "yes", "no", "other"])
def test_each_sentence_of_ours_means_what_it_says(answer: str) -> None:
    sentences = [text for text, label in SENTENCES if label == answer]

    wrong = {text: meant(text) for text in sentences if (meant(text) or "other") != answer}

    assert wrong == {}
    assert sentences


@pytest.mark.parametrize("typed", ["{}", "{}!", " {} .", "@labelle {}", "{} please", "{} svp"])
def test_every_keyword_of_the_operators_stops(typed: str) -> None:
    rows = shared.rows("vectors/optout_keywords.csv")
    keywords = {row["keyword"]: row["action"] == "opt_out" for row in rows}

    heard = {keyword: stops(typed.format(keyword.lower())) and stops(typed.format(keyword)) for keyword in keywords}

    assert heard == keywords


@given(st.text())
def test_the_command_stops_whatever_follows(text: str) -> None:
    assert stops(f"/stop {text}")


polite_words = st.sampled_from(["svp", "merci", "please", "!", "...", "🙏", "@labelle", "bonjour", "maintenant"])


@given(st.lists(polite_words, max_size=6))
def test_politeness_takes_nothing_from_a_stop(polite: list[str]) -> None:
    half = len(polite) // 2

    assert stops(" ".join([*polite[:half], "STOP", *polite[half:]]))


@given(st.text())
def test_no_text_is_two_answers(text: str) -> None:
    assert [stops(text), says_yes(text), says_no(text)].count(True) <= 1


def test_a_clause_that_is_not_looked_at_closely_holds_no_wish() -> None:
    clauses = [clause for text, _ in SENTENCES for clause in answers.QUIET_MARKS.split(answers.spoken(text))]

    held = [clause for clause in clauses if any(wish.search(clause) for _, wish in answers.WISHES)]

    assert len(held) > 150
    assert [clause for clause in held if not answers.wishes_for_peace(clause)] == []


def test_who_wants_the_newsletter_no_more_is_heard_in_any_words() -> None:
    rows = shared.rows("en/bitext_customer_service.csv")

    missed = [row["text"] for row in rows if row["opt_out"] == "1" and not stops(row["text"])]
    mistaken = [row["text"] for row in rows if row["opt_out"] == "0" and stops(row["text"])]

    assert (missed, mistaken) == ([], [])


# Each of these hits was read: who wrote them wants to be left alone, or says "stop" and nothing else to a machine.
# The exceptions are one joke ("Stop, please, I'll #google") and one long letter about somebody else's subscription.
HEARD = {
    "en/sms_spam_collection.csv": 1,
    "en/sxsw_brand_tweets.csv": 1,
    "en/banking77_train.csv": 0,
    "en/clinc150_train.csv": 8,
    "en/ibm_twitter_care_conversations.csv": 1,
    "fr/services_publics_plus.csv": 2,
    "fr/mlma_hate_tweets.csv": 0,
}


@pytest.mark.parametrize(("name", "count"), HEARD.items())
def test_nobody_else_is_taken_to_want_out(name: str, count: int) -> None:
    said = [row["text"] for row in shared.rows(name) if row.get("label") != "spam"]

    heard = [text for text in said if stops(text)]

    assert len(heard) == count, heard

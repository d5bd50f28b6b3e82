"""What fans wish about being written to: believed only where all of it is understood, and never instead of a stop."""

from collections import Counter
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optin import answers, wishes
from optin.answers import stops
from optin.choices import READERS, About
from optin.wish_lexicon import KEYS
from optin.wishes import CancelContract, Stop, Wish, Wishes, read, verdict
from tests.corpus import shared
from tests.corpus.sentences import labelled
from tests.corpus.told import MONDAY, ZONE, label

TOLD = labelled("wishes_told.txt") + labelled("wishes_told_unseen.txt")
KEPT = {about.value for about in About}
STOPS = labelled("stops.txt") + labelled("stops_unseen.txt")
WISHED = [(text, said) for text, said in TOLD if said.split()[0] not in ("stop", "contract", "none")]
# In the first three somebody wishes something that goes to a person as not understood; the last only jokes.
MISTOLD = {
    "vous m'écrivez trop souvent, moins svp": "none",
    "write to me after next week starts please": "none",
    "give me a break for 2 weeks": "none",
    "stop the offers? no way, I love them": "stop",
}
UNHEARD = {
    "not interested. remove.",
    "this number is not for marketing",
    "block my number from your system",
    "your messages are unwanted",
    "stp texting me",
}
# A stop that is heard where none was meant costs a fan; each of these has the words of one.
OVERHEARD = 14


def test_each_sentence_of_ours_is_told_right() -> None:
    wrong = {text: label(text) for text, said in TOLD if label(text) != said}

    assert wrong == MISTOLD
    assert len(WISHED) > 300


def test_fresh_words_for_a_stop_are_heard() -> None:
    unheard = {text for text, said in STOPS if said == "stop" and not stops(text)}
    overheard = [text for text, said in STOPS if said == "other" and stops(text)]

    assert unheard == UNHEARD
    assert len(overheard) == OVERHEARD, overheard


def test_a_clause_that_is_not_looked_at_closely_holds_no_stop() -> None:
    clauses = [clause for text, _ in STOPS for clause in answers.QUIET_MARKS.split(answers.spoken(text))]

    held = [clause for clause in clauses if any(wish.search(clause) for _, wish in answers.WISHES)]

    assert len(held) > 200
    assert [clause for clause in held if not answers.wishes_for_peace(clause)] == []


@pytest.mark.parametrize("typed", ["{} svp", "Bonjour, {}", "{} 🙏", "  {}!!", "Hi! {} thanks", "@labelle {}"])
def test_politeness_takes_nothing_from_a_wish(typed: str) -> None:
    plain = [(text, said) for text, said in WISHED if "?" not in text]

    wrong = {text for text, said in plain if text not in MISTOLD and label(typed.format(text)) != said}

    assert wrong == set()


def test_capitals_and_missing_accents_change_nothing() -> None:
    spelled = str.maketrans("éèêàùûôçî’", "eeeauuoci'")

    wrong = {text for text, _ in WISHED if len({label(text), label(text.upper()), label(text.translate(spelled))}) > 1}

    assert wrong == set()


def test_one_more_word_that_is_not_understood_makes_it_no_wish() -> None:
    assert [text for text, _ in WISHED if read(f"{text} zanzibar", MONDAY, ZONE)] == []


def test_a_question_about_the_evening_is_no_wish() -> None:
    cores = [text for text, said in WISHED if said == "hours 18-22" and "?" not in text]

    asked = {text for text in cores if read(f"{text} ?", MONDAY, ZONE)}

    assert len(cores) > 20
    assert asked == set()


@given(st.text())
def test_any_text_gets_a_verdict(text: str) -> None:
    assert isinstance(verdict(text, MONDAY, ZONE), Stop | Wishes | CancelContract | None)


@given(st.sampled_from([text for text, _ in TOLD]), st.sampled_from([text for text, _ in TOLD]))
def test_two_messages_in_one_never_contradict_each_other(one: str, other: str) -> None:
    told = read(f"{one}, {other}", MONDAY, ZONE)

    assert max(Counter(wish.what for wish in told).values(), default=1) == 1


def test_what_is_wished_can_be_kept() -> None:
    told = [wish for text, _ in WISHED for wish in read(text, MONDAY, ZONE)]

    kept = [READERS[About(wish.what)](wish.value) for wish in told if wish.what in KEPT and wish.value != "less"]

    assert len(kept) > 200
    assert {wish.what for wish in told} - KEPT == {"offers", "service"}


def test_a_message_that_the_gate_turns_away_holds_no_wish() -> None:
    for text, _ in TOLD:
        told = wishes._is_told(wishes._pieces(wishes._spelled(answers.spoken(text))))
        if told:
            assert KEYS.find_matches_as_indexes(f" {answers.spoken(text)}"), text


@pytest.mark.parametrize(
    ("now", "zone", "text", "until"),
    [
        ("2026-11-01T23:30", "Europe/Paris", "pas avant lundi", "2026-11-08T23:00"),  # there it is Monday already
        ("2026-11-01T23:30", "America/Montreal", "pas avant lundi", "2026-11-02T05:00"),
        ("2026-10-24T12:00", "Europe/Paris", "pas avant demain", "2026-10-24T22:00"),
        ("2026-10-25T12:00", "Europe/Paris", "pas avant demain", "2026-10-25T23:00"),  # the clocks went back
        ("2026-09-15T12:00", "Europe/Paris", "nothing until September", "2027-08-31T22:00"),
        ("2026-08-31T12:00", "Europe/Paris", "plus rien jusqu'en septembre", "2026-08-31T22:00"),
        ("2026-11-04T12:00", "Europe/Paris", "pas avant la semaine prochaine", "2026-11-08T23:00"),
        ("2026-12-31T12:00", "Europe/Paris", "pas avant le mois prochain", "2026-12-31T23:00"),
        ("2028-01-01T12:00", "Europe/Paris", "pas avant le 29 février", "2028-02-28T23:00"),
        ("2026-11-02T12:00", "Europe/Paris", "pause 2 semaines", "2026-11-16T12:00"),
    ],
)
def test_days_are_those_of_his_own_calendar(now: str, zone: str, text: str, until: str) -> None:
    told = read(text, datetime.fromisoformat(now).replace(tzinfo=UTC), zone)

    assert told == (Wish("paused_until", f"{until}:00+00:00"),)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("le matin et le soir", ()),  # we keep one span; which, a person asks
        ("par mail, le matin et le soir", ()),
        ("par mail, pas par mail", ()),
        ("pas le week-end", ()),
        ("répondez à mes questions", ()),
        ("moins souvent, une fois par mois", (Wish("every", "720"),)),
        ("après 17h30, pas après 20h", (Wish("hours", "18-20"),)),
        ("entre 22h et 2h", (Wish("hours", "22-2"),)),
    ],
)
def test_what_cannot_both_be_is_left_to_a_person(text: str, expected: tuple[Wish, ...]) -> None:
    assert read(text, MONDAY, ZONE) == expected


def test_a_stop_and_a_contract_in_one_message_are_both_heard() -> None:
    assert verdict("Résiliez mon contrat et ne m'écrivez plus", MONDAY, ZONE) == Stop(contract=True)
    assert verdict("Résiliez mon contrat", MONDAY, ZONE) == CancelContract()


# Each was read. The one wish among 45,000 messages is "pause", said to a voice assistant.
WISHES_OF_STRANGERS = {
    "en/sxsw_brand_tweets.csv": 0,
    "en/banking77_train.csv": 0,
    "en/clinc150_train.csv": 1,
    "en/ibm_twitter_care_conversations.csv": 0,
    "en/sms_spam_collection.csv": 0,
    "en/bitext_customer_service.csv": 0,
    "fr/services_publics_plus.csv": 0,
    "fr/mlma_hate_tweets.csv": 0,
}


@pytest.mark.parametrize(("name", "count"), WISHES_OF_STRANGERS.items())
def test_nobody_else_is_taken_to_wish_or_to_want_out(name: str, count: int) -> None:
    said = [row["text"] for row in shared.rows(name) if row.get("label") != "spam"]

    verdicts = [(text, verdict(text, MONDAY, ZONE)) for text in said]

    assert sum(isinstance(found, Wishes) for _, found in verdicts) == count
    assert [text for text, found in verdicts if isinstance(found, Stop) and (found.everywhere or not stops(text))] == []


def test_who_cancels_an_order_keeps_hearing_from_us() -> None:
    rows = shared.rows("en/bitext_customer_service.csv")
    heard = Counter((row["intent"], type(verdict(row["text"], MONDAY, ZONE))) for row in rows if row["opt_out"] == "0")

    cancelled = {kind: count for (intent, kind), count in heard.items() if intent == "cancel_order"}

    assert cancelled == {CancelContract: 290, type(None): 15}
    assert [key for key in heard if key[1] is Stop] == []

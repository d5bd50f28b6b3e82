"""Prints how well messages are understood, and how fast: `python -m tests.corpus.measure`."""

import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from bot.language import detect
from bot.meaning import Meaning, is_plain, promotable, read
from offers.matching import Matcher, Place, match
from optin.answers import meant, stops
from optin.wishes import CancelContract, Stop, Wishes, verdict
from tests.corpus import shared
from tests.corpus.sentences import labelled
from tests.corpus.told import MONDAY, ZONE, label
from tests.corpus.wishes import CATALOGUE, large

NOW = datetime(2026, 6, 1, tzinfo=UTC)
HERE = Place("facebook", "page", "post", NOW)
SXSW, BANK, CLINC, CARE, SMS, ASSISTANT, LETTERS, HATE = (
    *("en/sxsw_brand_tweets.csv", "en/banking77_train.csv", "en/clinc150_train.csv"),
    *("en/ibm_twitter_care_conversations.csv", "en/sms_spam_collection.csv", "en/bitext_customer_service.csv"),
    *("fr/services_publics_plus.csv", "fr/mlma_hate_tweets.csv"),
)


def main() -> None:
    our_own()
    if not shared.FOLDER.is_dir():
        sys.exit("The shared messages are not here; the rest cannot be measured.")
    wanting_out()
    told_of_strangers()
    moods()
    languages()
    speed()


def our_own() -> None:
    print("Our own sentences, told right")
    answers, meanings = labelled("answers.txt"), labelled("meanings.txt")
    show("  answers", sum((meant(text) or "other") == label for text, label in answers), len(answers))
    show("  meanings", sum(read(text) == label for text, label in meanings), len(meanings))
    same = sum(promotable(read(text)) == promotable(Meaning(label)) for text, label in meanings)
    show("  promotable or not", same, len(meanings))
    wishing = [text for text, label in meanings if label == Meaning.WISH]
    show("  wishes that no person need look at", sum(is_plain(text, "promo") for text in wishing), len(wishing))
    matcher, wishes = Matcher(CATALOGUE), labelled("wishes.txt")
    asked = [(match(matcher, text, HERE), label) for text, label in wishes]
    right = sum(found is not None and found.keyword == label for found, label in asked)
    wanted, found = sum(label != "none" for _, label in asked), sum(found is not None for found, _ in asked)
    show("  keywords: recall", right, wanted)
    show("  keywords: precision", right, found)
    for name in ("stops.txt", "stops_unseen.txt"):
        stopping = [text for text, said in labelled(name) if said == "stop"]
        staying = [text for text, said in labelled(name) if said == "other"]
        show(f"  {name}: heard", sum(map(stops, stopping)), len(stopping))
        show(f"  {name}: overheard", sum(map(stops, staying)), len(staying))
    for name in ("wishes_told.txt", "wishes_told_unseen.txt"):
        told_right(name)


def told_right(name: str) -> None:
    """How the wishes about being written to are understood; what is no wish counts against the precision."""
    pairs = [(label(text), said) for text, said in labelled(name)]
    wanted = [(found, said) for found, said in pairs if is_a_wish(said)]
    found = [(found, said) for found, said in pairs if is_a_wish(found)]
    show(f"  {name}: verdicts", sum(found == said for found, said in pairs), len(pairs))
    show(f"  {name}: recall of wishes", sum(found == said for found, said in wanted), len(wanted))
    show(f"  {name}: precision of wishes", sum(found == said for found, said in found), len(found))


def is_a_wish(said: str) -> bool:
    return said.split()[0] not in ("stop", "contract", "none")


def told_of_strangers() -> None:
    print("Told about being written to: wishes, stops, ends of contracts")
    for name in (SXSW, BANK, CLINC, CARE, LETTERS, HATE, SMS, ASSISTANT):
        wanted = {SMS: {"label": "ham"}, CARE: {"role": "customer"}}.get(name, {})
        found = [verdict(text, MONDAY, ZONE) for text in shared.texts(name, **wanted)]
        counts = [sum(isinstance(each, kind) for each in found) for kind in (Wishes, Stop, CancelContract)]
        print(f"  {name:<72}", *(f"{count:6}" for count in counts), f"of {len(found)}")


def wanting_out() -> None:
    print("Heard as a wish to be left alone (each of the few was read: see tests/optin/test_answers.py)")
    for name in (SXSW, BANK, CLINC, CARE, LETTERS, HATE):
        texts = shared.texts(name)
        show(f"  {name}", sum(map(stops, texts)), len(texts))
    ham = shared.texts(SMS, label="ham")
    show(f"  {SMS}, ham", sum(map(stops, ham)), len(ham))
    leaving, staying = shared.texts(ASSISTANT, opt_out="1"), shared.texts(ASSISTANT, opt_out="0")
    show(f"  {ASSISTANT}, wants out", sum(map(stops, leaving)), len(leaving))
    show(f"  {ASSISTANT}, does not", sum(map(stops, staying)), len(staying))


def moods() -> None:
    print(
        "Left to a person instead of an offer; in brackets the half that was not looked at while the lists were written"
    )
    for name, wanted in (
        (LETTERS, {"sentiment": "negative"}),
        (CARE, {"role": "customer", "turn": "0"}),
        (CARE, {"role": "customer"}),
        (HATE, {"normal": "0"}),
        (SXSW, {"sentiment": "negative"}),
        (LETTERS, {"sentiment": "neutral"}),
        (HATE, {"normal": "1"}),
        (LETTERS, {"sentiment": "positive"}),
        (SXSW, {"sentiment": "neutral"}),
        (SXSW, {"sentiment": "positive"}),
    ):
        texts = shared.texts(name, **wanted)
        odd = [
            row["text"] for row in shared.rows(name)[1::2] if all(row[key] == value for key, value in wanted.items())
        ]
        show(f"  {name} {' '.join(wanted.values())}", barred(texts), len(texts), f" ({barred(odd) / len(odd):.1%})")


def languages() -> None:
    print("Language told right, first where the other one was expected, then where it was itself expected")
    for name, language, other in (
        *((name, "en", "fr") for name in (SXSW, BANK, CLINC, CARE)),
        *((name, "fr", "en") for name in (LETTERS, HATE)),
    ):
        texts = shared.texts(name)
        known = sum(detect(text, language) == language for text in texts)
        right = sum(detect(text, other) == language for text in texts)
        show(f"  {name}", right, len(texts), f" {known / len(texts):.2%}")


def speed() -> None:
    print("Microseconds of processor time a message: tweets in English, tweets in French, letters in French")
    matcher = Matcher(large())
    works: dict[str, Callable[[str], object]] = {
        "stops": stops,
        "verdict": lambda text: verdict(text, MONDAY, ZONE),
        "read": read,
        "detect": lambda text: detect(text, "fr"),
        "match (50 offers, 150 keywords)": lambda text: match(matcher, text, HERE),
    }
    samples = [shared.texts(name)[:1000] for name in (SXSW, HATE, LETTERS)]
    for name, work in works.items():
        print(f"  {name:<72}", *(f"{microseconds(work, texts):7.1f}" for texts in samples))


def barred(texts: Sequence[str]) -> int:
    return sum(not promotable(read(text)) for text in texts)


def microseconds(work: Callable[[str], object], texts: Sequence[str]) -> float:
    rounds = []
    for _ in range(5):
        began = time.process_time()
        for text in texts:
            work(text)
        rounds.append(time.process_time() - began)
    return min(rounds) / len(texts) * 1e6


def show(what: str, count: int, total: int, also: str = "") -> None:
    print(f"{what:<74} {count:>6} of {total:<6} {count / total:7.2%}{also}")


if __name__ == "__main__":
    main()

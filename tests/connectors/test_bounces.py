"""Bounces that nobody of the project wrote: heard as others hear them, and where not, for a reason that is told."""

import pytest

from tests.corpus.bounces import by_address, by_recipient, measured

# Where we say something else about who is hard, and why. `docs/bounces.md` says it at length.
PLAIN = "the server says that nobody has this address; the other side guesses, from its software, that it was a filter"
JAPANESE = "the reason is told in Japanese alone, which our patterns don't know: so soft, as whatever is unclear"
OTHERWISE = {
    "bsd/lhost-activehunter-02.eml": PLAIN,
    "bsd/lhost-amazonworkmail-02.eml": PLAIN,
    "bsd/lhost-messagingserver-03.eml": PLAIN,
    "bsd/lhost-messagingserver-08.eml": PLAIN,
    "bsd/lhost-mxlogic-03.eml": PLAIN,
    "bsd/lhost-office365-04.eml": PLAIN,
    "bsd/lhost-sendmail-48.eml": PLAIN,
    "bsd/lhost-surfcontrol-01.eml": PLAIN,
    "bsd/lhost-x2-01.eml": PLAIN,
    "bsd/lhost-zoho-02.eml": PLAIN,
    "bsd/lhost-zoho-03.eml": PLAIN,
    "bsd/lhost-domino-02.eml": JAPANESE,
    "bsd/lhost-notes-02.eml": JAPANESE,
    "bsd/lhost-exim-37.eml": "it says that the sender's own host does not exist, after having read the mail",
    "bsd/lhost-verizon-01.eml": "it names its recipient only in the copy of our mail; the key of the mail would tell",
}
ELSEWHERE = {
    "simple_20.txt": "written by an ordinary address under a subject with RE: maybe a fan who asks",
    "simple_43.txt": "names nobody: we take the recipient of the mail that it brings back",
    "groupwise_02.txt": "names its recipient in words that the other side does not know",
}


def test_who_is_gone_for_good_is_told_from_who_is_not() -> None:
    compared = list(by_recipient())

    precision, recall = measured(compared)

    assert {each.file for each in compared if each.hard != each.expected} == OTHERWISE.keys()
    assert precision >= 0.88
    assert recall >= 0.95


def test_who_failed_and_who_is_only_late_is_told_as_elsewhere() -> None:
    assert {file for file, same, _ in by_address() if not same} == ELSEWHERE.keys()


@pytest.mark.parametrize("kind", ["spamdetected", "authfailure", "blocked", "policyviolation", "feedback"])
def test_our_own_fault_is_never_laid_on_the_person(kind: str) -> None:
    mails = [each for each in by_recipient() if set(each.reasons) == {kind}]

    assert mails
    assert [each.file for each in mails if each.hard] == []

"""How long what is kept: one table, from which the clock, the fan's page and the dry run take it."""

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum


class Kept(StrEnum):
    """What has a time of its own, and from when it is counted."""

    WORDS = "words"  # what the platforms told, word by word; from when it was heard
    STRANGERS = "strangers"  # fans who took nothing and allowed nothing; from what they last did
    KNOWN = "known"  # leads, and whoever took an offer; from what they last did
    PROOFS = "proofs"  # what proves a consent; from when its fan was reduced to it
    NOBODYS = "nobodys"  # what the platforms told of somebody whom we don't know; from when it came
    SUPPRESSED = "suppressed"  # hashes of whom to leave alone; from the erasure
    ERASURES = "erasures"  # that somebody was erased; from then
    ERASED_LEADS = "erased_leads"  # what tells the CRM that a lead is gone; from then
    DELIVERIES = "deliveries"  # what was posted to the brand's own systems; from when it happened
    REDELIVERIES = "redeliveries"  # hashes of what platforms may bring again; from eight days after the erasure
    LIMITS = "limits"  # how many messages somebody had of late, for the platforms' limits


YEAR, MONTHS_13 = timedelta(days=365), timedelta(days=395)
PERIODS: Mapping[Kept, timedelta] = {
    Kept.WORDS: timedelta(days=30),
    Kept.STRANGERS: MONTHS_13,
    Kept.KNOWN: 3 * YEAR,  # CNIL, framework for commercial management, February 2022: from the fan's own last act
    Kept.PROOFS: 5 * YEAR,  # French Civil Code, art. 2224: while somebody may still sue
    Kept.NOBODYS: MONTHS_13,
    Kept.SUPPRESSED: 3 * YEAR,  # CNIL, the same: an opposition is kept for three years at least
    Kept.ERASURES: 5 * YEAR,
    Kept.ERASED_LEADS: 3 * YEAR,
    Kept.DELIVERIES: timedelta(days=30),
    Kept.REDELIVERIES: timedelta(0),
    Kept.LIMITS: timedelta(days=1),
}

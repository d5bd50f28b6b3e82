"""Segments: how far a person has come with the brand. Read from what he did, never guessed."""

from enum import StrEnum

from offers.conditions import FanFacts

REGULAR = 3  # comments and messages: who said so much is no passer-by


class Segment(StrEnum):
    STRANGER = "stranger"
    FOLLOWER = "follower"  # has spoken to us several times
    TAKER = "taker"  # has the code of an offer
    LEAD = "lead"  # said yes to hearing from us, and told his address


def of(facts: FanFacts) -> Segment:
    """The furthest stage that he has reached."""
    if facts.is_lead:
        return Segment.LEAD
    if facts.claimed:
        return Segment.TAKER
    return Segment.FOLLOWER if facts.comments + facts.messages >= REGULAR else Segment.STRANGER

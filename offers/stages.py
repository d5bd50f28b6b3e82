"""Stages: how far a person has come, from somebody whom we may only answer to a customer.

A stage is worked out whenever it is asked for, from what he did and what he stands by, and is kept nowhere: so it can't
be out of date. It says how far he came, never whether we may write to him; that is for the permits alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum


class Stage(StrEnum):
    ANONYMOUS = "anonymous"  # a profile that we may only answer
    REACHABLE = "reachable"  # allows us to write on some channel, or asked for an offer and told no address yet
    IDENTIFIED = "identified"  # told us an e-mail address or a phone number
    QUALIFIED = "qualified"  # a lead who stands by a yes to offers or the newsletter at that address
    CUSTOMER = "customer"  # bought


@dataclass(frozen=True, slots=True)
class Footing:
    """All that a stage rests on. What somebody merely said, in however many comments, is none of it."""

    asked: bool = False  # for an offer: he holds a claim
    allows: bool = False  # a yes to offers or the newsletter holds, on whatever channel
    told_address: bool = False
    qualifies: bool = False  # a lead, and such a yes holds at his address
    bought: bool = False


# Which stage rests on what, the furthest first; leads/stage_queries.py reads the same table.
RESTS_ON: tuple[tuple[Stage, str], ...] = (
    (Stage.CUSTOMER, "bought"),
    (Stage.QUALIFIED, "qualifies"),
    (Stage.IDENTIFIED, "told_address"),
    (Stage.REACHABLE, "allows"),
    (Stage.REACHABLE, "asked"),
)


def of(footing: Footing) -> Stage:
    return next((stage for stage, fact in RESTS_ON if getattr(footing, fact)), Stage.ANONYMOUS)


class Step(StrEnum):
    """What may happen to a person."""

    HEARD = "heard"  # a comment, a mention, a message
    ASKED = "asked"  # opened an offer
    TOLD_ADDRESS = "told_address"
    ALLOWED = "allowed"  # on a platform
    CONFIRMED = "confirmed"  # a yes at his address; where mails can be sent, by a click in one
    WITHDREW = "withdrew"  # everything that he allowed
    BOUGHT = "bought"
    ERASED = "erased"


# What each step makes true, or no longer true. A deed is never undone by a word: only what rests on a yes goes with it.
CHANGES: Mapping[Step, Mapping[str, bool]] = {
    Step.HEARD: {},
    Step.ASKED: {"asked": True},
    Step.TOLD_ADDRESS: {"told_address": True},
    Step.ALLOWED: {"allows": True},
    Step.CONFIRMED: {"allows": True, "told_address": True, "qualifies": True},
    Step.WITHDREW: {"allows": False, "qualifies": False},
    Step.BOUGHT: {"bought": True},
    Step.ERASED: dict.fromkeys(Footing.__slots__, False),
}


def after(footing: Footing, step: Step) -> Footing:
    return replace(footing, **CHANGES[step])

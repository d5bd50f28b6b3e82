"""Faults to seed: one text of the product in the place of another, and the promise that this breaks."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    breaks: str
    file: str
    old: str
    new: str


FAULTS = (
    # Permits
    Fault(
        "consent is needed to solicit",
        "optin/permits.py",
        '    yield not wanted.consent.granted, "no_consent"\n',
        "",
    ),
    Fault(
        "who wants no offers gets none as an answer",
        "optin/permits.py",
        '    yield facts.offers.withdrawn and not _may_all_the_same(facts, facts.offers), "fan_wants_no_offers"\n',
        "",
    ),
    Fault(
        "a stop wins over what a person decided before",
        "optin/permits.py",
        "    return facts.decided_at is None or all(line.given_at <= facts.decided_at for line in no.lines)",
        "    return True",
    ),
    Fault(
        "who blocked us is not written to",
        "optin/permits.py",
        '    yield facts.blocked, "fan_blocked_us"\n',
        "",
    ),
    Fault(
        "a window closes in time",
        "optin/permits.py",
        "now + GRACE < until else",
        "now < until + timedelta(hours=6) else",
    ),
    Fault(
        "a person's longer window is for answers alone",
        "optin/permits.py",
        "if facts.by_human and facts.solicits is None and facts",
        "if facts.by_human and facts",
    ),
    Fault(
        "nobody is solicited by a channel that he ruled out",
        "optin/permits.py",
        '    yield not all(one.welcomes(facts.channel) for one in wanted.wishes), "prefers_other_channel"\n',
        "",
    ),
    Fault(
        "the fan's own interval holds",
        "optin/permits.py",
        "    gap = max(wanted.caps.gap, *(one.every or timedelta(0) for one in wanted.wishes))",
        "    gap = wanted.caps.gap",
    ),
    # His hours
    Fault(
        "quiet hours are kept",
        "optin/hours.py",
        "    return quiet is None or not _has_length(quiet) or not within(quiet, hour)",
        "    return True",
    ),
    # Pressure
    Fault(
        "a cap is never passed",
        "optin/pressure.py",
        "        if held > most:",
        "        if held > most + WHOLE:",
    ),
    Fault(
        "a month is thirty days",
        "optin/pressure.py",
        '"month": timedelta(days=30)',
        '"month": timedelta(days=7)',
    ),
    Fault(
        "a purpose has its own caps",
        "optin/pressure.py",
        "    for about in (ALL, purpose):\n        same",
        "    for about in (ALL,):\n        same",
    ),
    Fault(
        "what weighs less takes less room",
        "optin/pressure.py",
        "        held += one.weight",
        "        held += WHOLE",
    ),
    # Reservations
    Fault(
        "what waits has its place under the caps",
        "bot/places.py",
        "COUNTED = (State.WAITING.value, State.SENDING.value",
        "COUNTED = (State.SENDING.value",
    ),
    Fault(
        "caps hold over all that a person is",
        "bot/permitting.py",
        "for fan_id in person.fan_ids for row in self.counted",
        "for fan_id in [profile.fan_id] for row in self.counted",
    ),
    Fault(
        "what is deferred gives its place back",
        "bot/places.py",
        "COUNTED = (State.WAITING.value,",
        "COUNTED = (State.DEFERRED.value, State.WAITING.value,",
    ),
    # Asking again at sending
    Fault(
        "the permit is asked again at sending",
        "bot/clearing.py",
        "    if held or not isinstance(answer, Permit):",
        "    if held:",
    ),
    Fault(
        "an unheard word of any of his profiles is heard first",
        "bot/clearing.py",
        "    if not desk.must_hear_first(one):",
        "    if one:",
    ),
    Fault(
        "what a dead sender had in hand is not sent again",
        "bot/outbox.py",
        'dead.values(state=State.UNCERTAIN.value, reason="worker_died")',
        'dead.values(state=State.WAITING.value, reason="worker_died")',
    ),
    # Consent
    Fault(
        "half a double opt-in allows nothing",
        "optin/consents.py",
        '    return line | {"act": Act.ASKED.value, ',
        "    return line | {",
    ),
    Fault(
        "a no for everywhere holds everywhere",
        "optin/standing.py",
        "if self.channel not in (channel, EVERYWHERE) or",
        "if self.channel != channel or",
    ),
    # Links
    Fault(
        "at a link the strictest word of both sides holds",
        "optin/standing.py",
        "        if refusals and not",
        "        if False and not",
    ),
    Fault(
        "a link grants nothing",
        "optin/standing.py",
        "        for fan_id in one_with.get(line.fan_id, {line.fan_id}):",
        "        for fan_id in {end for edge in edges for end in (edge.fan_id, edge.other_id)}:",
    ),
    Fault(
        "a no in the very moment of a link is both's",
        "optin/links.py",
        "if edge.at <= line.given_at]",
        "if edge.at < line.given_at]",
    ),
    Fault(
        "a no outlives the link",
        "optin/links.py",
        "        return False\n    _let_refusals_outlive(session, set(people.values()))",
        "        return False",
    ),
    # Erasure
    Fault(
        "who asked to be forgotten is left alone when he comes back",
        "bot/forgetting.py",
        "    erasures.suppress(session, secret, wanted, now)\n",
        "",
    ),
    Fault(
        "the others keep what an erased fan refused for them",
        "optin/links.py",
        "    people = hold(session, fan_ids)\n    _let_refusals_outlive(session, set(people.values()))",
        "    people = hold(session, fan_ids)",
    ),
)

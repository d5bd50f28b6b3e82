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
        "who stopped the service is not solicited",
        "optin/permits.py",
        '    yield facts.service.withdrawn, "fan_said_stop"\n    yield wanted',
        "    yield wanted",
    ),
    Fault(
        "a stop ends automatic answers",
        "optin/permits.py",
        '    yield facts.service.withdrawn and not _may_all_the_same(facts, facts.service), "fan_said_stop"\n',
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
        "a private reply has its time",
        "optin/permits.py",
        "_within(facts.asked_at, facts.allowed.private_reply_within, now",
        "_within(facts.asked_at, None, now",
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
    Fault(
        "the brand's gap holds where he wished for none",
        "optin/permits.py",
        "    gap = max(wanted.caps.gap, *(",
        "    gap = max(timedelta(0), *(",
    ),
    # His hours
    Fault(
        "a pause is kept",
        "optin/hours.py",
        "    paused = preferences.paused_until or now",
        "    paused = now",
    ),
    Fault(
        "quiet hours are kept",
        "optin/hours.py",
        "    return quiet is None or not _has_length(quiet) or not within(quiet, hour)",
        "    return True",
    ),
    Fault(
        "hours are counted on his own clock",
        "optin/hours.py",
        "ZoneInfo(timezone or default_zone)",
        "ZoneInfo(default_zone)",
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
        "the newest house rules hold",
        "optin/house_rules.py",
        ".order_by(col(HouseRules.version).desc()).limit(1)",
        ".order_by(col(HouseRules.version)).limit(1)",
    ),
    # Reservations
    Fault(
        "what waits has its place under the caps",
        "bot/outbox.py",
        "COUNTED = (State.WAITING.value, State.SENDING.value",
        "COUNTED = (State.SENDING.value",
    ),
    Fault(
        "what may have arrived counts",
        "bot/outbox.py",
        "State.SENT.value, State.UNCERTAIN.value)\n",
        "State.SENT.value)\n",
    ),
    Fault(
        "what arrived counts from then on",
        "bot/outbox.py",
        "or_(gone_at.is_(None), gone_at > since - LEASE)",
        "or_(gone_at.is_(None), gone_at > now - LEASE)",
    ),
    Fault(
        "caps hold over all that a person is",
        "bot/permitting.py",
        "for fan_id in person.fan_ids for row in self.counted",
        "for fan_id in [profile.fan_id] for row in self.counted",
    ),
    Fault(
        "of those decided together each counts those before it",
        "bot/permitting.py",
        "        self.undecided.discard(one.id)\n        had",
        "        return\n        had",
    ),
    # Asking again at sending
    Fault(
        "the permit is asked again at sending",
        "bot/sending.py",
        "    answer = permits.decide(facts, desk.now)",
        '    answer: Answer = Permit("decided")',
    ),
    Fault(
        "an unheard word of any of his profiles is heard first",
        "bot/sending.py",
        "    if not desk.must_hear_first(one):",
        "    if one:",
    ),
    Fault(
        "what waits against a stop never goes, even after a new yes",
        "bot/outbox.py",
        "waiting = col(Outgoing.state).in_([State.WAITING.value, State.DEFERRED.value, State.DRAFT.value])\n"
        "    theirs = update(Outgoing).where(col(Outgoing.fan_id).in_(list(fan_ids)), waiting)",
        "waiting = col(Outgoing.state).in_([State.WAITING.value])\n"
        "    theirs = update(Outgoing).where(col(Outgoing.fan_id).in_(list(fan_ids)), waiting)",
    ),
    Fault(
        "what may have arrived is not sent again",
        "bot/sending.py",
        '        outbox.note(one, State.UNCERTAIN, f"platform:{fate.reason}")',
        '        outbox.note(one, State.WAITING, f"platform:{fate.reason}")',
    ),
    Fault(
        "what a dead sender had in hand is not sent again",
        "bot/outbox.py",
        'dead.values(state=State.UNCERTAIN.value, reason="worker_died")',
        'dead.values(state=State.WAITING.value, reason="worker_died")',
    ),
    Fault(
        "a person whom the platform refuses is let be",
        "bot/sending.py",
        "        fans.say_blocked(session, one.profile_id, now)",
        "        pass",
    ),
    # Consent
    Fault(
        "of words at one instant the no is the last",
        "optin/standing.py",
        "    return line.given_at, line.act == Act.WITHDRAWN, line.id",
        "    return line.given_at, line.act == Act.GRANTED, line.id",
    ),
    Fault(
        "a yes to something else lets nobody answer again",
        "optin/standing.py",
        "self.act == Act.GRANTED and self.purpose in LET_US_WRITE",
        "self.act == Act.GRANTED",
    ),
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
    Fault(
        "who leaves wants no more",
        "bot/journey.py",
        "    if one.kind is not Kind.UNFOLLOWED:\n        return None",
        "    if True:\n        return None",
    ),
    Fault(
        "a no said in words for everywhere is one",
        "bot/journey.py",
        "    channel = EVERYWHERE if stop and stop.everywhere else one.platform",
        "    channel = one.platform",
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
        "a no outlives the link",
        "optin/links.py",
        "        return False\n    _let_refusals_outlive(session, set(people.values()))",
        "        return False",
    ),
    Fault(
        "who is unlinked is a person of his own again",
        "optin/links.py",
        "    session.flush()\n    _regroup(session, set(people.values()))\n    return True\n\n\ndef cut",
        "    session.flush()\n    return True\n\n\ndef cut",
    ),
    Fault(
        "a link takes no wish away",
        "optin/people.py",
        "        person.voices = _voices(person, wishes[person.id]) if person.edges else ()",
        "        person.voices = ()",
    ),
    # Erasure
    Fault(
        "who asked to be forgotten is left alone when he comes back",
        "bot/forgetting.py",
        "    erasures.suppress(session, secret, wanted, now)\n",
        "",
    ),
    Fault(
        "a stop outlives the end of its time",
        "bot/forgetting.py",
        "wanted = refused(session, them) if how is How.RETENTION",
        "wanted = set() if how is How.RETENTION",
    ),
    Fault(
        "the others keep what an erased fan refused for them",
        "optin/links.py",
        "    people = hold(session, fan_ids)\n    _let_refusals_outlive(session, set(people.values()))",
        "    people = hold(session, fan_ids)",
    ),
)

"""What `python -m bot explain` prints of a message: the same as the panel, by its codes, in UTC."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from bot.explaining import Explained, Pressure, Reason, Weighed, Word
from optin import preferences
from optin.pressure import WHOLE

HOUR = timedelta(hours=1)


def text(explained: Explained) -> str:
    return "\n".join(_lines(explained))


def _lines(explained: Explained) -> Iterator[str]:
    message, profile = explained.message, explained.profile
    yield f"message {message.id} to {profile.name or profile.handle} on {message.platform}"
    yield f"state: {' '.join(part for part in (message.state, message.reason) if part)}"
    if not explained.reasons:
        yield "no receipt was kept of it"
    for number, reason in enumerate(explained.reasons, 1):
        yield ""
        yield f"{number}. {reason.receipt.stage} {moment(reason.receipt.at)}"
        for about, said in _told(reason, explained.rules_today):
            yield f"   {about}: {said}"


def _told(reason: Reason, rules_today: int) -> Iterator[tuple[str, str]]:
    row = reason.receipt
    yield "answer", answer(row.verdict, row.why, row.until)
    if row.held:
        yield "held", row.held
    yield "channel", reason.channel
    for word in reason.words:
        yield "word", _word(word)
    if reason.window:
        yield "window", f"{moment(reason.window.opened_at)} {reason.window.kind}".rstrip()
    if reason.pressure:
        yield from _dosed(reason.pressure)
    yield "said", reason.chosen.said
    if reason.chosen.offer:
        yield "offer", reason.chosen.offer
    for name in reason.chosen.among:
        yield "among", name
    for weighed in reason.chosen.ranking:
        yield "weighed", _weighed(weighed)
    yield "rules", f"{row.law}, house rules {row.house_rules} (today {rules_today})"
    verdict = type(reason.today).__name__.lower()
    yield "today", answer(verdict, reason.today.why, getattr(reason.today, "until", None))
    if not reason.same_rules:
        yield "warning", "other_rules"
    if not reason.same_answer:
        yield "warning", "other_answer"
    for one in reason.obstacles:
        yield "obstacle", one.why


def _weighed(one: Weighed) -> str:
    if one.believed is None:
        return f"{one.offer}: {one.why}"
    numbers = f"{one.believed:.2%} of {one.gain:g} less {one.price:g}, drawn {one.value:g}"
    return f"{one.offer} on {one.channel}: {one.why}, {numbers} (from {one.source}, shown {one.shown})"


def _word(word: Word) -> str:
    line = word.line
    said = (line.act, line.purpose, line.channel, moment(line.given_at), line.how, line.wording)
    return " ".join(part for part in said if part)


def _dosed(had: Pressure) -> Iterator[tuple[str, str]]:
    yield "purpose", had.purpose
    for one in had.used:
        yield "used", f"{one.about} {one.span} {one.had / WHOLE:g}/{one.most / WHOLE:g}"
    yield "gap", f"{had.caps.gap / HOUR:g}h"
    quiet = had.caps.quiet
    yield "quiet", f"{quiet[0]}-{quiet[1]} {had.caps.zone}" if quiet else "none"
    for voice in had.wishes:
        for about, value in preferences.as_json(voice).items():
            yield "wish", f"{about} {value}"


def answer(verdict: str, why: str, until: datetime | None) -> str:
    return f"{verdict} {why}" + (f" until {moment(until)}" if until else "")


def moment(when: datetime) -> str:
    return when.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")

"""What may not be kept any longer goes by itself, and nothing else does."""

from collections import Counter
from datetime import timedelta
from uuid import UUID

from click.testing import CliRunner

from bot import dossier, forgetting, retention
from bot.__main__ import cli
from bot.clock import _Daily
from bot.inbox import Inbox
from bot.periods import PERIODS, Kept
from connectors import Kind
from leads.pipeline import ErasedLead, Lead
from optin import links, receipts
from optin.consents import Consent
from optin.erasures import Erasure, Forgotten, How, Suppression
from optin.fans import Fan, Profile
from optin.history import Touchpoint
from optin.links import Proof
from optin.receipts import Receipt
from tests.search import found
from tests.stage import Stage

MONTHS_13, YEARS_3, YEARS_5 = timedelta(days=395), timedelta(days=3 * 365), timedelta(days=5 * 365)
NIGHT = timedelta(hours=1)


def after(stage: Stage, time: timedelta) -> None:
    stage.now += time


def fan_of(stage: Stage, who: str) -> UUID:
    return next(profile.fan_id for profile in stage.all(Profile) if profile.handle == who)


def by_id(stage: Stage) -> list[Inbox]:
    return sorted(stage.all(Inbox), key=lambda row: row.id)


def handles(stage: Stage) -> list[str]:
    return sorted(profile.handle for profile in stage.all(Profile) if not profile.handle.startswith("bird-of"))


def becomes_a_lead(stage: Stage, who: str) -> UUID:
    for said in ("promo", f"{who}@example.org", "oui"):
        stage.writes(said, who=who)
        stage.work()
    return fan_of(stage, who)


def test_words_go_after_thirty_days_and_that_something_was_said_stays(stage: Stage) -> None:
    stage.comments("bonjour la framboise", raw={"text": "framboise"})
    stage.work()
    after(stage, timedelta(days=20))
    stage.comments("bonjour la myrtille", raw={"text": "myrtille"})
    stage.work()

    after(stage, timedelta(days=11))
    gone = retention.run(stage.bot)

    assert gone == {(Kept.WORDS, "inbox"): 1}
    assert [(row.kind, row.interaction.get("text"), row.raw) for row in by_id(stage)] == [
        ("comment", None, {}),
        ("comment", "bonjour la myrtille", {"text": "myrtille"}),
    ]
    assert {one.text for one in stage.all(Touchpoint)} == {"bonjour la framboise", "bonjour la myrtille"}
    assert retention.run(stage.bot) == Counter()


def test_who_took_nothing_is_forgotten_thirteen_months_after_his_last_act(stage: Stage) -> None:
    stage.writes("bonjour", who="lea")
    stage.writes("bonjour", who="max")
    stage.work()
    after(stage, timedelta(days=200))
    stage.writes("toujours là", who="max")
    stage.work()

    after(stage, MONTHS_13 - timedelta(days=200) + NIGHT)
    retention.run(stage.bot)

    assert handles(stage) == ["max"]
    assert found(stage.bot, ["lea"]) == set()
    assert stage.all(Suppression) == []  # he said no to nothing, and may come back as anybody


def test_whoever_is_one_with_somebody_who_acted_is_kept(stage: Stage) -> None:
    stage.writes("bonjour", who="lea")
    stage.writes("bonjour", who="max")
    stage.work()
    with stage.bot.transaction() as session:
        links.link(session, fan_of(stage, "lea"), fan_of(stage, "max"), Proof.CLAIM_LINK, "claim-1", stage.now)
    after(stage, timedelta(days=390))
    stage.writes("toujours là", who="max")
    stage.work()

    after(stage, timedelta(days=30))
    retention.run(stage.bot)

    assert handles(stage) == ["lea", "max"]


def test_a_no_outlives_the_one_who_said_it(stage: Stage) -> None:
    stage.writes("STOP", who="lea")
    stage.work()
    after(stage, MONTHS_13 + NIGHT)
    retention.run(stage.bot)

    stage.offer()
    stage.writes("promo", who="lea")
    stage.work()

    assert [(line.act, line.how) for line in stage.all(Consent)] == [("withdrawn", "suppression")]
    assert len(stage.said()) == 1  # that we heard the STOP, more than a year ago


def test_a_lead_goes_after_three_years_and_leaves_the_proof_of_his_yes(stage: Stage) -> None:
    stage.offer()
    lea = becomes_a_lead(stage, "lea")
    lead = stage.all(Lead)[0].id
    lines, decided = len(stage.all(Consent)), len(stage.all(Receipt))
    after(stage, YEARS_3 - NIGHT)
    too_early = retention.foresee(stage.bot)

    after(stage, 2 * NIGHT)
    retention.run(stage.bot)

    assert {why for why, _ in too_early} <= {Kept.WORDS, Kept.LIMITS}
    assert found(stage.bot, ["lea"]) == set()
    assert [one.id for one in stage.all(ErasedLead)] == [lead]
    assert (len(stage.all(Consent)), len(stage.all(Receipt))) == (lines, decided)
    assert [receipts.replayed(row).why for row in stage.all(Receipt)] == [row.why for row in stage.all(Receipt)]
    with stage.bot.reading() as session:
        assert dossier.found(session, stage.bot, "lea") == {lea}  # who asks by his handle is told what is left
        assert dossier.found(session, stage.bot, "max") == set()


def test_the_proof_goes_five_years_later(stage: Stage) -> None:
    stage.offer()
    becomes_a_lead(stage, "lea")
    after(stage, YEARS_3 + NIGHT)
    retention.run(stage.bot)
    after(stage, YEARS_5 - NIGHT)
    retention.run(stage.bot)
    kept = len(stage.all(Consent))

    after(stage, 2 * NIGHT)
    retention.run(stage.bot)

    assert kept > 0
    assert [stage.all(table) for table in (Consent, Receipt, Fan, Profile)] == [[], [], [], []]


def test_hashes_and_what_is_left_of_an_erasure_have_a_time_too(stage: Stage) -> None:
    stage.offer()
    forgetting.forget(stage.bot, [becomes_a_lead(stage, "lea")], How.FAN)
    tables = (Forgotten, Suppression, ErasedLead, Erasure)
    left = []
    for time in (timedelta(days=9), YEARS_3, YEARS_5 - YEARS_3):
        after(stage, time)
        retention.run(stage.bot)
        left.append([len(stage.all(table)) > 0 for table in tables])

    assert left == [[False, True, True, True], [False, False, False, True], [False, False, False, False]]


def test_what_nobody_we_know_said_goes_after_thirteen_months(stage: Stage) -> None:
    stage.comments("promo", who="machine", by_bot=True)
    stage.does(Kind.UNKNOWN, who="")
    stage.work()

    after(stage, MONTHS_13 + NIGHT)
    retention.run(stage.bot)

    assert stage.all(Inbox) == []


def test_a_dry_run_says_what_would_go_and_changes_nothing(stage: Stage) -> None:
    stage.offer()
    becomes_a_lead(stage, "lea")
    stage.writes("bonjour", who="max")
    stage.work()
    after(stage, YEARS_3 + NIGHT)
    before = [len(stage.all(table)) for table in (Fan, Inbox, Consent, Lead, Touchpoint)]

    foreseen = retention.foresee(stage.bot)
    unchanged = [len(stage.all(table)) for table in (Fan, Inbox, Consent, Lead, Touchpoint)]
    gone = retention.run(stage.bot)

    assert unchanged == before
    assert {key: rows for key, rows in foreseen.items() if key[0] in (Kept.STRANGERS, Kept.KNOWN)} == {
        key: rows for key, rows in gone.items() if key[0] in (Kept.STRANGERS, Kept.KNOWN)
    }
    assert foreseen[(Kept.KNOWN, "lead")] == 1
    assert foreseen[(Kept.KNOWN, "consent")] == 0
    assert foreseen[(Kept.STRANGERS, "fan")] == 1


def test_the_command_tells_it_by_reason_and_table(sqlite_url: str) -> None:
    environ = {"DATABASE_URL": sqlite_url, "SECRET_KEY": "b3f1c2d4e5a697887766554433221100"}

    told = CliRunner(env=environ).invoke(cli, ["retention", "--dry-run"])

    assert (told.exit_code, told.output) == (0, "Would go:\n  nothing\n")


def test_the_clock_does_it_once_a_day_by_the_brands_calendar(stage: Stage) -> None:
    days: list[str] = []
    daily = _Daily(stage.bot, lambda bot: days.append(bot.now().isoformat()))
    for _ in range(48):
        daily()
        after(stage, NIGHT)

    assert len(days) == 3  # from noon to noon, two midnights in between
    assert days[1].endswith("T23:00:00+00:00")  # when it is midnight in Paris


def test_every_time_has_a_rule() -> None:
    from bot.overdue import RULES

    assert {rule.why for rule in RULES} == set(Kept) == set(PERIODS)

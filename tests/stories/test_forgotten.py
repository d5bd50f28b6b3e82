"""A fan who asks to be forgotten is forgotten: in every table, in the logs, and by whatever comes back later."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa
import structlog
from sqlmodel import SQLModel

from bot import desk, forgetting, traces
from bot.inbox import Inbox
from bot.managers import Manager
from bot.outbox import Outgoing
from bot.ranking import Ranking
from bot.tables import metadata
from connectors import Kind, Way
from leads import purchases, redemptions
from leads.pipeline import ErasedLead, Lead
from leads.purchases import Told
from leads.ranking import Rank
from offers.catalog import Offer
from offers.claims import Claim
from optin import addresses, consents, links, people, preferences, receipts
from optin.consents import Consent
from optin.erasures import Erasure, How, Suppression
from optin.fans import Fan, Profile
from optin.history import Touchpoint
from optin.links import Proof
from optin.preferences import Preference
from optin.standing import Purpose
from tests.search import found, logged
from tests.stage import Stage

# All that is hers alone, and in no word of the program's own.
HER = ["lea-7f3a", "Léa Quintessence", "lea.quintessence@example.org", "framboise", "myrtille", "ZANZIBAR"]


def fan_of(stage: Stage, who: str) -> UUID:
    return next(profile.fan_id for profile in stage.all(Profile) if profile.handle == who)


def known_well(stage: Stage, who: str = "lea-7f3a", name: str = "Léa Quintessence", word: str = "framboise") -> UUID:
    """She commented, took an offer in the chat, said yes, chose her hours, complained; and a manager answered her."""
    stage.comments("promo", who=who, author_name=name)
    stage.work()
    stage.writes(f"bonjour la {word}", who=who, author_name=name, raw={"from": {"id": who, "name": name}, "text": word})
    stage.writes("promo", who=who, author_name=name)
    stage.work()
    stage.writes(f"{name.replace(' ', '.').replace('é', 'e').lower()}@example.org", who=who, author_name=name)
    stage.work()
    stage.writes("oui", who=who, author_name=name)
    stage.work()
    stage.does(Kind.ECHO, f"Bonjour {name}", who=who, raw={"to": who, "text": name})
    stage.writes(f"Toujours pas reçu ma commande de {word}, c'est honteux", who=who, author_name=name)
    stage.work()
    fan_id = fan_of(stage, who)
    with stage.bot.transaction() as session:
        line = preferences.said(fan_id, "hours", "18-22", "chat", f"{who}-said", stage.now, stage.now)
        preferences.record(session, [line])
    bought(stage, fan_id, word)
    Ranking(stage.bot)()
    return fan_id


def bought(stage: Stage, fan_id: UUID, word: str) -> None:
    """She showed her code at a till, and bought once more by her address alone, and once as a lead."""
    now, claim = stage.now, next(one for one in stage.all(Claim) if one.fan_id == fan_id and one.code)
    (lead,) = (one for one in stage.all(Lead) if one.fan_id == fan_id)
    by_code = Told("shop", f"{word}-1", 1990, "EUR", now, code=str(claim.code))
    by_address = Told("shop", f"{word}-2", 990, "EUR", now, email_hash=addresses.hash_of(claim.email))
    by_lead = Told("shop", f"{word}-3", 590, "EUR", now, lead_id=lead.id)
    with stage.bot.transaction() as session:
        redemptions.redeem(session, stage.bot.new_id(), str(claim.code), "key:till", now, place=word)
        for told in (by_code, by_address, by_lead):
            purchases.keep(session, stage.bot.new_id(), told, "key:till", now)


def answered_by(stage: Stage, manager: Manager, words: str) -> None:
    with stage.bot.transaction() as session:
        draft = next(one for one in stage.all(Outgoing) if one.state == "draft")
        desk.approve(session, stage.bot, draft.id, words, manager, stage.now)
    stage.later(seconds=10)
    stage.work()


@pytest.fixture
def claire(stage: Stage) -> Manager:
    manager = Manager(
        id=stage.bot.new_id(), email="claire@brand.example", name="Claire", password_hash="", language="fr",
        created_at=stage.now,
    )  # fmt: skip
    with stage.bot.transaction() as session:
        session.add(manager)
    return manager


def link(stage: Stage, one: UUID, other: UUID) -> None:
    with stage.bot.transaction() as session:
        links.link(session, one, other, Proof.CLAIM_LINK, "claim-1", stage.now)


def forget(stage: Stage, *fan_ids: UUID, how: How = How.FAN) -> str:
    code = forgetting.forget(stage.bot, fan_ids, how)
    assert code is not None
    return code


def test_of_two_linked_fans_one_is_erased_and_no_string_of_his_is_left_anywhere(
    stage: Stage, claire: Manager, tmp_path: Path
) -> None:
    stage.offer()
    with structlog.testing.capture_logs() as log:
        lea = known_well(stage)
        answered_by(stage, claire, "Votre framboise arrive, Léa Quintessence")
        max_ = known_well(stage, "max-9b1c", "Max Ordinaire", "noisette")
        stage.later(minutes=1)
        link(stage, lea, max_)
        stage.later(minutes=1)
        stage.writes("promo", who="max-9b1c", author_name="Max Ordinaire")
        stage.comments("merci", who="max-9b1c", raw={"in_reply_to": "lea-7f3a", "text": "merci"})
        stage.writes("STOP myrtille", who="lea-7f3a", subject="ZANZIBAR", thread="lea-7f3a")
        stage.writes("STOP", who="lea-7f3a", subject="ZANZIBAR", thread="lea-7f3a")
        stage.work()
        [code] = [claim.code for claim in stage.all(Claim) if claim.fan_id == lea]
        hers = [*HER, code, *(row.key for row in stage.all(Inbox) if row.author == "lea-7f3a")]
        before = found(stage.bot, HER)
        his_before = [row for row in stage.all(Touchpoint) if row.fan_id == max_]
        ranked = {row.fan_id for row in stage.all(Rank)}

        forget(stage, lea)

    assert {word for _, _, word in before} == set(HER)  # there was something to find
    assert found(stage.bot, [word for word in hers if len(word) > 4]) == set()
    assert logged(log, [*HER, code]) == set()
    assert [row for row in stage.all(Touchpoint) if row.fan_id == max_] == his_before
    assert [fan.id for fan in stage.all(Fan)] == [max_]
    assert [lead.fan_id for lead in stage.all(Lead)] == [max_]
    assert (ranked, [row.fan_id for row in stage.all(Rank)]) == ({lea, max_}, [max_])
    assert [offer.taken for offer in stage.all(Offer)] == [2]  # nobody else gets what she had
    if stage.bot.engine.dialect.name == "sqlite":
        file = Path(str(stage.bot.engine.url.database))
        stage.bot.engine.dispose()  # which writes back the journal of the file
        assert [word for word in HER if word.encode() in file.read_bytes()] == []


def test_what_he_refused_for_all_of_him_stays_refused_and_nothing_else_changes(stage: Stage) -> None:
    stage.offer()
    lea, max_ = known_well(stage), known_well(stage, "max-9b1c", "Max Ordinaire", "noisette")
    stage.later(minutes=1)
    link(stage, lea, max_)
    stage.later(minutes=1)
    stage.writes("STOP", who="lea-7f3a")
    stage.work()

    forget(stage, lea)

    with stage.bot.reading() as session:
        person = people.one(session, max_)
        decided = receipts.of_fans(session, [max_])
    assert person.fan_ids == (max_,)
    assert person.standing(max_, "pigeon", Purpose.SERVICE).withdrawn
    assert person.standing(max_, "email", Purpose.OFFERS).granted
    assert [receipts.replayed(row).why for row in decided] == [row.why for row in decided]
    assert [row.fan_id for row in stage.all(Preference)] == [max_]


def test_a_stop_that_nobody_has_heard_yet_is_heard_before_he_is_forgotten(stage: Stage) -> None:
    for who in ("lea-7f3a", "max"):
        stage.writes("bonjour", who=who)
    stage.work()
    lea, her_other = fan_of(stage, "lea-7f3a"), fan_of(stage, "max")
    link(stage, lea, her_other)
    stage.later(seconds=1)

    stage.writes("STOP", who="lea-7f3a")
    forget(stage, lea, how=How.RETENTION)
    stage.writes("bonjour", who="lea-7f3a")
    stage.hear()

    with stage.bot.reading() as session:
        for fan_id in (her_other, fan_of(stage, "lea-7f3a")):
            assert people.one(session, fan_id).standing(fan_id, "pigeon", Purpose.SERVICE).withdrawn


def test_a_no_written_for_the_erased_one_alone_still_holds_for_the_other(stage: Stage) -> None:
    """As a door writes it that knows one profile: while they were one person, it was both's."""
    stage.offer()
    lea, max_ = known_well(stage), known_well(stage, "max-9b1c", "Max Ordinaire", "noisette")
    link(stage, lea, max_)
    stage.later(minutes=1)
    no = consents.withdrawn(lea, "email", "preferences", "page-1", stage.now, stage.now, purpose=Purpose.OFFERS)
    with stage.bot.transaction() as session:
        consents.journal(session, [no])

    forget(stage, lea)

    with stage.bot.reading() as session:
        assert people.one(session, max_).standing(max_, "email", Purpose.OFFERS).withdrawn


def test_a_redelivery_an_echo_and_a_receipt_begin_nothing_anew(stage: Stage) -> None:
    stage.offer()
    first = stage.comments("promo", who="lea-7f3a")
    stage.work()
    message = next(one for one in stage.all(Outgoing) if one.way == "private")

    forget(stage, fan_of(stage, "lea-7f3a"))
    stage.deliver(first)
    stage.does(Kind.ECHO, "Léa, voici", who="", payload=str(message.id))
    stage.does(Kind.READ, who="lea-7f3a")
    stage.does(Kind.COMMENT_REMOVED, who="", subject=first.subject)
    stage.does(Kind.BLOCKED, who="lea-7f3a")
    heard = stage.hear()
    stage.work()

    assert heard == 5
    assert stage.all(Inbox) == []
    assert stage.all(Fan) == []
    assert len(stage.said()) == 2  # of the time before


def test_after_eight_days_no_platform_brings_it_again_and_it_is_heard_as_new(stage: Stage) -> None:
    stage.offer()
    first = stage.comments("promo", who="lea-7f3a")
    stage.work()
    forget(stage, fan_of(stage, "lea-7f3a"))

    stage.later(days=9)
    stage.deliver(first)
    stage.work()

    assert [row.state for row in stage.all(Inbox)] == ["heard"]


def test_who_comes_back_begins_as_one_who_wants_nothing_and_a_person_may_answer(stage: Stage) -> None:
    stage.offer()
    stage.comments("promo", who="lea-7f3a")
    stage.work()
    forget(stage, fan_of(stage, "lea-7f3a"))

    stage.later(days=100)
    stage.writes("promo", who="lea-7f3a")
    stage.writes("promo", who="somebody-else")
    stage.work()

    lea = fan_of(stage, "lea-7f3a")
    assert [(line.channel, line.purpose, line.act, line.how) for line in stage.all(Consent)] == [
        ("*", "*", "withdrawn", "suppression")
    ]
    assert [line.fan_id for line in stage.all(Consent)] == [lea]
    assert {(one.state, one.reason) for one in stage.all(Outgoing) if one.fan_id == lea} == {
        ("draft", "asks_after_stop")
    }
    assert [one.state for one in stage.all(Outgoing) if one.fan_id != lea] == ["sent"]


def test_an_erasure_while_his_message_goes_out_loses_nothing_of_the_others(stage: Stage) -> None:
    """The platform is slow, and he is erased meanwhile."""
    stage.offer()
    stage.comments("promo", who="lea-7f3a")
    stage.comments("promo", who="max-9b1c")
    stage.hear()
    lea = fan_of(stage, "lea-7f3a")

    stage.pigeon.meanwhile = lambda: forgetting.forget(stage.bot, [lea], How.FAN)
    stage.send()
    stage.work()

    assert [message.way for message in stage.pigeon.sent].count(Way.PRIVATE) == 2
    assert found(stage.bot, ["lea-7f3a"]) == set()
    assert {one.state for one in stage.all(Outgoing)} == {"sent"}


def test_a_message_that_waits_is_never_sent_after_the_erasure(stage: Stage) -> None:
    stage.offer()
    stage.comments("promo", who="lea-7f3a")
    stage.hear()

    forget(stage, fan_of(stage, "lea-7f3a"))
    stage.work()

    assert stage.said() == []


def test_a_hash_is_all_that_is_left(stage: Stage) -> None:
    stage.offer()
    lea = known_well(stage)

    code = forget(stage, lea)

    assert [(row.fan_id, row.code, row.how, row.found) for row in stage.all(Erasure)] == [(lea, code, "fan", True)]
    assert len(stage.all(Suppression)) == 3  # two handles and an address
    assert [(row.id is not None, row.revision) for row in stage.all(ErasedLead)] == [(True, 6)]
    left = {table.name for table in metadata.sorted_tables if stage.all(_model(table))}
    assert left == {"erased_lead", "erasure", "forgotten", "lane", "offer", "revision", "stock_lot", "suppression"}


def _model(table: sa.Table) -> type[SQLModel]:
    every = {*traces.HIS, *traces.QUOTES, *traces.NOBODYS}
    return next(model for model in every if model.__tablename__ == table.name)


def test_erasing_twice_or_nobody_does_nothing(stage: Stage) -> None:
    stage.comments("promo", who="lea-7f3a")
    stage.work()
    lea = fan_of(stage, "lea-7f3a")
    forget(stage, lea)

    assert forgetting.forget(stage.bot, [lea], How.FAN) is None
    assert forgetting.forget(stage.bot, [stage.bot.new_id()], How.MANAGER) is None


def test_the_database_lets_go_of_a_journal_only_for_who_asked(stage: Stage) -> None:
    stage.offer()
    max_ = known_well(stage, "max-9b1c", "Max Ordinaire", "noisette")
    stage.work()
    changes: list[Callable[[], sa.sql.dml.UpdateBase]] = [
        lambda: sa.delete(Consent),
        lambda: sa.delete(receipts.Receipt),
        *(_rewritten(Consent, column) for column in Consent.__table__.columns),  # type: ignore[attr-defined]
        *(_rewritten(receipts.Receipt, column) for column in receipts.Receipt.__table__.columns),  # type: ignore[attr-defined]
    ]

    for change in changes:
        with pytest.raises(sa.exc.DBAPIError, match="journal"), stage.bot.transaction() as session:
            session.execute(change())

    assert len([line for line in stage.all(Consent) if line.fan_id == max_]) > 0


def _rewritten(model: type[SQLModel], column: sa.Column) -> Callable[[], sa.sql.dml.UpdateBase]:
    return lambda: sa.update(model).values({column.name: sa.null() if column.nullable else column})


def test_every_table_says_whether_it_keeps_something_of_a_fan() -> None:
    """A new table can't be forgotten: it is a fan's, it quotes him, or somebody said why it is nobody's."""
    named = [str(model.__tablename__) for model in (*traces.HIS, *traces.QUOTES, *traces.NOBODYS)]
    personal = {"fan_id", "profile_id", "author", "handle", "recipient", "email", "phone", "text", "raw", "evidence"}
    told = {
        table.name
        for table in metadata.sorted_tables
        if personal & set(table.columns.keys())
        or any(key.column.table.name in ("fan", "profile", "message", "claim") for key in table.foreign_keys)
    }

    assert sorted(named) == sorted(table.name for table in metadata.sorted_tables)
    assert told - {"erasure", "manager"} == {model.__tablename__ for model in traces.HIS} - {"fan", "pace"}


def test_rows_go_before_those_to_which_they_refer() -> None:
    order = [model.__tablename__ for model in traces.HIS]
    late = {
        (model.__tablename__, key.column.table.name)
        for model in traces.HIS
        for key in model.__table__.foreign_keys  # type: ignore[attr-defined]
        if key.column.table.name in order and order.index(key.column.table.name) < order.index(model.__tablename__)
    }

    assert late == set()


def test_erasures_amid_hearing_and_sending_break_nothing(stage: Stage) -> None:
    """Two workers are busy with forty fans while half of them are erased, one after the other."""
    stage.offer()
    gone, kept = [f"gone-{n}-7f3a" for n in range(20)], [f"kept-{n}-9b1c" for n in range(20)]
    for who in (*gone, *kept):
        stage.comments("promo", who=who)
    stage.hear()
    known = {who: fan_of(stage, who) for who in gone}
    for who in (*gone, *kept):
        stage.writes("merci", who=who)

    with ThreadPoolExecutor(3) as threads:
        working = [threads.submit(_work, stage, f"worker-{n}") for n in range(2)]
        erasing = threads.submit(lambda: [forgetting.forget(stage.bot, [known[who]], How.FAN) for who in gone])
        codes = erasing.result()
        assert [one.result() for one in working] == [None, None]
    stage.work()
    for fan_id in {profile.fan_id for profile in stage.all(Profile) if profile.handle in gone}:
        forget(stage, fan_id)  # whose thanks came after

    assert None not in codes
    assert found(stage.bot, gone) == set()
    assert {profile.handle for profile in stage.all(Profile)} >= set(kept)
    states = {one.state for one in stage.all(Outgoing) if one.handle in kept}
    assert states == {"sent"}


def _work(stage: Stage, name: str) -> None:
    """As a worker does: an error of the database means to begin again."""
    for _ in range(10):
        try:
            stage.hear(name)
            stage.send()
        except sa.exc.OperationalError:
            continue

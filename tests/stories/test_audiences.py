"""A custom audience holds who allows it and nobody else: a no is acted on within minutes, and never lost on the way."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from sqlmodel import col, update

import connectors
from bot import advertising, audiences, forgetting, pages, retention
from bot.audiences import AudienceList, Member
from connectors import Audience, Batch, By, Kind, Taken
from offers import claims, condition_rows
from offers.claims import Claim
from offers.conditions import Condition, Operator
from optin import consents, links
from optin.addresses import hash_of
from optin.consents import Consent
from optin.erasures import How
from optin.fans import Profile
from optin.links import Proof
from optin.standing import EVERYWHERE, Purpose
from optin.tokens import Page
from optin.wordings import wording
from sandbox import facebook as pretended
from sandbox.facebook import Facebook
from sandbox.wire import Fault, Wire
from tests.connectors.conftest import Serve, serve  # noqa: F401 - a fixture
from tests.stage import SECRET, Stage
from webhooks.app import create_app

AUDIENCE = "6110000000001"
SETTINGS = {"FACEBOOK_APP_SECRET": "app-secret-9c1f", "FACEBOOK_AUDIENCES": f"{AUDIENCE}:EAAGaudience-token"}
VALUE = re.compile(r'name="allow" value="(email:audiences:[0-9a-f]+)"')


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
def meta(wire: Wire) -> Facebook:
    return pretended.build(wire, SETTINGS)


@pytest.fixture
def stage(database_url: str, meta: Facebook, serve: Serve) -> Iterator[Stage]:  # noqa: F811 - as pytest has it
    stage = Stage(database_url)
    lists = connectors.audiences(SETTINGS | {"FACEBOOK_API_URL": f"{serve(meta)}/facebook"})
    stage.bot = replace(stage.bot, audiences=lists)
    yield stage
    stage.close()


def connect(stage: Stage, offer_id: UUID | None = None) -> None:
    with stage.bot.transaction() as session:
        audiences.connect(session, AUDIENCE, offer_id)


def takes(stage: Stage, who: str = "lea") -> UUID:
    """He asks for the offer in the chat, and gives his address there. Says who he is."""
    for text in ("promo", f"{who}@example.com"):
        stage.writes(text, who=who)
        stage.work()
    return next(profile.fan_id for profile in stage.all(Profile) if profile.handle == who)


def page_of(stage: Stage, fan: UUID) -> str:
    claim = next(one for one in stage.all(Claim) if one.fan_id == fan)
    return f"/claim/{claims.token(SECRET, claim.id)}"


def visitor(stage: Stage) -> FlaskClient:
    return create_app(stage.bot).test_client()


def says_yes(stage: Stage, fan: UUID) -> None:
    page, browser = page_of(stage, fan), visitor(stage)
    [box] = VALUE.findall(browser.get(page).text)
    browser.post(f"{page}/advertising", data={"allow": box})


def grants(stage: Stage, fan: UUID) -> None:
    """The same yes, written down at once."""
    words = wording("audiences_email", "fr", "Zéphyr")
    line = consents.granted(fan, "email", words, "claim_page", "c1", stage.now, purpose=Purpose.AUDIENCES)
    with stage.bot.transaction() as session:
        consents.journal(session, [line])


def there(meta: Facebook) -> list[str]:
    return sorted(meta.audiences[AUDIENCE].members)


def rows(stage: Stage) -> list[tuple[str, bool, str]]:
    return sorted((row.hash, row.wanted, row.state) for row in stage.all(Member))


def told(wire: Wire) -> list[tuple[str, int, bool]]:
    return [(call.what, call.more["rows"], call.done) for call in wire.calls]


def the_list(stage: Stage) -> AudienceList:
    [row] = stage.all(AudienceList)
    return row


LEA, MAX = hash_of("lea@example.com"), hash_of("max@example.com")


def test_who_says_yes_is_added_and_who_takes_it_back_is_removed(stage: Stage, meta: Facebook) -> None:
    stage.offer()
    connect(stage)
    lea, max_ = takes(stage), takes(stage, "max")
    says_yes(stage, lea)

    advertising.reconcile(stage.bot)
    after_yes = there(meta)
    visitor(stage).post(f"{page_of(stage, lea)}/advertising", data={"stop": "1"})
    advertising.reconcile(stage.bot)

    assert (after_yes, there(meta), rows(stage)) == ([LEA], [], [])
    assert the_list(stage).synced_at == stage.now
    assert [line.act for line in stage.all(Consent) if line.purpose == "audiences"] == ["granted", "withdrawn"]
    assert max_ not in [line.fan_id for line in stage.all(Consent)]


@pytest.mark.parametrize("way", ["stop", "stop everywhere", "no offers", "leaves", "choices"])
def test_each_way_to_say_no_empties_it(stage: Stage, meta: Facebook, way: str) -> None:
    stage.offer()
    connect(stage)
    lea = takes(stage)
    grants(stage, lea)
    advertising.reconcile(stage.bot)
    stage.later(minutes=1)

    said = {"stop": "STOP", "stop everywhere": "STOP partout", "no offers": "plus d’offres merci"}
    if way in said:
        stage.writes(said[way])
    elif way == "leaves":
        stage.does(Kind.UNFOLLOWED)
    else:
        page = pages.path(stage.bot, Page.CHOICES, lea)
        visitor(stage).post(f"{page}/stop", data={"stop": "email:audiences"})
    stage.work()
    before = there(meta)
    advertising.reconcile(stage.bot)

    assert (before, there(meta)) == ([LEA], [])


def test_who_is_erased_is_removed_there_before_the_last_trace_goes(stage: Stage, meta: Facebook, wire: Wire) -> None:
    stage.offer()
    connect(stage)
    lea = takes(stage)
    grants(stage, lea)
    advertising.reconcile(stage.bot)
    wire.faults.plan(Fault("facebook", "2", "audience_remove"))

    forgetting.forget(stage.bot, [lea], How.FAN)
    left = [(row.hash, row.fan_id, row.wanted, row.state) for row in stage.all(Member)]
    advertising.reconcile(stage.bot)  # Meta is down: the hash stays, for it has to be named there again
    kept = len(rows(stage))
    stage.later(minutes=5)
    advertising.reconcile(stage.bot)

    assert left == [(LEA, None, False, "in")]
    assert kept == 1
    assert (there(meta), rows(stage)) == ([], [])


def test_who_was_not_heard_for_three_years_is_removed_there_too(stage: Stage, meta: Facebook) -> None:
    stage.offer()
    connect(stage)
    grants(stage, takes(stage))
    advertising.reconcile(stage.bot)
    stage.later(days=1096)

    retention.run(stage.bot)
    left = [(row.hash, row.fan_id, row.wanted) for row in stage.all(Member)]
    advertising.reconcile(stage.bot)

    assert (left, there(meta), rows(stage)) == ([(LEA, None, False)], [], [])


def test_who_was_never_told_of_leaves_no_hash_behind(stage: Stage, wire: Wire) -> None:
    stage.offer()
    connect(stage)
    lea = takes(stage)
    grants(stage, lea)
    wire.faults.plan(Fault("facebook", "190", "audience_add"))
    with stage.bot.transaction() as session:
        audiences.want(session, [{"audience_id": AUDIENCE, "hash": LEA, "kind": "email", "fan_id": lea}])

    forgetting.forget(stage.bot, [lea], How.FAN)

    assert rows(stage) == []


def test_what_meta_does_not_take_is_tried_again_later_and_later_and_told(
    stage: Stage, meta: Facebook, wire: Wire
) -> None:
    stage.offer()
    connect(stage)
    grants(stage, takes(stage))
    wire.faults.plan(Fault("facebook", "500", "audience_add", times=2))

    pauses = []
    for _ in range(2):
        advertising.reconcile(stage.bot)
        row = the_list(stage)
        assert row.rests_until is not None
        pauses.append(row.rests_until - stage.now)
        advertising.reconcile(stage.bot)  # it rests: nothing is said
        stage.now = row.rests_until
    failing = (row.trouble, row.failures, row.failing_since is not None, row.synced_at)
    advertising.reconcile(stage.bot)

    assert pauses == [timedelta(minutes=1), timedelta(minutes=2)]
    assert failing == ("garbled_answer", 2, True, None)
    assert told(wire) == [("audience_add", 1, False), ("audience_add", 1, False), ("audience_add", 1, True)]
    assert (there(meta), the_list(stage).trouble, the_list(stage).failing_since) == ([LEA], "", None)


class Dying(Audience):
    """It does what it is told, and our program ends before it has written that down."""

    most = 10_000

    def __init__(self, real: Audience) -> None:
        self.id, self._real = real.id, real

    def add(self, by: By, hashes: Sequence[str], batch: Batch) -> Taken:
        self._real.add(by, hashes, batch)
        raise KeyboardInterrupt

    def remove(self, by: By, hashes: Sequence[str], batch: Batch) -> Taken:
        self._real.remove(by, hashes, batch)
        raise KeyboardInterrupt


def test_after_a_kill_between_the_call_and_its_note_the_same_is_told_again_and_nothing_else(
    stage: Stage, meta: Facebook, wire: Wire
) -> None:
    stage.offer()
    connect(stage)
    lea = takes(stage)
    grants(stage, lea)
    well, dying = stage.bot, replace(stage.bot, audiences={AUDIENCE: Dying(stage.bot.audiences[AUDIENCE])})

    with pytest.raises(KeyboardInterrupt):
        advertising.reconcile(dying)
    between = rows(stage)
    advertising.reconcile(well)
    added = (there(meta), rows(stage))
    stage.later(minutes=1)
    withdraw(stage, lea)
    with pytest.raises(KeyboardInterrupt):
        advertising.reconcile(dying)
    going = rows(stage)
    advertising.reconcile(well)
    advertising.reconcile(well)

    assert (between, added) == ([(LEA, True, "maybe")], ([LEA], [(LEA, True, "in")]))
    assert (going, there(meta), rows(stage)) == ([(LEA, False, "in")], [], [])
    assert told(wire) == [("audience_add", 1, True)] * 2 + [("audience_remove", 1, True)] * 2


def withdraw(stage: Stage, fan: UUID) -> None:
    no = consents.withdrawn(fan, EVERYWHERE, "preferences", "p1", stage.now, stage.now, purpose=Purpose.AUDIENCES)
    with stage.bot.transaction() as session:
        consents.journal(session, [no])


class Meanwhile(Audience):
    """While it is told to add somebody, something happens."""

    most = 10_000

    def __init__(self, real: Audience, happens) -> None:
        self.id, self._real, self._happens = real.id, real, happens

    def add(self, by: By, hashes: Sequence[str], batch: Batch) -> Taken:
        self._happens()
        return self._real.add(by, hashes, batch)

    def remove(self, by: By, hashes: Sequence[str], batch: Batch) -> Taken:
        return self._real.remove(by, hashes, batch)


@pytest.mark.parametrize("what", ["withdraws", "is erased"])
def test_a_no_that_comes_while_he_is_being_added_takes_him_out_again(stage: Stage, meta: Facebook, what: str) -> None:
    stage.offer()
    connect(stage)
    lea = takes(stage)
    grants(stage, lea)
    stage.later(minutes=1)
    happens = {
        "withdraws": lambda: withdraw(stage, lea),
        "is erased": lambda: forgetting.forget(stage.bot, [lea], How.FAN),
    }
    busy = Meanwhile(stage.bot.audiences[AUDIENCE], happens[what])

    advertising.reconcile(replace(stage.bot, audiences={AUDIENCE: busy}))
    in_between = there(meta)
    advertising.reconcile(stage.bot)

    assert (in_between, there(meta), rows(stage)) == ([LEA], [], [])


def test_only_those_for_whom_the_offer_is_are_in_it_as_long_as_it_is_for_them(stage: Stage, meta: Facebook) -> None:
    stage.offer()
    talkers = stage.offer(
        slug="talk", keywords=[], conditions=condition_rows.as_json(Condition("messages", Operator.AT_LEAST, 3))
    )
    connect(stage, talkers.id)
    for fan in (takes(stage), takes(stage, "max")):
        grants(stage, fan)
    stage.writes("merci beaucoup")
    stage.work()

    advertising.reconcile(stage.bot)
    talker = there(meta)
    with stage.bot.transaction() as session:
        many = condition_rows.as_json(Condition("messages", Operator.AT_MOST, 2))
        session.execute(update(type(talkers)).where(col(type(talkers).id) == talkers.id).values(conditions=many))
    advertising.reconcile(stage.bot)

    assert (talker, there(meta)) == ([LEA], [MAX])


def test_a_link_to_somebody_who_refused_takes_him_out(stage: Stage, meta: Facebook) -> None:
    stage.offer()
    connect(stage)
    lea, other = takes(stage), takes(stage, "max")
    grants(stage, lea)
    advertising.reconcile(stage.bot)
    stage.later(minutes=1)
    withdraw(stage, other)
    stage.later(minutes=1)

    with stage.bot.transaction() as session:
        links.link(session, lea, other, Proof.CLAIM_LINK, "claim-1", stage.now)
    advertising.reconcile(stage.bot)

    assert there(meta) == []


def test_an_address_that_two_people_gave_stays_while_one_of_them_allows_it(stage: Stage, meta: Facebook) -> None:
    stage.offer()
    connect(stage)
    lea, max_ = takes(stage), takes(stage, "max")
    with stage.bot.transaction() as session:
        session.execute(update(Claim).values(email="both@example.com"))
    for fan in (lea, max_):
        grants(stage, fan)
    advertising.reconcile(stage.bot)
    stage.later(minutes=1)

    withdraw(stage, lea)
    advertising.reconcile(stage.bot)
    advertising.reconcile(stage.bot)
    one_left = there(meta)
    withdraw(stage, max_)
    advertising.reconcile(stage.bot)

    assert (one_left, there(meta), rows(stage)) == ([hash_of("both@example.com")], [], [])


def test_an_audience_that_is_disconnected_is_emptied(stage: Stage, meta: Facebook) -> None:
    stage.offer()
    connect(stage)
    grants(stage, takes(stage))
    advertising.reconcile(stage.bot)

    with stage.bot.transaction() as session:
        audiences.disconnect(session, session.get_one(AudienceList, AUDIENCE))
    advertising.reconcile(stage.bot)

    assert (there(meta), rows(stage)) == ([], [])


def test_nothing_is_told_where_nothing_has_changed(stage: Stage, wire: Wire) -> None:
    stage.offer()
    connect(stage)
    grants(stage, takes(stage))

    for _ in range(3):
        advertising.reconcile(stage.bot)

    assert told(wire) == [("audience_add", 1, True)]


def test_many_go_in_batches_of_one_session(stage: Stage, meta: Facebook) -> None:
    stage.offer()
    connect(stage)
    small = stage.bot.audiences[AUDIENCE]
    small.most = 2  # type: ignore[misc]
    for who in ("a", "b", "c", "d", "e"):
        grants(stage, takes(stage, who))

    advertising.reconcile(stage.bot)

    sessions = meta.audiences[AUDIENCE].sessions
    assert len(there(meta)) == 5
    assert [(one["batch_seq"], one["last_batch_flag"], one["estimated_num_total"]) for one in sessions] == [
        (1, False, 5), (2, False, 5), (3, True, 5),
    ]  # fmt: skip
    assert len({one["session_id"] for one in sessions}) == 1


def test_where_mails_can_be_sent_an_address_goes_nowhere_before_it_has_said_whose_it_is(
    database_url: str,
    meta: Facebook,
    serve: Serve,  # noqa: F811
) -> None:
    """Else whoever types somebody else's address would hand it to Meta."""
    stage = Stage(database_url, mails=True)
    lists = connectors.audiences(SETTINGS | {"FACEBOOK_API_URL": f"{serve(meta)}/facebook"})
    stage.bot = replace(stage.bot, audiences=lists)
    stage.offer()
    connect(stage)
    lea, max_ = takes(stage), takes(stage, "max")
    unproven = VALUE.findall(visitor(stage).get(page_of(stage, max_)).text)
    grants(stage, lea)
    advertising.reconcile(stage.bot)
    before = there(meta)
    stage.writes("oui", who="max")  # to our offers: that asks the address
    stage.work()
    [link] = re.findall(r"http://127.0.0.1:8000(/confirm/\S+)", "\n".join(one.text for one in stage.letterbox.sent))
    visitor(stage).post(link)
    stage.later(minutes=1)
    says_yes(stage, max_)

    advertising.reconcile(stage.bot)

    assert (unproven, before, there(meta)) == ([], [], [MAX])
    stage.close()


def test_nobody_is_asked_while_no_audience_is_filled(stage: Stage) -> None:
    stage.offer()
    lea = takes(stage)
    browser, choices = visitor(stage), pages.path(stage.bot, Page.CHOICES, lea)

    before = [VALUE.findall(browser.get(page).text) for page in (page_of(stage, lea), choices)]
    connect(stage)
    after = [len(VALUE.findall(browser.get(page).text)) for page in (page_of(stage, lea), choices)]

    assert (before, after) == ([[], []], [1, 1])


def test_a_yes_to_it_is_a_yes_to_nothing_else(stage: Stage) -> None:
    stage.offer()
    connect(stage)
    lea = takes(stage)

    says_yes(stage, lea)

    [line] = [line for line in stage.all(Consent) if line.fan_id == lea]
    assert (line.channel, line.purpose, line.act, line.wording) == (
        "email",
        "audiences",
        "granted",
        "audiences_email.1.fr",
    )

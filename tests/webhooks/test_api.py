"""What the CRM may count on: the API answers as its description says."""

import csv
import io
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import schemathesis
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from werkzeug.test import TestResponse

from bot import forgetting
from bot.inbox import Inbox
from leads import details, feed, keys, profiles
from leads.pipeline import Lead
from leads.records import LeadRecord
from offers.questions import Question
from optin import consents, links
from optin.erasures import How
from optin.links import Proof
from tests.cast import NOW, Stage
from webhooks.api_shapes import LeadsPage, Outcomes, Problem

PROBLEM = "application/problem+json"


@pytest.fixture
def crm(stage: Stage) -> FlaskClient:
    """A client that brings a key."""
    with stage.bot.transaction() as session:
        key = keys.make(session, "CRM", bytes(range(40)), NOW)
    client = stage.visitor()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {key}"
    return client


def said(client: FlaskClient, path: str) -> Any:
    answer = client.get(f"/api/v1/{path}")
    assert answer.status_code == 200
    return answer.json


def problem(answer: TestResponse) -> tuple[int, Problem]:
    assert answer.mimetype == PROBLEM
    told = Problem.model_validate(answer.json)
    assert told.status == answer.status_code
    return answer.status_code, told


def test_the_crm_reads_all_leads_and_goes_on_later(stage: Stage, crm: FlaskClient) -> None:
    offer = stage.offer()
    for handle in "abc":
        stage.lead(offer, handle)

    pages = [LeadsPage.model_validate(said(crm, "leads?limit=2"))]
    while pages[-1].has_more:
        pages.append(LeadsPage.model_validate(said(crm, f"leads?cursor={pages[-1].next_cursor}")))
    stage.lead(offer, "d")
    later = LeadsPage.model_validate(said(crm, f"leads?cursor={pages[-1].next_cursor}"))

    assert [[lead.email for lead in page.data if isinstance(lead, LeadRecord)] for page in (*pages, later)] == [
        ["a@example.com", "b@example.com"],
        ["c@example.com"],
        ["d@example.com"],
    ]


def test_one_lead_is_the_same_as_in_the_list(stage: Stage, crm: FlaskClient) -> None:
    lead = stage.lead(stage.offer(), "alice")

    (listed,) = said(crm, "leads")["data"]

    assert said(crm, f"leads/{lead.id}") == listed
    assert listed["consent"][0]["granted"] is True


def test_who_takes_his_yes_back_comes_once_more_with_nothing_but_that(stage: Stage, crm: FlaskClient) -> None:
    offer, visitor = stage.offer(), stage.visitor()
    word = stage.claim(offer, stage.fan())
    boxes = [part.split('"')[0] for part in visitor.get(f"/claim/{word}").text.split('name="allow" value="')[1:]]
    visitor.post(f"/claim/{word}", data={"email": "alice@example.com", "allow": boxes[0]})
    before = said(crm, "leads")
    known = before["data"][0]["id"]

    stage.clock.now = NOW + timedelta(days=1)
    visitor.post(f"/claim/{word}/stop", data={"channel": "email"})
    after, alone = said(crm, f"leads?cursor={before['next_cursor']}"), crm.get(f"/api/v1/leads/{known}")

    assert before["data"][0]["email"] == "alice@example.com"
    assert after["data"] == [{"id": known, "status": "withdrawn", "updated_at": "2026-06-02T10:00:00Z"}]
    assert (problem(alone)[0], problem(alone)[1].detail) == (410, "The lead was withdrawn.")


def test_a_page_that_did_not_change_is_not_sent_again(stage: Stage, crm: FlaskClient) -> None:
    offer = stage.offer()
    stage.lead(offer, "a")
    first = crm.get("/api/v1/leads")
    same = crm.get("/api/v1/leads", headers={"If-None-Match": first.headers["ETag"]})
    stage.lead(offer, "b")
    other = crm.get("/api/v1/leads", headers={"If-None-Match": first.headers["ETag"]})

    assert (same.status_code, same.data, same.headers["ETag"]) == (304, b"", first.headers["ETag"])
    assert (other.status_code, len(LeadsPage.model_validate(other.json).data)) == (200, 2)


@pytest.mark.parametrize(("query", "accept"), [("?format=ndjson", "*/*"), ("", "application/x-ndjson")])
def test_a_stream_tells_all_and_where_to_go_on(stage: Stage, crm: FlaskClient, query: str, accept: str) -> None:
    offer = stage.offer()
    leads = [stage.lead(offer, handle) for handle in "abc"]
    forgetting.forget(stage.bot, [leads[0].fan_id], How.FAN)

    answer = crm.get(f"/api/v1/leads{query}", headers={"Accept": accept})
    pulled = said(crm, "leads")
    stage.lead(offer, "d")
    rest = said(crm, f"leads?cursor={answer.headers['Next-Cursor']}")

    assert answer.mimetype == "application/x-ndjson"
    assert [json.loads(line) for line in answer.text.splitlines()] == pulled["data"]
    assert [lead["email"] for lead in rest["data"]] == ["d@example.com"]


def cells(answer: TestResponse, delimiter: str = ",") -> list[list[str]]:
    return list(csv.reader(io.StringIO(answer.text), delimiter=delimiter))


def test_a_table_has_a_row_a_lead_and_no_formulas(stage: Stage, crm: FlaskClient) -> None:
    lead = stage.lead(stage.offer(), "alice")
    with stage.bot.transaction() as session:
        mine = session.get_one(Lead, lead.id)
        mine.name, mine.post = '=HYPERLINK("http://evil.example")', "@SUM(1)"
        details.tell(session, lead.fan_id, Question.PHONE, "+33612345678", NOW, None)
    allow_phone(stage, lead)

    plain = crm.get("/api/v1/leads?format=csv")
    french = crm.get("/api/v1/leads?excel=fr")

    head, row = cells(plain)
    told = dict(zip(head, row, strict=True))
    assert plain.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert plain.data[:3] != b"\xef\xbb\xbf"
    assert (told["name"], told["post"]) == ('\'=HYPERLINK("http://evil.example")', "'@SUM(1)")
    assert (told["email"], told["phone"], told["status"]) == ("alice@example.com", "+33612345678", "active")
    assert told["consent"] == "email offers: yes; whatsapp offers: yes"
    assert french.data[:3] == b"\xef\xbb\xbf"
    assert [[cell.removeprefix("\ufeff") for cell in line] for line in cells(french, ";")] == [head, row]


def allow_phone(stage: Stage, lead: Lead) -> None:
    with stage.bot.transaction() as session:
        line = consents.withdrawn(lead.fan_id, "whatsapp", "chat", "m", NOW, NOW, purpose="offers")
        consents.record(session, line | {"act": "granted"})


@pytest.mark.parametrize("profile", list(profiles.Profile))
def test_a_lead_bears_the_names_of_the_crms_own_fields(stage: Stage, crm: FlaskClient, profile: str) -> None:
    offer = stage.offer()
    lead, gone = stage.lead(offer, "alice"), stage.lead(offer, "bob")
    with stage.bot.transaction() as session:
        session.get_one(Lead, lead.id).name = "Alice de la Tour"
    forgetting.forget(stage.bot, [gone.fan_id], How.FAN)

    page = said(crm, f"leads?profile={profile}")["data"]
    lines = crm.get(f"/api/v1/leads?profile={profile}&format=ndjson").text.splitlines()
    head, *table = cells(crm.get(f"/api/v1/leads?profile={profile}&format=csv"))

    known, email, last, shut = NAMES[profile]
    alive, erased = page
    assert [json.loads(line) for line in lines] == page
    assert [set(one) for one in page] == [set(head)] * 2
    assert (str(lead.id) in str(alive[known]), alive[email], alive[last[0]]) == (True, "alice@example.com", last[1])
    assert (str(gone.id) in str(erased[known]), erased[email], erased[shut[0]]) == (True, None, shut[1])
    assert "bob" not in str(erased).lower()
    assert table[0][head.index(email)] == "alice@example.com"


# Its number, its address, its last name, and what shuts off a lead who is gone: as each CRM's import calls them.
NAMES = {
    "hubspot": ("fanfare_id", "email", ("lastname", "de la Tour"), ("fanfare_status", "erased")),
    "salesforce": ("Fanfare_Id__c", "Email", ("LastName", "de la Tour"), ("HasOptedOutOfEmail", True)),
    "odoo": ("id", "email_from", ("contact_name", "Alice de la Tour"), ("active", False)),
    "espocrm": ("cFanfareId", "emailAddress", ("lastName", "de la Tour"), ("status", "Dead")),
}


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer x", "Bearer ff_00010203_00", "Basic YTpi", "Bearer é"])
@pytest.mark.parametrize("path", ["leads", f"leads/{UUID(int=7)}", "outcomes", "leads?limit=wrong"])
def test_without_a_key_nothing_is_said(stage: Stage, header: str | None, path: str) -> None:
    answer = stage.visitor().get(f"/api/v1/{path}", headers={} if header is None else {"Authorization": header})

    assert problem(answer)[0] == 401
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="Fanfare"'


def test_a_keys_use_is_noted(stage: Stage, crm: FlaskClient) -> None:
    crm.get("/api/v1/leads")

    with stage.bot.reading() as session:
        assert [key.last_used_at for key in keys.listed(session)] == [NOW]


@pytest.mark.parametrize(
    ("query", "wrong"),
    [
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=ten", "limit"),
        ("cursor=zzz", "cursor"),
        ("updated_since=yesterday", "updated_since"),
        ("updated_since=2026-06-01T10:00:00", "updated_since"),
        ("updated_sinse=2026-06-01T10:00:00Z", "updated_sinse"),
    ],
)
def test_a_wrong_parameter_is_named(crm: FlaskClient, query: str, wrong: str) -> None:
    status, told = problem(crm.get(f"/api/v1/leads?{query}"))

    assert (status, list((told.errors or {})["query"])) == (422, [wrong])


@pytest.mark.parametrize("format", ["json", "csv", "ndjson"])
def test_a_reader_who_is_ahead_of_a_backup_that_was_brought_back_is_told_to_begin_again(
    crm: FlaskClient, format: str
) -> None:
    ahead = crm.get(f"/api/v1/leads?format={format}&cursor={feed.cursor_at(2**40)}")

    assert problem(ahead)[0] == 409
    assert "begin again without one" in ahead.text
    assert crm.get(f"/api/v1/leads?format={format}").status_code == 200


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("cursor=zzz", "It has to be a next_cursor that we gave. Leave it out to read from the start."),
        ("updated_since=2026-06-01T00:00:00+02:00", "In an address, + is written %2B: 2026-06-01T00:00:00%2B02:00"),
    ],
)
def test_what_is_easily_mistaken_is_told_in_words(crm: FlaskClient, query: str, told: str) -> None:
    _, problem_told = problem(crm.get(f"/api/v1/leads?{query}"))

    assert list((problem_told.errors or {})["query"].values()) == [[told]]


@pytest.mark.parametrize("since", ["0001-01-01T00:00:00%2B14:00", "9999-12-31T23:59:59-14:00", "2026-06-01T10:00:00Z"])
def test_any_moment_may_be_asked_about(crm: FlaskClient, since: str) -> None:
    assert crm.get(f"/api/v1/leads?updated_since={since}").status_code == 200


def test_other_methods_and_paths_are_problems_too(crm: FlaskClient) -> None:
    posted, missing = crm.post("/api/v1/leads"), crm.get("/api/v1/nothing")
    unknown, odd = crm.get(f"/api/v1/leads/{uuid4()}"), crm.get("/api/v1/leads/12")

    assert [problem(answer)[0] for answer in (posted, missing, unknown, odd)] == [405, 404, 404, 404]
    assert sorted(posted.headers["Allow"].split(", ")) == ["GET", "HEAD", "OPTIONS"]


def test_head_and_options_answer_without_a_body(crm: FlaskClient) -> None:
    head, options = crm.head("/api/v1/leads"), crm.options("/api/v1/leads")

    assert (head.status_code, head.data, options.status_code, options.data) == (200, b"", 200, b"")


def test_personal_answers_are_kept_by_nobody(crm: FlaskClient) -> None:
    assert crm.get("/api/v1/leads").headers["Cache-Control"] == "no-store"


def keep(stage: Stage, platform: str, key: str, outcome: str = "", reason: str = "") -> None:
    entry = Inbox(
        platform=platform,
        account="page-1",
        key=key,
        kind="comment",
        author="fan-1",
        lane=1,
        at=NOW,
        received_at=NOW,
        interaction={},
        raw={},
        state="heard" if outcome else "waiting",
        outcome=outcome,
        reason=reason,
    )
    with stage.bot.transaction() as session:
        session.add(entry)


def test_outcomes_are_counted_by_the_beginning_of_the_key(stage: Stage, crm: FlaskClient) -> None:
    keep(stage, "facebook", "r_1", "answered", "offer")
    keep(stage, "facebook", "r_2", "silent", "nothing_asked")
    for platform, key in [("facebook", "R_3"), ("facebook", "rx4"), ("x", "r_5")]:
        keep(stage, platform, key)

    mine = Outcomes.model_validate(said(crm, "outcomes?key_prefix=r_"))
    facebook = Outcomes.model_validate(said(crm, "outcomes?key_prefix=r_&platform=facebook"))
    everything = Outcomes.model_validate(said(crm, "outcomes"))

    assert (mine.heard, mine.waiting, mine.set_aside) == (2, 1, 0)
    assert (facebook.heard, facebook.waiting) == (2, 0)
    assert (everything.heard, everything.waiting) == (2, 3)
    assert [(one.outcome, one.reason, one.count) for one in mine.outcomes] == [
        ("answered", "offer", 1),
        ("silent", "nothing_asked", 1),
    ]


@pytest.mark.parametrize("prefix", ["%25", "_", "%5C", "'", "%F0%9F%92%A9", "%25%25"])
def test_a_prefix_means_its_letters(stage: Stage, crm: FlaskClient, prefix: str) -> None:
    keep(stage, "facebook", "r_1")

    assert said(crm, f"outcomes?key_prefix={prefix}")["waiting"] == 0


def test_the_description_needs_no_key_and_names_each_shape_once(stage: Stage) -> None:
    told = said(stage.visitor(), "openapi.json")

    assert told["openapi"] == "3.1.0"
    assert sorted(told["paths"]) == [
        "/api/v1/leads",
        "/api/v1/leads/{lead_id}",
        "/api/v1/outcomes",
        "/api/v1/purchases",
        "/api/v1/redemptions",
    ]
    assert sorted(told["components"]["schemas"]) == [
        "Code",
        "CodeTaken",
        "ConsentSummary",
        "CrmRecord",
        "ErasedRecord",
        "LeadRecord",
        "LeadsPage",
        "MergedRecord",
        "OutcomeCount",
        "Outcomes",
        "Problem",
        "PurchaseKept",
        "PurchaseTold",
        "ScorePart",
        "Source",
        "Stage",
        "TakeCode",
        "Touch",
        "WithdrawnRecord",
    ]
    assert told["components"]["securitySchemes"]["BearerAuth"]["scheme"] == "bearer"


def test_the_description_can_be_read_by_a_person(stage: Stage) -> None:
    page = stage.visitor().get("/api/v1/docs")

    assert (page.status_code, page.mimetype) == (200, "text/html")
    assert "GET /api/v1/leads" in page.text
    assert "<script" not in page.text


def test_every_answer_is_as_described(stage: Stage, crm: FlaskClient) -> None:
    """Schemathesis asks what the description allows and forbids, and compares the answers with it."""
    offer = stage.offer()
    active, second, gone, erased = (stage.lead(offer, handle) for handle in "abcd")
    with stage.bot.transaction() as session:
        links.link(session, active.fan_id, second.fan_id, Proof.EMAIL, "", NOW)
        consents.record(session, consents.withdrawn(gone.fan_id, "*", "chat", "m", NOW, NOW))
    forgetting.forget(stage.bot, [erased.fan_id], How.FAN)
    statuses = [lead["status"] for lead in said(crm, "leads")["data"]]
    assert sorted(statuses) == ["active", "erased", "merged", "withdrawn"]
    app = crm.application
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app)
    bearer = {"Authorization": crm.environ_base["HTTP_AUTHORIZATION"]}

    for operation in operations(schema):

        @given(case=operation.as_strategy())
        @settings(max_examples=40, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        def answers(case: schemathesis.Case) -> None:
            case.call_and_validate(headers=bearer)

        answers()
    told = []
    for lead in (active, second, gone, erased):
        case = schema["/api/v1/leads/{lead_id}"]["GET"].Case(path_parameters={"lead_id": str(lead.id)})
        told.append(case.call_and_validate(headers=bearer).status_code)
    assert told == [200, 410, 410, 410]


def operations(schema: Any) -> Iterator[Any]:
    for found in schema.get_all_operations():
        yield found.ok()


def test_a_lead_that_was_erased_is_gone_and_said_to_be(stage: Stage, crm: FlaskClient) -> None:
    lead = stage.lead(stage.offer(), "a")
    forgetting.forget(stage.bot, [lead.fan_id], How.FAN)

    listed = said(crm, "leads")["data"]
    asked = crm.get(f"/api/v1/leads/{lead.id}")

    assert [(one["id"], one["status"], sorted(one)) for one in listed] == [
        (str(lead.id), "erased", ["id", "status", "updated_at"])
    ]
    assert (asked.status_code, asked.mimetype) == (410, "application/problem+json")

"""X behind the contract: polling that loses nothing and says what it costs, and answers that X refuses in many ways."""

import json
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

import connectors
from connectors import (
    Ask,
    Busy,
    Button,
    Connector,
    Interaction,
    Kind,
    Message,
    Misconfigured,
    Page,
    PlatformError,
    Receipt,
    Refused,
    Scope,
    Uncertain,
    Unreachable,
    Way,
)
from connectors.x import X, weighted_length
from sandbox.wire import Fault, Faults, Pretender, Wire
from sandbox.x import ACCOUNT, SECRETS, PretendX
from tests.connectors.conftest import Serve
from tests.connectors.contract import PAYLOADS, ConnectorContract

BEARER = {"bearer_token": SECRETS["X_BEARER_TOKEN"]}
OAUTH1 = {
    "consumer_key": SECRETS["X_API_KEY"],
    "consumer_secret": SECRETS["X_API_SECRET"],
    "access_token": SECRETS["X_ACCESS_TOKEN"],
    "access_token_secret": SECRETS["X_ACCESS_SECRET"],
}
FOUR_KEYS = {name: secret for name, secret in SECRETS.items() if name != "X_BEARER_TOKEN"}
PROBLEM = "https://api.twitter.com/2/problems/"
MORNING = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)


class TestX(ConnectorContract):
    name = "x"
    whole: ClassVar[Mapping[str, str]] = FOUR_KEYS | {"X_USER_ID": ACCOUNT}
    half: ClassVar[Mapping[str, Mapping[str, str]]] = {
        "X_USER_ID": {"X_BEARER_TOKEN": SECRETS["X_BEARER_TOKEN"]},
        "X_BEARER_TOKEN": {"X_USER_ID": ACCOUNT},
        **{
            missing: {name: secret for name, secret in SECRETS.items() if name != missing} | {"X_USER_ID": ACCOUNT}
            for missing in FOUR_KEYS
        },
    }
    secrets = tuple(SECRETS.values())
    samples = ("twitter_responses/*.json",)
    by_webhook = False

    def pretend(self, wire: Wire) -> PretendX:
        return PretendX(wire, window=900.0)

    def at(self, url: str) -> X:
        return X(BEARER, ACCOUNT, f"{url}/x", patience=(2.0, 1.0))

    def message(self, pretender: Pretender, way: Way) -> Message:
        if way is Way.DIRECT:
            return direct(pretender.act("write", "Léa", text="Bonjour")["fan"], "Bonjour Léa")
        post = pretender.act("mention", "Léa", text="PROMO")["id"]
        return reply(post, f"Merci, voyez vos messages. {post}")

    def bodies(self) -> list[bytes]:
        posts = [posted("13", author_id="7"), posted("12", author_id=ACCOUNT), posted("11", author_id="7")]
        letter = {"id": "21", "event_type": "MessageCreate", "sender_id": "7", "text": "Bonjour"}
        return [json.dumps({"data": things}, ensure_ascii=False).encode() for things in (posts, [letter])]

    @pytest.fixture
    def listener(self, closed_url: str) -> Iterator[Connector]:
        """X is polled, yet what its pages hold is read like any body."""
        connector = self.at(closed_url)
        yield connector
        connector.close()

    def test_a_signed_body_is_trusted(self, listener: Connector) -> None:
        pytest.skip("X is polled, so it signs nothing: see that nothing is trusted")

    def test_the_case_of_a_header_does_not_matter(self, listener: Connector) -> None:
        pytest.skip("X is polled, so it signs nothing: see that nothing is trusted")

    def sign(self, body: bytes) -> dict[str, str]:
        return {"x-twitter-webhooks-signature": "sha256=hVU5Mu2/Y4we9mGzqGQAsmJQRE0plqnwItPkH2NSyUs="}

    def test_nothing_that_comes_by_itself_is_trusted(self, listener: Connector) -> None:
        assert [listener.verify(self.sign(body), body) for body in self.bodies()] == [False, False]


# What the tests speak of


@pytest.fixture
def brand(wire: Wire) -> PretendX:
    return PretendX(wire, window=900.0)


@pytest.fixture
def x(brand: PretendX, serve: Serve) -> Iterator[X]:
    connector = X(BEARER, ACCOUNT, f"{serve(brand)}/x", patience=(5.0, 5.0))
    yield connector
    connector.close()


Answer = tuple[int, Any, Mapping[str, str]]  # status, body, headers


class Canned:
    """Answers with these bytes and headers and no more, in turn, the last ones for ever; keeps what it is asked."""

    def __init__(self, answers: Iterable[Answer]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []
        can = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                can.asked.append(f"{self.command} {self.path.partition('?')[0]}")
                status, said, headers = can.answers.pop(0) if len(can.answers) > 1 else can.answers[0]
                self.send_response_only(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body(said))

            do_GET = do_POST = do_PUT = answer

            def log_message(self, *_: object) -> None:
                """Tests print nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"


Can = Callable[..., tuple[X, Canned]]


@pytest.fixture
def canned() -> Iterator[Can]:
    """X with these answers, whatever it is asked."""
    with ExitStack() as stops:

        def start(*answers: Answer, account: str = ACCOUNT) -> tuple[X, Canned]:
            can = Canned(answers)
            thread = threading.Thread(target=can.server.serve_forever, kwargs={"poll_interval": 0.01})
            thread.start()
            connector = X(BEARER, account, can.url, patience=(5.0, 5.0))
            for stop in (can.server.server_close, thread.join, can.server.shutdown, connector.close):
                stops.callback(stop)
            return connector, can

        yield start


def body(said: Any) -> bytes:
    return said if isinstance(said, bytes) else json.dumps(said).encode()


def reply(post: str, text: str = "Merci !") -> Message:
    return Message("key", ACCOUNT, Way.PUBLIC, post, text)


def direct(fan: str, text: str = "Merci !", *buttons: Button) -> Message:
    return Message("key", ACCOUNT, Way.DIRECT, fan, text, buttons)


def posted(id: str, **more: Any) -> dict[str, Any]:
    return {"id": id, "text": "@brand PROMO"} | more


def one(x: X, thing: dict[str, Any]) -> Interaction:
    (interaction,) = x.read(json.dumps({"data": [thing]}).encode(), MORNING)
    return interaction


def now(wire: Wire) -> datetime:
    return datetime.fromtimestamp(wire.now(), UTC)


def heard(pages: Iterable[Page]) -> list[str]:
    return [interaction.text for page in pages for interaction in page.interactions]


def said_by(pages: Iterable[Page], fan: str) -> list[str]:
    return [each.text for page in pages for each in page.interactions if each.author == fan]


def failing(call: Any) -> PlatformError:
    with pytest.raises(PlatformError) as caught:
        call()
    return caught.value


class OnCall(Faults):
    """The call of this number goes wrong."""

    def __init__(self, number: int, kind: str) -> None:
        super().__init__()
        self.left, self.kind = number, kind

    def take(self, platform: str, what: str) -> str:
        self.left -= 1
        return self.kind if self.left == 0 else ""


# Settings


def test_all_faults_of_the_settings_are_told_together() -> None:
    environ = SECRETS | {"X_USER_ID": "@brand", "X_API_URL": "x.com", "X_MONTHLY_BUDGET": "20 $", "X_POLL_SECONDS": "0"}

    with pytest.raises(Misconfigured) as caught:
        connectors.load(environ | {"X_API_SECRET": ""})

    assert caught.value.faults == [
        "X_API_SECRET is missing: X takes all four of X_API_KEY, X_API_SECRET, X_ACCESS_TOKEN, X_ACCESS_SECRET.",
        "X_USER_ID is not a number: X needs the account's own id.",
        "X_API_URL must be an address that begins with https://.",
        "X_MONTHLY_BUDGET must be a number, such as 20.",
        "X_POLL_SECONDS must be more than 0.",
    ]


def test_settings_that_are_left_out_have_their_defaults() -> None:
    x = connectors.load({"X_BEARER_TOKEN": "token", "X_USER_ID": ACCOUNT})["x"]

    assert (x.accounts, x.streams) == ((ACCOUNT,), ("mentions", "messages"))
    assert (x.poll_every, x.monthly_budget(ACCOUNT)) == (timedelta(seconds=60), Decimal(20))


def test_budget_and_pace_are_settings() -> None:
    more = {"X_MONTHLY_BUDGET": "7.50", "X_POLL_SECONDS": "0.5"}

    x = connectors.load({"X_BEARER_TOKEN": "token", "X_USER_ID": ACCOUNT} | more)["x"]

    assert (x.poll_every, x.monthly_budget(ACCOUNT)) == (timedelta(seconds=0.5), Decimal("7.50"))


@pytest.mark.parametrize("keys", [BEARER, OAUTH1], ids=["bearer", "oauth1"])
def test_either_kind_of_key_reads_and_writes(
    keys: Mapping[str, str], brand: PretendX, wire: Wire, serve: Serve
) -> None:
    x = X(keys, ACCOUNT, f"{serve(brand)}/x")
    lea = brand.act("write", "Léa", text="Bonjour à tous & à toutes")
    post = brand.act("reply", "Max", text="PROMO")["id"]

    read = [heard(x.poll(stream, "", now(wire))) for stream in x.streams]
    receipts = [x.send(message) for message in (reply(post), direct(lea["fan"]), Message("", ACCOUNT, Way.HIDE, post))]

    assert read == [["@maison_zephyr PROMO"], ["Bonjour à tous & à toutes"]]
    assert [(call.what, call.to, call.done) for call in wire.calls] == [
        ("read_mentions", ACCOUNT, True),
        ("read_messages", "", True),
        ("public_reply", post, True),
        ("message", lea["fan"], True),
        ("hide", post, True),
    ]
    assert [bool(receipt.id) for receipt in receipts] == [True, True, False]
    x.close()


@pytest.mark.parametrize("keys", [{"bearer_token": "wrong"}, OAUTH1 | {"consumer_secret": "wrong"}])
def test_a_wrong_key_stops_the_account(keys: Mapping[str, str], brand: PretendX, wire: Wire, serve: Serve) -> None:
    x = X(keys, ACCOUNT, f"{serve(brand)}/x")

    errors = [failing(lambda: x.send(reply("1"))), failing(lambda: list(x.poll("messages", "", now(wire))))]

    assert [(type(error), error.reason, error.scope) for error in errors] == [
        (Refused, "unauthorized", Scope.ACCOUNT),
        (Refused, "unauthorized", Scope.ACCOUNT),
    ]
    x.close()


# What X tells


def test_a_mention_says_who_wrote_what_where(x: X) -> None:
    post = posted("12", author_id="7", conversation_id="5", lang="fr", created_at="2026-11-20T08:00:00.000Z")
    post |= {"text": "@brand &lt;3 &amp;amp; PROMO", "in_reply_to_user_id": ACCOUNT}
    post |= {"referenced_tweets": [{"type": "replied_to", "id": "5"}]}
    page = {"data": [post], "includes": {"users": [{"id": "7", "name": "Léa", "username": "lea"}]}}

    (mention,) = x.read(json.dumps(page).encode(), MORNING)

    assert mention == Interaction(
        platform="x",
        account=ACCOUNT,
        id="12",
        kind=Kind.MENTION,
        at=datetime(2026, 11, 20, 8, tzinfo=UTC),
        author="7",
        author_name="Léa",
        text="@brand <3 &amp; PROMO",
        subject="12",
        thread="5",
        parent="5",
        language="fr",
        raw=post,
    )


@pytest.mark.parametrize(
    ("more", "kind"),
    [
        ({"author_id": "7"}, Kind.MENTION),
        ({"author_id": "7", "entities": {"mentions": [{"id": ACCOUNT}]}}, Kind.MENTION),
        ({"author_id": "7", "entities": {"mentions": [{"id": "8"}]}, "in_reply_to_user_id": ACCOUNT}, Kind.MENTION),
        ({"author_id": "7", "entities": {"mentions": [{"id": "8"}]}}, Kind.UNKNOWN),
        ({"author_id": ACCOUNT}, Kind.ECHO),
        ({"author_id": "7", "referenced_tweets": [{"type": "retweeted", "id": "3"}]}, Kind.REACTION),
        ({"author_id": "7", "referenced_tweets": [{"type": "quoted", "id": "3"}]}, Kind.MENTION),
    ],
)
def test_a_post_is_what_it_is_to_us(more: dict[str, Any], kind: Kind, x: X) -> None:
    assert one(x, posted("12", **more)).kind is kind


def test_a_long_post_is_read_to_its_end(x: X) -> None:
    whole = {"text": "Voilà toute l’histoire… @brand STOP", "entities": {"mentions": [{"id": ACCOUNT}]}}
    cut = posted("12", text="Voilà toute", author_id="7", entities={"mentions": [{"id": "8"}]}, note_tweet=whole)

    mention = one(x, cut)

    assert (mention.kind, mention.text) == (Kind.MENTION, whole["text"])


@pytest.mark.parametrize("language", ["und", "de", "qme", ""])
def test_a_language_that_we_do_not_speak_is_left_to_be_found(language: str, x: X) -> None:
    assert one(x, posted("12", author_id="7", lang=language)).language == ""


def test_our_own_message_is_an_echo_to_the_fan(x: X) -> None:
    letter = {"id": "21", "event_type": "MessageCreate", "text": "Merci", "dm_conversation_id": f"7-{ACCOUNT}"}

    theirs, ours = one(x, letter | {"sender_id": "7"}), one(x, letter | {"sender_id": ACCOUNT})

    assert [(each.kind, each.author) for each in (theirs, ours)] == [(Kind.MESSAGE, "7"), (Kind.ECHO, "7")]


def test_a_message_of_nobody_is_unknown_as_it_may_be_ours(x: X) -> None:
    letter = {"id": "21", "event_type": "MessageCreate", "text": "Testing 2"}

    assert (one(x, letter).kind, one(x, letter).id) == (Kind.UNKNOWN, "21")


@pytest.mark.parametrize("created_at", ["", "hier", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59Z", "1999-01-01"])
def test_an_impossible_time_is_the_time_of_reading(created_at: str, x: X) -> None:
    assert one(x, posted("12", author_id="7", created_at=created_at)).at == MORNING


def shared(name: str) -> Path:
    if not PAYLOADS.is_dir():
        pytest.skip("the recorded payloads are not beside the project")
    return PAYLOADS / name


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("timeline_mentions", [Kind.MENTION] * 5),
        ("events", [Kind.MESSAGE]),
        ("search_tweets_query", [Kind.UNKNOWN] * 4),
        ("create_tweet_resp", [Kind.UNKNOWN]),
        ("events_create", [Kind.UNKNOWN]),
        ("me_resp", [Kind.UNKNOWN]),
        ("tweet_resp", [Kind.UNKNOWN]),
    ],
)
def test_each_sample_is_read_to_the_right_kind(name: str, kinds: list[Kind], x: X) -> None:
    sample = shared("twitter_responses") / f"pytwitter-{name}.json"

    assert [each.kind for each in x.read(sample.read_bytes(), MORNING)] == kinds


def recorded(name: str, number: int = 0) -> Answer:
    """What X answered when tweepy's own tests were recorded: the very bytes."""
    yaml = pytest.importorskip("yaml")
    cassette = yaml.safe_load((shared("twitter_cassettes") / f"test_{name}.yaml").read_text())
    answer = cassette["interactions"][number]["response"]
    packed = isinstance(answer["body"]["string"], bytes)
    headers = {name: told[0] for name, told in answer["headers"].items() if name != "content-length"}
    return (
        answer["status"]["code"],
        answer["body"]["string"].encode() if not packed else answer["body"]["string"],
        headers,
    )


def test_recorded_answers_are_understood(canned: Can) -> None:
    x, can = canned(
        recorded("client_get_users_mentions"),
        (200, {"meta": {"result_count": 0}}, {}),
        recorded("manage_and_lookup_direct_messages", 3),
        recorded("manage_and_lookup_direct_messages", 0),
        recorded("client_create_and_delete_tweet"),
        recorded("client_hide_and_unhide_reply"),
        account="783214",
    )

    mentions, messages = (list(x.poll(stream, "", MORNING)) for stream in x.streams)
    sent = [Message("", "783214", way, "750362064426721281", "Test") for way in (Way.DIRECT, Way.PUBLIC, Way.HIDE)]
    receipts = [x.send(message) for message in sent]

    assert [each.id for each in mentions[-1].interactions][-1] == mentions[-1].position == "1578516295611748353"
    assert {each.kind for page in mentions for each in page.interactions} == {Kind.MENTION}
    assert messages == [Page((), "")]
    assert receipts == [Receipt("1585800613253812228"), Receipt("1456012973835788293"), Receipt("")]
    assert can.asked == [
        "GET /2/users/783214/mentions",
        "GET /2/users/783214/mentions",
        "GET /2/dm_events",
        "POST /2/dm_conversations/with/750362064426721281/messages",
        "POST /2/tweets",
        "PUT /2/tweets/750362064426721281/hidden",
    ]


# Polling


def test_whoever_says_stop_after_asking_is_heard_in_that_order(x: X, brand: PretendX, wire: Wire) -> None:
    lea = brand.act("write", "Léa", text="PROMO")["fan"]
    for number in range(130):
        brand.act("write", "Max", text=str(number))
    brand.act("write", "Léa", text="STOP")

    pages = list(x.poll("messages", "", now(wire)))

    assert len(pages) > 1
    assert said_by(pages, lea) == ["PROMO", "STOP"]


@pytest.mark.parametrize(("stream", "deed"), [("mentions", "mention"), ("messages", "write")])
@pytest.mark.parametrize("kind", ["500", "html", "empty", "lost", "rate"])
def test_a_failing_second_page_loses_nothing_and_is_read_on(
    kind: str, stream: str, deed: str, x: X, brand: PretendX, wire: Wire
) -> None:
    brand.act(deed, "Léa", text="avant")
    position = list(x.poll(stream, "", now(wire)))[-1].position or ""
    for number in range(150):
        brand.act(deed, "Léa", text=f"@maison_zephyr {number}")
    wire.faults = OnCall(2, kind)

    before: list[Page] = []
    error = failing(lambda: before.extend(x.poll(stream, position, now(wire))))
    brand.act(deed, "Léa", text="@maison_zephyr après")
    wire.advance(901)
    after = list(x.poll(stream, position, now(wire)))
    last = list(x.poll(stream, after[-1].position or "", now(wire)))

    assert isinstance(error, Busy if kind == "rate" else Unreachable)
    assert [(page.interactions, page.position) for page in before] == [((), None)]
    assert heard(after) == [f"@maison_zephyr {number}" for number in range(150)]
    assert [page.position is None for page in after] == [True] * (len(after) - 1) + [False]
    assert heard(last) == ["@maison_zephyr après"]


def test_what_a_failed_poll_has_paid_is_told(x: X, brand: PretendX, wire: Wire) -> None:
    for number in range(150):
        brand.act("mention", "Léa", text=str(number))
    wire.faults = OnCall(2, "500")
    pages = x.poll("mentions", "", now(wire))

    paid = next(pages)

    assert (paid.interactions, paid.position, paid.cost) == ((), None, Decimal("0.110"))
    assert type(failing(lambda: next(pages))) is Unreachable
    assert sum(page.cost for page in x.poll("mentions", "", now(wire))) == Decimal("0.050")


def test_a_new_poll_begins_where_the_last_ended(x: X, brand: PretendX, wire: Wire) -> None:
    positions = [""]
    told = []
    for text in ("un", "deux", "trois"):
        brand.act("mention", "Léa", text=f"@maison_zephyr {text}")
        pages = list(x.poll("mentions", positions[-1], now(wire)))
        positions.append(pages[-1].position or "")
        told.append(heard(pages))

    nothing = list(x.poll("mentions", positions[-1], now(wire)))

    assert told == [["@maison_zephyr un"], ["@maison_zephyr deux"], ["@maison_zephyr trois"]]
    assert nothing == [Page((), positions[-1])]


@pytest.mark.parametrize(("stream", "deed"), [("mentions", "mention"), ("messages", "write")])
def test_a_new_installation_answers_nothing_of_last_week(
    stream: str, deed: str, x: X, brand: PretendX, wire: Wire
) -> None:
    brand.act(deed, "Léa", text="@maison_zephyr la semaine passée")
    wire.advance(7 * 86_400)
    brand.act(deed, "Léa", text="@maison_zephyr hier soir")

    pages = list(x.poll(stream, "", now(wire)))

    assert heard(pages) == ["@maison_zephyr hier soir"]


def test_a_week_without_polling_loses_no_message(x: X, brand: PretendX, wire: Wire) -> None:
    brand.act("write", "Léa", text="avant")
    position = list(x.poll("messages", "", now(wire)))[-1].position or ""
    brand.act("write", "Léa", text="pendant")
    wire.advance(7 * 86_400)

    assert heard(x.poll("messages", position, now(wire))) == ["pendant"]


def test_an_edited_post_is_the_same_interaction(x: X, brand: PretendX, wire: Wire) -> None:
    first = brand.act("mention", "Léa", text="PROM")["id"]
    (before,) = list(x.poll("mentions", "", now(wire)))
    second = brand.act("edit", "Léa", post=first, text="PROMO")["id"]

    (after,) = list(x.poll("mentions", before.position or "", now(wire)))

    assert [(each.id, each.subject, each.text) for page in (before, after) for each in page.interactions] == [
        (first, first, "@maison_zephyr PROM"),
        (first, second, "@maison_zephyr PROMO"),
    ]
    assert x.send(reply(second)).id


def test_more_mentions_than_x_lists_end_the_poll(x: X, brand: PretendX, wire: Wire) -> None:
    for number in range(850):
        brand.act("mention", "Léa", text=str(number))

    pages = list(x.poll("mentions", "", now(wire)))

    assert heard(pages) == [f"@maison_zephyr {number}" for number in range(50, 850)]
    assert len(wire.calls) == 9


def test_an_empty_page_of_mentions_is_the_last(canned: Can) -> None:
    x, can = canned((200, {"meta": {"result_count": 0, "next_token": "on and on"}}, {}))

    assert list(x.poll("mentions", "21", MORNING)) == [Page((), "21")]
    assert len(can.asked) == 1


def test_an_empty_page_is_no_message_and_keeps_the_position(x: X, wire: Wire) -> None:
    assert list(x.poll("messages", "21", now(wire))) == [Page((), "21")]


@pytest.mark.parametrize(
    "said",
    [{}, [], {"data": {}}, {"errors": [{"type": "about:blank"}]}, b"<html>", b"", b"null", b'{"data": "x"}'],
)
def test_what_is_no_page_moves_nothing(said: Any, canned: Can) -> None:
    x, _ = canned((200, said, {}))

    errors = [failing(lambda stream=stream: list(x.poll(stream, "21", MORNING))) for stream in x.streams]

    assert {type(error) for error in errors} <= {Unreachable, Refused}
    x.close()


def test_a_user_that_x_does_not_know_stops_the_account(brand: PretendX, wire: Wire, serve: Serve) -> None:
    x = X(BEARER, "404", f"{serve(brand)}/x")

    error = failing(lambda: list(x.poll("mentions", "", now(wire))))

    assert (type(error), error.reason, error.scope) == (Refused, "not_found", Scope.ACCOUNT)
    x.close()


def test_a_busy_poll_says_until_when_by_the_clock_of_x(canned: Can) -> None:
    reset = int((MORNING + timedelta(seconds=421)).timestamp())
    headers = {"Date": "Fri, 20 Nov 2026 09:30:00 GMT", "x-rate-limit-reset": str(reset)}
    x, _ = canned((429, {"title": "Too Many Requests", "type": "about:blank"}, headers))
    ours = MORNING + timedelta(hours=3)  # a clock that is wrong

    errors = [failing(lambda: list(x.poll("mentions", "", ours))), failing(lambda: x.send(reply("1")))]

    assert [(type(error), error.reason) for error in errors] == [(Busy, "rate_limited")] * 2
    assert [error.retry_after for error in errors if isinstance(error, Busy)] == [timedelta(seconds=421)] * 2
    x.close()


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"x-rate-limit-reset": str(int(MORNING.timestamp()) + 60)}, timedelta(seconds=60)),
        ({"x-rate-limit-reset": str(int(MORNING.timestamp()) - 60)}, timedelta(seconds=1)),
        ({"x-rate-limit-reset": "9" * 19}, timedelta(days=1)),
        ({}, timedelta(minutes=15)),
        (
            {
                "x-rate-limit-reset": str(int(MORNING.timestamp()) + 60),
                "x-rate-limit-remaining": "3",
                "x-user-limit-24hour-remaining": "0",
                "x-user-limit-24hour-reset": str(int(MORNING.timestamp()) + 7200),
            },
            timedelta(hours=2),
        ),
    ],
)
def test_a_busy_answer_is_waited_for_as_its_headers_say(
    headers: Mapping[str, str], wait: timedelta, canned: Can
) -> None:
    x, _ = canned((429, {}, {"Date": "Fri, 20 Nov 2026 09:30:00 GMT"} | dict(headers)))

    error = failing(lambda: x.send(reply("1")))

    assert isinstance(error, Busy)
    assert error.retry_after == wait
    x.close()


def test_after_the_last_call_of_a_window_x_is_not_asked_again(x: X, brand: PretendX, wire: Wire) -> None:
    began = now(wire)
    for _ in range(15):
        assert list(x.poll("messages", "", began)) == [Page((), "")]

    error = failing(lambda: list(x.poll("messages", "", began + timedelta(seconds=60))))
    calls = len(wire.calls)
    wire.advance(901)
    brand.act("write", "Léa", text="Bonjour")

    assert isinstance(error, Busy)
    assert calls == 15
    assert heard(x.poll("messages", "", began + timedelta(seconds=901))) == ["Bonjour"]


def test_more_messages_than_a_window_can_read_are_all_heard_in_the_end(x: X, brand: PretendX, wire: Wire) -> None:
    for number in range(2000):
        brand.act("write", "Léa", text=str(number))

    error = failing(lambda: list(x.poll("messages", "", now(wire))))
    wire.advance(901)
    pages = list(x.poll("messages", "", now(wire)))

    assert isinstance(error, Busy)
    assert heard(pages) == [str(number) for number in range(2000)]
    assert len(wire.calls) == 21


def test_a_place_that_x_forgot_is_read_from_the_beginning(canned: Can) -> None:
    page = {"data": [posted("12", author_id="7")], "meta": {"next_token": "here"}}
    x, can = canned((200, page, {}), (400, {"type": PROBLEM + "invalid-request"}, {}), (200, {"meta": {}}, {}))

    error = failing(lambda: list(x.poll("mentions", "9", MORNING)))
    pages = list(x.poll("mentions", "9", MORNING))

    assert (type(error), error.reason) == (Unreachable, "place_lost")
    assert pages == [Page((), "9")]
    assert len(can.asked) == 3


# Money


def test_each_thing_read_is_charged_once_a_day(x: X, brand: PretendX, wire: Wire) -> None:
    wire.advance(-(wire.now() % 86_400))  # it is midnight, in UTC
    brand.act("mention", "Léa", text="PROMO")
    brand.act("write", "Max", text="Bonjour")
    brand.act("write", "Max", text="PROMO")

    def cost(stream: str, position: str) -> Decimal:
        return sum((page.cost for page in x.poll(stream, position, now(wire))), Decimal(0))

    first = cost("mentions", ""), cost("messages", "")
    again = cost("mentions", ""), cost("messages", "")
    wire.advance(86_400)
    next_day = cost("messages", "1")

    assert first == (Decimal("0.011"), Decimal("0.030"))
    assert again == (Decimal(0), Decimal(0))
    assert next_day == Decimal("0.030")


@pytest.mark.parametrize(
    ("message", "dollars"),
    [
        (direct("7"), "0.015"),
        (direct("7", "https://fanfare.example/claim/abc"), "0.015"),
        (reply("1"), "0.010"),
        (reply("1", "Voyez https://fanfare.example/claim/abc"), "0.200"),
        (reply("1", "Voyez fanfare.example/claim"), "0.200"),
        (reply("1", "Écrivez à contact@fanfare.example… ou non."), "0.010"),
        (Message("", ACCOUNT, Way.HIDE, "1"), "0.005"),
    ],
)
def test_what_is_sent_has_its_price(message: Message, dollars: str, x: X) -> None:
    assert x.cost(message) == Decimal(dollars)


# Sending


def test_a_fan_reads_what_we_send(x: X, brand: PretendX) -> None:
    post = brand.act("mention", "Léa", text="PROMO")["id"]
    lea = brand.act("write", "Léa", text="PROMO")["fan"]

    x.send(reply(post, "Merci Léa !"))
    links = Button("Votre code", Ask.LINK, "https://fanfare.example/c"), Button("Oui"), Button("E-mail", Ask.EMAIL)
    x.send(direct(lea, "Voici :", *links))

    timeline, chat = brand.view()["threads"]
    assert [(each["text"], each["parent"]) for each in timeline["entries"] if each["by_brand"]][1:] == [
        ("Merci Léa !", post)
    ]
    assert [each["text"] for each in chat["entries"]] == ["PROMO", "Voici :\n\nVotre code\nhttps://fanfare.example/c"]


def test_x_has_the_last_word_and_it_is_final(x: X, brand: PretendX) -> None:
    unasked = brand.act("post", "Léa", text="Belle journée")["id"]
    closed = brand.act("mention", "Léa", text="PROMO", reply_settings="following")["id"]
    mention = brand.act("mention", "Max", text="PROMO")["id"]
    x.send(reply(mention, "Merci !"))
    angry = brand.act("write", "Zoé", text="Bonjour")["fan"]
    brand.act("block", "Zoé")
    stranger = brand.act("post", "Inès", text="Rien")["fan"]

    refused = [reply(unasked), reply(closed), reply(mention, "Merci !"), direct(angry), direct(stranger)]
    errors = [failing(lambda message=message: x.send(message)) for message in refused]

    assert [(type(error), error.reason, error.scope) for error in errors] == [(Refused, "forbidden", Scope.MESSAGE)] * 5


@pytest.mark.parametrize(
    ("status", "said", "kind", "reason", "scope"),
    [
        (400, {"type": PROBLEM + "invalid-request"}, Refused, "invalid", Scope.MESSAGE),
        (401, {"title": "Unauthorized"}, Refused, "unauthorized", Scope.ACCOUNT),
        (402, {"type": PROBLEM + "credits", "title": "CreditsDepleted"}, Refused, "out_of_credit", Scope.ACCOUNT),
        (402, b"", Refused, "out_of_credit", Scope.ACCOUNT),
        (429, {"type": PROBLEM + "usage-capped"}, Refused, "out_of_credit", Scope.ACCOUNT),
        (403, {"type": PROBLEM + "usage-capped"}, Refused, "out_of_credit", Scope.ACCOUNT),
        (403, {"type": PROBLEM + "client-forbidden"}, Refused, "forbidden", Scope.ACCOUNT),
        (403, {"type": "about:blank", "detail": "…"}, Refused, "forbidden", Scope.MESSAGE),
        (403, {"errors": [{"code": 187, "message": "Status is a duplicate."}]}, Refused, "forbidden", Scope.MESSAGE),
        (404, b"", Refused, "not_found", Scope.MESSAGE),
        (418, b"", Refused, "http_418", Scope.MESSAGE),
        (429, b"<html>", Busy, "rate_limited", Scope.ACCOUNT),
        (408, {}, Uncertain, "http_408", Scope.MESSAGE),
        (500, {"data": {"id": "1", "dm_event_id": "1", "hidden": True}}, Uncertain, "http_500", Scope.MESSAGE),
        (503, b"<html>", Uncertain, "http_503", Scope.MESSAGE),
        (403, b"[1, 2]", Uncertain, "garbled_answer", Scope.MESSAGE),
        (403, {"errors": None, "detail": 7}, Uncertain, "garbled_answer", Scope.MESSAGE),
        (204, b"", Uncertain, "http_204", Scope.MESSAGE),
        (307, b"", Uncertain, "no_answer", Scope.MESSAGE),
        (200, {}, Uncertain, "no_receipt", Scope.MESSAGE),
        (201, {"data": {}}, Uncertain, "no_receipt", Scope.MESSAGE),
        (201, {"data": {"id": "", "dm_event_id": None, "hidden": False}}, Uncertain, "no_receipt", Scope.MESSAGE),
        (201, {"data": [1]}, Uncertain, "no_receipt", Scope.MESSAGE),
        (201, b"<html>", Uncertain, "no_receipt", Scope.MESSAGE),
        (201, {"errors": [{"type": PROBLEM + "resource-not-found"}]}, Refused, "not_found", Scope.MESSAGE),
        (200, {"errors": [{"type": "about:blank"}]}, Refused, "http_200", Scope.MESSAGE),
    ],
)
def test_only_a_proof_is_a_receipt(
    status: int, said: Any, kind: type[PlatformError], reason: str, scope: Scope, canned: Can
) -> None:
    headers = {"Location": "https://elsewhere.example/"} if status == 307 else {}
    x, can = canned((status, said, headers))

    errors = [
        failing(lambda message=message: x.send(message))
        for message in (reply("1"), direct("7"), Message("", ACCOUNT, Way.HIDE, "1"))
    ]

    assert [(type(error), error.reason, error.scope) for error in errors] == [(kind, reason, scope)] * 3
    assert can.asked == [
        "POST /2/tweets",
        "POST /2/dm_conversations/with/7/messages",
        "PUT /2/tweets/1/hidden",
    ]
    x.close()


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (reply("1", "é" * 281), "too_long"),
        (direct("7", "é" * 10_001), "too_long"),
        (direct("7", "é" * 9_990, Button("Le lien", Ask.LINK, "https://fanfare.example/")), "too_long"),
        (direct("7/messages?x=", "Merci"), "invalid"),
        (direct("", "Merci"), "invalid"),
        (reply("٣", "Merci"), "invalid"),
        (Message("", ACCOUNT, Way.LIKE, "1"), "unsupported"),
        (Message("", ACCOUNT, Way.PRIVATE, "1", "Merci"), "unsupported"),
        (Message("", "7", Way.PUBLIC, "1", "Merci"), "not_our_account"),
    ],
)
def test_what_x_would_refuse_is_not_even_sent(message: Message, reason: str, x: X, wire: Wire) -> None:
    error = failing(lambda: x.send(message))

    assert (type(error), error.reason) == (Refused, reason)
    assert list(wire.calls) == []


@pytest.mark.parametrize("fault", ["lost", "timeout"])
def test_a_message_without_an_answer_is_never_sent_twice(fault: str, brand: PretendX, wire: Wire, serve: Serve) -> None:
    x = X(BEARER, ACCOUNT, f"{serve(brand)}/x", patience=(5.0, 0.5))
    lea = brand.act("write", "Léa", text="PROMO")["fan"]
    wire.faults.plan(Fault("x", fault, "message"))

    error = failing(lambda: x.send(direct(lea, "Merci !")))

    (chat,) = [thread for thread in brand.view()["threads"] if thread["kind"] == "chat"]
    assert (type(error), error.reason) == (Uncertain, "no_answer")
    assert [(call.what, call.done) for call in wire.calls] == [("message", fault == "lost")]
    assert [each["text"] for each in chat["entries"]] == ["PROMO"] + ["Merci !"] * (fault == "lost")
    x.close()


def test_one_connector_serves_many_threads(x: X, brand: PretendX, wire: Wire) -> None:
    posts = [brand.act("mention", f"Fan {number}", text="PROMO")["id"] for number in range(80)]
    receipts: list[Receipt] = []
    threads = [
        threading.Thread(target=lambda some=posts[start::8]: receipts.extend(x.send(reply(post)) for post in some))
        for start in range(8)
    ]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(call.to for call in wire.calls) == posts
    assert len({receipt.id for receipt in receipts}) == 80


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("", 0),
        ("Merci, c’est noté !", 19),
        ("e\u0301te\u0301", 3),  # composed before it is counted
        ("日本", 4),
        ("…", 2),
        ("🎉", 2),
        ("👩‍👩‍👧‍👦", 2),
        ("👍🏽", 2),
        ("🇫🇷", 2),
        ("1️⃣", 2),
        ("❤️", 2),
        ("https://a.fr", 23),
        ("https://fanfare.example/claim/" + "a" * 100, 23),
        ("Voyez https://fanfare.example/claim/abc.", 30),
        ("fanfare.example", 23),
        ("fanfare.example/" + "a" * 30, 46),
        ("a@b.fr", 6),
    ],
)
def test_a_text_is_as_long_as_x_counts(text: str, length: int) -> None:
    assert weighted_length(text) == length


def test_there_is_no_link_that_would_make_a_post_dear(x: X) -> None:
    assert x.entry_link(ACCOUNT, "offer-1") == ""


# The pretend X itself


def test_the_sandbox_remembers_over_a_restart(brand: PretendX, wire: Wire) -> None:
    brand.act("mention", "Léa", text="PROMO")
    brand.act("edit", "Max", post=brand.act("reply", "Max", text="PROM")["id"], text="PROMO")
    brand.act("write", "Léa", text="Bonjour")
    brand.act("block", "Max")
    again = PretendX(wire)

    again.load(json.loads(json.dumps(brand.dump())))

    assert again.view() == brand.view()
    assert again.dump() == brand.dump()
    assert again.act("write", "Léa", text="Encore")["fan"] == brand.act("write", "Léa", text="Encore")["fan"]


@pytest.mark.parametrize(
    ("deed", "words"),
    [
        ("dance", {}),
        ("reply", {"text": "PROMO", "post": "404"}),
        ("remove", {"id": "404"}),
        ("edit", {"post": "404", "text": "PROMO"}),
    ],
)
def test_a_deed_that_cannot_be_done_is_a_key_error(deed: str, words: dict[str, str], brand: PretendX) -> None:
    with pytest.raises(KeyError):
        brand.act(deed, "Léa", **words)

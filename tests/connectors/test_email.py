"""E-mail: the contract, and what is e-mail's own, over real SMTP and IMAP."""

import hashlib
import hmac
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from email.message import EmailMessage
from typing import Any, ClassVar
from urllib.parse import urlsplit

import pytest
from hypothesis import strategies as st

from connectors import (
    Busy,
    Button,
    Connector,
    Interaction,
    Message,
    Misconfigured,
    PlatformError,
    Receipt,
    Refused,
    Scope,
    Uncertain,
    Way,
)
from connectors.email import Email, connect
from sandbox.email import PretendEmail
from sandbox.email_smtp import Ear, Handler
from sandbox.wire import Fault, Wire
from tests.connectors.contract import NOW, ConnectorContract
from tests.connectors.mails import ACCOUNT, AT_HOME, KEY, LEA, PASSWORD, SECRET, bounced, email_at, failed, mail, to_lea
from tests.corpus import shared

WAY_OUT = "https://fan.example/u/" + "a1B2" * 20


class TestEmail(ConnectorContract):
    name = "email"
    whole: ClassVar = {
        "EMAIL_FROM": f"Maison Zéphyr <{ACCOUNT}>",
        "EMAIL_SMTP_URL": f"smtp://zephyr:{PASSWORD}@relay.example:587",
        "EMAIL_MAILBOX_URL": f"imaps://zephyr:{PASSWORD}@mail.example/INBOX",
        "EMAIL_BOUNCE_ADDRESS": "bounces@zephyr.example",
        "EMAIL_WEBHOOK_SECRET": SECRET,
        "EMAIL_POSTAL_ADDRESS": "Maison Zéphyr, 1 rue du Vent, 29200 Brest",
    }
    half: ClassVar = {
        "EMAIL_FROM": {"EMAIL_SMTP_URL": "smtps://relay.example"},
        "EMAIL_SMTP_URL": {"EMAIL_FROM": ACCOUNT, "EMAIL_WEBHOOK_SECRET": SECRET},
    }
    secrets = (PASSWORD, SECRET, LEA)

    def pretend(self, wire: Wire) -> PretendEmail:
        return PretendEmail(wire, relay=("zephyr", PASSWORD), mailbox=("zephyr", PASSWORD))

    @pytest.fixture
    def pretender(self, wire: Wire) -> Iterator[PretendEmail]:
        pretender = self.pretend(wire)
        yield pretender
        pretender.close()

    @pytest.fixture
    def connector(self, pretender: PretendEmail) -> Iterator[Connector]:
        """It speaks no HTTP, so it has two ports of its own."""
        connector = email_at(*pretender.open(), patience=0.5)
        yield connector
        connector.close()

    def at(self, url: str) -> Connector:
        port = urlsplit(url).port
        assert port is not None
        return email_at(port, port, patience=0.5)

    def message(self, pretender: Any, way: Way) -> Message:
        return to_lea()

    def sign(self, body: bytes) -> dict[str, str]:
        return {"X-Fanfare-Signature": "sha256=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()}

    def bodies(self) -> list[bytes]:
        both = (failed(LEA, "5.1.1", "550 no such user"), failed("max@example.org", "5.2.2", "552 full"))
        return [mail("Je voudrais l’offre\n\n> PROMO"), bounced(*both)]

    def spoil(self, body: bytes, pick: st.DataObject) -> bytes:
        """With one of its lines replaced, repeated or left out."""
        lines = body.split(b"\r\n")
        place = pick.draw(st.integers(0, len(lines) - 1))
        name = lines[place].partition(b":")[0]
        noise = pick.draw(st.binary(max_size=40))
        lines[place : place + 1] = pick.draw(
            st.sampled_from([[], [lines[place]] * 3, [noise], [name + b": " + noise], [name + b": =?utf-8?q?" + noise]])
        )
        return b"\r\n".join(lines)


@pytest.fixture
def pretend() -> Iterator[PretendEmail]:
    pretender = PretendEmail(Wire(), relay=("zephyr", PASSWORD), mailbox=("zephyr", PASSWORD))
    yield pretender
    pretender.close()


@pytest.fixture
def connector(pretend: PretendEmail) -> Iterator[Email]:
    connector = email_at(*pretend.open())
    yield connector
    connector.close()


@pytest.fixture
def reader() -> Email:
    connector = connect(AT_HOME)
    assert connector is not None
    return connector


def inbox(pretend: PretendEmail, box: str = LEA) -> list[EmailMessage]:
    return [letter.mail for letter in pretend.post.of(box)]


def source_in(pretend: PretendEmail) -> str:
    (letter,) = pretend.post.of(LEA)
    return letter.source


def heard(reader: Email, body: bytes) -> Interaction:
    (interaction,) = reader.read(body, NOW)
    return interaction


# Settings


def test_all_malformed_settings_are_told_at_once() -> None:
    wrong = {
        "EMAIL_FROM": "Maison Zéphyr",
        "EMAIL_BOUNCE_ADDRESS": "bounces",
        "EMAIL_SMTP_URL": f"http://me:{PASSWORD}@relay",
        "EMAIL_MAILBOX_URL": f"imap://me:{PASSWORD}@mail.example",
    }

    with pytest.raises(Misconfigured) as caught:
        connect(wrong)

    assert [fault.split()[0] for fault in caught.value.faults] == list(wrong)
    assert PASSWORD not in str(caught.value)


def test_without_a_mailbox_nothing_is_polled() -> None:
    relay_alone, with_box = connect(AT_HOME), connect(TestEmail.whole)

    assert relay_alone is not None
    assert with_box is not None
    assert (relay_alone.streams, with_box.streams) == ((), ("mailbox",))


def test_without_a_secret_every_webhook_is_refused(reader: Email) -> None:
    nothing = "sha256=" + hmac.new(b"", b"mail", hashlib.sha256).hexdigest()

    assert not reader.verify({"X-Fanfare-Signature": nothing}, b"mail")


# Writing


def test_a_mail_arrives_as_text_and_as_html(connector: Email, pretend: PretendEmail) -> None:
    receipt = connector.send(
        to_lea("Bonjour Léa,\n\nvotre code : THÉ-1 & plus\nhttps://fan.example/c", title="Votre thé")
    )

    (arrived,) = inbox(pretend)
    assert receipt == Receipt(f"<{KEY}@zephyr.example>")
    assert {
        name: str(arrived[name]) for name in ("From", "To", "Reply-To", "Subject", "Message-ID", "X-Fanfare-Key")
    } == {
        "From": f"Maison Zéphyr <{ACCOUNT}>",
        "To": LEA,
        "Reply-To": ACCOUNT,
        "Subject": "Votre thé",
        "Message-ID": f"<{KEY}@zephyr.example>",
        "X-Fanfare-Key": KEY,
    }
    assert arrived["Date"]
    assert arrived.get_content_type() == "multipart/alternative"
    (letter,) = pretend.post.of(LEA)
    assert letter.body("plain") == "Bonjour Léa,\n\nvotre code : THÉ-1 & plus\nhttps://fan.example/c\n"
    assert letter.body("html") == (
        "<p>Bonjour Léa,</p>\n<p>votre code : THÉ-1 &amp; plus<br>\n"
        '<a href="https://fan.example/c">https://fan.example/c</a></p>\n'
    )


def test_html_of_the_brands_own_is_left_as_it_is(connector: Email, pretend: PretendEmail) -> None:
    connector.send(to_lea(html="<h1>Thé</h1>"))

    (letter,) = pretend.post.of(LEA)
    assert (letter.body("plain"), letter.body("html")) == ("Bonjour Léa\n", "<h1>Thé</h1>\n")


def test_a_failure_comes_back_with_the_key_of_its_message(pretend: PretendEmail) -> None:
    ports = pretend.open()
    own, other = email_at(*ports), email_at(*ports, back="bounces+{key}@back.example")

    own.send(to_lea())
    other.send(to_lea())

    assert [letter.sender for letter in pretend.post.of(LEA)] == [
        f"hello+bounce-{KEY}@zephyr.example",
        f"bounces+{KEY}@back.example",
    ]
    own.close()
    other.close()


def test_a_machine_says_that_it_is_one(connector: Email, pretend: PretendEmail) -> None:
    connector.send(to_lea())
    connector.send(to_lea(by_human=True))

    assert [mail["Auto-Submitted"] for mail in inbox(pretend)] == ["auto-generated", None]


def test_a_mail_that_promotes_has_its_way_out(connector: Email, pretend: PretendEmail) -> None:
    """Unfolded by hand: what the email package makes of a long address is read by no mailbox provider."""
    connector.send(to_lea(unsubscribe=WAY_OUT))

    head = source_in(pretend).partition("\r\n\r\n")[0].replace("\r\n ", " ").split("\r\n")
    assert [line for line in head if line.startswith("List-Unsubscribe")] == [
        f"List-Unsubscribe: <{WAY_OUT}>, <mailto:{ACCOUNT}?subject=unsubscribe%20{KEY}>",
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
    ]


def test_a_mail_that_does_not_promote_has_none(connector: Email, pretend: PretendEmail) -> None:
    connector.send(to_lea())

    assert "List-Unsubscribe" not in source_in(pretend)


def test_without_tls_there_is_no_one_click(connector: Email, pretend: PretendEmail) -> None:
    connector.send(to_lea(unsubscribe="http://fan.example/u/1"))

    (arrived,) = inbox(pretend)
    assert (arrived["List-Unsubscribe"] is None, arrived["List-Unsubscribe-Post"]) == (False, None)


def test_the_postal_address_stands_below_what_promotes(pretend: PretendEmail) -> None:
    connector = email_at(*pretend.open(), postal_address="1 rue du Vent, Brest")

    connector.send(to_lea(unsubscribe=WAY_OUT))
    connector.send(to_lea())

    assert [letter.body("plain") for letter in pretend.post.of(LEA)] == [
        "Bonjour Léa\n\n1 rue du Vent, Brest\n",
        "Bonjour Léa\n",
    ]
    connector.close()


def test_a_button_is_a_link_below(connector: Email, pretend: PretendEmail) -> None:
    connector.send(to_lea(buttons=(Button("Mon offre", payload="https://fan.example/c"),)))

    assert pretend.post.of(LEA)[0].body("plain") == "Bonjour Léa\n\nMon offre : https://fan.example/c\n"


def test_an_answer_stands_in_its_conversation(connector: Email, pretend: PretendEmail) -> None:
    connector.send(to_lea(answers="<1@example.org>"))

    (arrived,) = inbox(pretend)
    assert (arrived["In-Reply-To"], arrived["References"]) == ("<1@example.org>", "<1@example.org>")


@pytest.mark.parametrize(
    "evil", ["\r\nBcc: all@example.org", "\nBcc: x", "\rBcc: x", "\x0bBcc: x", "\x85Bcc: x", "\u2028Bcc: x"]
)
def test_nothing_is_smuggled_into_the_headers(evil: str, connector: Email, pretend: PretendEmail) -> None:
    connector.send(to_lea(f"Bonjour{evil}", title=f"Thé{evil}", answers=f"<1@x>{evil}"))

    (arrived,) = inbox(pretend)
    assert (arrived["Bcc"], arrived["In-Reply-To"]) == (None, None)
    assert set(arrived.keys()) <= {
        *("Subject", "From", "To", "Reply-To", "Date", "Message-ID", "X-Fanfare-Key", "Auto-Submitted"),
        *("MIME-Version", "Content-Type"),
    }


@pytest.mark.parametrize(
    "address",
    [
        *("", "lea", "@example.org", "lea@", "lea@example.org\r\nRCPT TO:<max@example.org>", "lea@example.org\n"),
        *("lea@example.org>", "<lea@example.org", "lea max@example.org", "lea@exa mple.org", "a@b@example.org"),
        *("lea@example.org, max@example.org", "lea@example..org", "\ud800@example.org", "lea\x00@example.org"),
    ],
)
def test_what_is_no_address_is_never_written_to(address: str, connector: Email, pretend: PretendEmail) -> None:
    with pytest.raises(Refused) as caught:
        connector.send(replace(to_lea(), to=address))

    assert (caught.value.reason, caught.value.scope) == ("bad_address", Scope.PERSON)
    assert pretend.post.boxes() == []


@pytest.mark.parametrize(
    "evil", ["https://fan.example/u>, <https://evil.example", "https://fan.example/\r\nBcc: x", "javascript:1"]
)
def test_a_way_out_that_is_no_address_is_not_sent(evil: str, connector: Email) -> None:
    with pytest.raises(Refused) as caught:
        connector.send(to_lea(unsubscribe=evil))

    assert caught.value.reason == "bad_unsubscribe"


def test_a_foreign_domain_travels_in_ascii(connector: Email, pretend: PretendEmail) -> None:
    connector.send(replace(to_lea(), to="lea@thé.example"))

    assert pretend.post.boxes() == ["lea@xn--th-cja.example"]


def test_an_accent_before_the_at_travels_too(connector: Email, pretend: PretendEmail) -> None:
    connector.send(replace(to_lea(), to="léa@example.org"))

    assert pretend.post.boxes() == ["léa@example.org"]


def test_naughty_strings_arrive_as_text(connector: Email, pretend: PretendEmail) -> None:
    naughty = json.loads(shared.path("vectors/blns.json").read_text())[::3]

    for text in naughty:
        connector.send(to_lea(text, title=text))

    arrived = pretend.post.of(LEA)
    assert len(arrived) == len(naughty)
    for text, letter in zip(naughty, arrived, strict=True):
        assert letter.mail["To"] == LEA
        assert squeezed(letter.body("plain")) == squeezed(text)
        assert squeezed(letter.title)[:60] in (squeezed(text)[:60], squeezed(text)[:60] or "MaisonZéphyr")


def squeezed(text: str) -> str:
    """Without what a mail may lose: blanks, line ends, and what no screen shows."""
    return "".join(letter for letter in text if not letter.isspace() and letter.isprintable())


def test_many_mails_go_over_one_connection(connector: Email, pretend: PretendEmail) -> None:
    for number in range(3):
        connector.send(to_lea(f"{number}."))

    assert [letter.body("plain") for letter in pretend.post.of(LEA)] == ["0.\n", "1.\n", "2.\n"]


# When the relay says no


@pytest.mark.parametrize(
    ("fault", "refusal", "scope", "reason"),
    [
        ("greylist", Busy, Scope.MESSAGE, "smtp_4.7.1"),
        ("busy", Busy, Scope.MESSAGE, "smtp_4.3.2"),
        ("no_such_user", Refused, Scope.PERSON, "smtp_5.1.1"),
        ("unknown", Refused, Scope.PERSON, "smtp_550"),
        ("mailbox_full", Refused, Scope.MESSAGE, "smtp_5.2.2"),
        ("policy", Refused, Scope.ACCOUNT, "smtp_5.7.1"),
        ("spam", Refused, Scope.ACCOUNT, "smtp_5.7.1"),
        ("too_big", Refused, Scope.MESSAGE, "smtp_5.3.4"),
        ("timeout", Uncertain, Scope.MESSAGE, "no_answer"),
        ("lost", Uncertain, Scope.MESSAGE, "no_answer"),
    ],
)
def test_each_refusal_is_taken_for_what_it_says(
    fault: str, refusal: type[PlatformError], scope: Scope, reason: str, pretend: PretendEmail
) -> None:
    connector = email_at(*pretend.open(), patience=2 if fault == "timeout" else 30)
    pretend._wire.faults.plan(Fault("email", fault))

    with pytest.raises(PlatformError) as caught:
        connector.send(to_lea())

    assert (type(caught.value), caught.value.scope, caught.value.reason) == (refusal, scope, reason)
    connector.send(to_lea("Encore"))  # what went wrong once leaves nothing behind
    assert pretend.post.of(LEA)[-1].body("plain") == "Encore\n"
    connector.close()


def test_a_greylisted_mail_waits_for_some_minutes(connector: Email, pretend: PretendEmail) -> None:
    pretend._wire.faults.plan(Fault("email", "greylist"))

    with pytest.raises(Busy) as caught:
        connector.send(to_lea())

    assert caught.value.retry_after == timedelta(minutes=5)


def test_a_wrong_password_stops_the_account_and_is_not_shown(pretend: PretendEmail) -> None:
    smtp, imap = pretend.open()
    connector = email_at(smtp, imap, password=f"wrong-{PASSWORD}")

    with pytest.raises(Refused) as caught:
        connector.send(to_lea())

    assert (caught.value.scope, caught.value.reason) == (Scope.ACCOUNT, "smtp_535")
    TestEmail().shows_no_secret(caught.value)


def test_a_relay_elsewhere_must_speak_tls(pretend: PretendEmail) -> None:
    """One that knows no TLS gets neither the password nor the mail."""
    ear = Ear(Handler(pretend._wire, pretend._take, pretend._send_back), "zephyr", PASSWORD, 0, host="127.0.0.2")
    connector = email_at(ear.port, 1, host="127.0.0.2")

    with pytest.raises(Refused) as caught:
        connector.send(to_lea())

    assert (caught.value.scope, caught.value.reason) == (Scope.ACCOUNT, "no_starttls")
    assert pretend.post.boxes() == []
    ear.close()

"""What comes by mail: answers, bounces, complaints and wishes to be left alone, read or fetched from the mailbox."""

import hashlib
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors import Busy, Connector, Interaction, Kind, Page, PlatformError, Refused, Scope, Unreachable
from connectors.email import Email, connect
from sandbox.email import PretendEmail
from sandbox.wire import Fault, Wire
from tests.connectors.contract import LATER, NOW, UNSTORABLE, ConnectorContract, ids, patiently
from tests.connectors.mails import (
    ACCOUNT,
    AT_HOME,
    KEY,
    LEA,
    PASSWORD,
    bounced,
    complained,
    email_at,
    failed,
    mail,
    raw,
    to_lea,
)
from tests.corpus import shared


class Whole(ConnectorContract):
    name = "email"


WHOLE = Whole()
TOLD = ("kind", "payload", "author", "text", "parent")


@pytest.fixture
def reader() -> Email:
    connector = connect(AT_HOME)
    assert connector is not None
    return connector


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


def heard(reader: Connector, body: bytes) -> Interaction:
    (interaction,) = reader.read(body, NOW)
    return interaction


def told(reader: Connector, body: bytes) -> list[tuple[str, ...]]:
    return [tuple(str(getattr(each, name)) for name in TOLD) for each in reader.read(body, NOW)]


# Answers of fans


def test_a_mail_is_read_with_its_author(reader: Email) -> None:
    body = mail("Je voudrais l’offre").replace(b"MIME-Version", b"Content-Language: fr-FR\r\nMIME-Version")

    assert heard(reader, body) == Interaction(
        platform="email",
        account=ACCOUNT,
        id="<1@example.org>",
        kind=Kind.MESSAGE,
        at=datetime(2026, 11, 20, 8, tzinfo=UTC),
        author="lea@example.org",
        author_name="Léa Martin",
        text="Je voudrais l’offre",
        subject="<1@example.org>",
        thread="<1@example.org>",
        language="fr",
        raw={"body": body.decode()},
    )


def test_an_answer_knows_which_message_it_answers(reader: Email) -> None:
    answer = heard(
        reader, mail("Oui", In_Reply_To=f"<{KEY}@zephyr.example>", References=f"<0@x> <{KEY}@zephyr.example>")
    )

    assert (answer.parent, answer.thread) == (KEY, "<0@x>")


@pytest.mark.parametrize(
    "below",
    [
        "Le ven. 20 nov. 2026 à 09:30, Maison Zéphyr <hello@zephyr.example> a écrit :\n> STOP pour finir",
        "Le ven. 20 nov. 2026 à 09:30, Maison Zéphyr\n<hello@zephyr.example> a écrit :\n\nSTOP",
        "On Fri, Nov 20, 2026 at 9:30 AM Maison Zéphyr <hello@zephyr.example> wrote:\n\n> STOP",
        "-----Message d'origine-----\nDe : Maison Zéphyr\nSTOP",
        "________________________________\nDe : Maison Zéphyr <hello@zephyr.example>\nSTOP",
        "From: Maison Zéphyr <hello@zephyr.example>\nSent: Friday, November 20, 2026 9:30 AM\nTo: Léa\n\nSTOP",
        "*De :* Maison Zéphyr <hello@zephyr.example>\n*Envoyé :* vendredi 20 novembre 2026\nSTOP",
        "-- \nLéa Martin\nSTOP au gaspillage",
        "Envoyé de mon iPhone\n\n> STOP",
        "Sent from Outlook for Android<https://aka.ms/x>\nSTOP",
        "> STOP",
        "",
    ],
)
def test_only_the_new_words_are_heard(below: str, reader: Email) -> None:
    assert (
        heard(reader, mail(f"Oui, avec plaisir !\n\nÀ bientôt\n\n{below}")).text == "Oui, avec plaisir !\n\nÀ bientôt"
    )


def test_words_between_quoted_lines_are_heard(reader: Email) -> None:
    assert heard(reader, mail("> Un thé ?\nOui\n> Ou deux ?\nNon")).text == "Oui\nNon"


def test_what_only_looks_like_a_quote_is_heard(reader: Email) -> None:
    text = "Le colis que mon frère a écrit vouloir : rien reçu.\nDe : ma sœur, merci\nEnvoyé de Brest"

    assert heard(reader, mail(text)).text == text


def test_the_subject_speaks_where_the_body_is_empty(reader: Email) -> None:
    assert heard(reader, mail("\n-- \nLéa", Subject="PROMO")).text == "PROMO"


def test_the_subject_of_our_own_mail_is_not_a_fans_word(reader: Email) -> None:
    assert heard(reader, mail("", Subject="Re: PROMO pour vous")).text == ""


def test_a_mail_in_html_alone_is_read(reader: Email) -> None:
    html = (
        "<html><head><title>x</title><style>p{}</style></head><body><p>Bonjour&nbsp;!</p><p>Je veux<br>l’offre</p>"
        '<div class="gmail_quote"><div>STOP</div></div><blockquote>STOP</blockquote><script>STOP</script></body></html>'
    )
    body = mail(html).replace(b"text/plain", b"text/html")

    assert heard(reader, body).text == "Bonjour !\n\nJe veux\nl’offre"


def test_a_mail_in_old_letters_is_read(reader: Email) -> None:
    body = raw(
        "From: =?iso-8859-1?Q?L=E9a?= <lea@example.org>", "Content-Type: text/plain; charset=iso-8859-15", "", ""
    )

    answer = heard(reader, body + "Ça coûte 5 € ?".encode("iso-8859-15"))

    assert (answer.author_name, answer.text) == ("Léa", "Ça coûte 5 € ?")


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-replied"},
        {"Auto_Submitted": "auto-generated (vacation)"},
        {"Precedence": "bulk"},
        {"Return_Path": "<>"},
        {"X_Autoreply": "yes"},
        {"List_Id": "<news.example.org>"},
        {"Subject": "Réponse automatique : Votre thé"},
        {"Subject": "Out of office: back on Monday"},
    ],
)
def test_a_machine_is_no_fan(headers: dict[str, str], reader: Email) -> None:
    answer = heard(reader, mail("Je suis absente. PROMO", **headers))

    assert (answer.kind, answer.by_bot) == (Kind.MESSAGE, True)


def test_a_person_is_no_machine(reader: Email) -> None:
    assert not heard(reader, mail("PROMO", Auto_Submitted="no")).by_bot


def test_what_the_brand_wrote_itself_is_an_echo(reader: Email) -> None:
    echo = heard(reader, mail("Bonjour", From=f"Maison Zéphyr <{ACCOUNT}>", X_Fanfare_Key=KEY))

    assert (echo.kind, echo.payload) == (Kind.ECHO, KEY)


def test_who_is_away_is_neither_a_bounce_nor_a_fan(reader: Email) -> None:
    """A machine answers to where bounces go, and quotes whatever it likes."""
    away = mail(
        "I am away. Mail to max@example.org: no such user",
        To=f"hello+bounce-{KEY}@zephyr.example",
        Auto_Submitted="auto-replied",
        Subject="Away",
    )

    assert [(each.kind, each.by_bot, each.parent) for each in reader.read(away, NOW)] == [(Kind.MESSAGE, True, KEY)]


# Wishes to be left alone


@pytest.mark.parametrize("subject", ["unsubscribe", f"unsubscribe {KEY}", "Désabonner", "désinscription", "STOP"])
def test_the_mail_of_a_way_out_is_a_stop(subject: str, reader: Email) -> None:
    stop = heard(reader, mail("", Subject=subject, Auto_Submitted="auto-replied"))  # as Apple's program says of it

    assert (stop.kind, stop.payload, stop.author, stop.by_bot) == (
        Kind.STOP,
        "list_unsubscribe",
        "lea@example.org",
        False,
    )


@pytest.mark.parametrize("subject", ["Re: unsubscribe", "Stop motion", "unsubscribe me from everything but tea"])
def test_a_sentence_is_left_to_who_understands_sentences(subject: str, reader: Email) -> None:
    assert heard(reader, mail("Bonjour", Subject=subject)).kind is Kind.MESSAGE


def test_a_complaint_is_a_stop(reader: Email) -> None:
    assert told(reader, complained("abuse", "lea@Example.org", "<max@example.org>")) == [
        ("stop", "complaint", "lea@example.org", "", KEY),
        ("stop", "complaint", "max@example.org", "", KEY),
    ]


def test_a_complaint_that_hides_its_author_is_known_by_our_key(reader: Email) -> None:
    assert told(reader, complained()) == [("stop", "complaint", "", "", KEY)]


@pytest.mark.parametrize("kind", ["auth-failure", "not-spam", "dmarc"])
def test_a_report_about_something_else_is_no_complaint(kind: str, reader: Email) -> None:
    assert heard(reader, complained(kind, LEA)).kind is Kind.UNKNOWN


# Bounces


def test_each_recipient_of_a_report_has_bounced_for_a_reason_of_his_own(reader: Email) -> None:
    body = bounced(
        failed("Lea@Example.ORG", "5.1.1", "550 5.1.1 <Lea@Example.ORG>: User unknown"),
        failed("max@example.org", "5.2.2", "552 5.2.2 Mailbox full"),
        failed("ines@example.org", "5.7.1", "550 5.7.1 rejected as spam"),
        failed("tom@example.org", "4.4.7", "too slow", action="delayed"),
        failed("zoe@example.org", "2.1.5", "250 ok", action="delivered"),
    )

    assert told(reader, body) == [
        ("bounced", "hard", "lea@example.org", "5.1.1", KEY),
        ("bounced", "soft", "max@example.org", "5.2.2", KEY),
        ("bounced", "ours", "ines@example.org", "5.7.1", KEY),
        ("unknown", "", "", "", KEY),
    ]
    assert all(each.by_bot for each in reader.read(body, NOW))


@pytest.mark.parametrize(
    ("status", "said", "fault"),
    [
        ("5.1.1", "550 5.1.1 User unknown", "hard"),
        ("5.0.0", "550 unknown user", "hard"),
        ("5.7.1", "554 5.7.1 <x>: Recipient address rejected: User unknown", "hard"),
        ("5.1.2", "550 Host unknown", "hard"),
        ("5.1.10", "556 5.1.10 nothing", "hard"),
        ("5.2.1", "550 5.2.1 nothing", "hard"),
        ("5.1.1", "550 5.1.1 Adresse d au moins un destinataire invalide. OFR_416", "hard"),
        ("5.2.2", "550 5.2.2 full", "soft"),
        ("4.7.1", "450 4.7.1 Greylisted", "soft"),
        ("5.4.7", "554 5.4.7 delivery expired", "soft"),
        ("5.0.0", "550 rejected", "soft"),
        ("5.1.1", "552 5.2.2 Over quota", "soft"),
        ("5.2.1", "550 5.2.1 The user you are trying to contact is receiving mail at a rate that", "soft"),
        ("5.7.26", "550 5.7.26 This mail is unauthenticated", "ours"),
        ("5.1.1", "550 5.7.1 IP address blacklisted by recipient", "ours"),
        ("5.1.8", "553 5.1.8 Domain of sender address a@b does not exist", "ours"),
        ("5.3.4", "552 5.3.4 nothing", "ours"),
        ("5.7.509", "550 5.7.509 Access denied, sending domain does not pass DMARC verification", "ours"),
    ],
)
def test_words_and_codes_are_weighed_together(status: str, said: str, fault: str, reader: Email) -> None:
    assert heard(reader, bounced(failed(LEA, status, said))).payload == fault


def test_a_bounce_comes_before_an_automatic_answer(reader: Email) -> None:
    """Postfix says "auto-replied" of its bounces: who looked at that first would hear none."""
    assert heard(reader, bounced(failed(LEA, "5.1.1", "550 5.1.1 User unknown"))).kind is Kind.BOUNCED


def test_where_a_failure_came_back_tells_the_message(reader: Email) -> None:
    to = f"hello+bounce-{KEY}@zephyr.example"

    assert heard(reader, bounced(failed(LEA, "5.1.1", "550"), to=to, key="")).parent == KEY


def test_a_report_that_fell_apart_is_read_all_the_same(reader: Email) -> None:
    body = bounced(failed(LEA, "5.1.1", "550 5.1.1 User unknown")).replace(b"\r\n--B\r\n", b"\r\n\r\n")

    assert told(reader, body) == [("bounced", "hard", LEA, "5.1.1", KEY)]


def test_a_bounce_in_words_alone_is_understood(reader: Email) -> None:
    text = f"Le message n'est pas remis.\n\n<{LEA}>: l'adresse n'existe pas\n\n--- Original ---\nmax@example.org"
    body = mail(text, From="MAILER-DAEMON@mx.example.org", Return_Path="<>", Subject="Échec de la remise")

    assert told(reader, body) == [("bounced", "hard", LEA, "", "")]


def test_a_fan_who_asks_about_a_bounce_has_not_bounced(reader: Email) -> None:
    text = "Mon amie max@example.org n'a rien reçu : 550 5.1.1 User unknown. Que faire ?"

    for subject in ("Une question", "Re: Undelivered Mail Returned to Sender", "Tr: Mail delivery failed"):
        assert heard(reader, mail(text, Subject=subject)).kind is Kind.MESSAGE


# Whatever comes


def test_a_letter_of_nobody_is_kept_as_unknown(reader: Email) -> None:
    body = mail("PROMO", From="")

    assert [(each.kind, each.raw) for each in reader.read(body, NOW)] == [(Kind.UNKNOWN, {"body": body.decode()})]


def test_without_a_message_id_a_letter_is_known_by_its_bytes(reader: Email) -> None:
    body = mail("PROMO", Message_ID="")

    assert heard(reader, body).id == hashlib.sha256(body).hexdigest()


def test_a_long_letter_is_kept_in_part_and_heard(reader: Email) -> None:
    body = mail("PROMO\n\n-- \n" + "x" * 70 + "\n" * 3 + ("y" * 70 + "\n") * 30_000)

    letter = heard(reader, body)

    assert (letter.text, len(letter.raw["body"])) == ("PROMO", 65_536)


def test_a_letter_in_a_letter_in_a_letter_is_not_too_deep(reader: Email) -> None:
    deep = b"".join(b"Content-Type: multipart/mixed; boundary=B%d\r\n\r\n--B%d\r\n" % (n, n) for n in range(2000))
    enclosed = b"Content-Type: message/rfc822\r\n\r\n" * 2000

    for body in (deep, enclosed, b"From: lea@example.org\r\n" + deep, b"From: lea@example.org\r\n" + enclosed):
        WHOLE.is_whole(reader.read(body, NOW))


def test_a_moment_that_cannot_be_is_the_moment_of_receiving(reader: Email) -> None:
    for date in (
        "",
        "yesterday",
        "Fri, 20 Nov 2099 09:00:00 +0100",
        "Thu, 01 Jan 1970 00:00:00 +0000",
        "Fri, 99 Nov 2026",
    ):
        body = mail("Bonjour", Date="").replace(b"From:", f"Date: {date}\r\nFrom:".encode(), 1)
        assert heard(reader, body).at == NOW


@pytest.mark.parametrize(
    "evil",
    [
        b"From: " + b"(" * 100_000 + b"\r\n\r\n",
        b"From: " + b"a@b.co, " * 50_000 + b"\r\n\r\n",
        b"From: MAILER-DAEMON@b.co\r\n\r\n" + b"\n" * 900_000,
        b"From: MAILER-DAEMON@b.co\r\n\r\n" + b"-" * 900_000,
        b"From: MAILER-DAEMON@b.co\r\n\r\n" + b"a" * 900_000 + b"@b",
        b"From: a@b.co\r\n\r\nReporting-MTA: x\n\n" + b"Final-Recipient: rfc822; a@b.co\n\n" * 28_000,
        b"From: a@b.co\r\nContent-Type: text/html\r\n\r\n" + b"<div" * 200_000,
        b"From: a@b.co\r\nContent-Type: text/html\r\n\r\n" + b"<![" * 200_000,
        b"".join(b"Content-Type: multipart/mixed; boundary=B%d\r\n\r\n--B%d\r\n" % (n, n) for n in range(9000)),
    ],
    ids=range(9),
)
def test_no_letter_keeps_us_busy_for_long(evil: bytes, reader: Email) -> None:
    """Each of these is made for a parser that looks again and again at the same letters."""
    begun = time.process_time()

    WHOLE.is_whole(reader.read(evil, NOW))

    assert time.process_time() - begun < 5


HEADERS = st.sampled_from(
    ["From", "To", "Subject", "Date", "Message-ID", "Content-Type", "Auto-Submitted", "Return-Path", "References"]
)
VALUES = st.text(max_size=40) | st.sampled_from(
    ["multipart/report; boundary=B", "text/html; charset=x-none", "=?utf-8?b?4pi?=", "<>", "a@b <c@d", "(((((", '"' * 9]
)


@patiently
@given(lines=st.lists(st.tuples(HEADERS, VALUES), max_size=8), body=st.binary(max_size=200) | st.text().map(str.encode))
def test_whatever_is_posted_becomes_something_that_can_be_stored(
    reader: Email, lines: list[tuple[str, str]], body: bytes
) -> None:
    head = "".join(f"{name}: {value}\r\n" for name, value in lines).encode(errors="surrogatepass")

    read = reader.read(head + b"\r\n" + body, NOW)

    WHOLE.is_whole(read)
    assert ids(read) == ids(reader.read(head + b"\r\n" + body, LATER))


def test_naughty_strings_are_read(reader: Email) -> None:
    for text in json.loads(shared.path("vectors/blns.json").read_text()):
        body = f"From: {text} <lea@example.org>\r\nSubject: {text}\r\n\r\n{text}".encode()
        WHOLE.is_whole(reader.read(body, NOW))
        assert not any(UNSTORABLE.search(each.text) for each in reader.read(body, NOW))


# The mailbox


def poll(connector: Email, position: str = "") -> list[Page]:
    return list(connector.poll("mailbox", position, NOW))


def test_a_mailbox_is_read_to_its_end_and_on_from_there(connector: Email, pretend: PretendEmail) -> None:
    pretend.act("write", "Léa", text="PROMO")
    (first,) = poll(connector)
    pretend.act("write", "Léa", text="Merci")
    assert first.position is not None
    (second,) = poll(connector, first.position)
    assert second.position is not None
    (third,) = poll(connector, second.position)

    assert [[each.text for each in page.interactions] for page in (first, second, third)] == [["PROMO"], ["Merci"], []]
    assert third.position == second.position


def test_a_full_mailbox_comes_in_pages_and_the_last_one_moves_on(connector: Email, pretend: PretendEmail) -> None:
    for number in range(45):
        pretend.act("write", "Léa", text=f"Bonjour {number}")

    pages = poll(connector)

    assert [len(page.interactions) for page in pages] == [20, 20, 5]
    assert [page.position is None for page in pages] == [True, True, False]


def test_reading_changes_nothing_in_the_mailbox(connector: Email, pretend: PretendEmail) -> None:
    pretend.act("write", "Léa", text="PROMO")

    assert [len(poll(connector)[0].interactions) for _ in range(2)] == [1, 1]
    assert len(pretend.post.numbers()) == 1


def test_an_empty_mailbox_has_a_place_to_go_on_from(connector: Email, pretend: PretendEmail) -> None:
    (page,) = poll(connector)
    pretend.act("write", "Léa", text="PROMO")
    assert page.position

    (later,) = poll(connector, page.position)

    assert [each.text for each in later.interactions] == ["PROMO"]


def test_a_mailbox_that_began_anew_is_read_anew(connector: Email, pretend: PretendEmail) -> None:
    pretend.act("write", "Léa", text="PROMO")
    (before,) = poll(connector)
    pretend.post.validity += 1
    assert before.position

    (after,) = poll(connector, before.position)

    assert ids(after.interactions) == ids(before.interactions)


@pytest.mark.parametrize("position", ["x", ":", "1:x", "1:-1", "é:2"])
def test_a_position_that_is_none_ends_in_no_harm(position: str, connector: Email, pretend: PretendEmail) -> None:
    pretend.act("write", "Léa", text="PROMO")

    (page,) = poll(connector, position)

    assert [each.text for each in page.interactions] == ["PROMO"]


@pytest.mark.parametrize(
    ("fault", "refusal"), [("500", Busy), ("html", Unreachable), ("empty", Unreachable), ("lost", Unreachable)]
)
def test_a_mailbox_in_trouble_is_asked_again_later(
    fault: str, refusal: type[PlatformError], connector: Email, pretend: PretendEmail
) -> None:
    pretend._wire.faults.plan(Fault("email", fault, "read_mailbox"))

    with pytest.raises(PlatformError) as caught:
        poll(connector)

    assert type(caught.value) is refusal


def test_a_mailbox_that_lets_nobody_in_stops_the_account(pretend: PretendEmail) -> None:
    ports = pretend.open()

    for wrong in (email_at(*ports, password="wrong"), email_at(*ports, box="Elsewhere")):
        with pytest.raises(Refused) as caught:
            poll(wrong)
        assert (caught.value.scope, caught.value.reason) == (Scope.ACCOUNT, "mailbox_refused")


# With the pretend mail server, from end to end


def test_what_a_mail_server_gives_back_later_names_its_message(connector: Email, pretend: PretendEmail) -> None:
    for fault in ("bounce", "bounce_full", "bounce_spam"):
        pretend._wire.faults.plan(Fault("email", fault))
        connector.send(to_lea())

    (page,) = poll(connector)

    told = [(each.kind, each.payload, each.author, each.text, each.parent) for each in page.interactions]
    assert told == [
        (Kind.BOUNCED, "hard", LEA, "5.1.1", KEY),
        (Kind.BOUNCED, "soft", LEA, "5.2.2", KEY),
        (Kind.BOUNCED, "ours", LEA, "5.7.1", KEY),
    ]


def test_what_a_fan_does_with_a_mail_is_heard(connector: Email, pretend: PretendEmail) -> None:
    connector.send(to_lea(unsubscribe="http://192.0.2.1/u"))  # no one-click: the mail program writes instead
    (letter,) = pretend.post.of(LEA)
    pretend.act("write", "Léa", text="Oui")
    pretend.act("be_away", "Léa", id=letter.id)
    pretend.act("unsubscribe", "Léa", id=letter.id)
    pretend.act("spam", "Léa", id=letter.id)

    (page,) = poll(connector)

    heard = [(each.kind, each.payload, each.text, each.by_bot, each.parent) for each in page.interactions]
    assert heard[:1] == [(Kind.MESSAGE, "", "Oui", False, KEY)]
    assert [(kind, by_bot, parent) for kind, _, _, by_bot, parent in heard[1:2]] == [(Kind.MESSAGE, True, KEY)]
    assert heard[2:] == [
        (Kind.STOP, "list_unsubscribe", f"unsubscribe {KEY}", False, KEY),
        (Kind.STOP, "complaint", "", True, KEY),
    ]


def test_what_arrives_is_brought_by_webhook_too() -> None:
    """Signed as it must be; fetched and brought, it is one and the same."""
    wire = Wire("http://127.0.0.1:9")
    brought: list[tuple[bytes, dict[str, str]]] = []
    wire.deliver = lambda path, body, headers: brought.append((body, dict(headers)))  # type: ignore[method-assign]
    pretender = PretendEmail(wire, mailbox=("zephyr", PASSWORD), secret="a-secret-for-tests")
    connector = email_at(*pretender.open())

    pretender.act("write", "Léa", text="PROMO")

    ((body, headers),) = brought
    (page,) = poll(connector)
    assert connector.verify(headers, body)
    assert ids(connector.read(body, NOW)) == ids(page.interactions)
    connector.close()
    pretender.close()

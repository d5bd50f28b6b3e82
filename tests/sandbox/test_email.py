"""The pretend mailboxes: a mail is read, answered, unsubscribed from and marked as spam by the fan who got it."""

import json
import smtplib
from collections.abc import Iterator
from email.message import EmailMessage
from typing import Any

import pytest
from flask import Flask, Response, request

from sandbox.app import create_app
from sandbox.email import PretendEmail
from tests.sandbox.conftest import Serve
from tests.sandbox.test_page import Newcomer

LEA = "lea@example.org"


@pytest.fixture
def app() -> Flask:
    return create_app("", {})


@pytest.fixture
def mail_server(app: Flask) -> Iterator[PretendEmail]:
    pretender = app.extensions["stage"].pretenders["email"]
    yield pretender
    pretender.close()


@pytest.fixture
def lea(app: Flask) -> Newcomer:
    return Newcomer(app.test_client())


def written(**headers: str) -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "Maison Zéphyr <hello@zephyr.example>", LEA, "Votre thé"
    mail["Message-ID"] = "<m1@zephyr.example>"
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content("Bonjour Léa,\nhttps://fan.example/c")
    mail.add_alternative("<p>Bonjour <b>Léa</b></p><script>alert(1)</script>", subtype="html")
    return mail


def sent(mail_server: PretendEmail, mail: EmailMessage) -> None:
    port, _ = mail_server.open()
    with smtplib.SMTP("127.0.0.1", port) as smtp:
        smtp.send_message(mail, "hello+bounce-1@zephyr.example", [LEA])


def arrived(mail_server: PretendEmail) -> list[str]:
    return [mail_server.post.arrived(number).decode() for number in mail_server.post.numbers()]


def test_a_mail_stands_in_the_inbox_of_its_fan_alone(lea: Newcomer, mail_server: PretendEmail) -> None:
    sent(mail_server, written())

    assert lea.reads("email-private") == [
        'Maison Zéphyr: Bonjour Léa,\n<a href="https://fan.example/c" target="_blank" rel="noopener">https://fan.example/c</a>'
    ]
    assert '<p class="title">Votre thé</p>' in lea.page()
    assert Newcomer(lea.client, fan="Max").reads("email-private") == []
    assert len(Newcomer(lea.client, fan=LEA).reads("email-private")) == 1


def test_the_laid_out_mail_runs_nothing_and_knows_nothing(lea: Newcomer, mail_server: PretendEmail) -> None:
    sent(mail_server, written())
    _, _, found = lea.page().partition('<iframe src="')

    shown = lea.client.get(found.partition('"')[0])

    assert "<p>Bonjour <b>Léa</b></p>" in shown.text
    policy = shown.headers["Content-Security-Policy"]
    assert policy.startswith("sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none';")
    assert "allow-scripts" not in policy + found.partition(">")[0]


def test_an_answer_quotes_what_it_answers(lea: Newcomer, mail_server: PretendEmail) -> None:
    sent(mail_server, written())

    lea.write("email-private", "Oui")

    (answer,) = arrived(mail_server)
    assert "\r\nIn-Reply-To: <m1@zephyr.example>\r\n" in answer
    assert "> Bonjour" in answer
    assert lea.reads("email-private")[-1] == "Léa: Oui"


def test_unsubscribing_is_one_post_as_a_provider_sends_it(
    lea: Newcomer, mail_server: PretendEmail, serve: Serve
) -> None:
    posts: list[Any] = []
    pages = Flask("pages")

    @pages.post("/u/1")
    def unsubscribe() -> Response:
        posts.append((request.form.to_dict(), dict(request.cookies)))
        return Response("")

    one_click = {"List_Unsubscribe": f"<{serve(pages)}/u/1>", "List_Unsubscribe_Post": "List-Unsubscribe=One-Click"}
    sent(mail_server, written(**one_click))

    lea.press("email-private", "Se désabonner")

    assert posts == [({"List-Unsubscribe": "One-Click"}, {})]
    assert "désabonné" in lea.page()
    assert "Se désabonner" not in lea.page()


def test_a_way_out_that_does_not_answer_is_no_way_out(lea: Newcomer, mail_server: PretendEmail) -> None:
    """Nor does the sandbox speak to another machine."""
    for way_out in ("<http://127.0.0.1:9/u>", "<https://192.0.2.1/u>"):
        sent(mail_server, written(List_Unsubscribe=way_out, List_Unsubscribe_Post="List-Unsubscribe=One-Click"))
        mail_server.close()

        assert "La plateforme a refusé." in lea.press("email-private", "Se désabonner").text


def test_without_one_click_the_mail_program_writes_a_mail(lea: Newcomer, mail_server: PretendEmail) -> None:
    sent(mail_server, written(List_Unsubscribe="<mailto:hello@zephyr.example?subject=unsubscribe%201>"))

    lea.press("email-private", "Se désabonner")

    (wish,) = arrived(mail_server)
    assert "\r\nSubject: unsubscribe 1\r\n" in wish


def test_spam_is_reported_to_who_sent_it(lea: Newcomer, mail_server: PretendEmail) -> None:
    sent(mail_server, written())

    lea.press("email-private", "Signaler comme spam")

    (report,) = arrived(mail_server)
    assert 'report-type="feedback-report"' in report
    assert "\r\nFeedback-Type: abuse\r\n" in report
    assert "signalé comme spam" in lea.page()


def test_letters_outlive_a_restart(lea: Newcomer, mail_server: PretendEmail) -> None:
    sent(mail_server, written())
    lea.write("email-private", "Oui")
    kept = json.loads(json.dumps(mail_server.dump()))

    app = create_app("", {})
    again = app.extensions["stage"].pretenders["email"]
    again.load(kept)

    assert Newcomer(app.test_client()).reads("email-private") == lea.reads("email-private")
    assert (arrived(again), again.post.validity) == (arrived(mail_server), mail_server.post.validity)

"""Mails as people, mail servers and mailbox providers write them, for the tests of e-mail."""

from email import policy
from email.message import EmailMessage
from typing import Any

from connectors import Message, Way
from connectors.email import Email
from connectors.mail.letterhead import Letterhead
from connectors.mail.servers import Server

ACCOUNT = "hello@zephyr.example"
LEA = "lea@example.org"
SECRET = "a-secret-for-tests"
PASSWORD = "a-password-for-tests"
AT_HOME = {"EMAIL_FROM": f"Maison Zéphyr <{ACCOUNT}>", "EMAIL_SMTP_URL": "smtp://127.0.0.1:2525"}
KEY = "019aa0b2-7c1d-7e2f-8a3b-4c5d6e7f8a9b"


def email_at(
    smtp: int,
    imap: int,
    patience: float = 30.0,  # a busy machine may take its time
    *,
    back: str = "hello+bounce-{key}@zephyr.example",
    password: str = PASSWORD,
    host: str = "127.0.0.1",
    box: str = "INBOX",
    postal_address: str = "",
) -> Email:
    head = Letterhead("Maison Zéphyr", ACCOUNT, back, postal_address)
    relay = Server("smtp", host, smtp, "zephyr", password)
    return Email(head, relay, Server("imap", "127.0.0.1", imap, "zephyr", password, box), SECRET, patience)


def to_lea(text: str = "Bonjour Léa", **more: Any) -> Message:
    return Message(KEY, ACCOUNT, Way.DIRECT, LEA, text, **({"title": "Votre thé"} | more))


def mail(text: str = "Bonjour", **headers: str) -> bytes:
    """From Léa to the brand; a header is named with "_" for "-", and "" leaves it out."""
    given = {
        "From": "Léa Martin <Lea@Example.ORG>",
        "To": f"Maison Zéphyr <{ACCOUNT}>",
        "Subject": "Une question",
        "Date": "Fri, 20 Nov 2026 09:00:00 +0100",
        "Message-ID": "<1@example.org>",
    } | {name.replace("_", "-"): value for name, value in headers.items()}
    written = EmailMessage(policy=policy.SMTP)
    for name, value in given.items():
        if value:
            written[name] = value
    written.set_content(text)
    return written.as_bytes()


def raw(*lines: str) -> bytes:
    return "\r\n".join(lines).encode()


def bounced(*blocks: str, to: str = ACCOUNT, key: str = KEY, text: str = "It failed.") -> bytes:
    """RFC 3464: a report with these blocks, each about one recipient."""
    return raw(
        "Return-Path: <>",
        "From: Mail Delivery System <MAILER-DAEMON@mx.example.org>",
        f"To: {to}",
        "Subject: Undelivered Mail Returned to Sender",
        "Message-ID: <b1@mx.example.org>",
        "Auto-Submitted: auto-replied",
        "MIME-Version: 1.0",
        'Content-Type: multipart/report; report-type=delivery-status; boundary="B"',
        "",
        "--B",
        "Content-Type: text/plain",
        "",
        text,
        "--B",
        "Content-Type: message/delivery-status",
        "",
        "Reporting-MTA: dns; mx.example.org",
        "",
        *(f"{block}\r\n" for block in blocks),
        "--B",
        "Content-Type: text/rfc822-headers",
        "",
        f"X-Fanfare-Key: {key}",
        f"From: {ACCOUNT}",
        "--B--",
        "",
    )


def failed(address: str, status: str, said: str, action: str = "failed") -> str:
    lines = f"Final-Recipient: rfc822; {address}", f"Action: {action}", f"Status: {status}"
    return "\r\n".join((*lines, f"Diagnostic-Code: smtp; {said}"))


def complained(kind: str = "abuse", *recipients: str, key: str = KEY) -> bytes:
    """RFC 5965."""
    return raw(
        "From: fbl@provider.example",
        f"To: {ACCOUNT}",
        "Subject: Abuse report",
        "Message-ID: <c1@provider.example>",
        "MIME-Version: 1.0",
        'Content-Type: multipart/report; report-type=feedback-report; boundary="B"',
        "",
        "--B",
        "Content-Type: text/plain",
        "",
        "This is an abuse report.",
        "--B",
        "Content-Type: message/feedback-report",
        "",
        f"Feedback-Type: {kind}",
        "Version: 1",
        *(f"Original-Rcpt-To: {recipient}" for recipient in recipients),
        "",
        "--B",
        "Content-Type: message/rfc822",
        "",
        f"From: {ACCOUNT}",
        f"X-Fanfare-Key: {key}",
        "Message-ID: <m1@zephyr.example>",
        "",
        "Bonjour",
        "--B--",
        "",
    )

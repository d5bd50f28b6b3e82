"""The mails that fans and their mail servers write back: answers, bounces, complaints."""

import email
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid

from sandbox.email_letters import Letter

PROVIDER = "mx.example.org"
DAEMON = f"Mail Delivery System <MAILER-DAEMON@{PROVIDER}>"
# What servers say, by the fault that was asked for.
REASONS = {
    "bounce": ("5.1.1", "550 5.1.1 <{to}>: Recipient address rejected: User unknown in virtual mailbox table"),
    "bounce_full": ("5.2.2", "552 5.2.2 <{to}>: Mailbox full"),
    "bounce_spam": ("5.7.1", "550 5.7.1 Message content rejected as spam"),
}


def answer(fan: str, box: str, account: str, text: str, title: str, to: Letter | None, now: float) -> bytes:
    """As a mail program writes it: the new words above, the old ones quoted below."""
    mail = _mail(f"{fan} <{box}>" if "@" not in fan else box, account, now)
    mail["Subject"] = title or (f"Re: {to.title}" if to else "")
    if to is not None:
        mail["In-Reply-To"] = mail["References"] = str(to.mail["Message-ID"])
        written = datetime.fromtimestamp(to.at, UTC).strftime("%d/%m/%Y %H:%M")
        quoted = "\n".join(f"> {line}" for line in to.body("plain").splitlines())
        text += f"\n\nLe {written}, {to.mail['From']} a écrit :\n\n{quoted}"
    mail.set_content(text)
    return mail.as_bytes()


def away(box: str, to: Letter, now: float) -> bytes:
    mail = _mail(box, to.sender, now)
    mail["Subject"] = f"Réponse automatique : {to.title}"
    mail["Auto-Submitted"] = "auto-replied"
    mail.set_content("Je suis en congé. STOP aux urgences !")
    return mail.as_bytes()


def wish_out(box: str, address: str, subject: str, now: float) -> bytes:
    mail = _mail(box, address, now)
    mail["Subject"] = subject
    mail.set_content("")
    return mail.as_bytes()


def bounce(letter: Letter, kind: str, now: float) -> bytes:
    """RFC 3464, as Postfix writes it."""
    code, said = REASONS[kind]
    said = said.format(to=letter.box)
    mail = _mail(DAEMON, letter.sender, now)
    mail["Subject"] = "Undelivered Mail Returned to Sender"
    mail["Auto-Submitted"] = "auto-replied"
    mail["Return-Path"] = "<>"
    mail.set_content(f"This is the mail system at host {PROVIDER}.\n\n<{letter.box}>: host said: {said}\n")
    status = f"Reporting-MTA: dns; {PROVIDER}\n\nFinal-Recipient: rfc822; {letter.box}\n"
    status += f"Action: failed\nStatus: {code}\nDiagnostic-Code: smtp; {said}\n"
    return _reported(mail, "delivery-status", status, letter)


def complaint(letter: Letter, account: str, now: float) -> bytes:
    """RFC 5965; like most providers, it doesn't say who complained but by what it sends back."""
    mail = _mail(f"Feedback Loop <fbl@{PROVIDER}>", account, now)
    mail["Subject"] = "Abuse report"
    mail.set_content(f"This is an email abuse report for a message received at {PROVIDER}.\n")
    report = f"Feedback-Type: abuse\nUser-Agent: Sandbox/1\nVersion: 1\nOriginal-Mail-From: <{letter.sender}>\n"
    return _reported(mail, "feedback-report", report, letter)


def _mail(sender: str, to: str, now: float) -> EmailMessage:
    mail = EmailMessage(policy=policy.SMTP)
    mail["From"], mail["To"] = sender, to
    mail["Date"] = format_datetime(datetime.fromtimestamp(now, UTC))
    mail["Message-ID"] = make_msgid(domain=PROVIDER)
    return mail


def _reported(mail: EmailMessage, kind: str, report: str, letter: Letter) -> bytes:
    """Three parts: for people, for machines, and the mail that it is about."""
    mail.make_mixed()
    for part in (f"Content-Type: message/{kind}\n\n{report}", f"Content-Type: message/rfc822\n\n{letter.source}"):
        mail.attach(email.message_from_bytes(part.encode("latin-1"), policy=policy.SMTP))
    mail.replace_header("Content-Type", "multipart/report")
    mail.set_param("report-type", kind)
    return mail.as_bytes()

"""Pretend e-mail: a mail server with an inbox for each fan, and the brand's own mailbox."""

import hashlib
import hmac
from collections.abc import Callable, Mapping
from email.utils import parseaddr
from typing import Any
from urllib.parse import unquote, urlsplit

import requests
from flask import Blueprint, Response, abort

from sandbox import addresses, email_reports
from sandbox.email_imap import Mailbox
from sandbox.email_letters import Letter, Post
from sandbox.email_smtp import Ear, Handler
from sandbox.wire import Wire

FROM = "Maison Zéphyr <hello@zephyr.example>"
MAILBOX_USER, MAILBOX_PASSWORD = "hello", "sandbox"
PATIENCE = 10.0  # seconds
HERE = {"127.0.0.1", "localhost", "::1"}
# A letter may show pictures and open links in a new tab. It runs nothing, and knows nothing of the page around it.
POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; img-src data: http: https:;"
    " style-src 'unsafe-inline'; form-action 'none'; frame-ancestors 'self'"
)
FRAME = '<!doctype html><meta charset="utf-8"><base target="_blank"><style>body{{font:1rem/1.5 system-ui}}</style>{0}'


class PretendEmail:
    """Listens for mail once it is opened; until then it only shows what it holds."""

    name = "email"

    def __init__(
        self,
        wire: Wire,
        account: str = parseaddr(FROM)[1],
        relay: tuple[str, str] = ("", ""),
        mailbox: tuple[str, str] = (MAILBOX_USER, MAILBOX_PASSWORD),
        secret: str = "",
    ) -> None:
        self.post = Post(wire, account)
        self._wire, self._account, self._secret = wire, account, secret
        self._relay_login, self._mailbox_login = relay, mailbox
        self._servers: tuple[Ear, Mailbox] | None = None
        self.blueprint = Blueprint("email", __name__, url_prefix="/email")
        self.blueprint.add_url_rule("/letters/<id>", view_func=self._letter)

    # The mail servers

    def open(self, smtp_port: int = 0, imap_port: int = 0) -> tuple[int, int]:
        """Begin to listen, and tell on which ports. Raises OSError if one is taken. Port 0 is any free one."""
        ear = Ear(Handler(self._wire, self._take, self._send_back), *self._relay_login, smtp_port)
        try:
            mailbox = Mailbox(self._wire, self.post, *self._mailbox_login, imap_port)
        except OSError:
            ear.close()
            raise
        self._servers = ear, mailbox
        return ear.port, mailbox.port

    def close(self) -> None:
        for server in self._servers or ():
            server.close()
        self._servers = None

    def _take(self, to: str, sender: str, mail: bytes) -> None:
        if to.lower() == self._account.lower():
            self._arrive(mail)
        else:
            self.post.put(to, mail, sender, by_brand=True)

    def _send_back(self, to: str, sender: str, mail: bytes, why: str) -> None:
        letter = Letter(self._wire.new_id(), to, mail.decode("latin-1"), sender, self._wire.now(), by_brand=True)
        self._arrive(email_reports.bounce(letter, why, self._wire.now()))

    def _arrive(self, mail: bytes) -> None:
        """In the brand's mailbox, and by webhook where the brand wants that."""
        self.post.arrive(mail)
        if self._secret:
            digest = hmac.new(self._secret.encode(), mail, hashlib.sha256).hexdigest()
            headers = {"Content-Type": "message/rfc822", "X-Fanfare-Signature": f"sha256={digest}"}
            self._wire.deliver("/webhooks/email", mail, headers)

    # What a fan does, and sees

    def view(self) -> dict[str, Any]:
        return {"account": self._account, "handle": self._account, "threads": self.post.threads()}

    def act(self, deed: str, fan: str, **words: str) -> dict[str, Any]:
        deeds: Mapping[str, Callable[..., dict[str, Any]]] = {
            "write": self._write,
            "unsubscribe": self._unsubscribe,
            "spam": self._mark_as_spam,
            "be_away": self._be_away,
            "bounce": self._bounce,
        }
        return deeds[deed](fan, **words)

    def _write(self, fan: str, text: str, title: str = "") -> dict[str, Any]:
        """Answers the last letter, where there is one."""
        box = addresses.of(fan)
        last = None if title else self.post.last_to(box)
        mail = email_reports.answer(fan, box, self._account, text, title, last, self._wire.now())
        shown = email_reports.answer(fan, box, self._account, text, title or last_title(last), None, self._wire.now())
        letter = self.post.put(box, shown, box, by_brand=False)
        self._arrive(mail)
        return {"id": letter.id}

    def _unsubscribe(self, fan: str, id: str) -> dict[str, Any]:
        """As a mailbox provider does it for the reader: one POST, no cookies, no redirects (RFC 8058)."""
        letter = self._own(fan, id)
        if url := letter.one_click():
            self._post_to(url)
        else:
            address, subject = letter.way_out()
            self._take(address, letter.box, email_reports.wish_out(letter.box, address, subject, self._wire.now()))
        letter.unsubscribed = True
        return {"id": id}

    def _post_to(self, url: str) -> None:
        if urlsplit(url).hostname not in HERE:
            raise ValueError("the sandbox speaks to this machine alone")
        form = {"List-Unsubscribe": "One-Click"}
        with requests.Session() as session:
            session.trust_env = False  # the bot is on this machine: no proxy leads there
            try:
                answer = session.post(url, data=form, timeout=PATIENCE, allow_redirects=False)
            except requests.RequestException:
                raise ValueError("the way out does not answer") from None
        if not answer.status_code < 300:
            raise ValueError(f"the way out answered {answer.status_code}")

    def _mark_as_spam(self, fan: str, id: str) -> dict[str, Any]:
        letter = self._own(fan, id)
        letter.spam = True
        self._arrive(email_reports.complaint(letter, self._account, self._wire.now()))
        return {"id": id}

    def _be_away(self, fan: str, id: str) -> dict[str, Any]:
        letter = self._own(fan, id)
        self._arrive(email_reports.away(letter.box, letter, self._wire.now()))
        return {"id": id}

    def _bounce(self, fan: str, id: str, why: str = "bounce") -> dict[str, Any]:
        """A mail server farther away gives the letter back."""
        self._arrive(email_reports.bounce(self._own(fan, id), why, self._wire.now()))
        return {"id": id}

    def _own(self, fan: str, id: str) -> Letter:
        letter = self.post.find(id)
        if letter.box != addresses.of(fan) or not letter.by_brand:
            raise ValueError("that letter is in no inbox of this fan's")
        return letter

    def _letter(self, id: str) -> Response:
        """The letter as its writer laid it out."""
        try:
            html = self.post.find(id).body("html")
        except KeyError:
            abort(404)
        return Response(FRAME.format(html), headers={"Content-Security-Policy": POLICY}, mimetype="text/html")

    # What outlives a restart

    def dump(self) -> dict[str, Any]:
        return self.post.dump()

    def load(self, state: dict[str, Any]) -> None:
        self.post.load(state)


def last_title(letter: Letter | None) -> str:
    return f"Re: {letter.title}" if letter else ""


def build(wire: Wire, environ: Mapping[str, str]) -> PretendEmail:
    account = parseaddr(environ.get("EMAIL_FROM", ""))[1] or parseaddr(FROM)[1]
    mailbox = _login(environ.get("EMAIL_MAILBOX_URL", "")) or (MAILBOX_USER, MAILBOX_PASSWORD)
    relay = _login(environ.get("EMAIL_SMTP_URL", "")) or ("", "")
    return PretendEmail(wire, account, relay, mailbox, environ.get("EMAIL_WEBHOOK_SECRET", "").strip())


def _login(url: str) -> tuple[str, str] | None:
    parts = urlsplit(url.strip())
    return (unquote(parts.username), unquote(parts.password or "")) if parts.username else None

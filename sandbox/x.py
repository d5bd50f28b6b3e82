"""Pretend X: the API as tweepy speaks it, with X's rules and limits, and a fan's deeds."""

import base64
import hashlib
import hmac
import math
import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any
from urllib.parse import quote, unquote

from flask import Blueprint, Response, jsonify, request

from sandbox.mishaps import befall
from sandbox.wire import Call, Pretender, Wire
from sandbox.x_timeline import Json, Person, Post, Timeline

ACCOUNT, HANDLE = "2026000000000000001", "maison_zephyr"
SECRETS = {
    "X_BEARER_TOKEN": "sandbox-x-token",
    "X_API_KEY": "sandbox-x-key",
    "X_API_SECRET": "sandbox-x-secret",
    "X_ACCESS_TOKEN": "sandbox-x-access",
    "X_ACCESS_SECRET": "sandbox-x-access-secret",
}
DEMO_WINDOW = 15.0  # seconds, where X's own is 900: who plays here need not wait a quarter of an hour
DAY = 86_400.0
MOST_POST, MOST_LETTER = 280, 10_000
LINK = re.compile(r"https?://\S+")


class Refusal(Exception):
    """What X does not do, in its own words."""

    def __init__(self, status: int, title: str, detail: str, kind: str = "") -> None:
        super().__init__(detail)
        self.status = status
        name = f"https://api.twitter.com/2/problems/{kind}" if kind else "about:blank"
        self.body: Json = {"title": title, "detail": detail, "type": name, "status": status}


def forbidden(detail: str) -> Refusal:
    return Refusal(403, "Forbidden", detail)


def invalid(detail: str) -> Refusal:
    return Refusal(400, "Invalid Request", detail, "invalid-request")


def missing(detail: str) -> Refusal:
    return Refusal(404, "Not Found Error", detail, "resource-not-found")


UNAUTHORIZED = Refusal(401, "Unauthorized", "Unauthorized")
TOO_MANY = Refusal(429, "Too Many Requests", "Too Many Requests")
NOT_SUMMONED = forbidden(
    "Reply to this conversation is not allowed because you have not been mentioned or otherwise engaged by the author"
    " of the post you are replying to."
)
DUPLICATE = forbidden("You are not allowed to create a Tweet with duplicate content.")
NO_MESSAGES = forbidden("You cannot send messages to this user.")
NAMED = {  # faults that may be asked for by name
    "unauthorized": UNAUTHORIZED,
    "rate": TOO_MANY,
    "credits": Refusal(402, "CreditsDepleted", "Your enrolled account does not have any credits.", "credits"),
    "capped": Refusal(429, "UsageCapExceeded", "Usage cap exceeded: Monthly product cap", "usage-capped"),
    "no_access": Refusal(403, "Client Forbidden", "This app may not do that.", "client-forbidden"),
    "not_summoned": NOT_SUMMONED,
    "duplicate": DUPLICATE,
    "no_messages": NO_MESSAGES,
}
UNDONE = {"500", "html", "empty", "timeout"}
HOLLOW: Mapping[str, Json] = {  # answers of 200 or 201 that prove nothing
    "errors_only": {"errors": [{"title": "Not Found Error", "type": "about:blank", "detail": "Not found."}]},
    "no_id": {"data": {}},
}


@dataclass(slots=True)
class Window:
    """So many calls until `resets`, which comes `seconds` after the first one."""

    name: str  # of its headers
    most: int
    seconds: float
    used: int = 0
    resets: float = 0.0

    def take(self, now: float) -> bool:
        if now >= self.resets:
            self.used, self.resets = 0, now + self.seconds
        self.used += 1
        return self.used <= self.most

    def headers(self, now: float) -> dict[str, str]:
        # By the clock of the server's own Date, which nobody moves.
        resets = math.ceil(time.time() + self.resets - now)
        left = {"limit": self.most, "remaining": max(0, self.most - self.used), "reset": resets}
        return {f"{self.name}-{key}": str(value) for key, value in left.items()}


def limits(window: float) -> dict[str, list[Window]]:
    """By what is done. X, Rate Limits page, checked 2026-08."""

    def often(most: int) -> Window:
        return Window("x-rate-limit", most, window)

    return {
        "me": [often(75)],
        "read_mentions": [often(300)],
        "read_messages": [often(15)],
        "public_reply": [often(100), Window("x-app-limit-24hour", 10_000, DAY)],
        "message": [often(15), Window("x-user-limit-24hour", 1440, DAY)],
        "hide": [often(50)],
    }


class PretendX:
    """One brand's account, its timeline and its private messages."""

    name = "x"

    def __init__(
        self,
        wire: Wire,
        secrets: Mapping[str, str] = SECRETS,
        account: str = ACCOUNT,
        handle: str = HANDLE,
        window: float = DEMO_WINDOW,
    ) -> None:
        self.timeline = Timeline(wire, account, handle)
        self._wire, self._secrets, self._window = wire, secrets, window
        self._windows = limits(window)
        self._said: dict[tuple[str, str], float] = {}
        self.blueprint = Blueprint("x", __name__, url_prefix="/x")
        routes: Mapping[str, Callable[..., Response]] = {
            "GET /2/users/me": self._me,
            "GET /2/users/<id>/mentions": self._mentions,
            "GET /2/dm_events": self._dm_events,
            "POST /2/tweets": self._tweet,
            "POST /2/dm_conversations/with/<id>/messages": self._message,
            "PUT /2/tweets/<id>/hidden": self._hidden,
        }
        for route, view in routes.items():
            method, _, path = route.partition(" ")
            self.blueprint.add_url_rule(path, view_func=view, methods=[method])

    # The API

    def _me(self) -> Response:
        return self._serve("me", "", lambda: (200, {"data": self.timeline.told_person(self.timeline.brand.id)}))

    def _mentions(self, id: str) -> Response:
        return self._serve("read_mentions", id, lambda: (200, self._list_mentions(id)))

    def _dm_events(self) -> Response:
        return self._serve("read_messages", "", lambda: (200, self._list_letters()))

    def _tweet(self) -> Response:
        asked = _asked()
        reply = asked.get("reply")
        parent = str(reply.get("in_reply_to_tweet_id", "")) if isinstance(reply, dict) else ""
        return self._serve("public_reply", parent, lambda: (201, self._create_post(asked, parent)), asked)

    def _message(self, id: str) -> Response:
        asked = _asked()
        return self._serve("message", id, lambda: (201, self._create_letter(asked, id)), asked)

    def _hidden(self, id: str) -> Response:
        asked = _asked()
        return self._serve("hide", id, lambda: (200, self._hide(asked, id)), asked)

    def _serve(self, what: str, to: str, do: Callable[[], tuple[int, Json]], asked: Json | None = None) -> Response:
        fault = self._wire.faults.take(self.name, what)

        def note(done: bool) -> None:
            self._wire.note(Call(self.name, what, to, str((asked or {}).get("text", "")), self._wire.now(), done))

        def answer() -> Response:
            status, body = self._decide(what, fault, do)
            note(status < 300 and fault not in HOLLOW)
            return self._told(what, status, body, exhausted=fault == "rate")

        if fault in UNDONE:
            note(done=False)  # before it happens, as a caller that hangs is not told when
        mishap = befall(fault, answer)
        return answer() if mishap is None else mishap

    def _decide(self, what: str, fault: str, do: Callable[[], tuple[int, Json]]) -> tuple[int, Json]:
        with self.timeline.lock:
            try:
                if not self._is_known():
                    raise UNAUTHORIZED
                taken = [window.take(self._wire.now()) for window in self._windows[what]]
                if not all(taken):
                    raise TOO_MANY
                if fault in NAMED:
                    raise NAMED[fault]
                return (201, HOLLOW[fault]) if fault in HOLLOW else do()
            except Refusal as refusal:
                return refusal.status, refusal.body

    def _told(self, what: str, status: int, body: Json, exhausted: bool) -> Response:
        response = jsonify(body)
        response.status_code = status
        for window in self._windows[what]:
            response.headers.update(window.headers(self._wire.now()))
        if exhausted:
            response.headers["x-rate-limit-remaining"] = "0"
        return response

    # Reading

    def _list_mentions(self, id: str) -> Json:
        if id != self.timeline.brand.id:
            return {"errors": [missing(f"Could not find user with id: [{id}].").body]}
        since, start = _number("since_id"), _moment("start_time")
        posts = [post for post in self.timeline.mentions(_token()) if int(post.id) > since and post.at >= start]
        fields = _fields("tweet.fields", "id", "text", "edit_history_tweet_ids")
        page = self._page(map(self.timeline.told_post, posts), "author_id", fields, _size(5, 100, default=10))
        if ids := [each["id"] for each in page.get("data", [])]:
            page["meta"] |= {"newest_id": ids[0], "oldest_id": ids[-1]}
            if len(posts) <= len(ids) and since < self.timeline.oldest_mention() < int(ids[-1]):
                page["meta"]["next_token"] = _token_after(ids[-1])  # to an empty page: X lists no older ones
        return page

    def _list_letters(self) -> Json:
        fields = _fields("dm_event.fields", "id", "event_type", "text")
        told = map(self.timeline.told_letter, self.timeline.letters(_token()))
        return self._page(told, "sender_id", fields, _size(1, 100, default=100))

    def _page(self, told: Iterable[Json], author: str, fields: set[str], most: int) -> Json:
        listed = list(islice(told, most + 1))
        shown = listed[:most]
        page: Json = {"meta": {"result_count": len(shown)}}
        if not shown:
            return page
        page["data"] = [{name: value for name, value in each.items() if name in fields} for each in shown]
        if len(listed) > most:
            page["meta"]["next_token"] = _token_after(shown[-1]["id"])
        if author in request.args.get("expansions", "").split(","):
            people = dict.fromkeys(each[author] for each in shown)
            page["includes"] = {"users": [self.timeline.told_person(id) for id in people]}
        return page

    # Writing

    def _create_post(self, asked: Json, parent: str) -> Json:
        text = _text(asked)
        if len(LINK.sub("x" * 23, text)) > MOST_POST:
            raise forbidden("Your Tweet text is too long.")
        to = self._may_reply(parent) if parent else ""
        if self._said.get((to, text), 0.0) > self._wire.now() - self._window:
            raise DUPLICATE
        self._said[to, text] = self._wire.now()
        post = self.timeline.post(self.timeline.brand.id, text, parent)
        return {"data": {"id": post.id, "text": text, "edit_history_tweet_ids": [post.id]}}

    def _may_reply(self, parent: str) -> str:
        """To whom, if the author of the post summoned the brand and lets it answer."""
        post = self.timeline.find(parent)
        author = self.timeline.person(post.author) if post else None
        if post is None or author is None or author.blocks:
            raise forbidden("You attempted to reply to a Tweet that is deleted or not visible to you.")
        if author is not self.timeline.brand and not self.timeline.summons_brand(post):
            raise NOT_SUMMONED
        if post.reply_settings not in ("everyone", "mentionedUsers"):
            raise forbidden("Reply to this conversation is not allowed.")
        return author.id

    def _create_letter(self, asked: Json, fan: str) -> Json:
        text = _text(asked)
        if len(text) > MOST_LETTER:
            raise invalid("The text is too long.")
        person = self.timeline.person(fan)
        if person is None or person is self.timeline.brand:
            raise missing(f"Could not find user with id: [{fan}].")
        if person.blocks or not person.takes_messages:
            raise NO_MESSAGES
        letter = self.timeline.write(self.timeline.brand.id, fan, text)
        return {"data": {"dm_conversation_id": self.timeline.conversation(fan), "dm_event_id": letter.id}}

    def _hide(self, asked: Json, id: str) -> Json:
        post = self.timeline.find(id)
        root = self.timeline.find(post.conversation) if post else None
        if post is None:
            raise missing(f"Could not find tweet with id: [{id}].")
        if root is None or root is post or root.author != self.timeline.brand.id:
            raise forbidden("You can only hide replies in conversations that you started.")
        post.hidden = asked.get("hidden") is True
        return {"data": {"hidden": post.hidden}}

    # Who calls

    def _is_known(self) -> bool:
        kind, _, given = request.headers.get("Authorization", "").partition(" ")
        if kind == "Bearer":
            return hmac.compare_digest(given.encode(), self._secrets["X_BEARER_TOKEN"].encode())
        return kind == "OAuth" and self._is_signed(dict(re.findall(r'(\w+)="([^"]*)"', given)))

    def _is_signed(self, oauth: Mapping[str, str]) -> bool:
        """OAuth 1.0a, over the address that tweepy writes before its requests are led here."""
        given = {name: unquote(value) for name, value in oauth.items()}
        signature = given.pop("oauth_signature", "")
        ours = (self._secrets["X_API_KEY"], self._secrets["X_ACCESS_TOKEN"])
        signed = sorted((_quoted(name), _quoted(value)) for name, value in (*request.args.items(), *given.items()))
        address = "https://api.twitter.com" + request.path.removeprefix("/x")
        base = "&".join(map(_quoted, (request.method, address, "&".join("=".join(pair) for pair in signed))))
        key = "&".join(map(_quoted, (self._secrets["X_API_SECRET"], self._secrets["X_ACCESS_SECRET"])))
        right = base64.b64encode(hmac.new(key.encode(), base.encode(), hashlib.sha1).digest())
        known = (given.get("oauth_consumer_key"), given.get("oauth_token")) == ours
        return known and hmac.compare_digest(signature.encode(), right)

    # What a fan does

    def act(self, deed: str, fan: str, **words: str) -> dict[str, Any]:
        deeds: Mapping[str, Callable[..., Json]] = {
            "post": self._fan_posts,
            "mention": self._fan_mentions,
            "reply": self._fan_replies,
            "edit": self._fan_edits,
            "remove": self._fan_removes,
            "write": self._fan_writes,
            "open": self._fan_opens,
            "block": self._fan_blocks,
            "unblock": self._fan_unblocks,
        }
        do = deeds[deed]
        with self.timeline.lock:
            person = self.timeline.fan(fan)
            return {"fan": person.id, "handle": person.handle} | do(person, **words)

    def _fan_posts(self, fan: Person, text: str, **more: str) -> Json:
        post = self.timeline.post(fan.id, text, **more)
        return {"id": post.id, "post": post.id, "thread": post.conversation}

    def _fan_mentions(self, fan: Person, text: str, **more: str) -> Json:
        return self._fan_posts(fan, self._naming_brand(text), **more)

    def _fan_replies(self, fan: Person, text: str, post: str = "", **more: str) -> Json:
        """Under the brand's own post unless another is told; who replies to the brand names it, as X's own apps do."""
        above = self.timeline.find(post or self.timeline.first_post)
        if above is None:
            raise KeyError(post)
        ours = above.author == self.timeline.brand.id
        return self._fan_posts(fan, self._naming_brand(text) if ours else text, parent=above.id, **more)

    def _naming_brand(self, text: str) -> str:
        name = f"@{self.timeline.brand.handle}"
        return text if name.lower() in text.lower() else f"{name} {text}"

    def _fan_edits(self, fan: Person, post: str, text: str) -> Json:
        edited = self.timeline.edit(self._own(fan, post).id, self._naming_brand(text))
        return {"id": edited.id, "post": edited.id, "thread": edited.conversation}

    def _fan_removes(self, fan: Person, id: str = "", post: str = "") -> Json:
        self.timeline.remove(self._own(fan, id or post).id)
        return {}

    def _own(self, fan: Person, id: str) -> Post:
        post = self.timeline.find(id)
        if post is None or post.author != fan.id:
            raise KeyError(id)
        return post

    def _fan_writes(self, fan: Person, text: str) -> Json:
        fan.takes_messages = True
        letter = self.timeline.write(fan.id, fan.id, text)
        return {"id": letter.id, "thread": self.timeline.conversation(fan.id)}

    def _fan_opens(self, fan: Person) -> Json:
        """Takes messages from the brand without having written."""
        fan.takes_messages = True
        return {}

    def _fan_blocks(self, fan: Person) -> Json:
        fan.blocks = True
        return {}

    def _fan_unblocks(self, fan: Person) -> Json:
        fan.blocks = False
        return {}

    def view(self) -> dict[str, Any]:
        with self.timeline.lock:
            brand = self.timeline.brand
            return {"account": brand.id, "handle": brand.handle, "threads": list(self.timeline.threads())}

    def dump(self) -> Json:
        return self.timeline.dump()

    def load(self, state: Json) -> None:
        self.timeline.load(state)


def _asked() -> Json:
    asked = request.get_json(silent=True)
    return asked if isinstance(asked, dict) else {}


def _text(asked: Json) -> str:
    text = asked.get("text")
    if not isinstance(text, str) or not text.strip():
        raise invalid("The text is missing.")
    return text


def _number(name: str) -> int:
    given = request.args.get(name, "0")
    if not given.isascii() or not given.isdigit():
        raise invalid(f"{name} is not a number.")
    return int(given)


def _size(least: int, most: int, default: int) -> int:
    size = _number("max_results") if "max_results" in request.args else default
    if not least <= size <= most:
        raise invalid(f"max_results is not between {least} and {most}.")
    return size


def _moment(name: str) -> float:
    given = request.args.get(name)
    try:
        return datetime.fromisoformat(given).timestamp() if given else 0.0
    except ValueError:
        raise invalid(f"{name} is no time.") from None


def _fields(name: str, *always: str) -> set[str]:
    return {*always, *request.args.get(name, "").split(",")}


def _token() -> int:
    """The id before which the page begins."""
    given = request.args.get("pagination_token", f"t{10**19:x}")
    if not re.fullmatch("t[0-9a-f]+", given):
        raise invalid("The pagination_token is not valid.")
    return int(given[1:], 16)


def _token_after(id: str) -> str:
    return f"t{int(id):x}"


def _quoted(text: str) -> str:
    return quote(text, safe="~")


def build(wire: Wire, environ: Mapping[str, str]) -> Pretender:
    """With the bot's own settings, so that its keys and account fit. SANDBOX_X_WINDOW=900 is as strict as X itself."""
    secrets = {name: environ.get(name) or secret for name, secret in SECRETS.items()}
    window = float(environ.get("SANDBOX_X_WINDOW") or DEMO_WINDOW)
    return PretendX(wire, secrets, environ.get("X_USER_ID") or ACCOUNT, HANDLE, window)

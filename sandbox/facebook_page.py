"""A pretend Facebook Page: its posts, its fans and its chats, and what Meta lets the brand do there."""

import re
import unicodedata
from collections import deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from itertools import islice
from threading import RLock
from typing import Any

from sandbox.facebook_hooks import Hooks
from sandbox.wire import Wire

HOUR, DAY = 3600.0, 86400.0
WINDOW, HUMAN_WINDOW, PRIVATE_REPLY_WITHIN = DAY, 7 * DAY, 7 * DAY
LONGEST_MESSAGE, LONGEST_COMMENT, MOST_QUICK_REPLIES, LONGEST_TITLE, LONGEST_PAYLOAD = 2000, 8000, 13, 20, 1000
PRIVATE_REPLIES_AN_HOUR, MESSAGES_A_SECOND, CALLS_A_FAN_AND_DAY, FEWEST_FANS = 750, 300, 200, 500
SHOWN = 80  # entries and chats; a replay brings thousands
REPLAYED = "replay"  # ids that begin so were told to the bot by a replay, and we never heard of them
ASKS = {"text": "answer", "user_email": "email", "user_phone_number": "phone"}

Json = dict[str, Any]


class GraphError(Exception):
    """An error as the Graph API tells it."""

    def __init__(self, code: int, subcode: int = 0, message: str = "") -> None:
        super().__init__(message)
        self.code, self.subcode = code, subcode


@dataclass
class Comment:
    id: str
    post: str
    parent: str  # the comment that it answers; "" under the post itself
    fan: str  # "" is the brand
    text: str
    at: float
    edited: bool = False
    removed: bool = False
    hidden: bool = False
    liked: bool = False
    replied: bool = False  # in private, which is possible once


@dataclass
class Post:
    id: str
    fan: str
    text: str
    at: float
    translation: str = ""
    hidden: bool = False
    liked: bool = False
    removed: bool = False
    replied: bool = False


@dataclass
class Line:
    id: str
    by_brand: bool
    text: str
    at: float
    buttons: list[Json] = field(default_factory=list)


@dataclass
class Fan:
    """The id under a post is not the one in Messenger, and nothing tells which belongs to which."""

    name: str
    user_id: str
    psid: str = ""
    heard_at: float = 0  # in Messenger: it opens the window
    blocks_us: bool = False
    lines: list[Line] = field(default_factory=list)

    @property
    def author(self) -> tuple[str, str]:
        return self.user_id, self.name

    @property
    def email(self) -> str:
        plain = unicodedata.normalize("NFKD", self.name).encode("ascii", "ignore").decode().lower()
        return f"{'.'.join(re.findall('[a-z0-9]+', plain)) or 'fan'}@example.org"

    @property
    def phone(self) -> str:
        return f"+336{self.user_id[-8:].zfill(8)}"


class Page:
    """All that is true of one Page. Every method may be called from any thread."""

    def __init__(self, wire: Wire, hooks: Hooks, id: str, name: str, first_post: Post) -> None:
        self.id, self.name = id, name
        self.lock = RLock()
        self.fans: dict[str, Fan] = {}
        self.comments: dict[str, Comment] = {}
        self.posts = {first_post.id: first_post}
        self._wire, self._hooks = wire, hooks
        self._by_psid: dict[str, Fan] = {}
        self._chats: dict[str, Fan] = {}  # the latest last
        self._calls: deque[float] = deque()
        self._private_replies: deque[float] = deque()
        self._messages: deque[float] = deque()

    # What the brand does, by the Graph API

    def private_reply(self, about: str, id: str, said: Json) -> Json:
        with self.lock:
            thing = self._found(self.posts if about == "post_id" else self.comments, id)
            if not thing.fan:
                raise GraphError(10903, 0, "This user can't reply to this activity")
            if self._wire.now() - thing.at > PRIVATE_REPLY_WITHIN:
                raise GraphError(10901, 0, "Activity is too old to be replied to")
            if thing.replied:
                raise GraphError(10900, 0, "Activity already replied to")
            fan = self.fan(thing.fan)
            answer = self._said(fan, said, self._private_replies)
            thing.replied = True
            return answer

    def message(self, psid: str, said: Json, kind: str, tag: str) -> Json:
        with self.lock:
            fan = self._known(psid)
            allowed = {("RESPONSE", ""): WINDOW, ("UPDATE", ""): WINDOW, ("MESSAGE_TAG", "HUMAN_AGENT"): HUMAN_WINDOW}
            if (kind, tag) not in allowed:
                raise GraphError(100, 0, "Param messaging_type or tag is invalid")
            if self._wire.now() - fan.heard_at > allowed[kind, tag]:
                raise GraphError(10, 2018278, "This message is sent outside of allowed window.")
            return self._said(fan, said, self._messages)

    def reply(self, id: str, text: str) -> Json:
        with self.lock:
            if not text.strip() or len(text) > LONGEST_COMMENT:
                raise GraphError(100, 0, "Param message must be a text of allowed length")
            under = self._found(self.posts, id) if id in self.posts else self._found(self.comments, id)
            post, parent = (under.post, under.id) if isinstance(under, Comment) else (under.id, "")
            comment = self._add(post, parent, "", text)
            self._hooks.commented("add", comment, None)
            return {"id": comment.id}

    def hide(self, id: str, hidden: bool) -> Json:
        with self.lock:
            thing = self._found(self.posts if id in self.posts else self.comments, id)
            if not thing.fan:
                raise GraphError(100, 0, "The Page's own comment cannot be hidden")
            thing.hidden = hidden
            if isinstance(thing, Comment):
                self._hooks.commented("hide" if hidden else "unhide", thing, self.fan(thing.fan).author)
            return {"success": True}

    def like(self, id: str, liked: bool) -> Json:
        with self.lock:
            thing = self._found(self.posts if id in self.posts else self.comments, id)
            thing.liked = liked
            if liked:
                self._hooks.reacted(*((thing.post, id) if isinstance(thing, Comment) else (id, "")), None)
            return {"success": True}

    def delete(self, id: str) -> Json:
        with self.lock:
            comment = self._found(self.comments, id)
            comment.removed, comment.text = True, ""
            self._hooks.commented("remove", comment, self.fan(comment.fan).author if comment.fan else None)
            return {"success": True}

    def shown(self, id: str) -> Comment:
        with self.lock:
            comment: Comment = self._found(self.comments, id)
            return comment

    def used(self) -> int:
        """Percent of the day's calls."""
        with self.lock:
            budget = CALLS_A_FAN_AND_DAY * max(len(self.fans), FEWEST_FANS)
            return 100 * _count(self._calls, self._wire.now(), DAY) // budget

    def count_call(self) -> None:
        with self.lock:
            self._calls.append(self._wire.now())

    # What a fan does

    def fan(self, name: str) -> Fan:
        with self.lock:
            if name not in self.fans:
                self.fans[name] = Fan(name, user_id=self._wire.new_id())
            return self.fans[name]

    def chatter(self, name: str) -> Fan:
        """The fan with his id in Messenger."""
        with self.lock:
            fan = self.fan(name)
            if not fan.psid:
                fan.psid = self._wire.new_id()
                self._by_psid[fan.psid] = fan
            return fan

    def comment(self, fan: Fan, post: str, parent: str, text: str) -> Comment:
        with self.lock:
            if parent:
                post = self.comments[parent].post
            comment = self._add(self.posts[post or next(iter(self.posts))].id, parent, fan.name, text)
            self._hooks.commented("add", comment, fan.author)
            return comment

    def change(self, fan: Fan, id: str, text: str | None) -> Comment:
        """The fan writes his comment (his last one, if `id` is empty) anew, or takes it away."""
        with self.lock:
            id = id or next(each.id for each in reversed(self.comments.values()) if each.fan == fan.name)
            comment = self.comments[id]
            if comment.fan != fan.name:
                raise ValueError("this is another fan's comment")
            comment.text, comment.edited, comment.removed = text or "", text is not None, text is None
            self._hooks.commented("remove" if text is None else "edited", comment, fan.author)
            return comment

    def post(self, fan: Fan, text: str) -> Post:
        with self.lock:
            post = Post(f"{self.id}_{self._wire.new_id()}", fan.name, text, self._wire.now())
            self.posts[post.id] = post
            self._hooks.posted(post, fan.author)
            return post

    def react(self, fan: Fan, id: str) -> None:
        with self.lock:
            thing = self.comments.get(id) or self.posts[id or next(iter(self.posts))]
            self._hooks.reacted(*((thing.post, id) if isinstance(thing, Comment) else (thing.id, "")), fan.author)

    def write(self, fan: Fan, text: str, event: Json) -> None:
        """`event` is what the webhook tells; `text` is what the chat shows, if anything."""
        with self.lock:
            if fan.blocks_us:
                raise ValueError("a fan who blocks the brand cannot write to it")
            now = fan.heard_at = self._wire.now()
            if text:
                mid = next((event[kind]["mid"] for kind in ("message", "postback") if kind in event), "")
                self._keep(fan, Line(mid, False, text, now))
            self._hooks.wrote(fan.psid, {"timestamp": int(now * 1000), **event})

    # What the page of the sandbox shows, and what a restart keeps

    def ask_to_be_forgotten(self, fan: Fan) -> Json:
        """Facebook asks in the fan's name, and shows him where he may look how far it is."""
        told = self._hooks.asked("data-deletion", fan.user_id)
        with self.lock:
            if told:
                words = f"Facebook: {told['confirmation_code']}, {told['url']}"
                self._keep(fan, Line(f"m_{self._wire.new_id()}", True, words, self._wire.now()))
        return told

    def take_the_app_away(self, fan: Fan) -> None:
        self._hooks.asked("deauthorize", fan.user_id)

    def view(self) -> list[Json]:
        with self.lock:
            ours = (each for each in reversed(self.comments.values()) if not each.id.startswith(REPLAYED))
            latest = list(islice(ours, SHOWN))[::-1]
            posts = [*islice(self.posts.values(), 1), *list(self.posts.values())[1:][-SHOWN:]]
            chats = list(islice(reversed(self._chats.values()), SHOWN))
            return [*(self._thread(post, latest) for post in posts), *map(self._chat, chats)]

    def _thread(self, post: Post, latest: list[Comment]) -> Json:
        entries = [self._entry(post), *(self._entry(comment) for comment in latest if comment.post == post.id)]
        return {"id": post.id, "kind": "post", "title": post.fan or self.name, "entries": entries}

    def _entry(self, thing: Post | Comment) -> Json:
        return {**asdict(thing), "author": thing.fan or self.name, "by_brand": not thing.fan}

    def _chat(self, fan: Fan) -> Json:
        entries = [{**asdict(line), "author": self.name if line.by_brand else fan.name} for line in fan.lines[-SHOWN:]]
        return {"id": fan.psid, "kind": "chat", "title": fan.name, "fan": fan.name, "entries": entries} | (
            {"blocked": True} if fan.blocks_us else {}
        )

    def dump(self) -> Json:
        with self.lock:
            posts, comments = ([vars(each).copy() for each in kept.values()] for kept in (self.posts, self.comments))
            return {
                "posts": posts,
                "comments": [each for each in comments if not each["id"].startswith(REPLAYED)],
                "fans": [asdict(fan) for fan in self.fans.values() if not fan.name.startswith(REPLAYED)],
            }

    def load(self, state: Mapping[str, Any]) -> None:
        with self.lock:
            self.posts = {each["id"]: Post(**each) for each in state["posts"]}
            self.comments = {each["id"]: Comment(**each) for each in state["comments"]}
            self.fans = {each["name"]: Fan(**each) for each in state["fans"]}
            for fan in self.fans.values():
                fan.lines = [Line(**line) for line in fan.lines]  # type: ignore[arg-type]
            chatting = [fan for fan in self.fans.values() if fan.psid]
            self._by_psid = {fan.psid: fan for fan in chatting}
            self._chats = {fan.name: fan for fan in sorted(chatting, key=lambda fan: fan.heard_at) if fan.lines}

    # Inside

    def _found(self, kept: Mapping[str, Any], id: str) -> Any:
        if id not in kept and id.startswith(REPLAYED) and kept is self.comments:
            self.comments[id] = Comment(id, next(iter(self.posts)), "", f"{REPLAYED} {id}", "", self._wire.now())
        if id not in kept or kept[id].removed:
            raise GraphError(100, 33, f"Unsupported request. Object with ID '{id}' does not exist, cannot be loaded")
        return kept[id]

    def _known(self, psid: str) -> Fan:
        if psid not in self._by_psid and psid.startswith(REPLAYED):
            self._by_psid[psid] = self.fans[psid] = Fan(psid, psid, psid, heard_at=self._wire.now())
        if psid not in self._by_psid:
            raise GraphError(100, 2018001, "No matching user found")
        return self._by_psid[psid]

    def _add(self, post: str, parent: str, fan: str, text: str) -> Comment:
        comment = Comment(f"{post.partition('_')[2]}_{self._wire.new_id()}", post, parent, fan, text, self._wire.now())
        self.comments[comment.id] = comment
        return comment

    def _said(self, fan: Fan, said: Json, counted: deque[float]) -> Json:
        text, replies, key = _checked(said, fan)
        if fan.blocks_us:
            raise GraphError(551, 1545041, "This person isn't available right now.")
        self._spend(counted)
        fan = self.chatter(fan.name)
        line = Line(f"m_{self._wire.new_id()}", True, text, self._wire.now(), replies)
        self._keep(fan, line)
        self._hooks.echoed(fan.psid, line.id, text, key)
        return {"recipient_id": fan.psid, "message_id": line.id}

    def _spend(self, counted: deque[float]) -> None:
        now = self._wire.now()
        if _count(self._private_replies, now, HOUR) >= PRIVATE_REPLIES_AN_HOUR and counted is self._private_replies:
            raise GraphError(80006, 0, "There have been too many calls to this messenger account.")
        if _count(self._messages, now, 1) >= MESSAGES_A_SECOND:
            raise GraphError(613, 0, "Calls to this api have exceeded the rate limit.")
        counted.append(now)

    def _keep(self, fan: Fan, line: Line) -> None:
        fan.lines.append(line)
        if not fan.name.startswith(REPLAYED):
            self._chats.pop(fan.name, None)
            self._chats[fan.name] = fan


def _count(times: deque[float], now: float, span: float) -> int:
    while times and times[0] <= now - span:
        times.popleft()
    return len(times)


def _checked(said: Json, fan: Fan) -> tuple[str, list[Json], str]:
    """The text, its quick replies as buttons, and the brand's own word for it."""
    text, key, replies = said.get("text"), said.get("metadata", ""), said.get("quick_replies", [])
    if not isinstance(text, str) or not text.strip() or len(text) >= LONGEST_MESSAGE:
        raise GraphError(100, 0, "(#100) Length of param message[text] must be less than 2000 and not zero")
    if (
        not isinstance(key, str)
        or len(key) >= 1000
        or not isinstance(replies, list)
        or len(replies) > MOST_QUICK_REPLIES
    ):
        raise GraphError(100, 0, "(#100) Param message[quick_replies] or message[metadata] is too long")
    return text, [_button(reply, fan) for reply in replies], key


def _button(reply: Json, fan: Fan) -> Json:
    """For an address, Messenger shows the fan's own and sends it back."""
    ask, label, payload = ASKS.get(reply.get("content_type", "")), reply.get("title", ""), reply.get("payload", "")
    if ask is None or len(label) > LONGEST_TITLE or len(payload) > LONGEST_PAYLOAD:
        raise GraphError(100, 0, "(#100) Invalid keys were found in param message[quick_replies]")
    if ask == "answer" and not (label and payload):
        raise GraphError(100, 2018068, "(#100) Quick reply needs a title and a payload")
    own = {"email": fan.email, "phone": fan.phone}.get(ask, "")
    return {"label": own or label, "payload": own or payload, "url": "", "ask": ask}

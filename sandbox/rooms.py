"""What the page draws of each platform: the brand's public place, and the fan's private chat with it."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

from sandbox import addresses

PUBLIC = {"facebook": "comment", "telegram": "comment", "x": "reply"}  # the deed of the field in the public place
PRIVATE = "write"
HEADINGS = {"facebook": "Facebook", "telegram": "Telegram", "x": "X", "email": "E-mail"}
DEEDS = {
    "facebook": {
        "comment",
        "remove",
        "write",
        "press",
        "answer_email",
        "answer_phone",
        "refer",
        "block",
        "unblock",
        "delete_my_data",
    },
    "telegram": {"comment", "write", "press", "start", "share_phone", "remove", "block", "unblock"},
    "x": {"reply", "remove", "write", "block", "unblock"},
    "email": {"write", "unsubscribe", "spam"},
}
# Links that open the brand's chat. Here the chat is on the same page, so they are deeds.
INVITATIONS = {
    "facebook": (re.compile(r"https://m\.me/\w+\?ref=([^\s&#]+)"), "refer", "ref"),
    "telegram": (re.compile(r"https://t\.me/\w+\?start=([\w-]+)"), "start", "payload"),
    "x": (re.compile(r"https://x\.com/messages/compose\?"), "", ""),  # nothing to bring along: one just writes
}
NOTES = ("hidden", "removed", "liked", "unsubscribed", "spam")
BRIEF = {"facebook"}  # where buttons are gone once something more was said

Json = Mapping[str, Any]
Words = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Choice:
    """A button under an entry: a link, or a deed of the fan."""

    label: str
    url: str = ""
    deed: str = ""
    words: Mapping[str, str] = field(default_factory=dict)

    @property
    def quiet(self) -> bool:
        """Possible, but nothing to begin with."""
        return self.deed in ("remove", "block", "spam", "delete_my_data")


@dataclass(frozen=True, slots=True)
class Entry:
    id: str
    author: str
    text: str
    translation: str
    title: str  # of a mail
    frame: str  # where the mail stands as its writer laid it out
    at: datetime
    by_brand: bool
    mine: bool
    parent: str
    notes: tuple[str, ...]
    buttons: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class Form:
    """A field in which the fan writes, and ideas what to write."""

    deed: str
    label: str
    button: str
    chips: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Room:
    key: str
    kind: str  # "public" or "private"
    heading: str
    hint: str
    posts: tuple[Entry, ...]
    entries: tuple[Entry, ...]
    deeds: tuple[Choice, ...]
    form: Form


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    heading: str
    rooms: tuple[Room, ...]


def columns(view: Mapping[str, Json], fan: str, words: Words) -> list[Column]:
    return [_column(name, told["threads"], fan, words) for name, told in view.items()]


def _column(platform: str, threads: list[Json], fan: str, words: Words) -> Column:
    open_to_all = [thread for thread in threads if thread["kind"] != "chat"]
    names = {fan, addresses.of(fan)}
    own = next((thread for thread in threads if thread["kind"] == "chat" and thread.get("fan") in names), {})
    public = (_public(platform, open_to_all, fan, words),) if platform in PUBLIC else ()
    return Column(platform, HEADINGS[platform], (*public, _private(platform, own, fan, words)))


def _public(platform: str, threads: list[Json], fan: str, words: Words) -> Room:
    """The brand's own posts lead; what visitors post stands among the comments."""
    posts = [thread["entries"][0] for thread in threads if thread["entries"] and thread["entries"][0]["by_brand"]]
    posted = {post["id"] for post in posts}
    said = [told for thread in threads for told in thread["entries"] if told["id"] not in posted]
    return Room(
        key=f"{platform}-public",
        kind="public",
        heading=words[f"{platform}_public"],
        hint=words["empty"],
        posts=tuple(_in_public(platform, post, fan, words) for post in posts),
        entries=tuple(_in_public(platform, told, fan, words) for told in _threaded(said)),
        deeds=(),
        form=_form(platform, "public", PUBLIC[platform], fan, words),
    )


def _private(platform: str, thread: Json, fan: str, words: Words) -> Room:
    said = thread.get("entries", [])
    last = said[-1]["id"] if said else ""
    return Room(
        key=f"{platform}-private",
        kind="private",
        heading=words[f"{platform}_private"].format(email=addresses.of(fan)),
        hint=words[f"{platform}_private_hint"],
        posts=(),
        entries=tuple(_in_chat(platform, told, last, fan, words) for told in said),
        deeds=tuple(Choice(words[deed], deed=deed) for deed in _open_deeds(platform, thread)),
        form=_form(platform, "private", PRIVATE, fan, words),
    )


def _open_deeds(platform: str, thread: Json) -> Iterator[str]:
    if platform == "telegram":
        yield "share_phone" if thread.get("started") else "start"
    if thread and "block" in DEEDS[platform]:
        yield "unblock" if thread.get("blocked") else "block"
    if thread and platform == "facebook":
        yield "delete_my_data"


def _form(platform: str, place: str, deed: str, fan: str, words: Words) -> Form:
    button = words["comment"] if place == "public" else words["send"]
    chips = tuple(chip.format(email=addresses.of(fan)) for chip in words[f"chips_{place}"])
    return Form(deed, words[f"{platform}_{place}_field"], button, chips)


def _threaded(said: Iterable[Json]) -> list[Json]:
    """The oldest first, each followed by what answers it."""
    below: dict[str, list[Json]] = {}
    known = {told["id"]: told for told in said}
    for told in sorted(known.values(), key=lambda told: float(told["at"])):
        parent = told.get("parent") or ""
        below.setdefault(parent if parent in known else "", []).append(told)

    def with_answers(parent: str) -> Iterator[Json]:
        for told in below.get(parent, []):
            yield {**told, "parent": parent}
            yield from with_answers(told["id"])

    return list(with_answers(""))


def _in_public(platform: str, told: Json, fan: str, words: Words) -> Entry:
    """The fan may take back what is his; what the brand says may invite him to its chat."""
    buttons = [_button(platform, button, told, fan, words) for button in told.get("buttons", [])]
    buttons += _invitations(platform, told["text"], words) if told["by_brand"] else []
    if _is_of(fan, told) and not told.get("removed"):
        buttons.append(Choice(words["remove"], deed="remove", words={"id": told["id"]}))
    return _entry(told, fan, words, buttons)


def _in_chat(platform: str, told: Json, last: str, fan: str, words: Words) -> Entry:
    offered = told.get("buttons", []) if platform not in BRIEF or told["id"] == last else []
    return _entry(told, fan, words, [_button(platform, button, told, fan, words) for button in offered])


def _entry(told: Json, fan: str, words: Words, buttons: list[Choice]) -> Entry:
    removed = bool(told.get("removed"))
    return Entry(
        id=told["id"],
        author=told["author"],
        text=told["text"],
        translation=told.get("translation", "") if words["translates"] else "",
        title=told.get("title", ""),
        frame=told.get("frame", ""),
        at=datetime.fromtimestamp(float(told["at"]), UTC).astimezone(),
        by_brand=told["by_brand"],
        mine=_is_of(fan, told),
        parent=told.get("parent") or "",
        notes=tuple(note for note in NOTES if told.get(note))
        + (("edited",) if told.get("edited") and not removed else ()),
        buttons=tuple(buttons),
    )


def _is_of(fan: str, told: Json) -> bool:
    return not told["by_brand"] and bool(told["author"] == fan)


def _button(platform: str, button: Json, told: Json, fan: str, words: Words) -> Choice:
    match button.get("ask"):
        case "link":
            return Choice(button["label"], url=button["url"])
        case "email":  # the platform offers the fan's own address
            return Choice(addresses.of(fan), deed="answer_email", words={"text": addresses.of(fan)})
        case "unsubscribe" | "spam" as deed:
            return Choice(words[f"do_{deed}"], deed=deed, words={"id": button["id"]})
        case "phone" if platform == "facebook":
            return Choice(button["label"] or words["share_phone"], deed="answer_phone")
        case "phone":
            return Choice(button["label"], deed="share_phone")
        case _:
            payload = button["payload"] or button["label"]
            more = {"label": button["label"]} if platform == "facebook" else {"id": told["id"]}
            return Choice(button["label"], deed="press", words={"payload": payload, **more})


def _invitations(platform: str, text: str, words: Words) -> list[Choice]:
    link, deed, name = INVITATIONS[platform]
    if not deed:
        return [Choice(words["open_chat"], url=f"#{platform}-private-text")] if link.search(text) else []
    return [Choice(words["open_chat"], deed=deed, words={name: unquote(payload)}) for payload in link.findall(text)]

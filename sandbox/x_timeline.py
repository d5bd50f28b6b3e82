"""Pretend X, inside: who there is, what was posted for all to see, and what was written in private."""

import hashlib
import html
import re
import threading
import unicodedata
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from sandbox.wire import Wire

Json = dict[str, Any]

BRAND = "Maison Zéphyr"
POST = "Le thé d’automne est arrivé : figue, noisette et un peu de fumée. Répondez PROMO ! #BIENVENUE"
TRANSLATION = "Our autumn tea is here: fig, hazelnut and a little smoke. Reply PROMO! #BIENVENUE"
REACHABLE = 800  # mentions; older ones are not listed
KEPT = 30 * 86_400  # seconds for which messages are listed
SHOWN_CHATS, SHOWN_ENTRIES = 40, 200
HANDLE = re.compile(r"@(\w{1,15})", re.ASCII)


@dataclass(slots=True)
class Person:
    id: str
    name: str
    handle: str
    blocks: bool = False  # the brand
    takes_messages: bool = False  # from the brand: who wrote first does


@dataclass(slots=True)
class Post:
    id: str
    author: str
    text: str
    at: float
    conversation: str
    parent: str = ""
    quoted: str = ""
    versions: list[str] = field(default_factory=list)  # its ids, the first one first
    language: str = "und"
    reply_settings: str = "everyone"
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Letter:
    """A private message."""

    id: str
    sender: str
    fan: str
    text: str
    at: float


class Timeline:
    """All that is said, by growing ids. Whoever reads or writes holds `lock`."""

    def __init__(self, wire: Wire, account: str, handle: str) -> None:
        self.lock = threading.RLock()
        self.brand = Person(account, BRAND, handle)
        self._wire = wire
        self._people = {account: self.brand}
        self._handles = {handle.lower(): account}
        self._posts: dict[str, Post] = {}  # under each of a post's ids
        self._mentions: list[str] = []
        self._letters: list[Letter] = []
        self.first_post = self.post(account, POST).id

    # People

    def fan(self, name: str) -> Person:
        """The same one for the same name, over restarts too."""
        digest = hashlib.sha256(name.encode())
        id = str(10**17 + int.from_bytes(digest.digest()[:7]))
        if id not in self._people:
            plain = unicodedata.normalize("NFKD", name.lower()).encode("ascii", "ignore").decode()
            stem = "".join(re.findall("[a-z0-9]+", plain))[:8]
            self._meet(Person(id, name, f"{stem or 'fan'}_{digest.hexdigest()[:6]}"))
        return self._people[id]

    def _meet(self, person: Person) -> None:
        self._people[person.id] = person
        self._handles[person.handle.lower()] = person.id

    def person(self, id: str) -> Person | None:
        return self._people.get(id)

    # Posts

    def post(
        self,
        author: str,
        text: str,
        parent: str = "",
        quoted: str = "",
        language: str = "und",
        reply_settings: str = "everyone",
    ) -> Post:
        id = self._wire.new_id()
        conversation = self._posts[parent].conversation if parent else id
        post = Post(id, author, text, self._wire.now(), conversation, parent, quoted, [id], language, reply_settings)
        self._keep(post)
        return post

    def edit(self, id: str, text: str) -> Post:
        """A new id for the same post."""
        post = self._posts[id]
        if post.id in self._mentions:
            self._mentions.remove(post.id)
        post.id, post.text = self._wire.new_id(), text
        post.versions.append(post.id)
        self._keep(post)
        return post

    def remove(self, id: str) -> None:
        post = self._posts[id]
        for version in post.versions:
            del self._posts[version]

    def _keep(self, post: Post) -> None:
        self._posts.update(dict.fromkeys(post.versions, post))
        if self.brand.id in self.named_in(post) and post.author != self.brand.id:
            self._mentions.append(post.id)

    def _all_posts(self) -> list[Post]:
        return list({post.versions[0]: post for post in self._posts.values()}.values())

    def find(self, id: str) -> Post | None:
        return self._posts.get(id)

    def named_in(self, post: Post) -> list[str]:
        """The ids of the known people whom the text names, in its order."""
        handles = [match[1].lower() for match in HANDLE.finditer(post.text)]
        return [self._handles[handle] for handle in handles if handle in self._handles]

    def summons_brand(self, post: Post) -> bool:
        quoted = self._posts.get(post.quoted)
        return self.brand.id in self.named_in(post) or (quoted is not None and quoted.author == self.brand.id)

    def mentions(self, older_than: int) -> Iterator[Post]:
        """The newest first, as far back as X goes."""
        for id in reversed(self._mentions[-REACHABLE:]):
            if int(id) < older_than and id in self._posts:
                yield self._posts[id]

    def oldest_mention(self) -> int:
        return int(self._mentions[0]) if self._mentions else 0

    # Private messages

    def write(self, sender: str, fan: str, text: str) -> Letter:
        letter = Letter(self._wire.new_id(), sender, fan, text, self._wire.now())
        self._letters.append(letter)
        return letter

    def letters(self, older_than: int) -> Iterator[Letter]:
        """The newest first."""
        oldest = self._wire.now() - KEPT
        for letter in reversed(self._letters):
            if letter.at < oldest:
                return
            if int(letter.id) < older_than:
                yield letter

    def conversation(self, fan: str) -> str:
        return "-".join(sorted((fan, self.brand.id), key=int))

    # What X tells of them

    def told_post(self, post: Post) -> Json:
        above, quoted = self._posts.get(post.parent), self._posts.get(post.quoted)
        references = [("replied_to", post.parent)] if post.parent else []
        references += [("quoted", post.quoted)] if quoted else []
        told = {
            "id": post.id,
            "text": html.escape(post.text, quote=False),
            "author_id": post.author,
            "conversation_id": post.conversation,
            "created_at": told_time(post.at),
            "edit_history_tweet_ids": list(post.versions),
            "in_reply_to_user_id": above.author if above else None,
            "lang": post.language,
            "referenced_tweets": [{"type": kind, "id": id} for kind, id in references],
            "entities": {"mentions": self._told_mentions(post)} if self.named_in(post) else None,
        }
        return {name: value for name, value in told.items() if value}

    def _told_mentions(self, post: Post) -> list[Json]:
        known = [(match, self._handles.get(match[1].lower(), "")) for match in HANDLE.finditer(post.text)]
        return [
            {"start": match.start(), "end": match.end(), "username": match[1], "id": id} for match, id in known if id
        ]

    def told_letter(self, letter: Letter) -> Json:
        return {
            "id": letter.id,
            "event_type": "MessageCreate",
            "text": letter.text,
            "sender_id": letter.sender,
            "dm_conversation_id": self.conversation(letter.fan),
            "created_at": told_time(letter.at),
        }

    def told_person(self, id: str) -> Json:
        person = self._people[id]
        return {"id": person.id, "name": person.name, "username": person.handle}

    # What the sandbox page draws

    def threads(self) -> Iterator[Json]:
        posts = self._all_posts()
        shown = [*posts[:1], *posts[1:][-SHOWN_ENTRIES:]]
        yield {
            "id": "timeline",
            "kind": "timeline",
            "title": f"@{self.brand.handle}",
            "entries": [self._entry(post) for post in shown],
        }
        chats: dict[str, list[Letter]] = {}
        for letter in self._letters:
            chats.setdefault(letter.fan, []).append(letter)
        for fan, letters in sorted(chats.items(), key=lambda chat: int(chat[1][-1].id))[-SHOWN_CHATS:]:
            person = self._people[fan]
            entries = [self._letter_entry(letter) for letter in letters[-SHOWN_ENTRIES:]]
            chat = {"id": fan, "kind": "chat", "title": f"@{self.brand.handle}", "fan": person.name}
            yield chat | {"blocked": person.blocks, "entries": entries}

    def _entry(self, post: Post) -> Json:
        more = {"parent": post.parent, "hidden": post.hidden, "edited": len(post.versions) > 1}
        translated = {"translation": TRANSLATION} if post.text == POST else {}
        return self._drawn(post.id, post.author, post.text, post.at) | more | translated

    def _letter_entry(self, letter: Letter) -> Json:
        return self._drawn(letter.id, letter.sender, letter.text, letter.at)

    def _drawn(self, id: str, author: str, text: str, at: float) -> Json:
        drawn = {"id": id, "author": self._people[author].name, "text": text, "at": at}
        return drawn | {"by_brand": author == self.brand.id}

    # What outlives a restart

    def dump(self) -> Json:
        with self.lock:
            return {
                "people": [asdict(person) for person in self._people.values()],
                "posts": [asdict(post) for post in self._all_posts()],
                "letters": [asdict(letter) for letter in self._letters],
            }

    def load(self, state: Json) -> None:
        with self.lock:
            self._posts, self._mentions = {}, []
            for person in state["people"]:
                if person["id"] != self.brand.id:
                    self._meet(Person(**person))
            for post in state["posts"]:
                self._keep(Post(**post))
            self._mentions.sort(key=int)
            self._letters = [Letter(**letter) for letter in state["letters"]]
            self.first_post = next(iter(self._posts))


def told_time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

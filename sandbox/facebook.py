"""Pretend Facebook: a brand's Page with its posts and its Messenger, for the real SDK and for people who play fans."""

from collections.abc import Callable, Mapping
from typing import Any

from sandbox.facebook_audiences import Audience
from sandbox.facebook_graph import Caller, Graph
from sandbox.facebook_hooks import Hooks
from sandbox.facebook_page import Json, Page, Post
from sandbox.wire import Wire

APP_SECRET = "sandbox-app-secret"  # noqa: S105 - of a pretend application
PAGES = "104200000000001:sandbox-page-token"
BRAND = "Maison Zéphyr"
FIRST_POST = (
    "Nos thés d’automne sont arrivés ! Dites PROMO ou #BIENVENUE en commentaire, et nous vous répondons en privé."
)
TRANSLATION = "Our autumn teas are here! Say PROMO or #BIENVENUE in a comment, and we answer you in private."
GET_STARTED = {"title": "Démarrer", "payload": "GET_STARTED"}


def build(wire: Wire, environ: Mapping[str, str]) -> "Facebook":
    secret = environ.get("FACEBOOK_APP_SECRET", "").strip() or APP_SECRET
    listed = environ.get("FACEBOOK_PAGES", "").strip() or PAGES
    pages = dict(page.strip().split(":", 1) for page in listed.split(","))
    lists = [one.strip().split(":", 1) for one in environ.get("FACEBOOK_AUDIENCES", "").split(",") if ":" in one]
    return Facebook(wire, secret, {id.strip(): token.strip() for id, token in pages.items()}, dict(lists))


class Facebook:
    """The first Page is the one that is shown, and on which fans do things unless they say another `page`."""

    name = "facebook"

    def __init__(
        self, wire: Wire, app_secret: str, tokens: Mapping[str, str], audiences: Mapping[str, str] | None = None
    ) -> None:
        self.pages = {id: self._page(wire, app_secret, id) for id in tokens}
        self.account = next(iter(self.pages))
        self.audiences = {id: Audience(id) for id in audiences or {}}
        callers: dict[str, Caller] = {token: self.pages[id] for id, token in tokens.items()}
        callers.update((token, self.audiences[id]) for id, token in (audiences or {}).items())
        self.blueprint = Graph(wire, app_secret, callers).blueprint
        self._wire = wire
        self._deeds: Mapping[str, Callable[..., Json]] = {
            "comment": self._comment,
            "edit": self._edit,
            "remove": self._remove,
            "post": self._post,
            "react": self._react,
            "write": self._write,
            "press": self._press,
            "answer_email": self._answer_email,
            "answer_phone": self._answer_phone,
            "refer": self._refer,
            "stop": self._stop,
            "block": self._block,
            "unblock": self._unblock,
            "delete_my_data": self._delete_my_data,
            "deauthorize": self._deauthorize,
        }

    def view(self) -> dict[str, Any]:
        members = {id: sorted(audience.members) for id, audience in self.audiences.items()}
        return {"account": self.account, "threads": self.pages[self.account].view(), "audiences": members}

    def act(self, deed: str, fan: str, **words: str) -> dict[str, Any]:
        page = self.pages[words.pop("page", self.account)]
        return self._deeds[deed](page, fan, **words)

    def dump(self) -> Json:
        members = {id: audience.members for id, audience in self.audiences.items()}
        return {id: page.dump() for id, page in self.pages.items()} | {"audiences": members}

    def load(self, state: Mapping[str, Any]) -> None:
        for id, page in self.pages.items():
            if id in state:
                page.load(state[id])
        for id, audience in self.audiences.items():
            audience.members = dict(state.get("audiences", {}).get(id, {}))

    def _page(self, wire: Wire, app_secret: str, id: str) -> Page:
        first = Post(f"{id}_1", "", FIRST_POST, wire.now(), translation=TRANSLATION)
        return Page(wire, Hooks(wire, app_secret, id, BRAND), id, BRAND, first)

    # Under a post

    def _comment(self, page: Page, fan: str, text: str, post: str = "", parent: str = "") -> Json:
        comment = page.comment(page.fan(fan), post, parent, text)
        return {"id": comment.id, "comment_id": comment.id, "post_id": comment.post}

    def _edit(self, page: Page, fan: str, text: str, id: str = "") -> Json:
        return {"id": page.change(page.fan(fan), id, text).id}

    def _remove(self, page: Page, fan: str, id: str = "") -> Json:
        return {"id": page.change(page.fan(fan), id, None).id}

    def _post(self, page: Page, fan: str, text: str) -> Json:
        post = page.post(page.fan(fan), text)
        return {"id": post.id, "post_id": post.id}

    def _react(self, page: Page, fan: str, id: str = "") -> Json:
        page.react(page.fan(fan), id)
        return {"id": id}

    # In Messenger

    def _write(self, page: Page, fan: str, text: str) -> Json:
        return self._message(page, fan, text)

    def _press(self, page: Page, fan: str, payload: str, label: str = "") -> Json:
        """A quick reply that the brand offered; anything else is a button of the menu."""
        offered = [button for line in page.chatter(fan).lines[::-1] for button in line.buttons]
        button = next((each for each in offered if each["payload"] == payload), None)
        if button is None:
            return self._postback(page, fan, {"title": label or payload, "payload": payload})
        return self._message(page, fan, label or button["label"], {"payload": payload})

    def _answer_email(self, page: Page, fan: str, text: str = "") -> Json:
        email = text or page.fan(fan).email
        return self._message(page, fan, email, {"payload": email})

    def _answer_phone(self, page: Page, fan: str, text: str = "") -> Json:
        phone = text or page.fan(fan).phone
        return self._message(page, fan, phone, {"payload": phone})

    def _refer(self, page: Page, fan: str, ref: str) -> Json:
        """Opens the link m.me/PAGE?ref=REF: a newcomer presses Get Started, and who wrote before comes back."""
        referral = {"ref": ref, "source": "SHORTLINK", "type": "OPEN_THREAD"}
        if not page.chatter(fan).lines:
            return self._postback(page, fan, {**GET_STARTED, "referral": referral})
        page.write(page.chatter(fan), "", {"referral": referral})
        return {"psid": page.chatter(fan).psid}

    def _stop(self, page: Page, fan: str) -> Json:
        optin = {"type": "notification_messages", "notification_messages_status": "STOP NOTIFICATIONS"}
        page.write(page.chatter(fan), "", {"optin": optin})
        return {"psid": page.chatter(fan).psid}

    def _block(self, page: Page, fan: str) -> Json:
        """Facebook tells nobody: the brand learns it when it writes."""
        page.chatter(fan).blocks_us = True
        return {}

    def _unblock(self, page: Page, fan: str) -> Json:
        page.chatter(fan).blocks_us = False
        return {}

    def _delete_my_data(self, page: Page, fan: str) -> Json:
        """In Facebook's settings, under "Apps and websites"."""
        return page.ask_to_be_forgotten(page.chatter(fan))

    def _deauthorize(self, page: Page, fan: str) -> Json:
        """An administrator of the Page takes the app away."""
        page.take_the_app_away(page.fan(fan))
        return {}

    def _message(self, page: Page, fan: str, text: str, quick_reply: Json | None = None) -> Json:
        mid = f"m_{self._wire.new_id()}"
        message = {"mid": mid, "text": text} | ({"quick_reply": quick_reply} if quick_reply else {})
        page.write(page.chatter(fan), text, {"message": message})
        return {"id": mid, "mid": mid, "psid": page.chatter(fan).psid}

    def _postback(self, page: Page, fan: str, postback: Json) -> Json:
        mid = f"m_{self._wire.new_id()}"
        page.write(page.chatter(fan), postback["title"], {"postback": {"mid": mid, **postback}})
        return {"id": mid, "mid": mid, "psid": page.chatter(fan).psid}

"""The pretend Graph API: answers the real SDK, with Meta's errors, its usage headers, and faults on demand."""

import hashlib
import hmac
import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Response, jsonify, request

from sandbox.facebook_audiences import Audience
from sandbox.facebook_page import GraphError, Json, Page
from sandbox.mishaps import befall
from sandbox.wire import Call, Wire

MISHAPS = ("500", "html", "empty", "timeout", "lost")
CODE = re.compile(r"(\d+)(?:/(\d+))?")
TRANSIENT = (1, 2)
REGAIN = 3  # minutes

Caller = Page | Audience
Deed = Callable[[Any], Json]  # of whoever the token is for
LONGEST_ADDRESS = 8_192  # letters, as servers take it


class Graph:
    """The paths are those that the SDK calls: nodes with a slash at their end, the token in the address."""

    def __init__(self, wire: Wire, app_secret: str, pages: Mapping[str, Caller]) -> None:
        """`pages` are by their tokens, and audiences among them."""
        self._wire, self._secret, self._pages = wire, app_secret, pages
        self.blueprint = Blueprint("facebook", __name__, url_prefix="/facebook")
        routes: Mapping[tuple[str, str], Callable[[str], Response]] = {
            ("/messages", "POST"): self._messages,
            ("/comments", "POST"): self._comments,
            ("/likes", "POST"): self._like,
            ("/likes", "DELETE"): self._unlike,
            ("/subscribed_apps", "POST"): self._subscribe,
            ("/subscribed_apps", "GET"): self._subscribed,
            ("/users", "POST"): self._users,
            ("/users", "DELETE"): self._users,
            ("/", "GET"): self._read,
            ("/", "POST"): self._change,
            ("/", "DELETE"): self._delete,
        }
        for (edge, method), answer in routes.items():
            address = f"/v<int:major>.<int:minor>/<node>{edge}"
            self.blueprint.add_url_rule(
                address,
                f"{method}{edge}",
                lambda node, answer=answer, **_: answer(node),
                methods=[method],
                strict_slashes=False,
            )

    def _messages(self, node: str) -> Response:
        recipient, said = _json("recipient"), _json("message")
        about = next((name for name in ("comment_id", "post_id") if name in recipient), "")
        what, to = ("private_reply", about) if about else ("message", "id")
        kind, tag = request.form.get("messaging_type", ""), request.form.get("tag", "")

        def deed(page: Page) -> Json:
            if page.id != node:
                raise GraphError(10, 0, "(#10) This token is of another Page")
            id = str(recipient.get(to, ""))
            return page.private_reply(about, id, said) if about else page.message(id, said, kind, tag)

        more = {"quick_replies": said.get("quick_replies", []), "metadata": said.get("metadata", ""), "tag": tag}
        return self._answer(what, str(recipient.get(to, "")), str(said.get("text", "")), deed, more)

    def _comments(self, node: str) -> Response:
        text = request.form.get("message", "")
        return self._answer("public_reply", node, text, lambda page: page.reply(node, text))

    def _change(self, node: str) -> Response:
        hidden = request.form.get("is_hidden", "").lower()

        def deed(page: Page) -> Json:
            if hidden not in ("true", "false"):
                raise GraphError(100, 0, "(#100) Param is_hidden must be a boolean")
            return page.hide(node, hidden == "true")

        return self._answer("hide" if hidden == "true" else "unhide", node, "", deed)

    def _like(self, node: str) -> Response:
        return self._answer("like", node, "", lambda page: page.like(node, True))

    def _unlike(self, node: str) -> Response:
        return self._answer("unlike", node, "", lambda page: page.like(node, False))

    def _delete(self, node: str) -> Response:
        return self._answer("delete", node, "", lambda page: page.delete(node))

    def _subscribe(self, node: str) -> Response:
        return self._answer(
            "subscribe", node, request.form.get("subscribed_fields", ""), lambda page: {"success": True}
        )

    def _subscribed(self, node: str) -> Response:
        return self._answer("subscribed", node, "", lambda page: {"data": [{"id": "1", "name": "Fanfare"}]})

    def _users(self, node: str) -> Response:
        """Who is in an audience. Removals come in a body, too: an address would be too long for ten thousand."""
        add = request.method == "POST"
        payload, session = _json("payload"), _json("session")
        if len(request.full_path) > LONGEST_ADDRESS:
            return Response(status=414)

        def deed(audience: Caller) -> Json:
            if not isinstance(audience, Audience) or audience.id != node:
                raise GraphError(200, 0, "(#200) This token is not for this audience")
            return audience.change(payload, session, add=add)

        rows = payload.get("data")
        more = {
            "rows": len(rows) if isinstance(rows, list) else 0,
            "session": session,
            "in_address": "payload" in request.args,
        }
        return self._answer("audience_add" if add else "audience_remove", node, "", deed, more)

    def _read(self, node: str) -> Response:
        def deed(page: Page) -> Json:
            comment = page.shown(node)
            told = {
                "id": comment.id,
                "message": comment.text,
                "created_time": datetime.fromtimestamp(comment.at, UTC).strftime("%Y-%m-%dT%H:%M:%S+0000"),
                "is_hidden": comment.hidden,
                "can_reply_privately": bool(comment.fan) and not comment.replied,
            }
            asked = request.args.get("fields", "created_time,message").split(",")
            return {name: value for name, value in told.items() if name in ("id", *asked)}

        return self._answer("read", node, "", deed)

    def _answer(self, what: str, to: str, text: str, deed: Deed, more: Mapping[str, Any] | None = None) -> Response:
        def note(done: bool) -> None:
            self._wire.note(Call("facebook", what, to, text, self._wire.now(), done, more or {}))

        fault = ""
        try:
            page = self._caller()
            fault = self._wire.faults.take("facebook", what)
            if fault in MISHAPS:
                return self._mishap(fault, lambda: deed(page), note)
            _raise_asked(fault, what)
            page.count_call()
            answer = jsonify(deed(page))
            answer.headers.update(_usage(page.id, 92 if fault == "usage" else page.used()))
        except GraphError as error:
            note(False)
            return _told(error, fault)
        note(True)
        return answer

    def _mishap(self, fault: str, deed: Callable[[], object], note: Callable[[bool], None]) -> Response:
        if fault == "lost":
            deed()
        note(fault == "lost")
        return befall(fault, lambda: None) or Response(status=500)

    def _caller(self) -> Caller:
        token, proof = request.args.get("access_token", ""), request.args.get("appsecret_proof", "")
        if token not in self._pages:
            raise GraphError(190, 0, "Invalid OAuth access token.")
        right = hmac.new(self._secret.encode(), token.encode(), hashlib.sha256).hexdigest()
        if not hmac.compare_digest(proof.encode(), right.encode()):
            raise GraphError(100, 0, "Invalid appsecret_proof provided in the API argument")
        page = self._pages[token]
        if page.used() >= 100:
            raise GraphError(80001, 0, "There have been too many calls to this Page account.")
        return page


def _raise_asked(fault: str, what: str) -> None:
    """ "rate", or an error by its code and subcode: "10/2018278"."""
    if fault == "rate":
        raise GraphError(80006 if what in ("message", "private_reply") else 4, 0, "There have been too many calls.")
    if found := CODE.fullmatch(fault):
        raise GraphError(int(found[1]), int(found[2] or 0), "An error that was asked for.")


def _told(error: GraphError, fault: str) -> Response:
    told: Json = {"message": str(error), "type": "OAuthException", "code": error.code, "fbtrace_id": "Asandbox"}
    if error.subcode:
        told["error_subcode"] = error.subcode
    if error.code in TRANSIENT:
        told["is_transient"] = True
    response = jsonify({"error": told})
    response.status_code = 500 if error.code in TRANSIENT else 400
    if error.code >= 80000:
        response.headers.update(_business_use({"call_count": 100, "estimated_time_to_regain_access": REGAIN}))
    return response


def _usage(page: str, percent: int) -> Mapping[str, str]:
    return _business_use({"call_count": percent, "estimated_time_to_regain_access": 0}, page)


def _business_use(figures: Mapping[str, int], page: str = "0") -> Mapping[str, str]:
    told = {page: [{"type": "messenger", "total_cputime": 1, "total_time": 1, **figures}]}
    return {"X-Business-Use-Case-Usage": json.dumps(told)}


def _json(name: str) -> Json:
    """A parameter that the SDK writes as JSON."""
    try:
        told = json.loads(request.values.get(name, "{}"))
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}

"""The page on which a newcomer plays the fan: the brand's post, a chat and a thread side by side, and the answers."""

import re

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup, escape

from sandbox import wording
from sandbox.rooms import DEEDS, columns
from sandbox.stage import current_stage
from sandbox.wire import Pretender

FANS = ("Léa", "Max", "Inès")
LONGEST_NAME = 40
TELLS_LANGUAGE = {"telegram"}  # to the bot, as the fan's own setting
POLICY = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"
# Addresses of a platform's own chats are left out: nobody plays there.
ADDRESS = re.compile(r"(https?://(?!t\.me/|m\.me/|x\.com/)[^\s<>\"]+[^\s<>\".,;:!?)\]»’'])")
LINK = Markup('<a href="{0}" target="_blank" rel="noopener">{0}</a>')

blueprint = Blueprint("page", __name__)


@blueprint.get("/")
def show() -> ResponseReturnValue:
    language, fan = chosen_language(request.args.get("lang")), chosen_fan(request.args.get("fan"))
    words = wording.load(language)
    stage = current_stage()
    drawn = columns(stage.view(), fan, words)
    names = [column.name for column in drawn]
    tab = request.args.get("tab")
    return render_template(
        "page.html",
        words=words,
        lang=language,
        other_lang="en" if language == "fr" else "fr",
        fan=fan,
        fans=FANS if fan in FANS else (*FANS, fan),
        columns=drawn,
        tab=tab if tab in names else names[0],
        panel_url=f"{stage.wire.bot_url}/panel",
        notice=words["refused"] if "refused" in request.args else "",
    )


@blueprint.post("/play")
def play() -> ResponseReturnValue:
    """Does what the form asks as the fan of this name, and shows the page again."""
    language, fan = chosen_language(request.form.get("lang")), chosen_fan(request.form.get("fan"))
    platform, _, room = request.form.get("room", "").partition("-")
    deed = request.form.get("deed", "")
    pretender = current_stage().pretenders.get(platform)
    if pretender is None or deed not in DEEDS[platform]:
        abort(400)
    words = {name.removeprefix("word-"): value for name, value in request.form.items() if name.startswith("word-")}
    words |= {"language": language} if platform in TELLS_LANGUAGE else {}
    refused = None if done(pretender, deed, fan, words) else "1"
    room_of = f"{platform}-{room}"
    back = url_for("page.show", fan=fan, lang=language, tab=platform, refused=refused, _anchor=room_of)
    return redirect(back, 303)


def done(pretender: Pretender, deed: str, fan: str, words: dict[str, str]) -> bool:
    """Whether the platform let the fan do it."""
    try:
        pretender.act(deed, fan, **words)
    except (KeyError, TypeError, ValueError):
        return False
    return True


def chosen_language(asked: str | None) -> str:
    return asked if asked in wording.LANGUAGES else request.accept_languages.best_match(wording.LANGUAGES, "fr")


def chosen_fan(asked: str | None) -> str:
    return " ".join((asked or "").split())[:LONGEST_NAME] or FANS[0]


@blueprint.after_app_request
def protect(response: Response) -> Response:
    response.headers.setdefault("Content-Security-Policy", POLICY)
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    # Not "no-referrer": the browser would then hide from us that a form comes from this very page.
    response.headers.setdefault("Referrer-Policy", "same-origin")
    return response


@blueprint.app_template_filter()
def linked(text: str) -> Markup:
    """The text with its web addresses as links."""
    parts = ADDRESS.split(text)
    drawn = [LINK.format(part) if place % 2 else escape(part) for place, part in enumerate(parts)]
    return Markup().join(drawn)

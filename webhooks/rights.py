"""A fan's rights: the page on which he sees all that we know of him, takes it along, or has it erased."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

from apiflask import APIBlueprint
from flask import Response, make_response, redirect, request, url_for
from sqlmodel import Session, col, select

from bot import dossier, forgetting, pages, readable
from bot.assembly import Bot
from optin import erasures, people
from optin.erasures import How
from optin.fans import Profile
from optin.people import Person
from optin.tokens import Page
from webhooks import i18n
from webhooks.door import the_bot
from webhooks.guest import behind, told
from webhooks.visit import came_from_here

# As in webhooks/claim.py: the word in the address is all that opens it, and a foreign page would have to know that.
blueprint = APIBlueprint("rights", __name__, url_prefix="/rights", enable_openapi=False)


@dataclass(frozen=True, slots=True)
class Visitor:
    bot: Bot
    session: Session
    word: str
    fan_id: UUID
    person: Person

    @property
    def choices(self) -> str:
        """Where he says how he wants to be written to."""
        return pages.path(self.bot, Page.CHOICES, self.fan_id)

    @property
    def profiles(self) -> dict[UUID, list[Profile]]:
        """His profiles, by the fan as whom we met him there."""
        his = select(Profile).where(col(Profile.fan_id).in_(self.person.fan_ids)).order_by(col(Profile.id))
        grouped: dict[UUID, list[Profile]] = {}
        for profile in self.session.exec(his):
            grouped.setdefault(profile.fan_id, []).append(profile)
        return grouped


@blueprint.get("/<word>")
def look(word: str) -> Response:
    with _visit(word) as visitor:
        if isinstance(visitor, Response):
            return visitor
        kept = dossier.of(visitor.session, visitor.bot, visitor.fan_id) or {}
        return _told("look", word=word, visitor=visitor, body=readable.body(kept, i18n.language()))


@blueprint.get("/<word>/dossier.<form>")
def download(word: str, form: str) -> Response:
    with _visit(word) as visitor:
        if isinstance(visitor, Response):
            return visitor
        if form not in FORMS:
            return _told("unknown", 404)
        return as_file(dossier.of(visitor.session, visitor.bot, visitor.fan_id) or {}, form)


@blueprint.get("/<word>/erase")
def ask(word: str) -> Response:
    """What goes and what stays, before he decides. Programs that look at links change nothing here."""
    with _visit(word) as visitor:
        if isinstance(visitor, Response):
            return visitor
        return _told("erase", word=word, visitor=visitor)


@blueprint.post("/<word>/erase")
def erase(word: str) -> Response:
    """All of him, or those of his profiles that he ticked."""
    if not came_from_here():
        return make_response(redirect(url_for("rights.ask", word=word), 303))
    with _visit(word) as visitor:
        if isinstance(visitor, Response):
            return visitor
        chosen = [fan_id for fan_id in visitor.person.fan_ids if str(fan_id) in request.form.getlist("fan")]
    if not chosen:
        return make_response(redirect(url_for("rights.ask", word=word, nothing="1"), 303))
    code = forgetting.forget(the_bot(), chosen, How.FAN)
    return _to_status(code) if code else make_response(redirect(url_for("rights.look", word=word), 303))


@blueprint.get("/erasure/<code>")
def status(code: str) -> Response:
    """How far an erasure is, for whoever has its code."""
    with the_bot().reading() as session:
        rows = erasures.of_code(session, code[:40])
    if not rows:
        return _told("no_such_code", 404)
    return _told("erasure", erasure=rows[0], code=code)


FORMS = {"json": "application/json", "html": "text/html"}


def as_file(kept: dossier.Dossier, form: str) -> Response:
    """A dossier to be kept."""
    text = dossier.as_json(kept) if form == "json" else readable.page(kept, i18n.language())
    answer = make_response(text)
    answer.mimetype = FORMS[form]
    answer.headers["Content-Disposition"] = f'attachment; filename="dossier.{form}"'
    return answer


@contextmanager
def _visit(word: str) -> Iterator[Visitor | Response]:
    """Who holds this word; or what to tell who doesn't, or who is gone by now."""
    bot = the_bot()
    with behind(word, Page.RIGHTS, bot.reading) as found:
        if found is None:
            yield _told("unknown", 404)
            return
        session, fan_id = found
        gone = erasures.of_fan(session, fan_id)
        person = people.load(session, [fan_id]).get(fan_id)
        if person is not None:
            i18n.prefer(person.languages[fan_id])
            yield Visitor(bot, session, word, fan_id, person)
        else:
            yield _to_status(gone.code) if gone else _told("unknown", 404)


def _to_status(code: str) -> Response:
    return make_response(redirect(url_for("rights.status", code=code, lang=request.args.get("lang")), 303))


def _told(page: str, status: int = 200, **facts: object) -> Response:
    return told(f"rights/{page}", status, **facts)

"""The fan's pages: what is offered, what is asked and why, and the code. Only a button changes anything."""

from apiflask import APIBlueprint
from flask import Response, make_response, redirect, render_template, request, url_for

from bot import choosing, claiming, confirming, reach, telling
from bot.claiming import Code, Turn
from offers import claims, questions
from offers.questions import RATHER_NOT, Question
from optin.preferences import About
from optin.standing import Purpose
from optin.wishes import Wish
from webhooks import addresses, i18n, pictures
from webhooks.door import in_a_crowd, the_bot
from webhooks.visit import Fault, Form, Visit, came_from_here, to_claim

HOW = "claim_page"
FEW = 10  # when so many codes are left, the page says so

# No cookie opens these pages: only the word in their address does, which a foreign page that forges a form would have
# to know. So they carry no CSRF token (webhooks/app.py exempts them), and `refuse_other_sites` is guard enough.
blueprint = APIBlueprint("claim", __name__, url_prefix="/claim", enable_openapi=False)


@blueprint.before_request
def refuse_other_sites() -> Response | None:
    if request.method == "POST" and not came_from_here():
        return told("elsewhere", 403, back=url_for("claim.look", **(request.view_args or {})))
    return None


@blueprint.get("/<token>")
def look(token: str) -> Response:
    with to_claim(token, the_bot().reading) as visit:
        if visit is None:
            return unknown()
        if visit.code:
            return show_code(visit)
        if visit.shut:
            return told("shut", visit=visit, offer=visit.offer, words=visit.words, why=visit.shut)
        return show_form(visit, Form())


@blueprint.post("/<token>")
@in_a_crowd
def take(token: str) -> Response:
    """Give the code, and write down what was ticked, in one transaction. Who comes second changes nothing."""
    with the_bot().reading() as session:
        if claims.too_late(session, token):
            return back_to(token)
    with to_claim(token, the_bot().transaction) as visit:
        if visit is None:
            return unknown()
        if visit.code or visit.shut:
            return back_to(token)
        form = Form.sent()
        if fault := form.fault(visit.texts):
            return show_form(visit, form, fault)
        give(visit, form)
    return back_to(token)


@blueprint.post("/<token>/consent")
def allow(token: str) -> Response:
    """He has his code, and would like to hear from us after all."""
    with to_claim(token, the_bot().transaction) as visit:
        if visit is None:
            return unknown()
        form = Form.sent()
        if visit.code and form.saw_other_words(visit.texts):
            return show_code(visit, Fault.CHANGED)
        agreed = visit.agreed(form)
        if visit.code and agreed:
            claiming.allow(visit.session, visit.bot, visit.claim, agreed, HOW, str(visit.claim.id), visit.now)
            note_hours(visit, form)
    return back_to(token, "choices")


@blueprint.post("/<token>/stop")
def stop(token: str) -> Response:
    """He takes back what he allowed, with one click, as he gave it."""
    channel = request.form.get("channel", "")
    with to_claim(token, the_bot().transaction) as visit:
        if visit is None:
            return unknown()
        if visit.allows(channel):
            withdraw(visit, channel)
    return back_to(token, "choices")


@blueprint.post("/<token>/tell")
def tell(token: str) -> Response:
    """One answer more about himself, or that he would rather not."""
    with to_claim(token, the_bot().transaction) as visit:
        if visit is None:
            return unknown()
        question = visit.question
        if question is None or request.form.get("question") != question.value:
            return back_to(token, "more")  # he answered that one in another tab
        typed = request.form.get("answer", "")
        answer = RATHER_NOT if "skip" in request.form else questions.read(question, typed)
        if answer is None:
            return show_code(visit, Fault.UNCLEAR if typed.strip() else Fault.EMPTY, typed)
        telling.tell(visit.session, visit.person, visit.claim.fan_id, question, answer, visit.now, visit.claim.id)
    return back_to(token, "more")


@blueprint.post("/<token>/take-back")
def take_back(token: str) -> Response:
    """He would rather not have told it."""
    with to_claim(token, the_bot().transaction) as visit:
        if visit is None:
            return unknown()
        name = request.form.get("question", "")
        if visit.told.get(name):
            telling.take_back(visit.session, visit.person, Question(name), visit.now)
            if name == reach.PHONE and visit.allows(name):
                withdraw(visit, name)
    return back_to(token, "more")


@blueprint.post("/<token>/advertising")
def advertise(token: str) -> Response:
    """His address may be in a custom audience, or no longer: a yes of its own, never part of another."""
    with to_claim(token, the_bot().transaction) as visit:
        if visit is None:
            return unknown()
        choice = visit.advertising if visit.code else None
        if choice is not None and choice.allowed and request.form.get("stop"):
            stop_advertising(visit)
        elif choice is not None and choice.value in request.form.getlist("allow"):
            choosing.allow(visit.session, visit.bot, visit.person, visit.says(HOW), [choice], visit.now)
    return back_to(token, "advertising")


@blueprint.get("/<token>/qr.svg")
def qr(token: str) -> Response:
    with to_claim(token, the_bot().reading) as visit:
        if visit is None or visit.code is None:
            return unknown()
        return pictures.qr(visit.code)


def give(visit: Visit, form: Form) -> None:
    email = addresses.read(form.email) or ""
    visit.claim.language = i18n.language()  # what he reads here, his mails and the CRM know him by
    turn = Turn(visit.claim, visit.offer, visit.person.fan_ids)
    taken = claiming.take(visit.session, visit.bot, turn, email, visit.now)
    if isinstance(taken, Code) and taken.fresh:
        confirming.send_code(visit.session, visit.bot, visit.claim, visit.offer, visit.now)
        agreed = visit.agreed(form)
        claiming.allow(visit.session, visit.bot, visit.claim, agreed, HOW, str(visit.claim.id), visit.now)
        note_hours(visit, form)


def withdraw(visit: Visit, channel: str) -> None:
    choosing.stop(visit.session, visit.bot, visit.person, visit.says(HOW), channel, visit.now, [Purpose.OFFERS])


def stop_advertising(visit: Visit) -> None:
    purposes = [Purpose.AUDIENCES]
    choosing.stop(visit.session, visit.bot, visit.person, visit.says(HOW), reach.EMAIL, visit.now, purposes)


def note_hours(visit: Visit, form: Form) -> None:
    """The one question about how he wants to be written to, where he answered it."""
    if form.hours in visit.hours_to_choose:
        wish = Wish(About.HOURS, form.hours)
        choosing.wish(visit.session, visit.bot, visit.person, visit.says(HOW), [wish], visit.now)


def show_form(visit: Visit, form: Form, fault: Fault | None = None) -> Response:
    return told(
        "form",
        422 if fault else 200,
        visit=visit,
        offer=visit.offer,
        words=visit.words,
        form=form,
        fault=fault,
        meant=addresses.meant(form.email),
        left=left(visit),
    )


def show_code(visit: Visit, fault: Fault | None = None, typed: str = "") -> Response:
    """The code, as often as he likes. To write to an address that we don't have can't be allowed."""
    askable = {channel: words for channel, words in visit.askable.items() if channel != "email" or visit.claim.email}
    return told(
        "code",
        422 if fault else 200,
        visit=visit,
        offer=visit.offer,
        words=visit.words,
        askable=askable,
        elsewhere=visit.elsewhere,
        advertising=visit.advertising,
        for_friends=visit.for_friends,
        form=Form(),
        fault=fault,
        typed=typed,
    )


def left(visit: Visit) -> int | None:
    """How many codes are left, where they are few."""
    remaining = None if visit.offer.stock is None else visit.offer.stock - visit.offer.taken
    return remaining if remaining is not None and remaining <= FEW else None


def unknown() -> Response:
    return told("unknown", 404)


def told(page: str, status: int = 200, **facts: object) -> Response:
    return make_response(render_template(f"claim/{page}.html", brand=the_bot().settings.brand, **facts), status)


def back_to(token: str, place: str | None = None) -> Response:
    """303: the browser asks for the page anew, so that a refresh sends nothing twice."""
    return make_response(redirect(url_for("claim.look", token=token, _anchor=place), 303))

"""Signing in and out, and a manager's own settings."""

import re
from datetime import timedelta

from apiflask import APIBlueprint
from flask import Response, flash, make_response, redirect, render_template, request, url_for

from bot import changes, managers
from bot.changes import Subject, What
from bot.managers import Manager
from webhooks.door import the_bot
from webhooks.panel import who

OURS = re.compile(r"/panel(/[\w/.-]*)?(\?[\w=&%.+:-]*)?", re.ASCII)

blueprint = APIBlueprint("sign_in", __name__, enable_openapi=False)


@blueprint.route("/sign-in", methods=["GET", "POST"])
def enter() -> Response:
    target = local(request.args.get("next", ""))
    if who.somebody():
        return make_response(redirect(target, 303))
    if request.method == "GET":
        return make_response(render_template("panel/sign_in.html", email="", fault="", wait=0))
    email = request.form.get("email", "")
    manager, wait = _try(email, request.form.get("password", ""))
    if manager is None:
        return _not_yet(email, wait)
    who.let_in(manager)
    return make_response(redirect(target, 303))


@blueprint.post("/sign-out")
def leave() -> Response:
    who.let_out()
    return make_response(redirect(url_for("panel.sign_in.enter"), 303))


@blueprint.route("/me", methods=["GET", "POST"])
def mine() -> Response:
    """A new password. It ends the manager's sessions on other browsers."""
    fault = _change_password() if request.method == "POST" else ""
    if request.method == "POST" and not fault:
        flash("", "sign_in_changed")
        return make_response(redirect(url_for("panel.sign_in.mine"), 303))
    page = render_template("panel/me.html", fault=fault, shortest=managers.SHORTEST_PASSWORD)
    return make_response(page, 422 if fault else 200)


def local(target: str) -> str:
    """A page of the panel, whatever the address asked for."""
    return target if OURS.fullmatch(target) else url_for("panel.queue.show")


def _try(email: str, password: str) -> tuple[Manager | None, timedelta]:
    """The manager, if these are his words. The slow check of the password stands between two short transactions."""
    bot, address = the_bot(), request.remote_addr or ""
    now = bot.now()
    with bot.transaction() as session:
        wait = managers.knock(session, email, address, now)
        manager = managers.by_email(session, email)
    if wait or not managers.opens(manager, password):
        return None, wait
    with bot.transaction() as session:
        managers.welcome(session, email, address, now)
    return manager, wait


def _not_yet(email: str, wait: timedelta) -> Response:
    """The same answer for who is unknown and who mistyped."""
    minutes = -(-int(wait.total_seconds()) // 60)
    fault = "wait" if wait else "wrong"
    page = render_template("panel/sign_in.html", email=email, fault=fault, wait=max(minutes, 1))
    answer = make_response(page, 429 if wait else 422)
    if wait:
        answer.headers["Retry-After"] = str(int(wait.total_seconds()) + 1)
    return answer


def _change_password() -> str:
    """Empty, or the code of what speaks against it."""
    bot, manager = the_bot(), who.me()
    new = request.form.get("new", "")
    unfit = managers.password_unfit(new)
    if unfit:
        return unfit.value
    if not _is_himself(manager, request.form.get("password", "")):
        return "wrong"
    with bot.transaction() as session:
        managers.change_password(session, manager.id, new)
        changes.record(session, manager, What.SIGN_IN_CHANGED, Subject.MANAGER, manager.id, {}, {}, bot.now())
    with bot.reading() as session:
        fresh = managers.by_id(session, manager.id)
    assert fresh is not None
    who.let_in(fresh)
    return ""


def _is_himself(manager: Manager, password: str) -> bool:
    """Guessing at an unlocked desk is counted like guessing at the door."""
    bot, address = the_bot(), request.remote_addr or ""
    with bot.transaction() as session:
        wait = managers.knock(session, manager.email, address, bot.now())
    if wait or not managers.opens(manager, password):
        return False
    with bot.transaction() as session:
        managers.welcome(session, manager.email, address, bot.now())
    return True

"""Who may enter the panel, and how often somebody may try."""

import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from uuid import UUID

import pytest
from click.testing import CliRunner, Result
from flask import Flask

from bot import managers
from bot.__main__ import cli
from bot.managers import NOBODYS, SignInTry, Unfit
from tests.webhooks.panel.office import PASSWORD, SECRET, Office

OPEN_TO_ALL = {"panel.sign_in.enter"}


def panel_addresses(app: Flask) -> list[tuple[str, str, str]]:
    """Every view of the panel as (endpoint, method, an address that leads to it)."""
    address, found = app.url_map.bind("localhost"), []
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith("/panel"):
            path = address.build(rule.endpoint, {name: _value(rule.rule, name) for name in rule.arguments})
            found += [(rule.endpoint, method, path) for method in sorted((rule.methods or set()) & {"GET", "POST"})]
    return found


def _value(rule: str, name: str) -> UUID | str | int:
    chosen = re.search(rf"<any\((\w+)[^>]*:{name}>", rule)
    return chosen[1] if chosen else UUID(int=7) if f"uuid:{name}" in rule else 7


def test_nobody_sees_any_page_of_the_panel_without_signing_in(office: Office) -> None:
    office.app.config["WTF_CSRF_ENABLED"] = False  # a stranger with a token is a stranger all the same
    stranger = office.app.test_client()

    answers = {
        (endpoint, method): stranger.open(path, method=method) for endpoint, method, path in panel_addresses(office.app)
    }

    assert len(answers) > 20
    assert {
        view: (answer.status_code, answer.headers.get("Location", "").split("?")[0])
        for view, answer in answers.items()
        if view[0] not in OPEN_TO_ALL
    } == {view: (303, "/panel/sign-in") for view in answers if view[0] not in OPEN_TO_ALL}


def test_every_button_of_the_panel_refuses_a_form_from_elsewhere(office: Office) -> None:
    desk = office.desk()
    buttons = [path for _, method, path in panel_addresses(office.app) if method == "POST"]

    answers = {path: desk.client.post(path, data={"text": "hello"}).status_code for path in buttons}

    assert len(buttons) > 10
    assert answers == dict.fromkeys(buttons, 400)


def test_a_manager_signs_in_lands_where_he_wanted_and_signs_out(office: Office) -> None:
    browser = office.browser()

    refused = browser.get("/panel/leads?after=3")
    entered = browser.sign_in(" Claire@Example.com ", path=refused.headers["Location"])
    page = browser.get("/panel/leads")
    browser.post("/panel/sign-out")
    after = browser.get("/panel/leads")

    assert entered.headers["Location"] == "/panel/leads?after=3"
    assert "Claire" in page.text
    assert after.status_code == 303


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example", "/\\evil.example", "/claim/x", "javascript:1"]
)
def test_signing_in_never_leads_off_the_panel(office: Office, target: str) -> None:
    entered = office.browser().sign_in("claire@example.com", path=f"/panel/sign-in?next={target}")

    assert entered.headers["Location"] == "/panel/"


def test_the_session_cookie_is_kept_from_scripts_and_other_pages(office: Office) -> None:
    cookie = office.browser().sign_in("claire@example.com").headers.getlist("Set-Cookie")

    session = next(line for line in cookie if line.startswith("panel="))
    assert [part.strip() for part in session.split(";")[2:]] == ["HttpOnly", "Path=/panel", "SameSite=Lax"]


def test_after_five_wrong_passwords_the_right_one_must_wait_too(office: Office) -> None:
    browser = office.browser()

    wrong = [browser.sign_in("claire@example.com", "wrong").status_code for _ in range(5)]
    sixth = browser.sign_in("claire@example.com")
    office.later(seconds=31)
    at_last = browser.sign_in("claire@example.com")

    assert wrong == [422] * 5
    assert (sixth.status_code, sixth.headers["Retry-After"]) == (429, "31")
    assert at_last.status_code == 303


def test_each_further_try_waits_twice_as_long_up_to_a_quarter_of_an_hour() -> None:
    waits = [managers.wait_after(tries, 5) for tries in range(1, 13)]

    assert [int(wait.total_seconds()) for wait in waits] == [0, 0, 0, 0, 30, 60, 120, 240, 480, 900, 900, 900]


def test_one_address_can_t_try_many_names(office: Office) -> None:
    browser = office.browser()

    tries = [browser.sign_in(f"guess{number}@example.com", "wrong").status_code for number in range(21)]

    assert tries == [422] * 20 + [429]


def test_a_right_password_is_not_held_against_the_office_s_address(office: Office) -> None:
    answers = [office.browser().sign_in("claire@example.com").status_code for _ in range(21)]

    assert answers == [303] * 21


def test_tries_are_forgotten_after_a_day(office: Office) -> None:
    for _ in range(5):
        office.browser().sign_in("claire@example.com", "wrong")
    office.later(hours=25)

    office.browser().sign_in("claire@example.com", "wrong")

    assert sorted(row.tries for row in office.all(SignInTry)) == [1, 1]


def test_an_unknown_address_gets_the_answer_of_a_mistyped_password(office: Office) -> None:
    unknown = office.browser().sign_in("nobody@example.com", "wrong")
    mistyped = office.browser().sign_in("claire@example.com", "wrong")

    assert unknown.status_code == mistyped.status_code
    assert _without_words_of_its_own(unknown.text, "nobody") == _without_words_of_its_own(mistyped.text, "claire")


def _without_words_of_its_own(page: str, name: str) -> list[str]:
    return [line.replace(name, "who") for line in page.splitlines() if "csrf_token" not in line]


def test_the_password_of_nobody_costs_as_much_to_check_as_anybody_s(office: Office) -> None:
    assert not managers._hasher.check_needs_rehash(NOBODYS)
    assert office.claire.password_hash.split("$")[1:4] == NOBODYS.split("$")[1:4]


def test_a_manager_who_left_is_out_at_once(office: Office) -> None:
    desk = office.desk()
    before = desk.get("/panel/").status_code

    with office.bot.transaction() as session:
        managers.deactivate(session, "claire@example.com")

    assert (before, desk.get("/panel/").status_code) == (200, 303)
    assert office.browser().sign_in("claire@example.com").status_code == 422


def test_a_session_ends_with_the_day(office: Office) -> None:
    desk = office.desk()

    office.later(hours=11, minutes=59)
    still_in = desk.get("/panel/").status_code
    office.later(minutes=1)

    assert (still_in, desk.get("/panel/").status_code) == (200, 303)


def test_a_new_password_ends_the_other_sessions(office: Office) -> None:
    here, elsewhere = office.desk(), office.desk()
    new = "another tea pot"

    changed = here.follow("/panel/me", {"password": PASSWORD, "new": new})

    assert "Your new password holds." in changed.text
    assert (here.get("/panel/").status_code, elsewhere.get("/panel/").status_code) == (200, 303)
    assert office.browser().sign_in("claire@example.com", new).status_code == 303
    assert office.browser().sign_in("claire@example.com", PASSWORD).status_code == 422


@pytest.mark.parametrize(("password", "new"), [(PASSWORD, "short"), ("wrong", "long enough to be good")])
def test_a_password_is_only_changed_for_a_good_one_by_its_owner(office: Office, password: str, new: str) -> None:
    answer = office.desk().post("/panel/me", {"password": password, "new": new})

    assert answer.status_code == 422
    assert office.browser().sign_in("claire@example.com", PASSWORD).status_code == 303


def test_a_manager_is_added_once_and_with_a_real_password(office: Office) -> None:
    def hire(email: str, password: str = PASSWORD) -> object:
        with office.bot.transaction() as session:
            return managers.add(session, office.bot.new_id(), email, "", password, "fr", office.now)

    assert hire("CLAIRE@example.com") is Unfit.EMAIL_TAKEN
    assert hire("claire") is Unfit.EMAIL_ODD
    assert hire("new@example.com", "short") is Unfit.TOO_SHORT


def types(office: Office, *words: str) -> Result:
    url = office.bot.settings.database_url.get_secret_value()
    return CliRunner().invoke(cli, words, env={"DATABASE_URL": url, "SECRET_KEY": SECRET, "PIGEON_LOFT": ""})


@pytest.mark.parametrize(
    ("email", "password", "told"),
    [
        ("claire@example.com", PASSWORD, "a manager has this address already"),
        ("claire", PASSWORD, "this is no e-mail address"),
        ("new@example.com", "short", "at least 10 characters"),
        ("new@example.com", "x" * 1001, "at most 1000 characters"),
    ],
)
def test_who_is_not_added_is_told_why_in_words(office: Office, email: str, password: str, told: str) -> None:
    answer = types(office, "add-manager", email, "--password", password)

    assert (answer.exit_code, told in answer.output, "_" in answer.output) == (1, True, False)


def test_a_forgotten_password_is_set_anew_and_ends_every_session(office: Office) -> None:
    desk, new = office.desk(), "another tea pot"

    refused = [types(office, "set-password", "claire@example.com", "--password", "short")]
    refused += [types(office, "set-password", "nobody@example.com", "--password", new)]
    still_in = desk.get("/panel/").status_code
    done = types(office, "set-password", "Claire@example.com", "--password", new)

    assert ([one.exit_code for one in refused], still_in, done.exit_code) == ([1, 1], 200, 0)
    assert "at least 10 characters" in refused[0].output
    assert "no manager signs in with nobody@example.com" in refused[1].output
    assert desk.get("/panel/").status_code == 303
    assert office.browser().sign_in("claire@example.com", new).status_code == 303


def test_without_a_terminal_the_password_has_to_be_given() -> None:
    command = [sys.executable, "-m", "bot", "add-manager", "new@example.com"]

    told = subprocess.run(command, stdin=subprocess.DEVNULL, start_new_session=True, capture_output=True, text=True)

    assert told.returncode == 2
    assert "There is no terminal on which to ask: give the password with --password." in told.stderr
    assert "Warning" not in told.stderr


def test_two_processes_count_the_same_tries(office: Office) -> None:
    with office.bot.transaction() as session:
        first = [managers.knock(session, "claire@example.com", "10.0.0.1", office.now) for _ in range(5)]
    with office.bot.transaction() as session:
        sixth = managers.knock(session, "CLAIRE@example.com ", "10.0.0.2", office.now)

    assert first == [timedelta(0)] * 5
    assert sixth == timedelta(seconds=30)


def test_tries_at_the_same_moment_are_counted_one_by_one(office: Office) -> None:
    together = Barrier(10)

    def knock(number: int) -> timedelta:
        together.wait(20)
        with office.bot.transaction() as session:
            return managers.knock(session, "claire@example.com", f"10.0.0.{number}", office.now)

    with ThreadPoolExecutor(10) as threads:
        waits = list(threads.map(knock, range(10)))

    assert sorted(int(wait.total_seconds()) for wait in waits) == [0] * 5 + [30] * 5

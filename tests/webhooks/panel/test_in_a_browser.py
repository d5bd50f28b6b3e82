"""The queue and the conditions of an offer in a real browser: by keyboard, and without JavaScript."""

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect
from werkzeug.serving import WSGIRequestHandler, make_server

from bot import noting
from bot.changes import Change
from bot.noting import Said
from bot.outbox import Outgoing
from optin.house_rules import HouseRules
from tests.webhooks.panel import office as managers_office
from tests.webhooks.panel.office import PASSWORD, Office
from tests.webhooks.panel.test_people import profile_of
from tests.webhooks.panel.test_proposals import DEAR
from tests.webhooks.panel.test_why import put_off, willing


class Quiet(WSGIRequestHandler):
    def log(self, *_: object) -> None:
        """Tests print nothing."""


@pytest.fixture
def office(sqlite_url: str) -> Iterator[Office]:
    with managers_office.office(sqlite_url) as office:
        yield office


@pytest.fixture
def address(office: Office) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, office.app, threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def sign_in(page: Page, address: str) -> Page:
    page.goto(f"{address}/panel/?lang=en")
    page.get_by_label("E-mail address").fill("claire@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Drafts")
    return page


@pytest.fixture
def desk(new_page: Callable[..., Page], address: str) -> Page:
    return sign_in(new_page(), address)


def texts(office: Office) -> list[tuple[str, str, str]]:
    return [(row.handle, row.state, row.text) for row in office.all(Outgoing)]


def look_now(page: Page) -> None:
    """The page looks for new drafts, as it does every few seconds by itself."""
    page.evaluate("look()")


def test_a_manager_works_through_the_queue_by_keyboard_alone(office: Office, desk: Page) -> None:
    for name in ("lea", "max", "zoe"):
        office.draft(f"Bonjour {name}", handle=name)
    desk.reload()

    for key in ("j", "j", "e"):
        desk.keyboard.press(key)
    desk.keyboard.press("ControlOrMeta+a")
    desk.keyboard.type("Hello jkare?")
    desk.keyboard.press("Escape")
    desk.keyboard.press("a")
    expect(desk.get_by_text("Approved: it goes out in a few seconds.")).to_be_visible()
    for key in ("j", "r"):
        desk.keyboard.press(key)
    desk.keyboard.type("no")
    desk.keyboard.press("Enter")
    expect(desk.get_by_text("Rejected: the fan gets no answer to this.")).to_be_visible()

    assert texts(office) == [
        ("lea", "refused", "Bonjour lea"), ("max", "waiting", "Hello jkare?"), ("zoe", "draft", "Bonjour zoe"),
    ]  # fmt: skip


def test_single_keys_can_be_turned_off_for_good(office: Office, desk: Page) -> None:
    office.draft("Bonjour")
    desk.reload()

    desk.keyboard.press("?")
    desk.get_by_label("Single keys work on this page").uncheck()
    desk.reload()
    desk.keyboard.press("a")
    desk.keyboard.press("e")

    assert desk.evaluate("document.activeElement.tagName") == "BODY"
    assert texts(office)[0][1] == "draft"


def test_a_new_draft_appears_by_itself_and_leaves_what_is_typed_alone(office: Office, desk: Page) -> None:
    office.draft("Bonjour lea", handle="lea")
    desk.reload()
    desk.get_by_role("textbox").fill("Half a sent")

    office.draft("Bonjour max", handle="max")
    look_now(desk)

    expect(desk.get_by_role("textbox")).to_have_count(2)
    expect(desk.get_by_role("textbox").first).to_have_value("Half a sent")
    expect(desk.locator("[data-count]")).to_have_text("2")
    expect(desk.locator("#news")).to_have_text("A new draft has come.")
    desk.get_by_role("button", name="Approve and send").last.click()
    expect(desk.get_by_text("Approved: it goes out in a few seconds.")).to_be_visible()


def test_a_draft_that_somebody_decided_goes_away_unless_something_was_typed(office: Office, desk: Page) -> None:
    kept, gone = office.draft("Bonjour lea", handle="lea"), office.draft("Bonjour max", handle="max")
    desk.reload()
    desk.get_by_role("textbox").first.fill("Half a sent")

    colleague = office.desk(office.noor)
    for draft in (kept, gone):
        colleague.post(f"/panel/drafts/{draft}/reject")
    look_now(desk)

    expect(desk.get_by_role("textbox")).to_have_count(1)
    expect(desk.get_by_role("textbox")).to_have_value("Half a sent")
    expect(desk.get_by_role("alert")).to_contain_text("Somebody has decided this draft in the meantime.")
    expect(desk.get_by_role("button", name="Approve and send")).to_be_disabled()


def test_the_last_draft_leaves_the_empty_page_behind_and_the_next_one_fills_it(office: Office, desk: Page) -> None:
    draft = office.draft("Bonjour")
    desk.reload()

    office.desk(office.noor).post(f"/panel/drafts/{draft}/reject")
    look_now(desk)
    expect(desk.get_by_text("No draft waits for you.")).to_be_visible()
    office.draft("Bonjour max", handle="max")
    look_now(desk)

    expect(desk.get_by_text("No draft waits for you.")).to_have_count(0)
    expect(desk.get_by_role("textbox")).to_have_count(1)


def test_an_offer_is_proposed_and_taken_back_by_keyboard_alone(office: Office, desk: Page, address: str) -> None:
    fan_id = willing(office)
    office.offer(name="Promo", worth=DEAR)
    desk.goto(f"{address}/panel/fans/{fan_id}")

    desk.get_by_label("Which one?").focus()
    for key in ("Tab", "Enter"):
        desk.keyboard.press(key)
    expect(desk.get_by_text("It may go now, here: Pigeon.")).to_be_visible()
    walk_to(desk, "Propose it now")
    desk.keyboard.press("Enter")
    expect(desk.get_by_text("Proposed: it goes out in a few seconds.")).to_be_visible()
    walk_to(desk, "Undo")
    desk.keyboard.press("Enter")
    expect(desk.get_by_text("Taken back.")).to_be_visible()

    assert [(row.state, row.reason) for row in office.all(Outgoing)] == [("refused", "by_manager")]


def walk_to(page: Page, name: str) -> None:
    """Press Tab until the focus, which must be seen, is on what is called so."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.innerText") == name:
            return
    raise AssertionError(name)


def test_what_a_fan_said_is_noted_by_keyboard_alone(office: Office, desk: Page, address: str) -> None:
    fan_id = willing(office)
    desk.goto(f"{address}/panel/fans/{fan_id}")

    desk.get_by_label("He wants no more offers.").focus()
    desk.keyboard.press("ArrowDown")
    desk.get_by_label("How do you know?").focus()
    desk.keyboard.type("au comptoir")
    desk.keyboard.press("Enter")
    expect(desk.get_by_text("Noted, for all channels.")).to_be_visible()

    assert [row.after for row in office.all(Change)] == [{"said": "stop", "because": "au comptoir"}]


def test_the_enter_key_in_the_house_rules_only_tries_them(office: Office, desk: Page, address: str) -> None:
    desk.goto(f"{address}/panel/rules")

    desk.get_by_label("Hours between two messages").fill("6")
    desk.keyboard.press("Enter")
    expect(desk.get_by_text("Nothing is saved yet.")).to_be_visible()

    assert office.count(HouseRules) == 0
    expect(desk.get_by_label("Hours between two messages")).to_have_value("6")


def test_everything_works_without_javascript(office: Office, new_page: Callable[..., Page], address: str) -> None:
    office.draft("Bonjour lea", handle="lea")
    page = sign_in(new_page(java_script_enabled=False), address)

    page.get_by_role("textbox").fill("Hello Léa")
    page.get_by_role("button", name="Approve and send").click()
    page.get_by_role("button", name="Undo").click()
    page.get_by_text("Reject…").click()
    page.get_by_role("button", name="Reject: say nothing").click()

    expect(page.get_by_text("Rejected: the fan gets no answer to this.")).to_be_visible()
    assert texts(office) == [("lea", "refused", "Hello Léa")]


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_no_page_is_wider_than_the_screen(
    office: Office, new_page: Callable[..., Page], address: str, width: int
) -> None:
    endless = "x" * 300
    draft = office.draft(endless, endless, handle=endless[:200], name=endless)
    office.draft(endless, state="uncertain", handle="max", reason=endless)
    offer = office.offer(slug="endless", name=endless[:120], value=endless[:40], keywords=[endless[:60]])
    put_off_, lea = put_off(office)[1], profile_of(office, "lea").fan_id
    with office.bot.transaction() as session:
        noting.link(session, lea, office.message(draft).fan_id, endless, office.claire, office.now)
        noting.note(session, lea, Said.PAUSE, office.now + timedelta(days=9), endless, office.claire, office.now)
    page = sign_in(new_page(viewport={"width": width, "height": 800}), address)
    fan = f"fans/{office.message(draft).fan_id}"

    wide = []
    offers = ("offers", f"offers/{offer.id}", f"fans/{lea}/propose?offer={offer.id}")
    whys = ("put-off", f"messages/{put_off_}", f"messages/{draft}", "rules", f"{fan}/link?q=max")
    for path in ("", fan, "fans", "leads", "refusals", "attention", "journal", "me", *offers, *whys):
        page.goto(f"{address}/panel/{path}")
        if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
            wide.append(path)

    assert wide == []


def test_the_browser_finds_nothing_to_complain_about(
    office: Office, new_page: Callable[..., Page], address: str
) -> None:
    office.draft("Bonjour")
    page, complaints = new_page(), []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))

    sign_in(page, address)
    look_now(page)
    for path in ("fans", "offers/new", "attention", "put-off", "rules"):
        page.goto(f"{address}/panel/{path}")

    assert complaints == []


def test_conditions_are_made_by_keyboard_alone(office: Office, desk: Page, address: str) -> None:
    office.hears("Bonjour")
    desk.goto(f"{address}/panel/offers/new")
    reach = desk.get_by_role("group", name="Which fans").get_by_role("status")

    desk.get_by_label("What the new condition is about").focus()
    desk.keyboard.type("Number of comments")
    for key in ("Tab", "Enter"):
        desk.keyboard.press(key)
    expect(desk.get_by_label("Number of comments", exact=True)).to_be_focused()
    desk.keyboard.press("Tab")
    desk.keyboard.type("2")
    expect(reach).to_contain_text("0 people meet this")
    desk.keyboard.press("Backspace")
    desk.keyboard.type("1")
    expect(reach).to_contain_text("1 person meets this")
    for key in ("Tab", "Enter"):
        desk.keyboard.press(key)

    expect(desk.get_by_label("Number of comments", exact=True)).to_have_count(0)
    expect(desk.get_by_label("The fan must meet")).to_be_focused()


def test_conditions_need_no_javascript(office: Office, new_page: Callable[..., Page], address: str) -> None:
    page = sign_in(new_page(java_script_enabled=False), address)
    page.goto(f"{address}/panel/offers/new")
    page.get_by_label("Name, for the team").fill("Half typed")

    page.get_by_label("What the new condition is about").select_option("Last heard from")
    page.get_by_role("button", name="Add a condition").click()
    page.get_by_label("Last heard from: how many days").fill("soon")
    page.get_by_role("button", name="Count again").click()

    expect(page.get_by_text("Please write a whole number from 0 to 36500.")).to_be_visible()
    expect(page.get_by_label("Last heard from: how many days")).to_have_value("soon")
    expect(page.get_by_label("Name, for the team")).to_have_value("Half typed")

"""Conditions in an offer's form: rows added and removed by buttons, counted before they are saved, never lost."""

import re
from html import unescape
from typing import Any

import pytest
from hypothesis import given, settings
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from bot.changes import Change
from offers import condition_rows
from offers.catalog import Offer
from offers.conditions import All, Condition, Money, Not, Operator, Tree, Yes
from offers.conditions import Any as OneOf
from optin import consents
from optin.fans import Profile
from tests.offers.trees import TREES
from tests.webhooks.panel.office import Office
from tests.webhooks.panel.test_offers import FULL, faults, seen, the_offer
from webhooks.panel import condition_form
from webhooks.panel.condition_form import Group, Row

CONTROL = re.compile(r'<input type="(?:hidden|text)"[^>]*? name="(conditions[\w.]+)" value="([^"]*)"')
TICKED = re.compile(r'<input type="checkbox" name="(conditions[\w.]+)" value="([^"]*)" checked')
CHOICE = re.compile(r'<select name="(conditions[\w.]+)".*?</select>', re.DOTALL)
CHOSEN = re.compile(r'value="([^"]*)" selected')
REACH = re.compile(r'id="reach" role="status">(.*?)</div>', re.DOTALL)


def typed(page: TestResponse) -> MultiDict[str, str]:
    """The conditions of a page as its browser would send them."""
    form: MultiDict[str, str] = MultiDict()
    for name, value in CONTROL.findall(page.text) + TICKED.findall(page.text):
        form.add(name, unescape(value))
    for select in CHOICE.finditer(page.text):
        chosen = CHOSEN.search(select[0]) or re.search(r'value="([^"]*)"', select[0])
        if chosen:
            form.add(select[1], unescape(chosen[1]))
    return form


def reach(page: TestResponse) -> str:
    told = REACH.search(page.text)
    assert told is not None
    return " ".join(re.sub(r"<[^>]+>", " ", told[1]).split())


def press(office: Office, form: MultiDict[str, str], button: str, **more: str) -> TestResponse:
    sent = form.copy()
    for name, value in {**more, "change": button}.items():
        sent[name] = value
    return send(office, sent)


def send(office: Office, form: MultiDict[str, str], path: str = "/panel/offers/new") -> TestResponse:
    return office.desk().post(path, form.to_dict(flat=False))


def together(*forms: Any) -> MultiDict[str, str]:
    return MultiDict([pair for form in forms for pair in MultiDict(form).items(multi=True)])


def row(field: str, operator: str, *values: str, at: str = "0") -> list[tuple[str, str]]:
    name = f"conditions.{at}"
    return [(f"{name}.field", field), (f"{name}.operator", operator), *((f"{name}.value", value) for value in values)]


def conditions(*rows: list[tuple[str, str]], match: str = "all") -> MultiDict[str, str]:
    return MultiDict([("conditions.match", match), *(pair for one in rows for pair in one)])


@settings(max_examples=300, deadline=None)
@given(TREES)
def test_whatever_an_offer_keeps_the_form_shows_and_writes_down_as_it_was(tree: Tree) -> None:
    kept = condition_rows.as_json(tree)

    once, _ = condition_form.document(condition_form.of(kept))
    again, _ = condition_form.document(condition_form.of(once))

    assert again == once
    assert condition_rows.from_json(once) in (tree, All((tree,))) or has_a_not_of_one(tree)


def has_a_not_of_one(tree: Tree) -> bool:
    """ "None of" a single row is written down as the row's `not`, without a group."""
    match tree:
        case Not(OneOf((_,))):
            return True
        case Not(of):
            return has_a_not_of_one(of)
        case All(of) | OneOf(of):
            return any(map(has_a_not_of_one, of))
        case _:
            return False


def test_a_group_is_built_by_buttons_alone_and_counted_before_it_is_saved(office: Office) -> None:
    office.hears("Bonjour")
    form = together(FULL, {"conditions.match": "all", "conditions.add": "language"})

    page = press(office, form, "row:")
    form = together(FULL, typed(page))
    form.add("conditions.0.value", "fr")
    page = press(office, form, "group:")
    form = together(FULL, typed(page))
    page = press(office, form, "row:1", **{"conditions.1.add": "comments"})
    form = together(FULL, typed(page))
    form["conditions.1.0.value"] = "1"
    form["conditions.1.match"] = "none"
    page = press(office, form, "count")

    assert reach(page).startswith("0 people meet this")
    assert office.count(Offer) == office.count(Change) == 0
    form["conditions.1.match"] = "any"
    assert reach(press(office, form, "count")).startswith("1 person meets this")
    send(office, form)
    assert condition_rows.from_json(the_offer(office).conditions) == All((
        Condition("language", Operator.ANY_OF, ("fr",)), OneOf((Condition("comments", Operator.AT_LEAST, 1),)),
    ))  # fmt: skip


def test_a_row_is_taken_away_and_the_others_stay(office: Office) -> None:
    three = conditions(
        row("comments", "at_least", "1", at="0"), row("messages", "at_most", "2", at="1"),
        row("last_heard", "within", "30", at="2"),
    )  # fmt: skip

    page = press(office, three, "remove:1")

    assert condition_form.sent(typed(page)) == Group(
        "all", (Row("comments", "at_least", ("1",)), Row("last_heard", "within", ("30",)))
    )


def test_those_who_may_be_written_to_are_counted_apart(office: Office) -> None:
    willing = office.hears("Bonjour", handle="lea")
    office.hears("Salut", handle="max")
    line: dict[str, Any] = dict.fromkeys(("wording", "wording_hash", "how", "evidence"), "")
    with office.bot.transaction() as session:
        fan_id = next(one.fan_id for one in office.all(Profile) if one.handle == willing.author)
        line |= {"fan_id": fan_id, "channel": "pigeon", "purpose": "offers", "act": "granted"}
        consents.record(session, line | {"given_at": office.now, "recorded_at": office.now})

    page = office.desk().get("/panel/offers/new")

    assert reach(page).startswith("2 people meet this , 1 of them said yes to our offers.")


WRONG = [
    (row("comments", "at_least", "many"), "Please write a whole number from 0 to 1000000."),
    (row("propensity", "at_least", "101"), "Please write a whole number from 0 to 100."),
    (row("last_heard", "within", "-3"), "Please write a whole number from 0 to 36500."),
    (row("language", "any_of"), "Please choose at least one, and at most 100."),
    (row("claimed_offer", "none_of"), "Please choose at least one offer."),
    (row("claimed_offer", "none_of", "promo"), "Please choose at least one offer."),
    (row("consent", "granted", "email"), "Please choose a value."),
    (row("is_lead", "is", "perhaps"), "Please choose a value."),
    (row("spent", "at_least", "lots", "EUR"), "Please write an amount, like 50 or 49.90."),
    (row("spent", "at_least", "50.5", "JPY"), "Please write an amount, like 50 or 49.90."),
    (row("shoe_size", "at_least", "40"), "There is no such condition: shoe_size."),
    (row("comments", "within", "40"), "This comparison doesn’t fit here."),
]


@pytest.mark.parametrize(("slip", "told"), WRONG)
def test_each_slip_is_told_beside_its_row_and_nothing_typed_is_lost(
    office: Office, slip: list[tuple[str, str]], told: str
) -> None:
    fine = row("messages", "at_most", "7", at="0.0")
    wrong = [(name.replace("conditions.0", "conditions.0.1"), value) for name, value in slip]
    form = MultiDict([*FULL.items(), ("conditions.match", "any"), ("conditions.0.match", "none"), *fine, *wrong])

    page = send(office, form)

    assert (page.status_code, faults(page)) == (422, {"conditions.0.1": told})
    assert office.count(Offer) == 0
    kept = typed(page)
    assert (kept["conditions.0.match"], kept["conditions.0.0.value"]) == ("none", "7")
    assert [unescape(value) for name, value in wrong if name.endswith("field")] == [kept["conditions.0.1.field"]]
    assert not re.search(r"\d+ people meet", page.text)


def test_a_form_without_conditions_leaves_them_as_they_stand(office: Office) -> None:
    tree = Condition("consent", Operator.GRANTED, Yes("email", "offers"))
    offer = office.offer(conditions=condition_rows.as_json(tree))

    office.desk().post(f"/panel/offers/{offer.id}", {**FULL, "seen": seen(offer)})

    assert condition_rows.from_json(the_offer(office).conditions) == tree


def test_saving_conditions_as_they_are_shown_changes_nothing(office: Office) -> None:
    rows = (
        Condition("language", Operator.ANY_OF, ("en", "it")), Condition("source_post", Operator.NONE_OF, ("p1", "p2")),
        Not(Condition("last_heard", Operator.NEVER)), Condition("is_lead", Operator.IS, False),
        OneOf((Condition("consent", Operator.NOT_GRANTED, Yes("email", "newsletter")), Not(All()))),
        Condition("spent", Operator.AT_LEAST, Money(4990, "EUR")),
        Condition("spent", Operator.AT_MOST, Money(5, "JPY")),
        Condition("holds_offer", Operator.ANY_OF, (str(office.bot.new_id()),)),
    )  # fmt: skip
    offer = office.offer(conditions=condition_rows.as_json(All(rows)))

    page = office.desk().get(f"/panel/offers/{offer.id}")
    form = together(FULL, typed(page), {"seen": seen(offer)})
    done = send(office, form, f"/panel/offers/{offer.id}")

    assert faults(done) == {}
    assert condition_rows.from_json(the_offer(office).conditions) == All(rows)
    (change,) = office.all(Change)
    assert "conditions" not in change.after


@pytest.mark.parametrize("button", ["row:9", "row:0.0", "remove:", "remove:x", "burn:0", "row:" + "0." * 90 + "0", ""])
def test_a_button_that_is_not_on_the_page_changes_nothing(office: Office, button: str) -> None:
    form = conditions(row("comments", "at_least", "1"))

    page = press(office, form, button)

    assert page.status_code == 200
    assert condition_form.sent(typed(page)) == condition_form.sent(form)

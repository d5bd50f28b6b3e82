"""The house rules: read with what they do, tried before they hold, kept with who chose them."""

import re
from datetime import timedelta
from typing import Any

import pytest

from bot.changes import Change
from connectors import Way
from optin import house_rules, links
from optin.links import Proof
from optin.pressure import Caps
from tests.webhooks.panel.office import Desk, Office
from tests.webhooks.panel.test_people import profile_of
from tests.webhooks.panel.test_troubles import words

PLAIN = {
    "all.day": "1", "all.week": "3", "all.month": "8", "offers.day": "", "offers.week": "", "offers.month": "",
    "newsletter.day": "", "newsletter.week": "1", "newsletter.month": "4", "weight.public": "40",
    "weight.private": "100", "weight.direct": "100", "gap": "4", "quiet_from": "21", "quiet_to": "8",
    "zone": "Europe/Paris",
}  # fmt: skip


def form(**different: str) -> dict[str, str]:
    return PLAIN | {"seen": "0"} | {name.replace("__", "."): value for name, value in different.items()}


def shown(page: str) -> dict[str, str]:
    found = dict(re.findall(r'<input[^>]* name="([^"]+)"[^>]* value="([^"]*)"', page))
    return {name: found[name] for name in PLAIN}


def holding(office: Office) -> Caps:
    with office.bot.reading() as session:
        return house_rules.current(session)[1]


def save(browser: Desk, **different: str) -> Any:
    return browser.post("/panel/rules", form(**different))


def test_the_page_shows_what_holds_today_in_a_form_and_in_words(office: Office) -> None:
    page = office.desk().get("/panel/rules").text

    assert shown(page) == PLAIN
    told = (
        "All together : 1 in one day, 3 in one week, 8 in 30 days", "Newsletter : 1 in one week, 4 in 30 days",
        "At least 4 hours between two of them.", "Nothing between 21:00 and 8:00, clock of Europe/Paris.",
        "A public reply counts as 40 %, a private reply as 100 %, a private message as 100 % of a message.",
        "Nobody has changed them yet",
    )  # fmt: skip
    assert [one for one in told if one not in words(page)] == []


def test_what_is_saved_holds_from_then_on_and_says_who_chose_it(office: Office) -> None:
    browser = office.desk(office.noor)

    landed = browser.follow("/panel/rules", form(all__day="2", offers__month="5", gap="24", quiet_from="", quiet_to=""))

    assert "Saved. These rules hold from now on" in landed.text
    assert holding(office) == Caps(
        caps={"*": {"day": 2, "week": 3, "month": 8}, "offers": {"month": 5}, "newsletter": {"week": 1, "month": 4}},
        gap=timedelta(hours=24),
        quiet=None,
    )
    assert "Number 1, 2 Nov 2026 10:00 – Noor" in words(landed.text)
    assert [(row.manager_id, row.what, row.before, row.after) for row in office.all(Change)] == [
        (
            office.noor.id, "rules_changed", {"*.day": 1, "gap": 4, "quiet": "21-8"},
            {"*.day": 2, "offers.month": 5, "gap": 24, "quiet": ""},
        )
    ]  # fmt: skip
    journal = words(browser.get("/panel/journal").text)
    assert "(All together, in one day · time between two messages · quiet hours · Offers, in 30 days)" in journal


@pytest.mark.parametrize(
    ("typed", "field", "told"),
    [
        ({"all__day": "often"}, "all.day", "Please write a whole number."),
        ({"all__day": "-1"}, "all.day", "Please write a whole number."),
        ({"all__day": "1.5"}, "all.day", "Please write a whole number."),
        ({"all__day": "٣"}, "all.day", "Please write a whole number."),
        ({"all__month": "1001"}, "all.month", "Too large: at most 1000."),
        ({"all__day": "4"}, "all.day", "This is more than the next longer stretch of time allows."),
        ({"newsletter__week": "5"}, "newsletter.week", "This is more than the next longer stretch of time allows."),
        ({"weight__public": ""}, "weight.public", "Please write a whole number."),
        ({"gap": ""}, "gap", "Please write a whole number."),
        ({"gap": "721"}, "gap", "Too large: at most 720."),
        ({"quiet_from": ""}, "quiet_from", "Please write both hours, or none."),
        ({"quiet_to": "25"}, "quiet_to", "Too large: at most 24."),
        ({"zone": "Europe/Lutèce"}, "zone", "We know no such time zone."),
        ({"zone": "../../etc/passwd"}, "zone", "We know no such time zone."),
        ({"zone": ""}, "zone", "We know no such time zone."),
    ],
)
def test_what_can_t_be_read_is_said_at_its_field_and_nothing_typed_is_lost(
    office: Office, typed: dict[str, str], field: str, told: str
) -> None:
    answer = save(office.desk(), weight__direct="90", **typed)

    fault = re.search(rf'<ul class="faults" id="fault-{re.escape(field)}">(.*?)</ul>', answer.text, re.DOTALL)
    assert answer.status_code == 422
    assert fault is not None
    assert told in words(fault[1])
    assert {"seen": "0", **shown(answer.text)} == form(weight__direct="90", **typed)
    assert (office.count(house_rules.HouseRules), office.count(Change)) == (0, 0)


def test_a_cap_of_none_at_all_can_be_chosen(office: Office) -> None:
    save(office.desk(), newsletter__week="0", newsletter__month="0")

    assert holding(office).caps["newsletter"] == {"week": 0, "month": 0}


def test_of_two_managers_the_second_is_told_and_keeps_what_he_typed(office: Office) -> None:
    claire, noor = office.desk(), office.desk(office.noor)

    save(claire, gap="6")
    late = save(noor, gap="8")
    then = holding(office).gap
    replaced = save(noor, gap="8", seen="1")

    assert (late.status_code, then) == (409, timedelta(hours=6))
    assert "Somebody else changed the rules in the meantime." in late.text
    assert shown(late.text)["gap"] == "8"
    assert (replaced.status_code, holding(office).gap) == (303, timedelta(hours=8))


def test_rules_for_what_the_form_does_not_show_stay(office: Office) -> None:
    with office.bot.transaction() as session:
        house_rules.change(session, Caps(caps={"crm:contact": {"week": 1}}), "manager:noor", office.now)

    save(office.desk(), seen="1")

    assert holding(office).caps["crm:contact"] == {"week": 1}


def sent(office: Office, handle: str, *hours_ago: float) -> None:
    """Offers that went to this fan, so long ago."""
    office.hears("Bonjour", handle, handle.title())
    for ago in hours_ago:
        at = office.now - timedelta(hours=ago)
        office.draft("Vos 20 %", handle=handle, state="sent", solicits="offers", weight=100, way=Way.DIRECT, sent_at=at)


def test_rules_can_be_tried_on_what_went_out_lately_and_nothing_is_saved(office: Office) -> None:
    sent(office, "lea", 1, 3, 24 * 3)  # 9, 7 and 9 o'clock in Paris
    sent(office, "max", 5, 24 * 31)
    browser = office.desk()

    def tried(**rules: str) -> str:
        page = words(save(browser, look="1", **rules).text)
        return page.partition("In the last 30 days, ")[2].partition(" messages would have waited")[0]

    assert tried(quiet_from="", quiet_to="", gap="0", all__day="3") == "0 of 4"
    assert tried(quiet_from="", quiet_to="", gap="3", all__day="3") == "1 of 4"
    assert tried(gap="0", all__day="3") == "2 of 4"
    assert tried(all__day="0", all__week="0", all__month="0") == "4 of 4"
    assert (office.count(house_rules.HouseRules), office.count(Change)) == (0, 0)


def test_there_is_nothing_to_try_them_on_where_nothing_went_out(office: Office) -> None:
    assert "there is nothing to try these rules on" in save(office.desk(), look="1").text


def test_who_is_one_person_is_counted_as_one_when_rules_are_tried(office: Office) -> None:
    sent(office, "lea", 5)
    sent(office, "lea-too", 6)
    with office.bot.transaction() as session:
        one, other = (profile_of(office, handle).fan_id for handle in ("lea", "lea-too"))
        links.link(session, one, other, Proof.MANAGER, "c1", office.now)

    page = words(save(office.desk(), look="1", quiet_from="", quiet_to="").text)

    assert "In the last 30 days, 1 of 2 messages would have waited" in page

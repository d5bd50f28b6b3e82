"""The page of choices on a small phone, without JavaScript, by keyboard alone."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Page

from bot import pages
from optin import consents, people
from optin.preferences import Preferences
from optin.tokens import Page as Leaf
from tests.cast import Stage
from tests.webhooks.test_claim_in_browser import address, press_enter, stage, width

__all__ = ["address", "stage"]

SAID = {
    "fr": ("Au plus une fois par semaine, entre 18 h et 20 h.", "Nous ne vous envoyons aucune offre."),
    "en": ("At most once a week, between 18:00 and 20:00.", "We send you no offers."),
}


@pytest.mark.parametrize("language", ["fr", "en"])
def test_a_fan_chooses_and_stops_by_keyboard(
    stage: Stage, address: str, new_page: Callable[..., Page], language: str
) -> None:
    page = new_page(viewport={"width": 320, "height": 640}, java_script_enabled=False)
    complaints: list[str] = []
    page.on("console", lambda line: complaints.append(line.text) if "Content Security" in line.text else None)
    fan = stage.fan(language=language)

    page.goto(f"{address}{pages.path(stage.bot, Leaf.CHOICES, fan)}")
    fits = [width(page)]
    press_until(page, "#allow-1", "Space")
    press_until(page, "#every-any", "ArrowDown", "ArrowDown")
    press_until(page, "#hours-any", *["ArrowDown"] * 5)
    press_until(page, "#begin", "1", "8")
    press_until(page, "#end", "2", "0")
    tab_to(page, "main > form:last-of-type > button")
    press_enter(page)
    fits.append(width(page))
    saved = page.inner_text("[role=status]")
    stage.clock.now += timedelta(minutes=1)
    tab_to(page, "button[value='*:*']")
    press_enter(page)
    fits.append(width(page))

    with stage.bot.reading() as session:
        person, lines = people.one(session, fan), consents.of(session, [fan])
    assert [saved, page.inner_text("[role=status]")] == list(SAID[language])
    assert person.preferences == Preferences(every=timedelta(days=7), hours=(18, 20))
    assert [(line.channel, line.act) for line in lines] == [("facebook", "granted"), ("*", "withdrawn")]
    assert (fits, complaints) == ([320, 320, 320], [])


def press_until(page: Page, where: str, *keys: str) -> None:
    tab_to(page, where)
    for key in keys:
        page.keyboard.press(key)


def tab_to(page: Page, where: str) -> None:
    """By the Tab key, as who has no mouse."""
    for _ in range(60):
        if page.locator(where).evaluate("field => field === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{where} can't be reached")

"""A newcomer's first hour: play the fan on each platform, approve in the panel, claim, and find the lead."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.whole.conftest import PHONE, NewPage, Service


@pytest.mark.timeout(300)
def test_a_comment_on_facebook_becomes_a_lead(fan: Page, manager: Page, new_page: NewPage, service: Service) -> None:
    says(fan, "facebook-public", "PROMO")
    approve(manager)
    private = answer(fan, "facebook-private", "Bonjour Léa")
    expect(answer(fan, "facebook-public", "regardez vos messages")).to_be_visible()

    phone = new_page(**PHONE)
    phone.goto(str(private.get_by_role("link").get_attribute("href")))
    phone.get_by_label("Votre adresse e-mail").fill("lea@example.org")
    phone.get_by_role("checkbox").first.check()
    phone.get_by_role("button", name="Recevoir mon code").click()

    expect(phone.get_by_role("heading", name="Voici votre code")).to_be_visible()
    expect(answer(fan, "email-private", "Voici le code que vous avez demandé")).to_be_visible()
    confirms_by_mail(fan, phone)
    the_lead_stands(manager, service, "lea@example.org", "facebook")


@pytest.mark.timeout(300)
def test_a_chat_on_telegram_becomes_a_lead(fan: Page, manager: Page, new_page: NewPage, service: Service) -> None:
    fan.locator("#telegram-private").get_by_role("button", name="Démarrer").click()
    answer(fan, "telegram-private", "Bonjour ! Je suis l’assistant automatique")
    says(fan, "telegram-private", "PROMO")
    approve(manager)
    answer(fan, "telegram-private", "Bonjour Léa")

    says(fan, "telegram-private", "lea@example.org")
    given = answer(fan, "telegram-private", "Votre code : ZEPHYR-")
    given.get_by_role("button", name="Oui").click()

    expect(answer(fan, "telegram-private", "C’est noté, merci")).to_be_visible()
    confirms_by_mail(fan, new_page(**PHONE))
    the_lead_stands(manager, service, "lea@example.org", "telegram")


@pytest.mark.timeout(300)
def test_a_mention_on_x_becomes_a_lead(fan: Page, manager: Page, new_page: NewPage, service: Service) -> None:
    says(fan, "x-public", "PROMO")
    approve(manager)
    public = answer(fan, "x-public", "en message privé")
    expect(public.get_by_role("link")).to_have_count(0)
    says(fan, "x-private", "PROMO")
    approve(manager)
    answer(fan, "x-private", "Bonjour Léa")

    says(fan, "x-private", "lea@example.org")
    answer(fan, "x-private", "Votre code : ZEPHYR-")
    says(fan, "x-private", "oui")

    expect(answer(fan, "x-private", "C’est noté, merci")).to_be_visible()
    confirms_by_mail(fan, new_page(**PHONE))
    the_lead_stands(manager, service, "lea@example.org", "x")


def says(fan: Page, room: str, text: str) -> None:
    fan.locator(f"#{room}-text").fill(text)
    fan.keyboard.press("Enter")
    fan.locator(f"#{room} .entry.ours").filter(has_text=text).last.wait_for()


def answer(fan: Page, room: str, words: str) -> Any:
    """The brand's answer with these words, once it has come."""
    said = fan.locator(f"#{room} .entry.theirs").filter(has_text=words).last
    said.wait_for()
    return said


def approve(manager: Page) -> None:
    """The one draft that waits, as soon as it is there."""
    button = manager.get_by_role("button", name="Valider et envoyer")
    button.first.wait_for()
    button.first.click()
    expect(button).to_have_count(0)


def confirms_by_mail(fan: Page, phone: Page) -> None:
    """The second half of the double opt-in, from the fan's own mailbox."""
    letter = answer(fan, "email-private", "Un clic pour confirmer")
    phone.goto(str(letter.locator("p.said").get_by_role("link").get_attribute("href")))
    phone.get_by_role("button", name="Oui, c’est bien moi").click()
    expect(phone.get_by_role("heading", name="Merci, c’est confirmé")).to_be_visible()


def the_lead_stands(manager: Page, service: Service, email: str, platform: str) -> None:
    """In the panel, and in what the CRM reads."""
    manager.get_by_role("link", name="Leads").click()
    expect(manager.get_by_role("main")).to_contain_text(email)
    [lead] = service.ask("/api/v1/leads", service.command("add-key", "crm"))["data"]
    [consent] = lead["consent"]
    assert (lead["email"], lead["source"]["platform"], lead["source"]["offer"]) == (email, platform, "bienvenue")
    assert (consent["channel"], consent["granted"], consent["how"]) == ("email", True, "mail")

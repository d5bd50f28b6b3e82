"""A marketer's day: an offer for some fans, counted, read and opened, claimed, redeemed, and what it brought."""

from datetime import UTC, datetime

import pytest
from playwright.sync_api import Page, expect

from tests.whole.conftest import PHONE, NewPage, Service
from tests.whole.test_first_lead import answer, says


@pytest.mark.timeout(300)
def test_an_offer_for_some_fans_becomes_revenue_beside_the_fan_and_the_channel(
    fan: Page, manager: Page, new_page: NewPage, service: Service
) -> None:
    says(fan, "facebook-public", "Bonjour, j’adore vos thés")
    begins_an_offer(manager)
    says_which_fans(manager)
    reads_it_and_opens_it(manager)

    says(fan, "facebook-public", "CADEAU")
    link = answer(fan, "facebook-private", "Bonjour Léa").get_by_role("link").get_attribute("href")
    code = claims(new_page(**PHONE), str(link))
    redeems(manager, code)
    buys(service, code, 4_590)

    stands_beside_the_fan_and_the_channel(manager)


def begins_an_offer(manager: Page) -> None:
    manager.get_by_role("link", name="Offres", exact=True).click()
    manager.get_by_role("button", name="Nouvelle offre").click()
    manager.get_by_label("Nom, pour l’équipe").fill("Un thé offert")
    manager.get_by_label("Valeur, telle qu’elle figure").fill("un sachet de thé")
    manager.get_by_label("Mots par lesquels les fans la demandent").fill("cadeau")
    manager.get_by_label("Une personne valide chaque message").uncheck()
    for name, text in {
        "fr.title": "Un thé pour vous", "fr.pitch": "Un sachet de thé vous attend.",
        "en.title": "A tea for you", "en.pitch": "A bag of tea awaits you.",
    }.items():  # fmt: skip
        manager.locator(f"[name='{name}']").fill(text)


def says_which_fans(manager: Page) -> None:
    """As soon as a row is changed, how many people it reaches is told anew."""
    which = manager.get_by_role("group", name="Quels fans")
    reach = which.get_by_role("status")
    expect(reach).to_contain_text("1 personne concernée, dont 0 a dit oui à nos offres.")

    adds(which, "Nombre de commentaires")
    comments = which.get_by_label("Nombre de commentaires : combien")
    comments.fill("2")
    expect(reach).to_contain_text("0 personne concernée")
    comments.fill("1")
    adds(which, "Langue")
    expect(reach).to_contain_text("quand toutes les conditions seront remplies")
    which.get_by_label("Français").check()
    expect(reach).to_contain_text("1 personne concernée")
    expect(comments).to_have_value("1")


def adds(which, about: str) -> None:
    which.get_by_label("Sur quoi porte la nouvelle condition").select_option(about)
    which.get_by_role("button", name="Ajouter une condition").click()


def reads_it_and_opens_it(manager: Page) -> None:
    manager.get_by_role("button", name="Seulement regarder").click()
    expect(manager.locator("#preview")).to_contain_text("Bonjour Léa ! Un sachet de thé vous attend.")
    expect(manager.get_by_label("Nombre de commentaires : combien")).to_have_value("1")

    manager.get_by_role("button", name="Enregistrer et ouvrir aux fans").click()
    expect(manager.get_by_role("status").first).to_contain_text("Ouverte")


def claims(phone: Page, link: str) -> str:
    phone.goto(link)
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390
    phone.get_by_label("Votre adresse e-mail").fill("lea@example.org")
    phone.get_by_role("button", name="Recevoir mon code").click()
    expect(phone.get_by_role("heading", name="Voici votre code")).to_be_visible()
    return phone.locator(".code").inner_text().strip()


def redeems(manager: Page, code: str) -> None:
    manager.get_by_role("link", name="Caisse").click()
    manager.get_by_label("Code du client").fill(code)
    manager.keyboard.press("Enter")
    expect(manager.get_by_role("status").first).to_contain_text("un sachet de thé")
    manager.get_by_role("button", name="Utiliser le code").click()
    expect(manager.get_by_role("status").first).to_contain_text("C’est fait")


def buys(service: Service, code: str, cents: int) -> None:
    """The till tells what was bought with the code."""
    now = datetime.now(UTC).isoformat()
    order = {"source": "till", "order_id": "1", "code": code, "amount": cents, "currency": "EUR", "at": now}
    service.ask("/api/v1/purchases", service.command("add-key", "till"), order)


def stands_beside_the_fan_and_the_channel(manager: Page) -> None:
    manager.get_by_role("link", name="Fans", exact=True).click()
    manager.get_by_role("listitem").filter(has_text="Facebook").get_by_role("link", name="Léa").first.click()
    brought = manager.get_by_role("region", name="Ce qu’il a rapporté")
    expect(brought).to_contain_text("45,90\xa0€")
    expect(brought).to_contain_text("Un thé offert")

    manager.get_by_role("link", name="Valeur", exact=True).click()
    facebook = manager.get_by_role("region", name="Plateforme").last.get_by_role("row", name="Facebook")
    expect(facebook).to_contain_text("45,90\xa0€")
    expect(facebook).to_contain_text("100\xa0%")
    expect(manager.get_by_role("row", name="Un thé offert")).to_contain_text("45,90\xa0€")

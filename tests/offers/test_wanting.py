"""Who asks whether there is an offer for him is understood; who speaks of something else is not."""

import pytest

from bot.meaning import is_plain
from offers.wanting import anything

ASKED = [
    "Vous avez quelque chose pour moi ?",
    "Bonjour, auriez-vous une promo en ce moment ?",
    "Y a-t-il des réductions aujourd’hui ?",
    "y a pas un code promo ?",
    "Tu as un bon plan pour moi",
    "Quelles offres pour nous ?",
    "Vous n’auriez pas quelque chose à m’offrir ?",
    "Do you have anything for me?",
    "Hi! Got any deals?",
    "Are there any discounts right now?",
    "Is there a promo code?",
    "Anything for us today?",
]
NOT_ASKED = [
    "",
    "Vous avez quelque chose en bleu ?",
    "Do you have something in size 40?",
    "Vous avez des offres d’emploi ?",
    "Quel est le code postal de la boutique ?",
    "Je ne veux pas d’offres pour moi",
    "Plus d’offres pour moi, merci",
    "Please no offers for me",
    "J’adore cette robe",
    "C’est pour moi",
    "Un cadeau magnifique, merci !",
    "My discount code does not work",
]


@pytest.mark.parametrize("text", ASKED)
def test_a_wish_that_names_no_offer_is_understood(text: str) -> None:
    assert anything(text)


@pytest.mark.parametrize("text", NOT_ASKED)
def test_whoever_speaks_of_something_else_asks_for_no_offer(text: str) -> None:
    assert anything(text) == ""


def test_those_wishes_need_no_person_unless_there_is_a_not_in_them() -> None:
    held = [text for text in ASKED if not is_plain(text, anything(text))]

    assert held == ["y a pas un code promo ?", "Vous n’auriez pas quelque chose à m’offrir ?"]

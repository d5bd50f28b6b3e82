"""Whether a fan asks for an offer without naming one: "vous avez quelque chose pour moi ?", "any deals today?"."""

import re

from offers.refusing import refuses
from optin.words import tokens

_GIVEN_FR = (
    r"(?:offres?|promos?|promotions?|reducs?|reductions?|remises?|codes? (?:promos?|de reduction)"
    r"|bons? (?:plans?|d achat)|cadeaux?|surprises?)(?! d emploi| d embauche| de stage)"
)
_GIVEN_EN = (
    r"(?:offers?|deals?|discounts?|promos?|promotions?|coupons?|vouchers?|freebies?|gifts?"
    r"|(?:promo|discount|coupon) codes?)"
)
_AN_OFFER_FR = rf"(?:une?|des|de|d|quelle?s?|autres?) (?:autres? )?{_GIVEN_FR}"
_AN_OFFER_EN = rf"(?:(?:an?|any|some|what|which|other) (?:other )?)?{_GIVEN_EN}"
_FOR_HIM_FR = r"(?:pour (?:moi|nous)|a (?:me|m|nous) (?:proposer|offrir|donner)|en ce moment|du moment|aujourd hui)"
_FOR_HIM_EN = r"(?:for (?:me|us)|to (?:offer|give) (?:me|us)|right now|at the moment|today)"
_HAVE_FR = r"(?:(?:vous|tu) (?:n )?(?:avez|auriez|as|aurais)|(?:avez|auriez) vous|as tu|y a(?: t)? il|il y a|y a)"
_HAVE_EN = r"(?:(?:do|would) you have|(?:have )?you got|(?:are|is) there|got)"
# Something that he may have or that is on now, or an offer that we might have: "something in blue" is no offer.
ANYTHING = re.compile(
    rf"(?<! plus) (?:{_HAVE_FR} (?:encore |toujours |pas )?(?:{_AN_OFFER_FR}|quelque chose {_FOR_HIM_FR})"
    rf"|(?:quelque chose|{_AN_OFFER_FR}) {_FOR_HIM_FR}"
    rf"|{_HAVE_EN} (?:still )?{_AN_OFFER_EN}|(?:something|anything|{_AN_OFFER_EN}) {_FOR_HIM_EN}) "
)


def anything(text: str) -> str:
    """The words in which he asks for whatever there is; "" where he doesn't."""
    said = tokens(text)
    spaced = f" {' '.join(said)} "
    found = ANYTHING.search(spaced)
    if found is None:
        return ""
    start = spaced[: found.start()].count(" ")
    asked = said[start : start + len(found[0].split())]
    return "" if refuses(said, start, start + len(asked)) else " ".join(asked)

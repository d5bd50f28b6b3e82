"""The catalogue in which the sentences of wishes.txt are looked up."""

from uuid import UUID

from offers.matching import Candidate

KEYWORDS = (
    "PROMO", "SOLDES", "promo été", "BlackFriday", "CADEAU", "bon plan", "box", "T-shirt", "VIP20", "concours", "🎁",
)  # fmt: skip
CATALOGUE = tuple(Candidate(UUID(int=number), (keyword,)) for number, keyword in enumerate(KEYWORDS))


def large() -> tuple[Candidate, ...]:
    """A big brand's catalogue: 50 offers with three keywords each, of which fans may name one or a hashtag of two."""
    names = ("promo", "soldes", "cadeau", "concours", "rentree", "surprise", "tombola", "coupon", "jackpot", "voucher")
    things = (
        "parfum",
        "serum",
        "mascara",
        "sneakers",
        "basket",
        "chocolat",
        "champagne",
        "festival",
        "yoga",
        "pizza",
        "bijou",
        "montre",
        "robe",
        "sac",
    )
    pairs = [f"{name} {thing}" for name in names for thing in things]
    keywords = [*names, *things, *pairs][:150]
    return tuple(Candidate(UUID(int=each), tuple(keywords[each * 3 : each * 3 + 3])) for each in range(50))

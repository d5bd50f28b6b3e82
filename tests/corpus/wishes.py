"""The catalogue in which the sentences of wishes.txt are looked up."""

from uuid import UUID

from offers.matching import Candidate

KEYWORDS = (
    "PROMO", "SOLDES", "promo été", "BlackFriday", "CADEAU", "bon plan", "box", "T-shirt", "VIP20", "concours", "🎁",
)  # fmt: skip
CATALOGUE = tuple(Candidate(UUID(int=number), (keyword,)) for number, keyword in enumerate(KEYWORDS))

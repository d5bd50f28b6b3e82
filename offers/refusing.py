"""Whether a fan who names an offer does so to refuse it: "je ne veux pas de promo", "promo, non merci"."""

import re

REACH = 4  # words: how far a "not" reaches
AFTER = 8  # words in which a refusal may follow
REFUSALS = frozenset(
    {
        *("pas", "aucun", "aucune", "jamais", "sans", "ni", "non", "marre", "assez", "refuse", "deteste"),
        *("stop", "stoppez", "arrete", "arretez", "arreter", "annuler", "annulez"),
        *("no", "not", "dont", "never", "without", "nor", "cancel", "hate"),
    }
)
# "Je ne veux pas rater la promo", "why not", "no problem": the "not" is about something else.
RESCUES = frozenset(
    {
        *("pourquoi", "rater", "rate", "louper", "loupe", "manquer", "manque", "oublie", "oubliez", "oublier"),
        *("doute", "probleme", "souci", "soucis", "mal", "que"),
        *("why", "miss", "missing", "forget", "problem", "problems", "worries", "doubt", "only", "just"),
    }
)
TURNS = frozenset({"mais", "but", "et", "and"})
# "Plus de promo" may mean more of it, but who wants more is not hurt by a silence as who wants none by an offer.
NO_MORE = re.compile(
    r"(?<!\ben )(?<!\bencore )(?<!\bde )\bplus (?:de|d|aucune?|jamais|vos|votre|la|le|les|ces) (?:\w+ )?$"
)
NO_THANKS = re.compile(
    r"(?:\w+ ){0,3}?(?:non merci|no thanks|no thank you|pas interessee?|not interested"
    r"|(?:ne |n )?m interesse(?:nt)? pas|pas pour moi|not for me) |(?:non|no) $"
)


def refuses(said: tuple[str, ...], start: int, end: int) -> bool:
    """Whether the words around those from `start` to `end` say that they are not wanted."""
    before = same_clause(said[max(0, start - REACH) : start])
    if RESCUES.isdisjoint(before) and (not REFUSALS.isdisjoint(before) or NO_MORE.search(spaced(before))):
        return True
    return bool(NO_THANKS.match(spaced([word for word in said[end : end + AFTER] if is_word(word)])))


def same_clause(before: tuple[str, ...]) -> list[str]:
    """The last of these words, back to the mark or the "but" that begins their clause."""
    clause: list[str] = []
    for word in reversed(before):
        if word in TURNS or not is_word(word):
            break
        clause.insert(0, word)
    return clause


def is_word(token: str) -> bool:
    return token[0].isalnum()


def spaced(said: list[str]) -> str:
    return "".join(f"{word} " for word in said)

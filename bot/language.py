"""Which of our languages a fan writes in, as far as his words tell."""

from functools import cache

from lingua import IsoCode639_1, LanguageDetector, LanguageDetectorBuilder

from optin.words import LANGUAGES, OWN_WORDS, read_once, without_addresses, words

FEW = 4  # words; with fewer a guess from letters is worth little
SURE = 0.85
ENOUGH = 400  # characters


@read_once
def detect(text: str, prior: str) -> str:
    """ "fr" or "en": what the words of `text` decide, else `prior`, which is what we know from elsewhere."""
    known = prior if prior in LANGUAGES else LANGUAGES[0]
    said = words(text[:ENOUGH])
    french, english = (sum(word in own for word in said) for own in OWN_WORDS.values())
    if french >= 2 * english and french:
        return "fr"
    if english >= 2 * french and english:
        return "en"
    return by_letters(text) or known if len(said) >= FEW else known


def by_letters(text: str) -> str | None:
    """What the run of letters says, or None where it is not sure."""
    best = detector().compute_language_confidence_values(without_addresses(text[:ENOUGH]))[0]
    return best.language.iso_code_639_1.name.lower() if best.value >= SURE else None


@cache
def detector() -> LanguageDetector:
    """Built when first needed, and once for a process: its two languages take 8 MB."""
    return LanguageDetectorBuilder.from_iso_codes_639_1(IsoCode639_1.FR, IsoCode639_1.EN).build()

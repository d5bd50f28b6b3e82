"""E-mail addresses as people type them on a phone: which can be written to, and which were probably meant."""

from email_validator import EmailNotValidError, validate_email
from rapidfuzz import process
from rapidfuzz.distance import OSA

LONGEST = 320  # RFC 3696, erratum 1690; what is longer is not even looked at
BEFORE, AFTER = " \t\r\n<", " \t\r\n>.,;:"  # what sticks to an address that was copied from a text

# Where most fans have their mail, and a few real neighbours, so that nobody of them is corrected.
NAMES = """
gmail.com googlemail.com hotmail.com hotmail.fr hotmail.be hotmail.co.uk live.com live.fr live.be msn.com outlook.com
outlook.fr outlook.be yahoo.com yahoo.fr yahoo.co.uk ymail.com rocketmail.com icloud.com me.com mac.com aol.com aol.fr
orange.fr wanadoo.fr free.fr sfr.fr neuf.fr bbox.fr laposte.net numericable.fr noos.fr cegetel.net club-internet.fr
aliceadsl.fr voila.fr skynet.be telenet.be proximus.be bluewin.ch proton.me protonmail.com pm.me posteo.net tuta.com
tutanota.com gmx.com gmx.fr gmx.net gmx.de mail.com mail.fr email.com web.de fastmail.com zoho.com mailo.com
comcast.net verizon.net att.net btinternet.com sky.com videotron.ca sympatico.ca
"""
PROVIDERS = frozenset(NAMES.split())
# Endings that nobody has: each is a slip on the keyboard. ".co", ".cm" and ".om" exist, so they are not here.
SLIPS = {
    **dict.fromkeys(("con", "cmo", "ocm", "comm", "coom", "vom", "xom", "cim", "cpm", "clm", "dom", "comn"), "com"),
    **dict.fromkeys(("rf", "frr", "ffr", "fe"), "fr"),
    **dict.fromkeys(("nte", "ner", "met", "nett", "bet", "nry"), "net"),
}
ONLY_COM = ("gmail", "icloud", "googlemail")
SHORT = 6  # letters: a shorter name is mistaken for another at two slips


def read(typed: str) -> str | None:
    """The address, in its usual spelling, or None if nothing can be sent there. Asks nobody whether it exists."""
    if len(typed) > LONGEST:
        return None
    try:
        return validate_email(_bare(typed), check_deliverability=False, strict=True).normalized
    except EmailNotValidError:
        return None


def meant(typed: str) -> str | None:
    """The address that was probably meant, where a slip in the domain looks likely."""
    if len(typed) > LONGEST:
        return None
    local, at, domain = _bare(typed).rpartition("@")
    if not at or domain.lower() in PROVIDERS:
        return None
    likely = _likely(domain.lower())
    return read(f"{local}@{likely}") if likely else None


def _bare(typed: str) -> str:
    return typed.lstrip(BEFORE).rstrip(AFTER)


def _likely(domain: str) -> str | None:
    name, dot, ending = domain.rpartition(".")
    mended = f"{name}.{SLIPS.get(ending, ending)}" if dot else domain
    if name in ONLY_COM:
        return f"{name}.com"
    slips = 1 if len(name) < SHORT else 2
    near = process.extractOne(mended, PROVIDERS, scorer=OSA.distance, score_cutoff=slips)
    if near is not None:
        return str(near[0])
    return mended if mended != domain else None

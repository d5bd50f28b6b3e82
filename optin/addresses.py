"""The e-mail address or phone number that somebody typed in the middle of a sentence."""

import hashlib
import re
import unicodedata
from itertools import islice

from email_validator import EmailNotValidError, validate_email
from phonenumbers import Leniency, PhoneNumberFormat, PhoneNumberMatcher, format_number

# What begins in the middle of a longer name is somebody else's address: "x/lea@mail.fr" is not "lea@mail.fr".
ADDRESS = re.compile(
    r"(?<![\w.%+&'#$^={|}~/\\-])[\w.%+&'-]++@(?>[^\W_]++(?:-+[^\W_]++)*+(?:\.[^\W_]++(?:-+[^\W_]++)*+)++)(?![@-])"
)
SPOKEN_AT = re.compile(r"\s{0,2}(?:[(\[]\s?(?:at|a|@|arobase?)\s?[)\]]|\barobase?\b)\s{0,2}", re.IGNORECASE)
SPOKEN_DOT = re.compile(r"\s{0,2}(?:[(\[]\s?(?:dot|point|\.)\s?[)\]]|\b(?:dot|point)\b)\s{0,2}", re.IGNORECASE)
SPACED_OUT = re.compile(r"\s*([\w.+-]+) ?@ ([\w-]+(?:\.[\w-]+)+)[\s.!]*")
MANY = 20  # who writes more addresses than this does not tell us his
LONG = 2_000  # characters; an address is told in a short message


def email_in(text: str) -> str | None:
    """The one e-mail address in `text`, as its mail server takes it; None where there is none, or several."""
    candidates = (found[0].lstrip("'.-&%") for found in ADDRESS.finditer(written_out(text)))
    valid = {address.casefold(): address for address in map(valid_email, islice(candidates, MANY)) if address}
    return next(iter(valid.values())) if len(valid) == 1 else None


def phone_in(text: str, region: str = "FR") -> str | None:
    """The one phone number in `text` as +33612345678, read as it is dialled in `region`; None as for `email_in`."""
    matches = PhoneNumberMatcher(short(text), region, leniency=Leniency.VALID)
    numbers = {format_number(match.number, PhoneNumberFormat.E164) for match in islice(matches, MANY)}
    return numbers.pop() if len(numbers) == 1 else None


def valid_email(address: str) -> str | None:
    try:
        # No accents before the @: of the fans who type one, most mistype, and few mail servers would take it.
        return validate_email(address, check_deliverability=False, allow_smtputf8=False, strict=True).normalized
    except EmailNotValidError:
        return None


def hash_of(email: str) -> str:
    """An address as shops and advertisers hash it: SHA-256 of it in small letters, without spaces around."""
    return hashlib.sha256(email.strip().lower().encode()).hexdigest()


def phone_hash_of(phone: str) -> str:
    """A number with its country code as advertisers hash it: SHA-256 of its digits, without zeros before them."""
    return hashlib.sha256(re.sub(r"\D", "", phone).lstrip("0").encode()).hexdigest()


def written_out(text: str) -> str:
    """ "lea arobase mail point fr" and "lea @ mail.fr" as an address."""
    text = short(text)
    if spaced := SPACED_OUT.fullmatch(text):
        return f"{spaced[1]}@{spaced[2]}"
    if "@" in text or not SPOKEN_AT.search(text):
        return text
    return SPOKEN_DOT.sub(".", SPOKEN_AT.sub("@", text))


def short(text: str) -> str:
    """`text` in plain characters, without what is too long to read."""
    return unicodedata.normalize("NFKC", text if len(text) <= LONG else text[:LONG].rpartition(" ")[0])

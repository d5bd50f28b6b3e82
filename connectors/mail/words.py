"""The new words of a letter: what the fan wrote himself, without what he answers and without his signature."""

import re

from connectors.mail.letters import ANSWER, Letter, header, text_of

MOST_LINES = 2_000
LONGEST_MARK = 400  # characters; whatever is longer is said, and marks nothing

# Where a mail program says whom it quotes, in the languages of our fans and their neighbours'. It may take two lines.
QUOTES = re.compile(
    r"(?:on|le|am|el|il|op)\b.{4,300}\b(?:wrote|a écrit|schrieb.{0,100}|escribió|ha scritto|schreef.{0,100})\s*:",
    re.IGNORECASE | re.DOTALL,
)
ORIGINAL = re.compile(
    r"[-_* ]{2,}\s*(?:original message|message d['’]origine|message original|forwarded message|message transféré"
    r"|mensaje original|ursprüngliche nachricht)\s*[-_* ]{2,}|_{20,}|-{2,} ?(?:reply above|répondez au-dessus).*",
    re.IGNORECASE,
)
SENDER = re.compile(r"\*?(?:from|de|von)\s?:\*?\s.*\S", re.IGNORECASE)
DATE = re.compile(r"\*?(?:sent|date|envoyé|gesendet|to|à|an)\s?(?:le\s?)?:\*?\s", re.IGNORECASE)
SIGNATURE = re.compile(
    r"--|(?:sent from|envoyé (?:de|depuis|à partir de|avec)|télécharge[zr]|get|obtenez|obtenir|gesendet von)\b.{0,20}"
    r"\b(?:iphone|ipad|android|outlook|mobile|smartphone|yahoo|samsung|galaxy|proton|huawei|xiaomi|orange|sfr|gmail)\b.*",
    re.IGNORECASE,
)


def new_words(letter: Letter) -> str:
    """What is new in it. A subject speaks where nothing else does, unless it is that of the mail that is answered."""
    body = own_words(text_of(letter))
    subject = header(letter, "Subject")
    return body or ("" if ANSWER.match(subject) else subject)


def own_words(text: str) -> str:
    lines = text.split("\n")[:MOST_LINES]
    kept: list[str] = []
    for place, line in enumerate(lines):
        if _ends_here(lines, place):
            break
        if not line.lstrip().startswith(">"):
            kept.append(line.rstrip())
    return re.sub("\n{3,}", "\n\n", "\n".join(kept)).strip()


def _ends_here(lines: list[str], place: int) -> bool:
    line = lines[place].strip()[:LONGEST_MARK]
    two = f"{line} {lines[place + 1].strip()}"[:LONGEST_MARK] if place + 1 < len(lines) else line
    return bool(
        ORIGINAL.fullmatch(line)
        or SIGNATURE.fullmatch(line)
        or QUOTES.fullmatch(line)
        or QUOTES.fullmatch(two)
        or (SENDER.fullmatch(line) and any(DATE.match(below.strip()) for below in lines[place + 1 : place + 4]))
    )


# Whether a person wrote at all, and whether it is a wish to be left alone that was sent by a press on a button

AUTOMATIC = re.compile(
    r"\s*(?:automatic reply|auto(?:matic)?[ -]?(?:reply|response)|out of (?:the )?office|réponse automatique"
    r"|absen(?:t|ce) du bureau|message d['’]absence|abwesen|automatische antwort|respuesta automática)\b",
    re.IGNORECASE,
)
BULK = {"bulk", "auto_reply", "junk", "list"}
WAY_OUT = re.compile(
    r"(?:unsubscribe|(?:me |se )?d[ée]s(?:abonne|inscri)(?:r|re|z|ment|ption)?(?:[ -]moi)?|stop|remove me)"
    r"(?:\s+(?=\S*\d)([\w-]{8,100}))?[\s.!]*",
    re.IGNORECASE,
)


def is_automatic(letter: Letter) -> bool:
    """RFC 3834 2: what no person wrote must not be answered, or two machines would write to each other for ever."""
    by_header = header(letter, "Auto-Submitted").lower()
    return bool(
        (by_header and not by_header.startswith("no"))
        or header(letter, "Precedence").lower() in BULK
        or header(letter, "Return-Path") == "<>"
        or any(name in letter for name in ("X-Autoreply", "X-Autorespond", "X-Auto-Reply", "List-Id"))
        or AUTOMATIC.match(header(letter, "Subject"))
    )


def wants_out(letter: Letter) -> str | None:
    """The key in the mail of a mail program to our "mailto:" way out (RFC 2369); None where it is no such mail."""
    found = WAY_OUT.fullmatch(header(letter, "Subject")[:LONGEST_MARK])
    return (found[1] or "") if found else None


def thread_of(letter: Letter) -> str:
    """The first mail of the conversation."""
    named = f"{header(letter, 'References')} {header(letter, 'In-Reply-To')} {header(letter, 'Message-ID')}"
    return named.split()[0][:LONGEST_MARK] if named.strip() else ""

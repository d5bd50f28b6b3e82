"""Why a mail was not taken: whether nobody is there, whether it was the wrong moment, or whether it was our fault."""

import re
from enum import StrEnum

CODE = re.compile(r"(?<![\d.])([45]\.\d{1,3}\.\d{1,3})(?![\d.]*\d)")  # RFC 3463, "X.Y.Z"
REPLY = re.compile(r"(?<![\d.])([45]\d\d)(?=[ -])")  # RFC 5321
MOST = 4_000  # characters


class Verdict(StrEnum):
    HARD = "hard"  # nobody has this address: never write there again
    SOFT = "soft"  # not now, or nobody says why
    OURS = "ours"  # our name, our content or our pace is not welcome: the person has done nothing
    DELAYED = "delayed"  # the other side is still trying: nothing has failed


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns), re.IGNORECASE)


SOMEBODY = (
    r"(?:user|recipient|mailbox|mail ?box|account|address(?:ee)?|alias|login"
    r"|destinataire|adresse|utilisateur|bo[iî]te)"
)

MISSING = (
    r"does ?n[o'’]?t exist|not exist|not found|could ?n[o'’]t be found|couldn['’]t be found|is not known|not recognized"
    r"|no longer valid|not valid|not listed|non-?existent|no longer (?:on|active|available|exist)|n['’]existe pas"
)

# What is written beside a code tells more than the code: half of all servers say 5.0.0 to everything, or 5.7.1 to whom
# they don't know. The first that fits decides.
SAID: tuple[tuple[Verdict, re.Pattern[str]], ...] = (
    (
        Verdict.OURS,  # who sends is not welcome, whoever it is for
        _any(
            r"\bsender\b.{0,40}\b(?:rejected|denied|refused|invalid|unknown|not exist|blocked|unauthenticated|verif)",
            r"\b(?:domain of|bad|invalid|unresolvable) sender\b|\bsender domain\b|\bmail from (?:domain|address)\b",
            r"\b(?:SPF|DKIM|DMARC)\b|\bauthenticat(?:ion|ed?)\b",
            r"\b(?:PTR|reverse dns|rdns|ip name lookup|reverse hostname)\b|\bmismatch(?:es)? client ip\b",
            r"\bspam|\bjunk mail\b|\bUBE\b|\bvirus|\bblack ?list|\bblock ?list|\bRBL\b|\bbanned\b|\breputation\b",
            r"\bnot (?:configured|allowed|permitted|authorized|authorised) to relay|\brelay(?:ing)? (?:access )?denied",
        ),
    ),
    (
        Verdict.SOFT,  # the wrong moment
        _any(
            r"\bquota|\b(?:mailbox|mail ?box|inbox|account)\b.{0,40}\b(?:full|exceed|too large|size limit|over)",
            r"\b(?:full|pleine?) (?:mailbox|inbox)|\bboite\b.{0,20}\bpleine\b|\bnot enough (?:disk|storage)? ?space",
            r"\binsufficient (?:system )?(?:storage|disk|space)|\bover ?(?:the )?(?:disk |storage )?limit\b",
            r"\bnot found, try again\b|\bname server reply\b",
            r"\breceiving mail at a rate\b|\btoo (?:many|fast|quickly)\b.{0,40}\bmessages\b",
            r"\b(?:disabled|frozen|suspended|discontinued|on hold|dormant)\b.{0,40}\b(?:account|mailbox|user)\b",
            rf"\b{SOMEBODY}\b.{{0,60}}\b(?:disabled|frozen|suspended|discontinued|on hold)\b",
        ),
    ),
    (
        Verdict.HARD,  # nobody, or nowhere
        _any(
            rf"\b{SOMEBODY}\b.{{0,40}}\bunknown\b|\bunknown\b.{{0,30}}\b(?:{SOMEBODY}|local.?part|host|domain)\b",
            r"\bno such (?:user|mailbox|recipient|account|address|person|local|domain|host)|\bno mailbox here\b",
            rf"\b(?:{SOMEBODY}|domain)s?\b.{{0,90}}?\b(?:{MISSING})",
            rf"\b(?:invalid|non-?existent|incorrect|unrouteable|unrouted|not a (?:valid|known)|does not have an?)"
            rf"\s+(?:local\s+)?(?:e?-?mail\s+)?(?:{SOMEBODY}|domain)\b|\b{SOMEBODY}\s+(?:is\s+)?(?:in|not\s+)valid",
            rf"\b{SOMEBODY}\b.{{0,20}}\binactive\b|\binactive (?:e-?mail )?{SOMEBODY}",
            r"\bdoes ?n[o'’]t have an?\b.{1,60}\baccount\b",
            rf"\b{SOMEBODY}\b.{{0,60}}\b(?:inconnue?|introuvable|non recensée?|invalide)\b",
            r"\bhost (?:unknown|not found)\b|\bdomain (?:name )?not found\b|\bNXDOMAIN\b|\bno such domain\b",
            r"\bnot our customer\b|\bdomain is not reachable\b|\bno mail hosts? for domain\b",
            r"\b(?:host|domain)\b.{0,30}\bdoes not accept (?:any )?e?-?mail|\bnull mx\b|\bcan ?not accept mail\b",
            r"\brecipient address rejected: access denied",  # Exchange Online's words for "nobody", with 5.4.1
            r"\bmoved\b.{0,30}\b(?:address|without)|\brecipient no longer on server\b",
            r"\bno SMTP service\b|\binvalid\b.{0,20}\buser ?id\b|\bno valid recipients?\b",
        ),
    ),
    (
        Verdict.SOFT,  # the wrong moment, where nothing more was said
        _any(
            r"\btimed? ?out|\bconnection refused|\bexpired\b|\bhas been queued\b|\btoo old\b|\bretry timeout",
            r"\bdns (?:query|lookup|error)\b|\bhost name lookup failure\b|\btoo many hops\b|\bmail loop\b",
        ),
    ),
    (
        Verdict.OURS,  # what we sent, or how
        _any(
            r"\bpolic(?:y|ies)\b|\bblocked\b|\bclient host\b.{0,80}\brejected|\bnot accepting connections\b",
            r"\baccess denied\b|\bprohibited\b|\bfrequency limited\b|\brate.?limit",
            r"\btoo many (?:recipients|connections)\b",
            r"\b(?:message|mail|size|length|headers?)\b.{0,60}\b(?:too (?:big|large|long)|exceeds|maximum|limit)\b",
            r"\bcontent\b.{0,40}\b(?:rejected|refused|denied|error)|\bmessage (?:filtered|not allowed)\b",
            r"\bRFC ?\d{4}\b|\bprotocol violation\b|\bheader error\b|\bnetwork not allowed\b|\b8-bit data\b",
        ),
    ),
)

# Who took the address and says a mere "user unknown" after having seen the mail may have filtered it: one cannot tell.
BLUNT = re.compile(r"\buser unknown\b|\bunknown user\b|\bno such user\b", re.IGNORECASE)
AFTER_DATA = re.compile(
    r"in reply to (?:end of )?DATA|end of data|after data|command:?\s+DATA\b|>>> DATA\b.{0,400}\bService unavailable",
    re.IGNORECASE | re.DOTALL,
)
HOLLOW = re.compile(r"\bunknown address error\b", re.IGNORECASE)  # one gateway's words before whatever was answered

# RFC 3463, and IANA's registry of enhanced status codes, checked 2026-11.
NOBODY = {"5.1.1", "5.1.2", "5.1.3", "5.1.4", "5.1.6", "5.1.10", "5.2.1", "5.4.4", "5.7.27"}
TOO_MUCH = {"5.3.4", "5.2.3", "5.6.0", "5.6.9", "5.1.7", "5.1.8", "5.1.9"}


def judge(code: str, said: str, context: str = "") -> Verdict:
    """`code` as in RFC 3463, or an SMTP reply, or ""; `said` by the server that refused; `context` told around it."""
    said = HOLLOW.sub("", " ".join(said[:MOST].split()))
    for verdict, pattern in SAID:
        if pattern.search(said):
            return Verdict.SOFT if code != "5.1.1" and BLUNT.search(said) and AFTER_DATA.search(context) else verdict
    if code in NOBODY:
        return Verdict.HARD
    if code in TOO_MUCH or code.startswith("5.7."):
        return Verdict.OURS
    return Verdict.SOFT


def code_in(said: str, otherwise: str = "") -> str:
    """The most telling code: what the far server wrote says more than what the near one made of it."""
    exact = [code for code in CODE.findall(said[:MOST]) if not code.endswith(".0.0")]
    given = CODE.search(otherwise)
    near = given[1] if given else ""
    if exact:
        return str(exact[-1] if exact[0] == near else exact[0])
    reply = REPLY.search(said[:MOST])
    return near or (reply[1] if reply else "")

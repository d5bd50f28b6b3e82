"""What the panel shows of managers' own doing: their changes, and the house rules that held."""

from collections.abc import Sequence
from uuid import UUID

from sqlmodel import Session, col, select

from bot import managers
from bot.changes import Change, Subject
from leads.redemptions import Redemption
from offers.catalog import Offer
from offers.claims import Claim
from optin import house_rules
from webhooks.panel.reports import PAGE, piece
from webhooks.panel.shapes import Changed, Ruled, Slice


def journal(session: Session, after: int | None, subject: tuple[Subject, str] | None = None) -> Slice[Changed]:
    """What managers changed, newest first."""
    found = select(Change)
    if subject:
        found = found.where(Change.subject == subject[0].value, Change.subject_id == subject[1])
    if after is not None:
        found = found.where(col(Change.id) < after)
    rows = session.exec(found.order_by(col(Change.id).desc()).limit(PAGE + 1)).all()
    names, of_offers = managers.names(session), _offers_changed(session, rows)
    changed = [Changed(row, names[row.manager_id], of_offers.get(row.subject_id, "")) for row in rows]
    return piece(changed, [str(row.id) for row in rows])


def _offers_changed(session: Session, rows: Sequence[Change]) -> dict[str, str]:
    """The names of the offers that were changed, and of those whose codes were redeemed, by what was changed."""

    def changed(subject: Subject) -> list[UUID]:
        return [UUID(row.subject_id) for row in rows if row.subject == subject.value]

    offers = select(Offer.id, Offer.name).where(col(Offer.id).in_(changed(Subject.OFFER)))
    codes = select(Redemption.id, Offer.name).where(col(Redemption.id).in_(changed(Subject.REDEMPTION)))
    codes = codes.join(Claim, col(Claim.id) == col(Redemption.claim_id)).join(
        Offer, col(Offer.id) == col(Claim.offer_id)
    )
    return {str(one): name for found in (offers, codes) for one, name in session.exec(found)}


def rules(session: Session) -> list[Ruled]:
    """The house rules that held, the newest first."""
    names = {f"manager:{manager_id}": name for manager_id, name in managers.names(session).items()}
    rows = house_rules.versions(session, PAGE)
    return [Ruled(row.version, names.get(row.by, row.by), row.at, house_rules.caps_of(row)) for row in rows]

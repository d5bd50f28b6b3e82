"""The command that gives an offer the codes of a shop's own list."""

import sys
from dataclasses import dataclass
from typing import BinaryIO

import click
from sqlmodel import Session

from bot import by_hand
from bot.assembly import Bot
from offers import catalog, listed
from offers.listed import Listing


@click.command()
@click.argument("offer")
@click.argument("file", type=click.File("rb"))
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@click.option("--without-faulty", is_flag=True, help="Take the good lines, though others are faulty.")
def import_codes(offer: str, file: BinaryIO, dry_run: bool, without_faulty: bool) -> None:
    """Give an offer the codes of a shop's own list: a CSV file, in its first column or the one headed "code"."""
    text = _decoded(file.read())
    if unread := listed.unread(text):
        raise click.ClickException(f"{unread}.")
    with by_hand.opened() as bot, bot.transaction() as session:
        done = _take(session, bot, offer, text, dry_run, without_faulty)
    for line, amiss in done.listing.faults:
        click.echo(f"line {line}: {amiss.value}", err=True)
    good, faulty = len(done.listing.codes), len(done.listing.faults)
    click.echo(f"{good} good, {faulty} faulty; {done.left} free in the offer's stock.")
    if not done.taken:
        click.echo("Nothing was changed." + ("" if dry_run else " Mend the list, or add --without-faulty."))
    sys.exit(0 if done.taken or (dry_run and not faulty) else 1)


@dataclass(frozen=True, slots=True)
class _Done:
    listing: Listing
    taken: bool
    left: int


def _take(session: Session, bot: Bot, slug: str, text: str, dry_run: bool, without_faulty: bool) -> _Done:
    offer = catalog.by_slug(session, slug)
    if offer is None:
        raise click.ClickException("there is no offer of this short name: it stands in the offer's links")
    listing = listed.sift(session, listed.read(text))
    takes = not dry_run and bool(listing.codes) and (without_faulty or not listing.faults)
    if takes:
        listed.add(session, offer, listing.codes, bot.now())
    return _Done(listing, takes, listed.free(session, offer.id))


def _decoded(raw: bytes) -> str:
    """As most programs write it, else as French Excel does."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("cp1252", errors="replace")


COMMANDS = (import_codes,)

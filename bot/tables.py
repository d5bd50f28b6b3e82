"""Every table, named once, for the migrations and the tests."""

from sqlmodel import SQLModel

from bot import accounts, beats, changes, inbox, lanes, managers, outbox, pace, spending
from leads import hooks, keys, merits, pipeline, purchases, redemptions
from offers import arms, arrivals, catalog, claims, listed, ways_in
from optin import confirmations, consents, erasures, fans, history, house_rules, links, preferences, receipts

MODULES = (
    accounts, arms, arrivals, beats, catalog, changes, claims, confirmations, consents, erasures, fans, history, hooks,
    house_rules, inbox, keys, lanes, links, listed, managers, merits, outbox, pace, pipeline, preferences, purchases,
    receipts, redemptions, spending, ways_in,
)  # fmt: skip
metadata = SQLModel.metadata

"""Every table, named once, for the migrations and the tests."""

from sqlmodel import SQLModel

from bot import accounts, audiences, beats, changes, inbox, lanes, managers, outbox, pace, spending
from leads import details, hooks, keys, merits, pipeline, purchases, ranking, redemptions
from offers import arms, arrivals, catalog, claims, exposures, listed, stock, ways_in
from optin import confirmations, consents, erasures, fans, history, house_rules, links, preferences, receipts

MODULES = (
    accounts, arms, arrivals, audiences, beats, catalog, changes, claims, confirmations, consents, details, erasures,
    exposures, fans, history, hooks, house_rules, inbox, keys, lanes, links, listed, managers, merits, outbox, pace,
    pipeline, preferences, purchases, ranking, receipts, redemptions, spending, stock, ways_in,
)  # fmt: skip
metadata = SQLModel.metadata

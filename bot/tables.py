"""Every table, named once, for the migrations and the tests."""

from sqlmodel import SQLModel

from bot import accounts, audiences, beats, changes, inbox, lanes, managers, outbox, pace, spending
from leads import details, hooks, keys, pipeline, purchases, redemptions
from offers import arms, catalog, claims, exposures, listed
from optin import confirmations, consents, erasures, fans, history, house_rules, links, preferences, receipts

MODULES = (
    accounts, arms, audiences, beats, catalog, changes, claims, confirmations, consents, details, erasures, exposures,
    fans, history, hooks, house_rules, inbox, keys, lanes, links, listed, managers, outbox, pace, pipeline, preferences,
    purchases, receipts, redemptions, spending,
)  # fmt: skip
metadata = SQLModel.metadata

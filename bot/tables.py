"""Every table, named once, for the migrations and the tests."""

from sqlmodel import SQLModel

from bot import accounts, beats, changes, inbox, lanes, managers, outbox, pace, spending
from leads import keys, pipeline
from offers import catalog, claims
from optin import consents, fans, history, preferences

MODULES = (
    accounts, beats, catalog, changes, claims, consents, fans, history,
    inbox, keys, lanes, managers, outbox, pace, pipeline, preferences, spending,
)  # fmt: skip
metadata = SQLModel.metadata

"""The bare limit of acknowledging: the same server and database, and one INSERT a request."""

import os

import sqlalchemy as sa
from flask import Flask, request

from bot import database

app = Flask(__name__)
_engine = database.connect(os.environ["DATABASE_URL"])
_table = sa.Table("bare", sa.MetaData(), sa.Column("id", sa.Integer, primary_key=True), sa.Column("body", sa.Text))
_table.metadata.create_all(_engine)


@app.post("/webhooks/facebook")
def keep() -> str:
    with _engine.begin() as connection:
        connection.execute(_table.insert(), {"body": request.get_data().decode()})
    return "kept"


@app.get("/healthz")
def healthz() -> str:
    return "ok"

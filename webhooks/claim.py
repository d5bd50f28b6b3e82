"""The fan's pages: what is offered, what is asked and why, and then the code."""

from flask import Blueprint

blueprint = Blueprint("claim", __name__, url_prefix="/claim")

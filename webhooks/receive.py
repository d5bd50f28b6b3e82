"""The platforms' door."""

from flask import Blueprint

blueprint = Blueprint("receive", __name__, url_prefix="/webhooks")

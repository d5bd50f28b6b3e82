"""The community managers' panel."""

from flask import Blueprint

blueprint = Blueprint("panel", __name__, url_prefix="/panel")

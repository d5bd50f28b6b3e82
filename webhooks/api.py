"""The CRM's API: the leads, with what each of them allows."""

from apiflask import APIBlueprint

blueprint = APIBlueprint("api", __name__, url_prefix="/api/v1")

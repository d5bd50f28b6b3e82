"""Arriving: how a fan comes is noted when we first hear of him, when he follows a link of ours, and at each offer.

One thing that he did is one arrival, whatever of these it is.
"""

from typing import Any
from uuid import UUID

from bot.facts import Known
from bot.scene import Scene


def note(scene: Scene, fan: Known, *, is_new: bool) -> None:
    """He is new to us, or a link of ours brought him."""
    if is_new or scene.interaction.payload in scene.facts.refs:
        _arrival(scene, fan)
    if (ref := scene.facts.refs.get(scene.interaction.payload)) and ref.campaign:
        scene.facts.campaigns[fan.person.id] = ref.campaign


def at_offer(scene: Scene, fan: Known, offer_id: UUID) -> None:
    """He is given his own hold on this offer."""
    _arrival(scene, fan)["offer_id"] = offer_id


def _arrival(scene: Scene, fan: Known) -> dict[str, Any]:
    one, ref = scene.interaction, scene.facts.refs.get(scene.interaction.payload)
    # His own link is no friend's.
    shared_by = ref.shared_by if ref and ref.shared_by not in fan.person.fan_ids else None
    arrival = {
        "fan_id": fan.fan_id,
        "profile_id": fan.profile_id,
        "at": scene.said_at,
        "platform": one.platform,
        "account": one.account,
        "post": one.thread if one.kind not in scene.rules.opens_window else "",
        "offer_id": ref.offer_id if ref else None,
        "way_id": ref.way_id if ref else None,
        "by_friend": shared_by is not None,
        "shared_by": shared_by,
    }
    return scene.notes.arrivals.setdefault(scene.entry.id, arrival)

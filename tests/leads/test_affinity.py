"""Affinity and propensity: what somebody took of what he can have, by SQL and one by one."""

from uuid import UUID

from sqlmodel import Session, select

from leads import audience, fan_facts
from offers.conditions import Condition, Operator, Tree, evaluate
from optin import consents, links
from optin.fans import Fan
from optin.links import Proof
from optin.standing import Purpose
from tests.cast import Stage

LIKES_TEA = Condition("affinity", Operator.ANY_OF, ("tea",))


def takes(percent: int) -> Tree:
    return Condition("propensity", Operator.AT_LEAST, percent)


def for_whom(session: Session, stage: Stage, tree: Tree) -> list[UUID]:
    """Both ways have to agree."""
    now = stage.clock()
    facts = fan_facts.load(session, session.exec(select(Fan.id)).all(), now)
    by_sql = sorted(audience.members(session, tree, now))
    assert by_sql == sorted(one for one, his in facts.items() if evaluate(tree, his))
    return by_sql


def test_they_are_of_the_whole_person(stage: Stage) -> None:
    tea, plain = stage.offer(slug="tea", themes=["tea", "gift"]), stage.offer(slug="plain")
    alice, also_alice = stage.lead(tea, "alice").fan_id, stage.fan("alice2")
    stage.claim(plain, also_alice)

    with stage.bot.transaction() as session:
        links.link(session, alice, also_alice, Proof.MANAGER, "", stage.clock())
        she = [min(alice, also_alice)]

        assert for_whom(session, stage, LIKES_TEA) == she
        assert [for_whom(session, stage, takes(share)) for share in (33, 34)] == [she, []]  # 1 of 2, and one more


def test_who_objects_to_profiling_has_neither(stage: Stage) -> None:
    bob = stage.lead(stage.offer(themes=["tea"]), "bob").fan_id

    with stage.bot.transaction() as session:
        before = [for_whom(session, stage, tree) for tree in (LIKES_TEA, takes(50))]
        not_yet = for_whom(session, stage, takes(51))  # 1 of 1, and one more
        now = stage.clock()
        no = consents.withdrawn(bob, "email", "page", "", now, now, purpose=Purpose.PROFILING)
        consents.journal(session, [no])

        assert before == [[bob], [bob]]
        assert not_yet == []
        assert [for_whom(session, stage, tree) for tree in (LIKES_TEA, takes(1))] == [[], []]

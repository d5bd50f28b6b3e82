"""Affinity and propensity: what somebody took of what he can have, by SQL and one by one."""

from typing import Any as Anything
from uuid import UUID

from sqlmodel import Session, select

from leads import audience, fan_facts, keys
from offers.claims import Claim
from offers.conditions import All, Any, Condition, Not, Operator, Tree, evaluate
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
        assert [for_whom(session, stage, takes(share)) for share in (50, 51)] == [she, []]  # 1 of 2


def test_who_objects_to_profiling_is_chosen_by_no_profile_and_by_no_contrary_of_one(stage: Stage) -> None:
    bob = stage.lead(stage.offer(themes=["tea"]), "bob").fan_id
    profiles = [
        condition
        for name, operator, value in (
            ("affinity", Operator.ANY_OF, ("tea",)),
            ("affinity", Operator.NONE_OF, ("tea",)),
            ("propensity", Operator.AT_LEAST, 0),
            ("propensity", Operator.AT_MOST, 100),
            ("ambassador_score", Operator.AT_LEAST, 0),
            ("ambassador_score", Operator.AT_MOST, 100),
        )
        for condition in (Condition(name, operator, value), Not(Condition(name, operator, value)))
    ]
    french = Condition("language", Operator.ANY_OF, ("fr",))

    with stage.bot.transaction() as session:
        chosen_before = [for_whom(session, stage, tree) for tree in profiles]
        now = stage.clock()
        no = consents.withdrawn(bob, "email", "page", "", now, now, purpose=Purpose.PROFILING)
        consents.journal(session, [no])

        pairs = zip(chosen_before[::2], chosen_before[1::2], strict=True)
        assert [one + other for one, other in pairs] == [[bob]] * 6
        assert [for_whom(session, stage, tree) for tree in profiles] == [[]] * len(profiles)
        for tree in profiles:
            assert for_whom(session, stage, All((french, tree))) == for_whom(session, stage, Not(Any((tree,)))) == []
            assert for_whom(session, stage, Not(All((tree, Not(tree))))) == []
            assert for_whom(session, stage, Any((french, tree))) == [bob]  # by what is no profile
            assert for_whom(session, stage, Not(All((tree, Not(french))))) == [bob]


def test_whoever_buys_with_a_code_likes_what_its_offer_is_about(stage: Stage) -> None:
    """By its code alone a purchase says what it is about; an order without one does not."""
    alice, bob = stage.lead(stage.offer(themes=["tea"]), "alice"), stage.lead(stage.offer("plain"), "bob")
    with stage.bot.transaction() as session:
        key = keys.make(session, "till", bytes(range(40)), stage.clock())
        code = session.exec(select(Claim.code).where(Claim.fan_id == alice.fan_id)).one()
    shop = stage.visitor()
    shop.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {key}"

    order: dict[str, Anything] = {"source": "shop", "amount": 1990, "currency": "EUR", "at": "2026-06-01T10:00:00Z"}
    whose = ({"order_id": "1", "code": code}, {"order_id": "2", "lead_id": str(bob.id)})
    answers = [shop.post("/api/v1/purchases", json=order | each).status_code for each in whose]

    assert answers == [201, 201]
    bought = Condition("purchases", Operator.AT_LEAST, 1)
    with stage.bot.reading() as session:
        assert for_whom(session, stage, bought) == sorted([alice.fan_id, bob.fan_id])
        assert for_whom(session, stage, All((bought, LIKES_TEA))) == [alice.fan_id]

"""How far somebody has come: what takes him further, what takes him back, and what never does."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offers import stages
from offers.stages import CHANGES, RESTS_ON, Footing, Stage, Step

EVERY_FOOTING = [Footing(*facts) for facts in product((False, True), repeat=len(Footing.__slots__))]
ORDER = list(Stage)
STORIES = st.lists(st.sampled_from(Step), max_size=12)
# From each stage (as the columns of `ORDER`), where a step may lead.
TABLE: dict[Step, tuple[str, ...]] = {
    #                   anonymous    reachable     identified   qualified    customer
    Step.HEARD:        ("anonymous", "reachable", "identified", "qualified", "customer"),
    Step.ASKED:        ("reachable", "reachable", "identified", "qualified", "customer"),
    Step.ALLOWED:      ("reachable", "reachable", "identified", "qualified", "customer"),
    Step.TOLD_ADDRESS: ("identified", "identified", "identified", "qualified", "customer"),
    Step.CONFIRMED:    ("qualified", "qualified", "qualified", "qualified", "customer"),
    Step.WITHDREW:     ("anonymous", "anonymous reachable", "identified", "identified", "customer"),
    Step.BOUGHT:       ("customer", "customer", "customer", "customer", "customer"),
    Step.ERASED:       ("anonymous", "anonymous", "anonymous", "anonymous", "anonymous"),
}  # fmt: skip


def walked(story: list[Step]) -> Footing:
    footing = Footing()
    for step in story:
        footing = stages.after(footing, step)
    return footing


REACHED = {walked(list(story)) for length in range(6) for story in product(Step, repeat=length)}


@pytest.mark.parametrize("step", Step)
@pytest.mark.parametrize("stage", Stage)
def test_each_step_leads_where_the_table_says(stage: Stage, step: Step) -> None:
    here = [footing for footing in REACHED if stages.of(footing) is stage]

    led_to = {stages.of(stages.after(footing, step)).value for footing in here}

    assert led_to == set(TABLE[step][ORDER.index(stage)].split())


def test_a_stage_is_the_furthest_of_which_a_fact_holds() -> None:
    for footing in EVERY_FOOTING:
        holding = {stage for stage, fact in RESTS_ON if getattr(footing, fact)}
        assert stages.of(footing) == max(holding, key=ORDER.index, default=Stage.ANONYMOUS)
    assert {fact for _, fact in RESTS_ON} == set(Footing.__slots__)


@given(STORIES)
def test_a_purchase_never_lowers_a_stage(story: list[Step]) -> None:
    before = walked(story)

    after = stages.after(before, Step.BOUGHT)

    assert ORDER.index(stages.of(after)) >= ORDER.index(stages.of(before))
    assert stages.of(after) is Stage.CUSTOMER


@given(STORIES, STORIES)
def test_who_bought_stays_a_customer_until_he_is_erased(before: list[Step], later: list[Step]) -> None:
    story = [*before, Step.BOUGHT, *(step for step in later if step is not Step.ERASED)]

    assert stages.of(walked(story)) is Stage.CUSTOMER
    assert walked([*story, Step.ERASED]) == Footing()


@given(STORIES)
def test_a_withdrawal_takes_back_what_rests_on_a_yes_and_no_deed(story: list[Step]) -> None:
    before = walked(story)

    after = stages.after(before, Step.WITHDREW)

    assert stages.of(after) is not Stage.QUALIFIED
    assert (after.asked, after.told_address, after.bought) == (before.asked, before.told_address, before.bought)
    assert not after.allows


@given(st.integers(0, 1000))
def test_a_mention_alone_is_never_a_lead(times: int) -> None:
    assert stages.of(walked([Step.HEARD] * times)) is Stage.ANONYMOUS


@given(STORIES)
def test_nobody_qualifies_without_an_address_and_a_yes(story: list[Step]) -> None:
    footing = walked(story)

    assert not footing.qualifies or (footing.allows and footing.told_address)
    assert set(CHANGES) == set(Step)

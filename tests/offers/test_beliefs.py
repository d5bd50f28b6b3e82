"""Beliefs begin at what is known of their like, move with what is seen, and say where their numbers come from."""

from hypothesis import given
from hypothesis import strategies as st

from offers.beliefs import FIRST_MEAN, LEVELS, Beliefs, Level, Tally

ARM = ("mug", "x", "lead")
ARMS = st.tuples(st.sampled_from(["mug", "tea"]), st.sampled_from(["x", "email"]), st.sampled_from(["lead", "taker"]))
TALLIES = st.integers(0, 400).flatmap(lambda shown: st.builds(Tally, st.just(shown), st.integers(0, shown)))


def test_before_anything_was_shown_it_is_a_guess_and_says_so() -> None:
    belief = Beliefs().of(*ARM)

    assert (round(belief.mean, 6), belief.source, belief.shown) == (FIRST_MEAN, Level.NOTHING, 0)


def test_a_new_offer_begins_where_its_channel_stands() -> None:
    beliefs = Beliefs({("tea", "x", "lead"): Tally(5000, 500), ("tea", "email", "lead"): Tally(5000, 50)})

    on_x, by_mail = beliefs.of("mug", "x", "lead"), beliefs.of("mug", "email", "lead")

    assert (on_x.source, by_mail.source) == (Level.CHANNEL, Level.CHANNEL)
    assert 0.09 < on_x.mean < 0.11
    assert 0.009 < by_mail.mean < 0.011
    assert on_x.claims + on_x.passes == by_mail.claims + by_mail.passes == 50


def test_what_was_seen_of_the_segment_itself_outweighs_all_others_in_time() -> None:
    others = {("mug", "x", "stranger"): Tally(10_000, 100)}

    means = [Beliefs(others | {ARM: Tally(shown, shown // 5)}).of(*ARM).mean for shown in (0, 50, 500, 50_000)]

    assert means == sorted(means)
    assert means[0] < 0.011
    assert abs(means[-1] - 0.2) < 0.001


@given(st.dictionaries(ARMS, TALLIES), ARMS)
def test_every_message_is_counted_once_and_the_mean_is_a_rate(counted: dict, arm: tuple[str, str, str]) -> None:
    belief = Beliefs(counted).of(*arm)

    assert len(belief.grounds) == len(LEVELS)
    assert sum(tally.shown for tally in belief.grounds) == sum(tally.shown for tally in counted.values())
    assert sum(tally.claimed for tally in belief.grounds) == sum(tally.claimed for tally in counted.values())
    assert 0 < belief.mean < 1


@given(st.dictionaries(ARMS, TALLIES), ARMS)
def test_one_claim_more_never_lowers_a_belief(counted: dict, arm: tuple[str, str, str]) -> None:
    better = counted | {arm: counted.get(arm, Tally()) + Tally(1, 1)}

    assert Beliefs(better).of(*arm).mean >= Beliefs(counted).of(*arm).mean

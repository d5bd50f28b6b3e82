"""The stock of an offer: dealt out in lots, and given to the last one."""

from hypothesis import given
from hypothesis import strategies as st

from offers import stock
from tests import shop
from tests.cast import Stage


@given(st.lists(st.integers(0, 50), min_size=1, max_size=stock.LOTS), st.integers(0, 500))
def test_lots_hold_what_is_taken_and_share_what_is_left(taken: list[int], left: int) -> None:
    sizes = stock.sizes(taken, sum(taken) + left)

    rest = [(size or 0) - count for size, count in zip(sizes, taken, strict=True)]
    assert sum(rest) == left
    assert min(rest) >= 0
    assert max(rest) - min(rest) <= 1


def test_every_one_is_given_and_none_more(stage: Stage) -> None:
    offer = stage.offer(stock=stock.LOTS + 3)

    with stage.bot.transaction() as session:
        given = [stock.take_one(session, offer.id) for _ in range(stock.LOTS + 5)]

    assert given == [True] * (stock.LOTS + 3) + [False, False]


def test_more_can_be_had_when_the_stock_grows_and_nothing_when_it_shrinks_to_what_is_taken(stage: Stage) -> None:
    offer = stage.offer(stock=2, taken=2)
    with stage.bot.transaction() as session:
        stock.deal(session, offer.id, stock.hold(session, [offer.id])[offer.id], 3)
        grown = [stock.take_one(session, offer.id) for _ in range(2)]
    shop.sell_out(stage.bot, offer)
    with stage.bot.transaction() as session:
        shrunk = stock.take_one(session, offer.id)

    assert (grown, shrunk) == ([True, False], False)


def test_an_offer_without_end_is_never_sold_out(stage: Stage) -> None:
    offer = stage.offer(stock=None)

    with stage.bot.transaction() as session:
        assert all(stock.take_one(session, offer.id) for _ in range(3 * stock.LOTS))

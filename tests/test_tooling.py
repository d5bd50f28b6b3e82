"""The tools of the tests: each database is fresh, each page is painted."""

import sqlalchemy as sa
from playwright.sync_api import Page


def test_each_test_has_a_database_to_itself(database_url: str) -> None:
    engine = sa.create_engine(database_url)

    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE fanfare_tooling (name TEXT)"))
        connection.execute(sa.text("INSERT INTO fanfare_tooling VALUES ('Léa')"))
    with engine.connect() as connection:
        names = connection.scalars(sa.text("SELECT name FROM fanfare_tooling")).all()
    engine.dispose()

    assert names == ["Léa"]


def test_the_next_test_does_not_see_what_the_last_one_left(database_url: str) -> None:
    engine = sa.create_engine(database_url)

    tables = sa.inspect(engine).get_table_names()
    engine.dispose()

    assert "fanfare_tooling" not in tables


def test_the_browser_paints_french_text(page: Page) -> None:
    pictures = set()

    for words in ["", "Merci Lea", "Merci Léa"]:
        page.goto(f"data:text/html;charset=utf-8,<h1>{words}</h1>")
        pictures.add(page.screenshot())

    assert len(pictures) == 3

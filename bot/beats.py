"""Signs of life: each process of ours says that it is there, so that a web process alone does not look healthy."""

from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Field, Session, SQLModel, col, select

EVERY = timedelta(seconds=5)
ALIVE = timedelta(seconds=30)
FORGOTTEN = timedelta(days=1)


class Beat(SQLModel, table=True):
    name: str = Field(primary_key=True)
    role: str = Field(max_length=20)  # "worker", "clock"
    at: datetime


def beat(session: Session, name: str, role: str, now: datetime) -> None:
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    sign = dialect.insert(Beat).values(name=name, role=role, at=now)
    session.execute(sign.on_conflict_do_update(index_elements=["name"], set_={"at": now}))
    session.execute(delete(Beat).where(col(Beat.at) < now - FORGOTTEN))


def alive(session: Session, role: str, now: datetime) -> bool:
    return session.exec(select(Beat.name).where(Beat.role == role, Beat.at > now - ALIVE).limit(1)).first() is not None

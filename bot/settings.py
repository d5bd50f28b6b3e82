"""Settings: what the environment says, checked once at start, all faults told together."""

from collections.abc import Mapping
from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from connectors import Misconfigured

SHORTEST_SECRET = 32  # characters
PLACEHOLDERS = ("change-me", "changeme", "secret", "placeholder", "example")


class Settings(BaseSettings):
    """One field a variable of the same name in capitals; `.env.example` explains each. Platforms read their own."""

    model_config = SettingsConfigDict(extra="ignore", case_sensitive=False)

    database_url: SecretStr = SecretStr("sqlite:///var/fanfare.db")
    secret_key: SecretStr
    port: int = Field(default=8000, ge=1, le=65535)
    public_url: str = ""
    brand: str = "Maison Zéphyr"
    language: str = Field(default="fr", pattern="^(fr|en)$")
    currency: str = Field(default="EUR", pattern="^[A-Z]{3}$")
    worker_threads: int = Field(default=16, ge=1, le=128)
    webhooks_local: bool = False
    holdout_percent: float = Field(default=5.0, ge=0, le=100)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what `read` was given: the environment is an argument, like time and chance."""
        return (init_settings,)

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Self:
        """The settings, or Misconfigured with every fault in words."""
        given = {name: environ[name.upper()] for name in cls.model_fields if environ.get(name.upper())}
        try:
            return cls(**given)  # type: ignore[arg-type]
        except ValidationError as error:
            raise Misconfigured([_in_words(fault["loc"], fault["msg"]) for fault in error.errors()]) from None

    @field_validator("secret_key")
    @classmethod
    def _is_secret(cls, key: SecretStr) -> SecretStr:
        word = key.get_secret_value()
        if len(word) < SHORTEST_SECRET or any(known in word.lower() for known in PLACEHOLDERS):
            raise ValueError(
                f"must be at least {SHORTEST_SECRET} random characters, for example from: openssl rand -hex 32"
            )
        return key

    @property
    def secret(self) -> str:
        return self.secret_key.get_secret_value()

    @property
    def address(self) -> str:
        """Where fans reach us, without a slash at the end."""
        return (self.public_url or f"http://127.0.0.1:{self.port}").rstrip("/")


def _in_words(place: tuple[int | str, ...], fault: str) -> str:
    return f"{'.'.join(map(str, place)).upper()}: {fault.removeprefix('Value error, ')}"


ENV_FILE = Path(".env")


def env_file(path: Path = ENV_FILE) -> dict[str, str]:
    """What a `.env` file sets: NAME=VALUE lines, `#` for remarks."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    pairs = (line.split("=", 1) for line in lines if "=" in line and not line.lstrip().startswith("#"))
    return {name.strip(): value.strip().strip("\"'") for name, value in pairs}

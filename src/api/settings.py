"""What can be set from outside: the environment, and flags of the command line above it.

Each setting is read from `TALLYBOOK_` and its name in capitals; `DATABASE_URL` alone has no prefix.
A secret can also come from a file: `TALLYBOOK_API_KEY_FILE` names one that holds the key. An
unknown `TALLYBOOK_…` variable is an error, because a setting that is silently not in force could
bill wrongly.
"""

import os
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal

import platformdirs
from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

_PREFIX = "TALLYBOOK_"
_WITHOUT_PREFIX = {"database_url": "DATABASE_URL"}
_FROM_FILES = ("api_key", "database_url", "owner_database_url", "signing_key")


class SettingsError(Exception):
    """A setting that cannot be used; the message names the variable."""


def default_data_dir() -> Path:
    """`/var/lib/tallybook` for root, else the platform's folder for a user's data."""
    if os.geteuid() == 0:
        return Path("/var/lib/tallybook")
    return platformdirs.user_data_path("tallybook", appauthor=False)


class Settings(BaseSettings):
    """The settings in force; made by `load_settings`."""

    model_config = SettingsConfigDict(
        env_prefix=_PREFIX,
        env_ignore_empty=True,
        extra="forbid",
        frozen=True,
        validate_by_name=True,
    )

    data_dir: Path = Field(default_factory=default_data_dir)
    """Where the embedded PostgreSQL keeps its data, with the passwords of its roles."""
    database_url: SecretStr | None = Field(default=None, validation_alias="DATABASE_URL")
    """A PostgreSQL server of the user's, as the application role. Without it: the embedded one."""
    owner_database_url: SecretStr | None = None
    """The same database as the owner of the tables, for migrations and rebuilds."""
    test_database_url: SecretStr | None = None
    """A server on which the test suite may create and drop databases."""
    api_key: SecretStr | None = None
    """Seeds the first test key, for scripted set-ups."""
    pg_user: str = "nobody"
    """Who runs the embedded PostgreSQL when this process is root's."""
    pg_bin: Path | None = None
    """A folder of PostgreSQL programs to use in place of the installed ones."""
    pdf_fonts: Path | None = None
    """A folder of fonts for what is written on PDFs in scripts that typst's own fonts lack."""
    host: str = "127.0.0.1"
    port: int = Field(default=4242, ge=0, le=65535)
    """Where the API listens; port 0 takes a free one."""
    workers: int = Field(default=2, ge=1, le=64)
    """Processes that serve the API."""
    finalization_grace_seconds: int = Field(default=3600, ge=0)
    """How long a draft invoice takes late usage before it is finalized (contract §9)."""
    late_usage_settling_seconds: int = Field(default=60, ge=0)
    """How long no more late usage of a finalized line must have come before it is settled."""
    signing_key: SecretStr | None = None
    """Signs checkpoints of the log: 32 bytes in base64. Without it: a file in the data folder."""
    checkpoint_interval_seconds: int = Field(default=3600, ge=0)
    """How long after a checkpoint the next one is signed if there is news; 0 for never."""
    crash_points: Path | None = None
    """A folder in which a fault test names the places where a process is to be killed."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"


def load_settings(**flags: Any) -> Settings:
    """The settings of this process's environment, with `flags` that are not None above it.

    Raises SettingsError that names the variable, and for an unknown one the nearest valid name.
    """
    _refuse_unknown()
    values = _secrets_from_files()
    values |= {name: value for name, value in flags.items() if value is not None}
    try:
        return Settings(**values)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise SettingsError(f"{_variable(str(first['loc'][0]))}: {first['msg']}.") from None


def _variable(name: str) -> str:
    if name in _WITHOUT_PREFIX.values():
        return name
    return _WITHOUT_PREFIX.get(name, _PREFIX + name.upper())


def _secrets_from_files() -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name in _FROM_FILES:
        variable = _variable(name)
        file = os.environ.get(f"{variable}_FILE")
        if not file:
            continue
        if os.environ.get(variable):
            raise SettingsError(f"{variable} and {variable}_FILE are both set; leave one out.")
        try:
            values[name] = Path(file).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(f"{variable}_FILE: {file} cannot be read: {error}.") from None
    return values


def _refuse_unknown() -> None:
    known = {_variable(name) for name in Settings.model_fields}
    known |= {f"{_variable(name)}_FILE" for name in _FROM_FILES}
    for variable in sorted(os.environ):
        if variable.upper().startswith(_PREFIX) and variable.upper() not in known:
            near = get_close_matches(variable.upper(), sorted(known), n=1, cutoff=0.0)
            raise SettingsError(f"There is no setting {variable}. Did you mean {near[0]}?")

"""Fixtures for every test."""

import os
import random

import psycopg_pool.base
from hypothesis import Phase, settings

from tests.support.postgres import database, datastore, postgres_server, shared_database
from tests.support.served import served

__all__ = ["database", "datastore", "postgres_server", "served", "shared_database"]

# A test must never reach the database of whoever runs it.
for _variable in list(os.environ):
    if _variable.startswith("TALLYBOOK_") and _variable not in {
        "TALLYBOOK_PG_BIN",
        "TALLYBOOK_PG_USER",
        "TALLYBOOK_TEST_DATABASE_URL",
    }:
        del os.environ[_variable]
for _variable in ("DATABASE_URL", "DATABASE_URL_FILE"):
    os.environ.pop(_variable, None)

# A pool's thread draws when a new connection is to expire. From the process's own random state it
# would do so while a strategy draws, and hypothesis would take that for the strategy's doing.
setattr(psycopg_pool.base, "random", random.Random().random)  # noqa: B010

# How long an example takes says more about the machine than about the code. To explain a failure,
# every line of it is traced, which takes longer than a test may.
settings.register_profile(
    "tallybook", deadline=None, phases=[phase for phase in Phase if phase is not Phase.explain]
)
# `--hypothesis-profile=long` looks at many more examples.
settings.register_profile("long", settings.get_profile("tallybook"), max_examples=5_000)
settings.load_profile("tallybook")

"""Ids are unguessable where they are new, and always the same where they are derived."""

import os
from datetime import UTC, datetime, timedelta
from uuid import UUID

from ledger.kernel.ids import derived_id, new_id, new_time_ordered_id

NOW = datetime(2026, 1, 31, 12, 30, 15, 123_000, tzinfo=UTC)


def test_new_ids_differ_and_have_the_length_asked_for():
    made = {new_id("cus", 14) for _ in range(10_000)}
    assert len(made) == 10_000
    assert {len(made_id) for made_id in made} == {len("cus_") + 14}


def test_every_letter_is_as_likely_in_every_place():
    made = [new_id("x", 13).removeprefix("x_") for _ in range(20_000)]
    for letters in zip(*made, strict=True):
        counts = [letters.count(letter) for letter in set(letters)]
        assert len(counts) == 62
        assert min(counts) > 200  # 322 on average
        assert max(counts) < 450


def test_a_forked_process_makes_ids_of_its_own():
    new_id("run")
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, new_id("run").encode())
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(reading, 100).decode() != new_id("run")


def test_time_ordered_ids_are_uuids_of_version_7_that_sort_by_time():
    made = [new_time_ordered_id(NOW + timedelta(milliseconds=n)) for n in range(1_000)]
    assert made == sorted(made)
    assert {(UUID(one).version, UUID(one).variant) for one in made} == {(7, UUID(made[0]).variant)}
    assert UUID(made[0]).int >> 80 == int(NOW.timestamp() * 1000)
    assert [str(UUID(one)) for one in made] == made


def test_a_derived_id_never_changes():
    """It was given out by the first release, for ever."""
    assert derived_id("in", "sub_1", 0) == "in_jv8i4bg5ICFpdDtrmKOCzzqM"
    assert derived_id("in", "sub_1", 1) == "in_oM18GoNtjdayz9633bUKDTjf"

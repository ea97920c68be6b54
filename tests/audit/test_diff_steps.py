"""Where between two positions something came to differ."""

from hypothesis import given
from hypothesis import strategies as st

from api.audit.diff.changes import changes
from api.audit.diff.steps import Step, Steps

_VALUES = st.lists(st.integers(0, 3), min_size=2, max_size=40)


def _steps(values: list[int], beyond: int = 0) -> list[Step]:
    """Of a document that has the value of each position, from 1 on."""
    documents = {place: {"a": value} for place, value in enumerate(values, start=1)}
    differing = [one.path for one in changes(documents[1], documents[len(values)])]
    return list(Steps(documents.__getitem__, differing).between(documents, beyond=beyond))


def test_each_step_has_the_fields_that_it_changed():
    documents = [
        {"a": 1, "lines": [{"id": "x", "n": 1}], "kept": 0},
        {"a": 1, "lines": [{"id": "x", "n": 2}], "kept": 5},
        {"a": 1, "lines": [{"id": "x", "n": 2}], "kept": 0},
        {"a": 2, "lines": [{"id": "x", "n": 2}, {"id": "y", "n": 1}], "kept": 0},
        {"a": 2, "lines": [{"id": "x", "n": 2}, {"id": "y", "n": 3}], "kept": 0},
    ]
    differing = [one.path for one in changes(documents[0], documents[-1])]
    assert differing == ["a", "lines[x].n", "lines[y]"]
    found = Steps(documents.__getitem__, differing).between(range(5), beyond=0)
    assert list(found) == [
        Step(0, 1, ("lines[x].n",)),
        Step(2, 3, ("a", "lines[y]")),
        Step(3, 4, ("lines[y]",)),
    ]


def test_what_could_not_be_shown_in_between_is_a_step():
    documents = [{"a": 1}, {}, {"a": 2}]
    found = Steps(documents.__getitem__, ["a"]).between(range(3), beyond=0)
    assert list(found) == [Step(0, 1, ("a",)), Step(1, 2, ("a",))]


@given(values=_VALUES)
def test_the_steps_lead_from_one_end_to_the_other(values: list[int]):
    found = _steps(values)
    value = values[0]
    for step in found:
        assert values[step.after - 1] == value
        assert values[step.through - 1] != value
        value = values[step.through - 1]
    assert value == values[-1]
    assert bool(found) == (values[0] != values[-1])


@given(values=st.lists(st.integers(1, 3), min_size=2, max_size=40))
def test_nothing_is_left_out_of_what_only_grows(values: list[int]):
    grown = [sum(values[: n + 1]) for n in range(len(values))]
    assert [step.through for step in _steps(grown)] == [*range(2, len(grown) + 1)]


@given(values=_VALUES, beyond=st.integers(0, 40))
def test_a_later_page_has_the_same_steps(values: list[int], beyond: int):
    later = [step for step in _steps(values) if step.through > beyond]
    assert _steps(values, beyond) == later


def test_what_did_not_change_is_not_looked_into():
    looked: list[int] = []

    def shown(position: int) -> dict[str, int]:
        looked.append(position)
        return {"a": int(position > 700)}

    found = list(Steps(shown, ["a"]).between(range(1_000), beyond=0))
    assert found == [Step(700, 701, ("a",))]
    assert len(looked) == len({*looked}) <= 12

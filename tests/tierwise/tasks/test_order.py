import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.tasks.order import CycleError, in_order

names = st.sampled_from("abcdef")
graphs = st.lists(names, unique=True, min_size=1).flatmap(
    lambda nodes: st.fixed_dictionaries(
        {node: st.lists(st.sampled_from(nodes), unique=True, max_size=2) for node in nodes}
    )
)


def test_without_needs_the_order_stays() -> None:
    assert in_order({"c": [], "a": [], "b": []}) == ("c", "a", "b")


def test_a_cycle_is_named_without_those_that_only_wait_for_it() -> None:
    with pytest.raises(CycleError) as raised:
        in_order({"a": ["b"], "b": ["c"], "c": ["b"], "d": []})
    assert raised.value.names == ("b", "c")
    assert str(raised.value) == "b needs c needs b"
    assert str(pickle.loads(pickle.dumps(raised.value))) == str(raised.value)


@given(graphs)
def test_each_comes_after_what_it_needs_or_a_cycle_is_shown(graph: dict[str, list[str]]) -> None:
    try:
        ordered = in_order(graph)
    except CycleError as error:
        following = (*error.names[1:], error.names[0])
        assert all(b in graph[a] for a, b in zip(error.names, following, strict=True))
    else:
        assert sorted(ordered) == sorted(graph)
        for name, needs in graph.items():
            assert all(ordered.index(need) < ordered.index(name) for need in needs)

"""The best span among scores of tokens, against trying every one."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from kgqa.adapters.models.span_reader import best_span

SCORES = st.lists(st.floats(-5, 5, width=16), min_size=1, max_size=45)


@settings(deadline=None)
@given(st.data())
def test_it_is_the_best_of_all_spans_inside_the_text(data: st.DataObject) -> None:
    starts = np.array(data.draw(SCORES), np.float32)
    count = len(starts)
    same = st.lists(st.floats(-5, 5, width=16), min_size=count, max_size=count)
    ends = np.array(data.draw(same), np.float32)
    inside = np.array(data.draw(st.lists(st.booleans(), min_size=count, max_size=count)))
    spans = [(a, b) for a in range(count) for b in range(a, min(a + 30, count)) if inside[a] and inside[b]]
    best = max((starts[a] + ends[b] for a, b in spans), default=-np.inf)
    found = best_span(starts, ends, inside)
    if best > starts[0] + ends[0]:
        assert found in spans
        assert starts[found[0]] + ends[found[1]] == best
    else:
        assert found is None

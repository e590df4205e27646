"""gradient_clipping: the gradient is autograd's, the cut is the package's, and the cliff throws whom nobody holds."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from nnlab import clipping
from nnlab.explorers.gradient_clipping import (
    BY_NORM,
    BY_VALUE,
    DESCRIPTION,
    HALF_WIDTH,
    below,
    cliff,
    compute,
    descend,
    remark,
    sentence,
    slope,
)
from nnlab.stage.drawing.picture import Picture

PICTURE = Picture(DESCRIPTION)
STARTS = [(w, b) for w in (4.8, 5.0, 5.2, 5.5, 6.0) for b in (-2.6, -2.4, -2.2)]


def run(**values):
    return compute(**DESCRIPTION.values(**values))


def by_autograd(w, b):
    """Loss and gradient of the recurrent network, written with torch."""
    w, b = (torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in (w, b))
    x = torch.tensor(0.5, dtype=torch.float64)
    for _ in range(50):
        x = w * torch.sigmoid(x) + b
    loss = (torch.sigmoid(x) - 0.7) ** 2
    return loss.item(), *(g.item() for g in torch.autograd.grad(loss, [w, b]))


@given(st.floats(3, 7), st.floats(-4, 0))
def test_the_gradient_is_that_of_autograd(w, b):
    loss, dw, db = slope(w, b)
    theirs = by_autograd(w, b)
    assert loss == pytest.approx(theirs[0], rel=1e-6, abs=1e-12)
    # at the edge of the cliff rounding errors grow as much as the gradient does
    assert [dw, db] == pytest.approx(theirs[1:], rel=1e-4, abs=1e-9)
    assert cliff(w, np.array([b]))[0] == pytest.approx(loss, rel=1e-6, abs=1e-12)


def test_far_away_nothing_overflows():
    for w, b in ((1e6, 1e6), (-1e6, 1e6), (1e6, -1e6)):
        assert np.isfinite(slope(w, b)[0])
        assert np.isfinite(cliff(w, b)).all()


@pytest.mark.parametrize(("kind", "clip"), [(BY_NORM, clipping.by_norm), (BY_VALUE, clipping.by_value)])
def test_every_step_is_the_rule_of_the_package(kind, clip):
    made = descend(kind, 1.0, 0.3, 5.0, -2.2, 60)
    for k in (0, 12, 30, 59):
        _, dw, db = slope(*made.path[k])
        step = clip({"gradient": torch.tensor([dw, db], dtype=torch.float64)}, 1.0)["gradient"].numpy()
        np.testing.assert_allclose(made.path[k + 1], made.path[k] - 0.3 * step, rtol=1e-12)
        assert made.norm[k] == pytest.approx(np.hypot(dw, db))
        assert made.used[k] == pytest.approx(np.hypot(*step))
    longest = 1 if kind == BY_NORM else 2**0.5
    assert (made.used <= longest + 1e-9).all()
    assert (np.linalg.norm(np.diff(made.path, axis=0), axis=1) <= 0.3 * longest * (1 + 1e-9)).all()


def test_over_many_starts_clipping_holds_on_to_the_valley():
    """Medians, because at the cliff a single run is decided by rounding."""
    ends = {}
    for name, kind, threshold in (("free", None, np.inf), ("norm", BY_NORM, 1.0), ("value", BY_VALUE, 1.0)):
        runs = [descend(kind, threshold, 0.3, w, b, 200) for w, b in STARTS]
        ends[name] = np.median([np.median(r.loss[100:]) for r in runs])
        if name != "free":
            assert all(abs(r.path - (5, -2)).max() < 2 for r in runs), name
    assert ends["free"] > 0.08
    assert ends["norm"] < 0.01
    assert ends["norm"] < ends["value"] < ends["free"]


def test_what_the_presets_claim():
    presets = {preset.label: preset.values for preset in DESCRIPTION.presets}
    early = run(**presets["before the cliff"])
    assert early.free.norm.max() < 0.2
    tight = run(**presets["too tight"])
    assert (tight.clipped.used < tight.clipped.norm).all()
    assert tight.clipped.loss[40] > 2 * run().clipped.loss[10:40].min()
    loose = run(**presets["too loose"])
    assert int((loose.clipped.used < loose.clipped.norm * 0.999).sum()) == 1
    assert loose.clipped.loss[-1] == pytest.approx(0.09, abs=0.001)
    turned, straight = (run(**presets["by value"] | {"kind": kind}).clipped for kind in (BY_VALUE, BY_NORM))
    k = int(np.argmax(turned.norm > 2))
    w, b = np.diff(turned.path, axis=0)[k]
    assert abs(w) == pytest.approx(abs(b))  # the diagonal
    k = int(np.argmax(straight.norm > 2))
    _, dw, db = slope(*straight.path[k])
    w, b = np.diff(straight.path, axis=0)[k]
    assert w / b == pytest.approx(dw / db)
    away = run(**presets["away from the edge"])
    np.testing.assert_array_equal(away.clipped.path, away.free.path)
    assert away.free.loss[-1] < 1e-12


@given(
    st.sampled_from([BY_NORM, BY_VALUE]),
    st.floats(0.01, 100),
    st.floats(0.01, 1),
    st.floats(4, 6.5),
    st.floats(-3.2, -1.2),
)
def test_the_view_holds_the_clipped_path_and_says_where_the_free_one_is(kind, threshold, lr, w, b):
    result = run(kind=kind, threshold=threshold, lr=lr, start_w=w, start_b=b)
    DESCRIPTION.update(PICTURE.artists, result)
    left = PICTURE.figure.axes[0]
    (w0, w1), (b0, b1) = left.get_xlim(), left.get_ylim()
    path, (w, b) = result.clipped.path, result.free.path[-1]
    assert w0 <= path[:, 0].min() <= path[:, 0].max() <= w1
    assert b0 <= path[:, 1].min() <= path[:, 1].max() <= b1
    assert tuple(left.images[0].get_extent()) == (w0, w1, b0, b1)
    note = PICTURE.artists["where"]
    outside = not (w0 <= w <= w1 and b0 <= b <= b1)
    assert ("thrown to" in note.get_text()) == outside
    assert ("times wider" in note.get_text()) == (w1 - w0 > 2 * HALF_WIDTH * 1.001)
    assert not note.get_text() or inside(note.get_window_extent(), left.bbox)


def inside(box, frame):
    return frame.x0 <= box.x0 <= box.x1 <= frame.x1 and frame.y0 <= box.y0 <= box.y1 <= frame.y1


def test_a_wider_view_that_the_free_path_leaves_says_both():
    result = run(steps=2)
    held = result.clipped._replace(path=np.array([(5.0, -2.0), (9.0, -2.0)]))
    for end, said in (((5.0, 7.4), "\nfree: thrown to w = 5, b = 7.4"), ((5.0, 3.5), ""), ((9.0, -6.0), "")):
        thrown = result.free._replace(path=np.array([(5.0, -2.0), (5.0, -2.0), end]))
        PICTURE.show(result._replace(clipped=held, free=thrown))
        assert PICTURE.artists["where"].get_text() == "view 4 times wider" + said


def test_the_note():
    result = run()
    w, b = result.free.path[-1]
    assert remark(result, 1.0) == f"free: thrown to w = {w:.3g}, b = {b:.3g}"
    assert remark(result, 4.0**9) == "view 262,144 times wider"
    assert remark(run(steps=1), 1.0) == ""


def test_the_sentence():
    assert "0 of 1 step cut" in sentence(run(steps=1))
    result = run(lr=0.1)
    assert sentence(result).startswith("by norm at 1, lr 0.1: 5 of 100 steps cut, the loss gets below 0.001; ")
    assert "largest gradient, 3.9e+02, at step 60, moves the weights by 39, and the loss ends at 0.09." in sentence(
        result
    )
    away = DESCRIPTION.presets[-1]
    assert away.label == "away from the edge"
    assert sentence(run(**away.values)).endswith("and the loss ends below 1e-06.")
    assert below(0.001) == "below 0.001"
    assert below(0.0011) == "below 0.01"

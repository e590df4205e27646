"""Initialization schemes: the standard deviation that each promises, from seeds that repeat."""

import math

import pytest
import torch

from nnlab import initialization
from nnlab.engine.initialization import SCHEMES, draw

N_IN, N_OUT = 300, 500
VARIANCE = {
    "he_normal": 2 / N_IN,
    "he_uniform": 2 / N_IN,
    "glorot_normal": 2 / (N_IN + N_OUT),
    "glorot_uniform": 2 / (N_IN + N_OUT),
    "lecun_normal": 1 / N_IN,
    "standard": 1 / (3 * N_IN),
    "small_normal": 1e-4,
    "zeros": 0.0,
}
TORCH = {  # torch stores a weight as (out, in), so its fan_in is our n_in
    "he_normal": lambda w: torch.nn.init.kaiming_normal_(w, nonlinearity="relu"),
    "he_uniform": lambda w: torch.nn.init.kaiming_uniform_(w, nonlinearity="relu"),
    "glorot_normal": torch.nn.init.xavier_normal_,
    "glorot_uniform": torch.nn.init.xavier_uniform_,
    "standard": lambda w: torch.nn.init.kaiming_uniform_(w, a=math.sqrt(5)),  # what torch.nn.Linear calls
}


def weight(name, seed=0, n_in=N_IN, n_out=N_OUT):
    return draw(name, n_in, n_out, torch.Generator().manual_seed(seed))


def test_every_scheme_has_a_variance():
    assert VARIANCE.keys() == SCHEMES.keys()


@pytest.mark.parametrize("name", VARIANCE)
def test_mean_and_variance(name):
    w, std = weight(name).double(), math.sqrt(VARIANCE[name])
    assert w.shape == (N_IN, N_OUT)
    assert abs(w.mean()) <= 4 * std / math.sqrt(w.numel())
    assert w.std() == pytest.approx(std, rel=0.01)


@pytest.mark.parametrize("name", TORCH)
def test_same_spread_as_torch(name):
    with torch.random.fork_rng():
        torch.manual_seed(1)
        reference = TORCH[name](torch.empty(N_OUT, N_IN))
    assert weight(name).std() == pytest.approx(reference.std().item(), rel=0.01)
    if name.endswith("uniform") or name == "standard":
        assert weight(name).abs().max() == pytest.approx(reference.abs().max().item(), rel=1e-3)


@pytest.mark.parametrize("name", VARIANCE)
def test_seed_repeats_and_the_global_generator_rests(name):
    state = torch.get_rng_state()
    assert torch.equal(weight(name, seed=3), weight(name, seed=3))
    assert name == "zeros" or not torch.equal(weight(name, seed=3), weight(name, seed=4))
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("name", VARIANCE)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_one_by_one(name, dtype):
    w = draw(name, 1, 1, torch.Generator().manual_seed(0), dtype)
    assert w.shape == (1, 1)
    assert w.dtype == dtype
    assert w.isfinite().all()


@pytest.mark.parametrize("name", ["he", "xavier", "He_normal", None, 1])
def test_unknown_name(name, refused):
    with refused(repr(name)):
        initialization.draw(name, 2, 2, torch.Generator())

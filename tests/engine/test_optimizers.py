"""Every optimizer against torch.optim, on tensors, on Python floats and on the members of an ensemble."""

import copy
import dataclasses
import math
import pickle

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from nnlab import optimizers
from nnlab.engine.optimizers import OPTIMIZERS, SGD, Adam, Momentum

FRACTIONS = {"momentum", "alpha", "beta1", "beta2"}
TARGETS = {"layer1.weight": torch.linspace(-2, 2, 6).reshape(2, 3).double(), "layer1.bias": torch.ones(3).double()}
START = {name: torch.full_like(target, 0.5) for name, target in TARGETS.items()}


def torch_optimizer(optimizer, leaves):
    """The optimizer of torch with the same hyper-parameters."""
    given = dataclasses.asdict(optimizer)
    name = type(optimizer).__name__
    if "beta1" in given:
        given["betas"] = (given.pop("beta1"), given.pop("beta2"))
    if name in ("Momentum", "Nesterov"):
        return torch.optim.SGD(leaves, **given, nesterov=name == "Nesterov" and optimizer.momentum > 0)
    return getattr(torch.optim, name)(leaves, **given)


def gradients(params, step):
    """Gradients that depend on the parameters, change their sign and are sometimes exactly zero."""
    return {name: (p - TARGETS[name]) * math.cos(step) * (step % 7 > 0) for name, p in params.items()}


def run(optimizer, params, steps, gradient=gradients):
    """The parameters after every step."""
    state, path = optimizer.init(params), []
    for step in range(steps):
        params, state = optimizer.update(params, gradient(params, step), state)
        path.append(params)
    return path


@st.composite
def settings_of(draw, name):
    """Random hyper-parameters of an optimizer."""
    given = {
        "lr": 10 ** draw(st.floats(-4, -0.3)),
        "weight_decay": draw(st.just(0.0) | st.just(0) | st.floats(0, 0.5)),
        "eps": 10 ** draw(st.floats(-10, -2)),
        **{fraction: draw(st.just(0.9) | st.floats(0, 0.999)) for fraction in sorted(FRACTIONS)},
    }
    return {field.name: given[field.name] for field in dataclasses.fields(OPTIMIZERS[name])}


@pytest.mark.parametrize("name", OPTIMIZERS)
@given(data=st.data())
def test_fifty_steps_are_torchs(name, data):
    optimizer = OPTIMIZERS[name](**data.draw(settings_of(name)))
    leaves = {name: p.clone() for name, p in START.items()}
    twin = torch_optimizer(optimizer, list(leaves.values()))
    for step, params in enumerate(run(optimizer, START, 50)):
        for leaf, gradient in zip(leaves.values(), gradients(leaves, step).values(), strict=True):
            leaf.grad = gradient
        twin.step()
        for key in params:
            torch.testing.assert_close(params[key], leaves[key], rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("name", ["Adagrad", "RMSprop", "Adam", "AdamW", "Adamax"])
def test_defaults_are_torchs(name):
    twin = torch_optimizer(OPTIMIZERS[name](), [torch.zeros(1)])
    wanted = type(twin)([torch.zeros(1)]).defaults
    assert {key: twin.defaults[key] for key in wanted} == wanted


@pytest.mark.parametrize("name", OPTIMIZERS)
@given(data=st.data())
def test_floats_take_the_same_steps_as_tensors(name, data):
    """The explorers run on Python floats."""
    optimizer = OPTIMIZERS[name](**data.draw(settings_of(name)))
    on_tensors = run(optimizer, START, 20)
    target, start = TARGETS["layer1.weight"][0, 0].item(), 0.5

    def slope(params, step):
        return {"w": (params["w"] - target) * math.cos(step) * (step % 7 > 0)}

    for step, params in enumerate(run(optimizer, {"w": start}, 20, slope)):
        assert isinstance(params["w"], float)
        assert params["w"] == pytest.approx(on_tensors[step]["layer1.weight"][0, 0].item(), rel=1e-9)


@pytest.mark.parametrize("name", OPTIMIZERS)
@given(data=st.data())
def test_members_with_settings_of_their_own_equal_runs_alone(name, data):
    """Every hyper-parameter may be a (member,) tensor."""
    rows = [data.draw(settings_of(name)) for _ in range(3)]
    varied = {key: torch.tensor([row[key] for row in rows], dtype=torch.float64) for key in rows[0]}
    targets = {key: torch.stack([t, 2 * t, 3 * t]) for key, t in TARGETS.items()}

    def slopes(params, step):
        return {key: (p - targets[key]) * math.cos(step) for key, p in params.items()}

    together = run(OPTIMIZERS[name](**varied), {key: torch.full_like(t, 0.5) for key, t in targets.items()}, 20, slopes)
    for k, row in enumerate(rows):

        def slope(params, step, k=k):
            return {key: (p - targets[key][k]) * math.cos(step) for key, p in params.items()}

        for key, alone in run(OPTIMIZERS[name](**row), START, 20, slope)[-1].items():
            torch.testing.assert_close(together[-1][key][k], alone, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_update_is_pure(name):
    optimizer = OPTIMIZERS[name](weight_decay=0.1)
    state = optimizer.update(START, gradients(START, 1), optimizer.init(START))[1]
    params, grads = {k: p.clone() for k, p in START.items()}, gradients(START, 2)
    before = copy.deepcopy((params, grads, state))
    first, second = (optimizer.update(params, grads, state) for _ in range(2))
    for now, then in zip(tensors((params, grads, state)), tensors(before), strict=True):
        assert torch.equal(now, then)
    assert all(torch.equal(a, b) for a, b in zip(tensors(first), tensors(second), strict=True))
    assert first[1].step == state.step + 1 == 2


def tensors(nest):
    """All tensors in a nest of dictionaries and tuples."""
    if isinstance(nest, torch.Tensor):
        return [nest]
    parts = nest.values() if isinstance(nest, dict) else nest if isinstance(nest, tuple) else ()
    return [tensor for part in parts for tensor in tensors(part)]


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("SGD", {}),
        ("Momentum", {"velocity": 3.0}),
        ("Nesterov", {"velocity": 3.0}),
        ("Adagrad", {"squares": 9.0}),
        ("RMSprop", {"squares": 0.01 * 9}),
        ("Adam", {"mean": 0.1 * 3, "squares": 0.001 * 9}),
        ("AdamW", {"mean": 0.1 * 3, "squares": 0.001 * 9}),
        ("Adamax", {"mean": 0.1 * 3, "largest": 3.0}),
    ],
)
def test_what_is_remembered_has_a_name(name, wanted):
    """After one step from zero with the gradient 3."""
    optimizer = OPTIMIZERS[name]()
    state = optimizer.init({"w": 1.0})
    assert state.memory["w"]._asdict() == dict.fromkeys(wanted, 0.0)
    memory = optimizer.update({"w": 1.0}, {"w": 3.0}, state)[1].memory["w"]
    assert memory._asdict() == pytest.approx(wanted)
    assert type(memory) is type(state.memory["w"]) is optimizer.remembers
    assert pickle.loads(pickle.dumps(memory)) == memory


def test_a_formula_that_returns_too_little_is_found_at_once():
    class Forgetful(Momentum):
        def formula(self, w, g, memory, t):
            return w - self.lr * g, ()

    with pytest.raises(TypeError, match="velocity"):
        Forgetful().update({"w": 1.0}, {"w": 3.0}, Forgetful().init({"w": 1.0}))


@pytest.mark.parametrize("name", sorted(OPTIMIZERS.keys() - {"AdamW"}))
@pytest.mark.parametrize("zero", [0, 0.0])
def test_without_weight_decay_a_parameter_does_not_enter_its_gradient(name, zero):
    """0 * inf is nan: only the short cut leaves the running values finite."""
    optimizer = OPTIMIZERS[name](weight_decay=zero)
    params, grads = {"w": torch.tensor([math.inf])}, {"w": torch.ones(1)}
    new, state = optimizer.update(params, grads, optimizer.init({"w": torch.zeros(1)}))
    assert new["w"].item() == math.inf
    assert all(value.isfinite() for value in state.memory["w"])


@pytest.mark.parametrize("name", ["SGD", "Adam", "AdamW"])
def test_weight_decay_shrinks_biases_too(name):
    """As in torch, when it is given all parameters; ``decay`` of ``ensemble.train`` shrinks weights only."""
    optimizer = OPTIMIZERS[name](lr=0.1, weight_decay=0.5)
    grads = {key: torch.zeros_like(p) for key, p in START.items()}
    new, _ = optimizer.update(START, grads, optimizer.init(START))
    for key in ("layer1.weight", "layer1.bias"):
        assert (new[key] < START[key]).all()
    leaves = {key: p.clone() for key, p in START.items()}
    for key, leaf in leaves.items():
        leaf.grad = grads[key]
    torch_optimizer(optimizer, list(leaves.values())).step()
    for key in START:
        torch.testing.assert_close(new[key], leaves[key])


def test_momentum_conventions():
    """With lr inside the velocity the run is the same; with (1 - b) g it is the same for lr / (1 - b)."""
    b, lr, inside, mean = 0.9, 0.1, 0.0, 0.0
    ours = w_inside = w_mean = 1.0
    state = Momentum(lr).init({"w": ours})
    for step in range(50):
        slope = math.cos(step)
        new, state = Momentum(lr, momentum=b).update({"w": ours}, {"w": slope}, state)
        inside = b * inside - lr * slope
        mean = b * mean + (1 - b) * slope
        ours, w_inside, w_mean = new["w"], w_inside + inside, w_mean - lr / (1 - b) * mean
        assert ours == pytest.approx(w_inside)
        assert ours == pytest.approx(w_mean)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_descriptions_are_frozen(name):
    with pytest.raises(dataclasses.FrozenInstanceError):
        OPTIMIZERS[name]().lr = 1.0
    assert OPTIMIZERS[name](lr=0.5) == OPTIMIZERS[name](0.5)


WRONG = {
    "lr": [0, -0.1, math.nan, math.inf, "0.1", True, None, torch.tensor([0.1, -0.1]), torch.tensor([True])],
    "momentum": [-0.1, 1.0, math.nan, "0.9", False],
    "alpha": [-0.1, 1, math.nan, "0.9", True],
    "beta1": [-0.1, 1.0, math.nan, "0.9", True],
    "beta2": [-0.1, 1.0, math.nan, "0.9", True, torch.tensor([0.9, math.nan])],
    "eps": [0, -1e-8, math.nan, "1e-8", True],
    "weight_decay": [-0.1, math.nan, math.inf, "0", True],
}
CASES = [(n, f.name, v) for n, c in OPTIMIZERS.items() for f in dataclasses.fields(c) for v in WRONG[f.name]]


@pytest.mark.parametrize(("name", "setting", "value"), CASES)
def test_settings_outside_their_range(name, setting, value, refused):
    with refused("" if isinstance(value, torch.Tensor) else repr(value), start=setting):
        OPTIMIZERS[name](**{setting: value})


@pytest.mark.parametrize(
    "grads",
    [
        {"w": torch.zeros(3)},
        {"w": torch.zeros(2, 1)},
        {"w": 0.0},
        {"v": torch.zeros(2)},
        {},
        {"w": torch.zeros(2), "v": torch.zeros(2)},
    ],
    ids=str,
)
def test_gradients_that_do_not_fit(grads, refused):
    params = {"w": torch.zeros(2)}
    with refused():
        Adam().update(params, grads, Adam().init(params))


def test_a_tensor_as_the_gradient_of_a_float(refused):
    with refused():
        SGD().update({"w": 0.0}, {"w": torch.zeros(2)}, SGD().init({"w": 0.0}))


def test_one_learning_rate_for_each_member(refused):
    params = {"w": torch.zeros(2, 5)}
    with refused():
        SGD(lr=torch.tensor([0.1, 0.2, 0.3])).update(params, params, SGD().init(params))


@pytest.mark.parametrize("name", ["adam", "Adma", None])
def test_unknown_name(name, refused):
    with refused(repr(name)):
        optimizers.get(name)
    assert optimizers.get("Adam") is Adam

"""Change a number and run: what a student may try in each notebook ends in a result or a sentence, not in a traceback.

An edit is a piece of text that stands once in the notebook, and what replaces it. What cannot be mended yet stands in
``KNOWN``, with the reason; an entry there that no longer fails must be taken out.
"""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

HERE = Path(__file__).parent
NOTEBOOKS = HERE.parent.parent / "notebooks"

EDITS = {
    "00": [
        ('surface="Rosenbrock", lr=0.001, steps=200', 'surface="Rosenbrock", lr=0.01, steps=50'),
        ('explorer.set(surface="saddle", lr=0.05', 'explorer.set(surface="ravine", lr=0.3'),
        ("data = nnlab.digits(seed=0)", "data = nnlab.digits(seed=3, standardize=True)"),
        ('[64, 32, 10], activation="relu"', '[64, 128, 64, 10], activation="tanh"'),
        ('params = net.init("he_normal", seed=0)', 'params = net.init("glorot_uniform", seed=7)'),
        ("nnlab.optimizers.Adam(lr=0.01)", "nnlab.optimizers.SGD(lr=0.5)"),
        ("for step in range(200):", "for step in range(2000):"),
        ("seeds=range(32), steps=200, batch_size=128", "seeds=range(3), steps=50, batch_size=16"),
        ("nnlab.show_source(nnlab.Network.backward)", "nnlab.show_source(nnlab.Network.forward)"),
    ],
    "01": [
        ("data = nnlab.digits(seed=0)", "data = nnlab.digits(seed=5)"),
        ("ws = torch.linspace(-0.5, 2.5, 61)", "ws = torch.linspace(-2, 4, 11)"),
        ("w, h = 0.2, 1e-3", "w, h = 0.2, 1e-9"),
        ("w, h = 0.2, 1e-3", "w, h = 1.5, 0.1"),
        ("hs = torch.logspace(-15, 0, 91", "hs = torch.logspace(-12, -1, 30"),
        ("path = descend(slope, 0.2, lr=2.0, steps=20)", "path = descend(slope, 1.0, lr=20.0, steps=300)"),
        ('nnlab.optimizers.SGD(lr=2.0), {"w": 0.2}', 'nnlab.optimizers.SGD(lr=1.0), {"w": -1.0}'),
        ("for lr in (10.0, 10.4):", "for lr in (0.1, 1000.0):"),
        ("for c in (1, 10, 100):", "for c in (2, 500):"),
        ("for m in (1, 4, 16, 64):", "for m in (2, 256):"),
        ("def share_of_minima(n, trials=100_000):", "def share_of_minima(n, trials=1_000):"),
        ("shares = [share_of_minima(n) for n in range(1, 7)]", "shares = [share_of_minima(n) for n in range(1, 4)]"),
        (
            "nnlab.surfaces.saddle(), nnlab.optimizers.SGD(lr=0.1)",
            "nnlab.surfaces.saddle(), nnlab.optimizers.Momentum(lr=0.5)",
        ),
    ],
    "02": [
        ("w, x, b, t = 1.0, 1.5, -0.5, 0.0", "w, x, b, t = 1.0, -1.5, -0.5, 0.0"),
        ("h = 1e-5\nmeasured = (loss", "h = 1e-2\nmeasured = (loss"),
        ("for h in (1e-1, 1e-5, 1e-13):", "for h in (1e-2, 1e-4, 1e-8, 1e-16):"),
        ('Value(2.0, "x"), Value(0.3, "b")', 'Value(-1.0, "x"), Value(0.0, "b")'),
        ("(c * a).exp() + (c - b).sigmoid()", "(c + a).exp() * (c - b).tanh()"),
        ("[Value(0.7), Value(-1.2)]", "[Value(0.0), Value(3.0)]"),
        ("net = nnlab.Network([64, 32, 10])", 'net = nnlab.Network([64, 32, 10], activation="tanh")'),
        ("net = nnlab.Network([64, 32, 10])\nparams", "net = nnlab.Network([64, 48, 10])\nparams"),
        ("data.train.x[:64].double(), data.train.y[:64]", "data.train.x[:20].double(), data.train.y[:20]"),
        ("h, worst, passes = 1e-5, 0.0, 0", "h, worst, passes = 1e-2, 0.0, 0"),
        ("for calls in (1, 2, 3):", "for calls in range(5):"),
        ("w -= 0.1 * w.grad", "w -= 0.5 * w.grad"),
        ("first = torch.nn.Linear(64, 3200)", "first = torch.nn.Linear(64, 100)"),
        ("order.split(64):", "order.split(300):"),
        ("for epoch in range(1, 9):", "for epoch in range(1, 3):"),
        (
            "image, label = data.val.x[:1].double(), data.val.y[:1]",
            "image, label = data.val.x[7:8].double(), data.val.y[7:8]",
        ),
    ],
    "03": [
        ("f, y = torch.randn(2, 1000,", "f, y = torch.randn(2, 50,"),
        ("[1.0] * 7 + [0.0] * 3)", "[1.0] * 2 + [0.0] * 8)"),
        (
            "torch.tensor([0.5, 3.0]), torch.tensor([1.0, 1.0])\n",
            "torch.tensor([-2.0, 8.0]), torch.tensor([1.0, 0.0])\n",
        ),
        (
            "torch.randn(6, 4, generator=torch.Generator().manual_seed(1))",
            "5 * torch.randn(6, 4, generator=torch.Generator().manual_seed(9))",
        ),
        ("50 * torch.eye(10)[:1], 50 * torch.eye(10)[1:2]", "5 * torch.eye(10)[:1], 5 * torch.eye(10)[1:2]"),
        ("z = torch.tensor([100.0, 98.0, 0.0])", "z = torch.tensor([10.0, 8.0, 0.0])"),
        ("torch.tensor([[10.0], [16.0], [17.0], [200.0]])", "torch.tensor([[-5.0], [1000.0]])"),
        ("for number in (2, 5, 10):", "for number in (3,):"),
        ("torch.tensor([2.0, 4.0, 6.0, 8.0], dtype=torch.float64)", "torch.tensor([1.0, 3.0], dtype=torch.float64)"),
        ("for outlier in (2.0, 4.0, 6.0):", "for outlier in (3.0,):"),
        ("f, y = torch.tensor([0.5, 3.0, -4.0])", "f, y = torch.tensor([0.9, 10.0, -1.0])"),
        ("logits = torch.randn(32, 10, generator", "logits = torch.randn(32, 20, generator"),
        ("torch.tensor([0.99, 0.99, 0.99, 0.4])", "torch.tensor([0.9, 0.9, 0.2, 0.2])"),
        (
            "batches = [(torch.tensor([1, 1, 1, 1]), torch.tensor([1, 1, 1, 0]))",
            "batches = [(torch.tensor([1, 1, 1, 1]), torch.tensor([1, 1, 1, 1]))",
        ),
        ("torch.tensor([0.3, 0.4, -2.0])", "torch.tensor([0.3, 0.4, 0.2])"),
        ("torch.tensor([0] * 9 + [1])", "torch.tensor([0] * 7 + [1] * 3)"),
    ],
    "04": [
        ("linspace(-6, 6, 400", "linspace(-3, 3, 101"),
        ("explorers.activation(z=4.5)", "explorers.activation(z=-2)"),
        ('*[32] * 10, 10], activation="sigmoid")', '*[32] * 5, 10], activation="sigmoid")'),
        ('*[32] * 10, 10], activation="sigmoid")', '*[32] * 10, 10], activation="tanh")'),
        ("torch.tensor(0.95).sqrt()", "torch.tensor(0.9).sqrt()"),
        ("def probe(name, scale, depth=10):", "def probe(name, scale, depth=20):"),
        ('("tanh", 4), ("relu", 1.4)]:', '("gelu", 2)]:'),
        (
            "shares = [nnlab.probes.network(net, params, k * x)[0].saturated.median() for k in (1, 16)]",
            "shares = [nnlab.probes.network(net, params, k * x)[0].saturated.median() for k in (0, 255)]",
        ),
        ("[64, *[32] * 6, 10], activation=name)", "[64, *[32] * 3, 10], activation=name)"),
        ("rates, runs = [0.03, 0.1, 0.3, 1.0], {}", "rates, runs = [0.01, 10.0], {}"),
        ("for bias in (0.0, -1.0, -2.0, -3.0):", "for bias in (0.5, -0.5, -10.0):"),
        ("for lr in (0.1, 1.0, 2.0, 5.0):", "for lr in (0.3, 100.0):"),
        (
            "weight_decay=1e-4)\n    later = nnlab.ensemble.train(net, few, decayed, steps=2000",
            "weight_decay=1e-2)\n    later = nnlab.ensemble.train(net, few, decayed, steps=100",
        ),
        (
            "nnlab.Network([2, 8, 2], activation=name), nnlab.moons()",
            "nnlab.Network([2, 3, 2], activation=name), nnlab.moons(seed=1)",
        ),
        ("for n in (2, 4, 8, 16):", "for n in (3, 5):"),
    ],
    "05": [
        ('"glorot_uniform", "he_normal"):\n    bench.set(scheme', '"lecun_normal"):\n    bench.set(scheme'),
        (
            'trained = {}\nfor scheme in ("zeros", "glorot_uniform"):',
            'trained = {}\nfor scheme in ("zeros", "he_normal"):',
        ),
        (
            "for _ in range(50):\n        params, grads = step(params)",
            "for _ in range(5):\n        params, grads = step(params)",
        ),
        (
            'nnlab.optimizers.SGD(lr=0.1), batch_size=32, init="zeros")',
            'nnlab.optimizers.Adam(lr=0.01), batch_size=64, init="standard")',
        ),
        ("manual_seed(0), 15, 200, 32", "manual_seed(5), 30, 100, 8"),
        ("w = 0.03 * torch.randn(200, 200, generator=draw)", "w = 0.1 * torch.randn(200, 200, generator=draw)"),
        ("net = nnlab.Network([64, 32, 10])\nruns", "net = nnlab.Network([64, 20, 10])\nruns"),
        ("torch.nn.Linear(1000, 1000)", "torch.nn.Linear(1000, 50)"),
        ('[64] + [150] * 5 + [10], activation="tanh"', '[64] + [50] * 5 + [10], activation="relu"'),
        ("torch.randn(1_000_000, generator=draw)", "torch.randn(1_000, generator=draw)"),
        ("rates = [0.03, 0.1, 0.3]", "rates = [1.0]"),
        ("nnlab.Network([64] + [32] * 10 + [10]), scheme)", "nnlab.Network([64] + [32] * 3 + [10]), scheme)"),
    ],
    "06": [
        (
            "curvature = torch.tensor([1.0, 20.0], dtype=torch.float64)",
            "curvature = torch.tensor([1.0, 5.0], dtype=torch.float64)",
        ),
        (
            "start = torch.tensor([-2.0, 1.0], dtype=torch.float64)",
            "start = torch.tensor([3.0, -1.0], dtype=torch.float64)",
        ),
        ("def torch_run(make, steps=50", "def torch_run(make, steps=40"),
        ("    w = w - 0.02 * curvature * w", "    w = w - 0.05 * curvature * w"),
        ("for momentum in (0.0, 0.73, 0.9, 0.99):", "for momentum in (0.5,):"),
        ("steady = [0.02] * 50", "steady = [0.01] * 50"),
        ("falling = [0.02] * 10 + [0.002] * 10", "falling = [0.03] * 10 + [0.01] * 5"),
        ("t = torch.arange(1, 101)", "t = torch.arange(1, 31)"),
        ("g, eps = 1e-4, 1e-8", "g, eps = 1e-9, 1e-8"),
        ("explorers.bias_correction(steps=10)", "explorers.bias_correction(steps=30)"),
        ("    m = 0.9 * m + 0.1 * g\n    u = torch.maximum", "    m = 0.8 * m + 0.2 * g\n    u = torch.maximum"),
        (
            "nnlab.optimizers.get(name)(lr=0.002, weight_decay=1.0)",
            "nnlab.optimizers.get(name)(lr=0.01, weight_decay=0.1)",
        ),
    ],
    "07": [
        ("for eta in (0.1, 0.5, 1.0):", "for eta in (0.05, 1.9):"),
        ('{"noise": 0.5, "formula": "step", "T": 40}', '{"noise": 0.2, "formula": "cosine", "T": 100}'),
        (
            "rates = [0.1 / (1 + 1 * epoch) for epoch in range(4)]",
            "rates = [0.1 / (1 + 0.5 * epoch) for epoch in range(6)]",
        ),
        ("decay = nnlab.schedules.TimeDecay(k=1)", "decay = nnlab.schedules.TimeDecay(k=0.5)"),
        ("k = -math.log(0.95)", "k = -math.log(0.9)"),
        (
            '"step, E = 30": nnlab.schedules.Step(every=30, gamma=0.1)',
            '"step, E = 30": nnlab.schedules.Step(every=10, gamma=0.5)',
        ),
        ("CosineAnnealingLR(optimizer, T_max=80)", "CosineAnnealingLR(optimizer, T_max=50)"),
        ("nnlab.schedules.CosineRestarts(first=28, stretch=2)", "nnlab.schedules.CosineRestarts(first=10, stretch=3)"),
        ("schedule = nnlab.schedules.Geometric(gamma=0.9)", "schedule = nnlab.schedules.Geometric(gamma=0.99)"),
        ('{"warm_up": 20, "T": 380}', '{"warm_up": 50, "T": 100}'),
        ("for batch_size in (8, 16, 32, 64, 128, 256):", "for batch_size in (64, 256):"),
        (
            "schedule = nnlab.schedules.WarmUp(length=8, start=1 / 16)",
            "schedule = nnlab.schedules.WarmUp(length=40, start=1 / 100)",
        ),
        ("    return 10 ** (6 * t / 199)", "    return 10 ** (3 * t / 199)"),
        ('for steps in ("50", "100", "200", "400"):', 'for steps in ("100",):'),
    ],
    "08": [
        ("nnlab.Network([2, 16, 16, 2]), nnlab.moons(n=600)", "nnlab.Network([2, 4, 2]), nnlab.moons(n=200)"),
        ("rates = [0.01, 0.1, 1.0, 10.0]", "rates = [0.03, 3.0]"),
        ("data = nnlab.digits(seed=0)", "data = nnlab.digits(seed=4)"),
        ("for samples in (1077, 20):", "for samples in (50,):"),
        ("def selected(seed, seen, most=50):", "def selected(seed, seen, most=5):"),
        ("torch.randn(4000, 100, generator", "torch.randn(400, 100, generator"),
        ("walk_net = nnlab.Network([50, 16, 2])", "walk_net = nnlab.Network([50, 2])"),
        ("Images(data.train), batch_size=64", "Images(data.train), batch_size=1000"),
        ("network = nnlab.Network([64, 128, 128, 10])", "network = nnlab.Network([64, 16, 10])"),
        ("for batch in order.split(64):", "for batch in order.split(32):"),
        ("nnlab.EarlyStopping(patience=8)", "nnlab.EarlyStopping(patience=100)"),
        ('"epochs": 40, "batch_size": 16}', '"epochs": 12, "batch_size": 50}'),
        ("if run.step == 60:", "if run.step == 5:"),
        ("(data.val.x, data.val.y)], most=10)", "(data.val.x, data.val.y)], most=3)"),
    ],
    "09": [
        (
            "optimizer=Adam(lr=0.003), steps=400, batch_size=32):",
            "optimizer=Adam(lr=0.003), steps=100, batch_size=32):",
        ),
        (
            "small = run(sizes=(64, 1, 10), optimizer=Adam(lr=0.02))",
            "small = run(sizes=(64, 3, 10), optimizer=SGD(lr=0.02))",
        ),
        (
            "few = run(train=nnlab.Split(data.train.x[:40], data.train.y[:40])",
            "few = run(train=nnlab.Split(data.train.x[:80], data.train.y[:80])",
        ),
        ("picked = torch.isin(data.val.y, torch.tensor([0, 6]))", "picked = torch.isin(data.val.y, torch.tensor([8]))"),
        ("wild = run(optimizer=SGD(lr=100.0), steps=200)", "wild = run(optimizer=SGD(lr=5.0), steps=200)"),
        ("range(20_000, 20_050):", "range(100, 110):"),
        (
            'for width, steps in (("16", 40), ("16", 300), ("64", 40), ("64", 300)):',
            'for width, steps in (("32", 100),):',
        ),
        ("for degree in (1, 3, 6, 15):", "for degree in (0, 2, 20):"),
        ("torch.linspace(-1, 1, 25, dtype=torch.float64), 0.3", "torch.linspace(-1, 1, 25, dtype=torch.float64), 1.0"),
        ("for samples in (25, 200):", "for samples in (50,):"),
        ("(0.15, 0.30), (0.005, 0.01), (0.003, 0.004)]:", "(0.0, 0.5), (0.3, 0.1)]:"),
        ("quiz(seed=12)", "quiz(seed=3)"),
    ],
    "10": [
        ('for name, h in (("w1", 1), ("w2", 5)):', 'for name, h in (("w1", 0.1), ("w2", 50)):'),
        ("w = torch.tensor([1.0, -2.0, 0.5], requires_grad=True)", "w = torch.tensor([3.0, 0.1], requires_grad=True)"),
        ('rules = {"SGD": 0.1, "Momentum": 0.02, "Adam": 0.002}', 'rules = {"RMSprop": 0.002}'),
        (
            "strong = apart(train(rule, l2=0.01), train(rule, decay=0.1))",
            "strong = apart(train(rule, l2=0.01), train(rule, decay=0.2))",
        ),
        (
            'nnlab.explorers.weight_penalty(optimizer="Adam", lam=0.5)',
            'nnlab.explorers.weight_penalty(optimizer="SGD", lam=1.0)',
        ),
        ("s = 0.5\n", "s = 2.0\n"),
        ("+ 0.1 * torch.diag(torch.tensor(priced))", "+ 1.0 * torch.diag(torch.tensor(priced))"),
        (
            "w, x, y = torch.tensor([1.0, -2.0]), torch.tensor([0.5, 0.3]), 0.2",
            "w, x, y = torch.tensor([3.0, 0.0]), torch.tensor([0.0, 0.0]), 1.0",
        ),
        ("for h in (0.01, 0.1, 1.0):", "for h in (0.5, 10.0):"),
        ("draw = torch.Generator().manual_seed(3)", "draw = torch.Generator().manual_seed(8)"),
        ("radius = torch.rand(4000, 32, generator=draw).sqrt()", "radius = torch.rand(4000, 32, generator=draw)"),
        ("for k in (1, 2, 4, 8, 16, 32):", "for k in (3, 30):"),
    ],
    "11": [
        ("print(*(forget(a, 0.5, torch", "print(*(forget(a, 0.9, torch"),
        ("many = forget(a.expand(20_000, 4), 0.2,", "many = forget(a.expand(2_000, 4), 0.5,"),
        (
            "ours, _ = nnlab.dropout.forward(a, 0.2, torch.Generator().manual_seed(0))",
            "ours, _ = nnlab.dropout.forward(a, 0.5, torch.Generator().manual_seed(1))",
        ),
        ("for p in (0.2, 0.5, 0.8):\n    mean", "for p in (0.0, 0.95):\n    mean"),
        ("tiny = nnlab.Network([64, 10, 10], dropout=0.5)", "tiny = nnlab.Network([64, 10, 10], dropout=0.2)"),
        ("seeds=[0], batch_size=32, steps=400).params", "seeds=[3], batch_size=32, steps=50).params"),
        ("for rate in (0.2, 0.5, 0.8):", "for rate in (0.1, 0.9):"),
        ("autoencoder = nnlab.Network([64, 256, 64])", "autoencoder = nnlab.Network([64, 128, 64])"),
        ("wide = nnlab.Network([64, 128, 10])", "wide = nnlab.Network([64, 32, 10])"),
        (
            "goal = 0.9 * torch.nn.functional.one_hot(y, 10) + 0.1 / 10",
            "goal = 0.8 * torch.nn.functional.one_hot(y, 10) + 0.2 / 10",
        ),
        ("found = reached(smoothing, classes, 500)", "found = reached(smoothing, classes, 20)"),
        ("for smoothing, classes in ((0.1, 10), (0.2, 10), (0.1, 100)):", "for smoothing, classes in ((0.5, 3),):"),
        ("for a in (0, 0.5, 0.1):", "for a in (0, 0.5, 0.1, 0.3):"),
    ],
    "12": [
        ("black = 10\n", "black = 0\n"),
        ("def batch_norm(z, weight, bias, eps=1e-5):", "def batch_norm(z, weight, bias, eps=1e-3):"),
        (
            "torch.randn(32, 16, generator=draw, dtype=torch.float64) * 3 + 2",
            "torch.randn(8, 5, generator=draw, dtype=torch.float64) * 3 + 2",
        ),
        ('[64] + [32] * 20 + [10], "sigmoid"', '[64] + [32] * 4 + [10], "tanh"'),
        (
            '"steps": 200, "batch_size": 64, "init": "glorot_normal"',
            '"steps": 60, "batch_size": 16, "init": "he_normal"',
        ),
        ('{"360": 360, "8": 8, "2": 2}', '{"40": 40, "4": 4}'),
        (
            "SGD(lr=0.1), steps=300, batch_size=32, eval_every=300)",
            "SGD(lr=1.0), steps=50, batch_size=8, eval_every=50)",
        ),
        ("rates = [0.01, 0.1, 1.0]", "rates = [0.03, 0.3, 3.0]"),
        ("for radius in (0.9, 1.0, 1.01, 1.1):", "for radius in (0.5, 2.0):"),
        ("min(1.0, 1.0 / (norm + 1e-6))", "min(1.0, 5.0 / (norm + 1e-6))"),
        ("for w in (4.8, 5.0, 5.2, 5.5, 6.0)", "for w in (4.0, 6.5)"),
        ("((0.1, (0.03, 3.0, torch.inf)), (3.0, (0.3, torch.inf)))", "((1.0, (1.0, torch.inf)),)"),
        ("for eps in (1e-8, 1e-7, 1e-6, 1e-5, 1e-4):", "for eps in (1e-3,):"),
        (
            "def low_run(eps, dtype, memory=None, steps=100, seeds=range(8)):",
            "def low_run(eps, dtype, memory=None, steps=20, seeds=range(2)):",
        ),
        ("for scale in (1, 1024, 65536):", "for scale in (1e-3, 1e9):"),
        (
            "x, y in zip(data.train.x.split(32), data.train.y.split(32)):",
            "x, y in zip(data.train.x.split(500), data.train.y.split(500)):",
        ),
    ],
}

KNOWN: dict = {}  # (notebook, old text, new text): why it still ends in a traceback


def report(number):
    """What each edit of a notebook ends with."""
    (path,) = NOTEBOOKS.glob(f"{number}_*.ipynb")
    one_thread = {"OMP_NUM_THREADS": "1", "MPLBACKEND": "module://matplotlib_inline.backend_inline"}
    one_thread["PYTHONPATH"] = str(NOTEBOOKS.parent)
    command = [sys.executable, HERE / "edited_run.py", path, json.dumps(EDITS[number])]
    process = subprocess.run(command, env=os.environ | one_thread, capture_output=True, text=True, check=False)
    assert process.returncode == 0, process.stderr[-3000:]
    return json.loads(process.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def reports(request):
    """The reports of the notebooks that are tested, two at a time, begun together."""
    numbers = [
        item.callspec.params["number"]
        for item in request.session.items
        if item.module is request.module and "number" in item.callspec.params
    ]
    with ThreadPoolExecutor(2) as pool:
        yield {number: pool.submit(report, number) for number in dict.fromkeys(numbers)}


def test_every_notebook_has_at_least_eight_edits():
    assert sorted(EDITS) == sorted(path.name[:2] for path in NOTEBOOKS.glob("*.ipynb"))
    assert all(len(set(edits)) >= 8 for edits in EDITS.values())


@pytest.mark.skipif(not hasattr(os, "fork"), reason="an edit runs in a fork of the notebook, and Windows has none")
@pytest.mark.parametrize("number", EDITS)
def test_a_changed_number_ends_in_a_result(number, reports):
    ends = {(number, *edit): end for edit, end in zip(EDITS[number], reports[number].result(), strict=True)}
    failed = {edit: end for edit, end in ends.items() if end is not None}
    assert {edit: end for edit, end in failed.items() if edit not in KNOWN} == {}
    assert [edit for edit in KNOWN if edit[0] == number and edit not in failed] == []  # these work now: take them out

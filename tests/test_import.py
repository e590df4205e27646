"""``import nnlab`` is quick and needs only the standard library; names are loaded when they are used."""

import json
import subprocess
import sys
import time

import pytest

import nnlab


def seconds(code, times=5):
    """The best time of several fresh interpreters that run ``code``."""
    best = float("inf")
    for _ in range(times):
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True)
        best = min(best, time.perf_counter() - start)
    return best


def test_import_takes_at_most_a_fifth_of_a_second():
    assert seconds("import nnlab") - seconds("pass") <= 0.2


def test_import_loads_only_the_standard_library():
    code = "import sys, json; old = set(sys.modules); import nnlab; print(json.dumps(sorted(set(sys.modules) - old)))"
    run = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    loaded = json.loads(run.stdout)
    assert "nnlab" in loaded
    assert {name.split(".")[0] for name in loaded} - {"nnlab"} <= sys.stdlib_module_names
    assert [name for name in loaded if name.startswith("nnlab")] == ["nnlab"]


def test_the_engine_does_not_load_widgets_or_pyplot():
    code = (
        "import sys, nnlab; nnlab.ensemble.train(nnlab.Network([2, 2]), nnlab.spirals(classes=2), "
        "nnlab.optimizers.SGD(), steps=1); "
        "sys.exit(bool({'ipywidgets', 'matplotlib'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


@pytest.mark.parametrize("name", nnlab.__all__)
def test_every_public_name_is_there_and_documented(name):
    assert name in dir(nnlab)
    assert getattr(nnlab, name).__doc__


def test_unknown_name():
    with pytest.raises(AttributeError, match="no attribute 'Netwrok'"):
        nnlab.Netwrok  # noqa: B018

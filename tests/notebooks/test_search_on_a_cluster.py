"""Notebook 13 shows how a search runs on a Dask cluster, but does not run it: here these lines run as they stand."""

import re
from pathlib import Path

import nbformat
import pytest

import nnlab

PATH = Path(__file__).parents[2] / "notebooks" / "13_hyperparameter_search.ipynb"
ADDRESS = '"tcp://10.0.0.1:8786"'


def lines_in_text():
    cells = [cell.source for cell in nbformat.read(PATH, as_version=4).cells if cell.cell_type == "markdown"]
    (block,) = re.findall(r"^```python\n(.*?)^```", "\n".join(cells), re.S | re.M)
    return block


def one_run(lr, weight_decay):
    return (lr - 0.1) ** 2 + weight_decay


def test_the_lines_for_a_cluster_run_and_give_the_table_of_one_process():
    distributed = pytest.importorskip("dask.distributed")
    pair = {"lr": nnlab.spaces.LogUniform(1e-5, 10), "weight_decay": nnlab.spaces.LogUniform(1e-4, 10)}
    names = {"nnlab": nnlab, "one_run": one_run, "pair": pair}
    block = lines_in_text()
    assert ADDRESS in block
    with distributed.LocalCluster(
        processes=False, n_workers=1, threads_per_worker=1, dashboard_address=None
    ) as cluster:
        exec(block.replace(ADDRESS, repr(cluster.scheduler_address)), names)
    here = nnlab.search(one_run, pair, trials=8, seed=0, workers=1, progress=False)
    columns = ["trial", "lr", "weight_decay", "score", "state", "reason"]
    assert names["there"].table[columns].equals(here.table[columns])

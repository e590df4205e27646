"""The training loop of PyTorch, with what a run that you can trust needs around it.

loop: ``fit``, and its heart ``train_epoch``. run: what a run is, which callbacks see and a checkpoint holds;
evaluation: how it looks at the validation data. batches: where the data come from. checks: what must hold before it
begins, and be the same when it goes on. callbacks: what may happen meanwhile. checkpoints, resume: how a run outlives a
crash. tracking: CSV and TensorBoard. search: many runs with other settings. models: our networks as torch modules.
lightning_twin: the same in Lightning.
"""

from nnlab.training.evaluation import Accuracy
from nnlab.training.loop import fit, own_randomness, train_epoch
from nnlab.training.run import Run

__all__ = ["Accuracy", "Run", "fit", "own_randomness", "train_epoch"]

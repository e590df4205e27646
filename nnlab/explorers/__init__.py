"""Every explorer by name; each opens without arguments, or with the values its controls should start at."""

from nnlab.explorers.bias_correction import bias_correction
from nnlab.explorers.descent_1d import descent_1d
from nnlab.explorers.descent_2d import descent_2d
from nnlab.explorers.minibatch_noise import minibatch_noise
from nnlab.explorers.momentum_ball import momentum_ball
from nnlab.explorers.optimizer_race import optimizer_race

__all__ = [
    "bias_correction",
    "descent_1d",
    "descent_2d",
    "minibatch_noise",
    "momentum_ball",
    "optimizer_race",
]

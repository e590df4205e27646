"""Every explorer by name; each opens without arguments, or with the values its controls should start at.

One module for each; shared holds what several of them draw, memory what they compute only once: ``forget()`` throws
that away.
"""

from nnlab.explorers.activation import activation
from nnlab.explorers.backprop_steps import backprop_steps
from nnlab.explorers.batch_norm import batch_norm
from nnlab.explorers.bias_correction import bias_correction
from nnlab.explorers.capacity import capacity
from nnlab.explorers.chain_rule import chain_rule
from nnlab.explorers.decision_boundary import decision_boundary
from nnlab.explorers.descent_1d import descent_1d
from nnlab.explorers.descent_2d import descent_2d
from nnlab.explorers.dropout import dropout
from nnlab.explorers.ensemble import ensemble
from nnlab.explorers.fourier_features import fourier_features
from nnlab.explorers.frozen_layers import frozen_layers
from nnlab.explorers.gradient_clipping import gradient_clipping
from nnlab.explorers.initialization import initialization
from nnlab.explorers.label_smoothing import label_smoothing
from nnlab.explorers.loss_shapes import loss_shapes
from nnlab.explorers.memory import forget as forget
from nnlab.explorers.minibatch_noise import minibatch_noise
from nnlab.explorers.momentum_ball import momentum_ball
from nnlab.explorers.optimizer_race import optimizer_race
from nnlab.explorers.polynomial import polynomial
from nnlab.explorers.range_test import range_test
from nnlab.explorers.saturation import saturation
from nnlab.explorers.schedule import schedule
from nnlab.explorers.search import search
from nnlab.explorers.softmax_cross_entropy import softmax_cross_entropy
from nnlab.explorers.weight_penalty import weight_penalty

__all__ = [
    "activation", "backprop_steps", "batch_norm", "bias_correction", "capacity", "chain_rule", "decision_boundary",
    "descent_1d", "descent_2d", "dropout", "ensemble", "fourier_features", "frozen_layers", "gradient_clipping",
    "initialization", "label_smoothing", "loss_shapes", "minibatch_noise", "momentum_ball", "optimizer_race",
    "polynomial", "range_test", "saturation", "schedule", "search", "softmax_cross_entropy", "weight_penalty",
]  # fmt: skip

"""nnlab: a bench for learning how neural networks train.

The public names, in the order in which a training run meets them. Each is loaded on first use,
so that ``import nnlab`` costs nothing and needs only the standard library.
"""

import importlib

__version__ = "0.1.0"

_PUBLIC = {
    # data
    "digits": "data",
    "moons": "data",
    "spirals": "data",
    "polynomial": "data",
    "fashion_mnist": "fashion",
    "reconstruction": "data",
    "mislabelled": "data",
    "Dataset": "data",
    "data": None,
    "Split": "data",
    # the network by hand
    "activations": None,
    "losses": None,
    "initialization": None,
    "scalar": None,
    "normalization": None,
    "dropout": None,
    "noise": None,
    "Network": "network",
    "models": None,
    "probes": None,
    # training
    "optimizers": None,
    "penalties": None,
    "clipping": None,
    "augmentation": None,
    "schedules": None,
    "ensemble": None,
    "range_test": "lr_range",
    "fit": "training",
    "training": None,
    "EarlyStopping": "callbacks",
    "Callback": "callbacks",
    "checkpoints": None,
    "lightning_twin": None,
    "tracking": None,
    "mistakes": None,
    "History": "history",
    "history": None,
    "curve_families": None,
    "diagnosis": None,
    "calibration": None,
    # pictures
    "surfaces": None,
    "plots": None,
    "use_style": "plots",
    # explorers
    "Explorer": "explorer",
    "explorers": None,
    "live_training": "live",
    "predict": "prediction",
    # exercises
    "check": "exercises",
    "hint": "exercises",
    "show_source": "source",
    "environment_card": "source",
}

__all__ = list(_PUBLIC)


def __getattr__(name):
    if name not in _PUBLIC:
        raise AttributeError(f"module 'nnlab' has no attribute {name!r}")
    module = importlib.import_module("nnlab." + (_PUBLIC[name] or name))
    value = getattr(module, name) if _PUBLIC[name] else module
    globals()[name] = value
    return value


def __dir__():
    return sorted(set(globals()) | set(_PUBLIC))

"""nnlab: a bench for learning how neural networks train.

The public names, in the order in which a training run meets them, each with the module that it is or that holds it.
They are loaded on first use, so that ``import nnlab`` costs nothing and needs only the standard library.

The rooms, from the top down: ``commands``, ``exercises``, ``explorers``, ``training``, ``stage``, ``analysis``,
``engine``, ``datasets``. A module may import from its own room and from those below it.
"""

import importlib

__version__ = "0.1.0"

_PUBLIC = {
    # data
    "digits": "datasets.data",
    "wine": "datasets.data",
    "breast_cancer": "datasets.data",
    "moons": "datasets.data",
    "spirals": "datasets.data",
    "polynomial": "datasets.data",
    "fashion_mnist": "datasets.fashion",
    "photograph": "datasets.photographs",
    "reconstruction": "datasets.data",
    "mislabelled": "datasets.data",
    "Dataset": "datasets.data",
    "data": "datasets.data",
    "tasks": "datasets.tasks",
    "Split": "datasets.data",
    # the network by hand
    "activations": "engine.activations",
    "losses": "engine.losses",
    "initialization": "engine.initialization",
    "scalar": "engine.scalar",
    "normalization": "engine.normalization",
    "dropout": "engine.dropout",
    "noise": "engine.noise",
    "Network": "engine.network",
    "FourierNetwork": "engine.fourier",
    "Stack": "engine.stack",
    "layers": "engine.layers",
    "gradient_check": "engine.agreement",
    "models": "training.models",
    "probes": "analysis.probes",
    # training
    "optimizers": "engine.optimizers",
    "penalties": "engine.penalties",
    "clipping": "engine.clipping",
    "augmentation": "engine.augmentation",
    "schedules": "engine.schedules",
    "ensemble": "engine.ensemble",
    "range_test": "engine.lr_range",
    "fit": "training.loop",
    "training": "training",
    "EarlyStopping": "training.callbacks",
    "Callback": "training.callbacks",
    "checkpoints": "training.checkpoints",
    "lightning_twin": "training.lightning_twin",
    "tracking": "training.tracking",
    "mistakes": "analysis.mistakes",
    "spaces": "engine.spaces",
    "search": "training.search.running",
    "repeated_search": "training.search.repeated",
    "Trials": "analysis.search",
    "History": "history",
    "history": "history",
    "compare": "analysis.comparison",
    "roughly": "analysis.comparison",
    "curve_families": "analysis.curves.curve_families",
    "diagnosis": "analysis.curves.diagnosis",
    "checkup": "analysis.checkup.order",
    "clinic": "analysis.clinic",
    "calibration": "analysis.calibration",
    "psnr": "analysis.pictures",
    "baselines": "analysis.pictures",
    "leaderboard": "analysis.pictures",
    # pictures
    "surfaces": "engine.surfaces",
    "plots": "analysis.plots",
    "search_plots": "analysis.search.search_plots",
    "use_style": "analysis.plots",
    # explorers
    "Explorer": "stage.explorer",
    "explorers": "explorers",
    "live_training": "stage.live",
    "predict": "stage.prediction",
    # exercises
    "check": "exercises",
    "hint": "exercises",
    "record": "exercises",
    "show_source": "stage.source",
    "environment_card": "stage.source",
    # for authors of explorers and exercises of their own
    "Description": "stage.description",
    "Slider": "stage.description",
    "Choice": "stage.description",
    "Toggle": "stage.description",
    "Preset": "stage.description",
    "Handle": "stage.description",
    "opener": "stage.explorer",
    "Exercise": "exercises",
    "Mistake": "exercises",
    "register": "exercises",
}

__all__ = list(_PUBLIC)


def __getattr__(name):
    if name not in _PUBLIC:
        raise AttributeError(f"module 'nnlab' has no attribute {name!r}")
    place = _PUBLIC[name]
    module = importlib.import_module(f"nnlab.{place}")
    value = module if place.split(".")[-1] == name else getattr(module, name)
    globals()[name] = value
    return value


def __dir__():
    return sorted(set(globals()) | set(_PUBLIC))

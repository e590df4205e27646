"""Where ``nnlab.fit`` takes its mini-batches from.

mini_batches: slices of data in memory, or DataLoaders as they are.
"""

from nnlab.training.batches.mini_batches import NO_BATCH, Batches, Loaded, Sliced, batches_of

__all__ = ["NO_BATCH", "Batches", "Loaded", "Sliced", "batches_of"]

"""What a training run is: run, which callbacks see and a checkpoint holds; record, what it has seen so far."""

from nnlab.training.run.run import Run, device_state, set_device_state

__all__ = ["Run", "device_state", "set_device_state"]

"""What is checked before a run begins, so that it does not fail, or mislead, hours later.

together: what must fit together: schedule and optimizer, device, metrics, outputs and classes. identity: what decides a
run, which must be the same when it is resumed. places: folders and files, which must let themselves be written.
"""

from nnlab.training.checks.identity import changed, described, fingerprint, made
from nnlab.training.checks.places import check_writable, place
from nnlab.training.checks.together import bound, check_classes, check_length, check_metrics, usable

__all__ = [
    "bound", "changed", "check_classes", "check_length", "check_metrics", "check_writable", "described", "fingerprint",
    "made", "place", "usable",
]  # fmt: skip

"""Writing for TensorBoard: curves, histograms, the graph of a model, and settings."""

import contextlib
import io
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch

from nnlab.analysis import probes
from nnlab.training.tracking.event_files import SUFFIX

__all__ = ["Writers", "settings_summaries", "write_graph", "write_histogram", "write_settings"]


def tag_of(part: str, name: str) -> str:
    """The name of a curve on TensorBoard: ``val_loss`` is the ``loss`` of the run ``val``.

    TensorBoard draws one chart for each tag, with one line for each run: so training and validation share a chart.

    >>> tag_of("train", "loss"), tag_of("val", "val_loss")
    ('loss', 'loss')
    """
    return name.removeprefix(f"{part}_")


class Writers:
    """One SummaryWriter for each part of a run, opened when something is written: ".", "train" and "val"."""

    def __init__(self, folder: Path, purge_step: int | None = None):
        self.folder, self._purge_step = folder, purge_step
        self._open: dict[str, Any] = {}

    def __getitem__(self, part: str):
        from torch.utils.tensorboard import SummaryWriter

        if part not in self._open:
            self._open[part] = SummaryWriter(
                str(self.folder / part), filename_suffix=SUFFIX, purge_step=self._purge_step
            )
        return self._open[part]

    def scalar(self, part: str, name: str, value: float, step: int) -> None:
        """Write one point of the curve ``name``."""
        self[part].add_scalar(tag_of(part, name), value, step)

    def flush(self) -> None:
        for writer in self._open.values():
            writer.flush()

    def close(self) -> None:
        """Write what waits, close the files and end the threads of the writers."""
        for writer in self._open.values():
            writer.close()
        self._open = {}


def write_histogram(writer, tag: str, values: torch.Tensor, step: int) -> None:
    """Write how the finite entries of ``values`` are distributed, in 40 intervals; without any, write nothing."""
    values = values.detach().flatten().float().cpu()
    values = values[values.isfinite()]
    if not len(values):
        return
    _, _, counts, edges = probes.statistics(values[None])
    total = values.double()
    ends = {"min": values.min().item(), "max": values.max().item()}
    sums = {"num": len(values), "sum": total.sum().item(), "sum_squares": total.square().sum().item()}
    buckets = {"bucket_limits": edges[1:].tolist(), "bucket_counts": counts.tolist()}
    writer.add_histogram_raw(tag, **ends, **sums, **buckets, global_step=step)


def write_graph(writer, model: torch.nn.Module, x: torch.Tensor) -> None:
    """Write the graph of the model, as ``torch.jit.trace`` sees it; a model that it cannot follow has none."""
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(Exception):
        warnings.simplefilter("ignore")  # the tracer is deprecated, and TensorBoard's writer has no other
        writer.add_graph(model, x)


def write_settings(writer, hparams: dict, curves: Iterable[tuple[str, str]]) -> None:
    """Write settings, so that HPARAMS shows them beside the last value of every curve (part, name)."""
    for summary in settings_summaries(hparams, [(part, tag_of(part, name)) for part, name in curves])[:2]:
        writer.file_writer.add_summary(summary, 0)


def settings_summaries(hparams: dict, curves) -> tuple:
    """TensorBoard's records of an experiment, and of the start and the end of a session.

    PyTorch's own ``add_hparams`` wants the metrics again, in a run of their own; here each is named by its run and tag.
    """
    from tensorboard.plugins.hparams.api_pb2 import MetricInfo, MetricName
    from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData
    from torch.utils.tensorboard.summary import hparams as summaries

    experiment, start, end = summaries(hparams, {})
    data = experiment.value[0].metadata.plugin_data
    content = HParamsPluginData.FromString(data.content)
    content.experiment.metric_infos.extend(
        MetricInfo(name=MetricName(group=part, tag=tag), display_name=f"{part} {tag}") for part, tag in curves
    )
    data.content = content.SerializeToString()
    return experiment, start, end

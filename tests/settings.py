"""At which values a picture is looked at."""

__all__ = ["settings"]


def settings(description, ends=True):
    """The defaults and each preset; with ``ends`` also each control at each end, the others at their defaults."""
    yield {}
    yield from (preset.values for preset in description.presets)
    if ends:
        yield from ({control.name: end} for control in description.controls for end in control.ends)

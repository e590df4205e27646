"""What is drawn is what was computed: every artist of every explorer, and a proof that a false curve would be seen."""

from collections import Counter

import numpy as np
from artists import complaints, differs, flat, shown_by, still, survivors
from pictures import NOT_DRAWN, PICTURES
from settings import settings

import nnlab
from nnlab.stage.drawing.picture import Picture

ENOUGH = 3  # settings at which each artist is spoiled
NEVER_SHOWN = {
    "batch_norm": {"still 0", "still 1"},  # lines without points, for the legend
    "loss_shapes": {"best 3", "best 4", "best 5", "best 6"},  # losses of two classes have no best prediction
    "optimizer_race": {"outs 3", "outs 4", "outs 5", "outs 6"},  # who divides by the gradient is not lost here
}


def corners_too(description):
    """The settings, and all controls at the first and at the last end."""
    yield from settings(description)
    yield from ({control.name: control.ends[k] for control in description.controls} for k in (0, -1))


def frames(name):
    """(what is set, moving and still artists by name, what each must show) for every setting of an explorer."""
    description = getattr(nnlab.explorers, name)().description
    picture = Picture(description)
    for given in corners_too(description):
        result = description.compute(**description.values(**given))
        description.update(picture.artists, result)
        moving, wanted = flat(picture.artists), dict(PICTURES[name](result, picture.artists))
        under = {f"still {k}": shown for k, shown in enumerate(wanted.pop("still"))}
        yield given, moving | still(picture.figure, moving), flat(wanted) | under


def scaled(thing):
    """(name, the same with it times 0.8 to 0.9) for every series of numbers in a result, however deep."""
    if isinstance(thing, np.ndarray | list):
        values = np.asarray(thing)
        if values.dtype.kind in "fi" and values.size > 1 and values.any():
            smaller = values * np.linspace(0.8, 0.9, values.size).reshape(values.shape)
            yield "", smaller.tolist() if isinstance(thing, list) else smaller
    elif hasattr(thing, "_asdict"):
        for name, part in thing._asdict().items():
            yield from ((f"{name} {inner}".strip(), thing._replace(**{name: new})) for inner, new in scaled(part))
    elif isinstance(thing, dict):
        for name, part in thing.items():
            yield from ((f"{name} {inner}".strip(), thing | {name: new}) for inner, new in scaled(part))
    elif isinstance(thing, tuple):
        for k, part in enumerate(thing):
            yield from ((f"{k} {inner}".strip(), (*thing[:k], new, *thing[k + 1 :])) for inner, new in scaled(part))


class EveryPicture:
    name: str

    def test_every_artist_shows_the_result(self):
        for given, artists, wanted in frames(self.name):
            assert complaints(artists, wanted) == [], given

    def test_a_false_artist_is_seen(self):
        """Each part of what an artist shows is scaled and shifted, and each artist is dropped: nothing survives."""
        seen = Counter()
        for given, artists, wanted in frames(self.name):
            for key, artist in artists.items():
                if not wanted[key] or seen[key] == ENOUGH:
                    continue
                assert survivors({key: artist}, wanted) == [], given
                seen[key] += 1
            assert complaints(artists, wanted) == []
        assert artists.keys() - seen.keys() == NEVER_SHOWN.get(self.name, set())

    def test_every_series_of_the_result_is_drawn(self):
        description = getattr(nnlab.explorers, self.name)().description
        picture, every, drawn = Picture(description), set(), set()
        for given in corners_too(description):
            result = description.compute(**description.values(**given))
            for series, changed in scaled(result):
                every.add(series)
                if series not in drawn:
                    description.update(picture.artists, result)
                    before = {key: shown_by(artist) for key, artist in flat(picture.artists).items()}
                    description.update(picture.artists, changed)
                    artists = flat(picture.artists)
                    drawn |= {series} if any(differs(shown_by(artists[key]), before[key]) for key in artists) else set()
        assert {series.split()[0] for series in every - drawn} == NOT_DRAWN.get(self.name, {}).keys()


for name in nnlab.explorers.__all__:
    globals()[f"Test_{name}"] = type(f"Test_{name}", (EveryPicture,), {"name": name})

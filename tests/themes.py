"""The dark theme of ``nnlab/stage/front/strokes.js`` said once more, and how well two colours are told apart.

tests/browser/test_strokes.py sees that both say the same.
"""

from functools import cache

import numpy as np

from nnlab.analysis import palette

__all__ = ["channels", "contrast", "inverted", "lightness", "over", "themed"]

TO_CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
TO_LAB = np.array(
    [
        [0.2104542553, 0.793617785, -0.0040720468],
        [1.9779984951, -2.428592205, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.808675766],
    ]
)
GREY = np.array([0.2126, 0.7152, 0.0722])  # what red, green and blue have of the luminance


@cache
def channels(colour: str) -> np.ndarray:
    """ "#rrggbb" or "#rrggbbaa" as four numbers from 0 to 1."""
    return np.array([int(colour[k : k + 2], 16) if k < len(colour) else 255 for k in (1, 3, 5, 7)]) / 255


def linear(rgb):
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def gamma(rgb):
    rgb = np.clip(rgb, 0, 1)
    return np.where(rgb <= 0.0031308, 12.92 * rgb, 1.055 * rgb ** (1 / 2.4) - 0.055)


def luminance(rgb):
    """Relative luminance, from 0 to 1 (WCAG 2.2), of (..., 3)."""
    return linear(np.asarray(rgb)[..., :3]) @ GREY


def lightness(rgb):
    """L* of CIELAB, from 0 to 100: what is left of a colour in greyscale."""
    y = luminance(rgb)
    return np.where(y > 216 / 24389, 116 * np.cbrt(y) - 16, 24389 / 27 * y)


def contrast(one, other):
    """Of two colours, from 1 to 21 (WCAG 2.2); (..., 3) each."""
    first, second = luminance(one), luminance(other)
    return (np.maximum(first, second) + 0.05) / (np.minimum(first, second) + 0.05)


def over(colour, ground):
    """A colour with alpha, (..., 4), painted on a ground, (..., 3)."""
    alpha = colour[..., 3:]
    return alpha * colour[..., :3] + (1 - alpha) * ground


def relit(colour: np.ndarray, light) -> np.ndarray:
    """A colour of the same hue, as light as ``light(L, strength)`` says, and as strong as the screen can show it."""
    (first, *others), alpha = TO_LAB @ np.cbrt(TO_CONES @ linear(colour[:3])), colour[3]
    wanted = light(first, np.hypot(*others))
    for share in np.arange(1, -0.05, -0.05):
        cones = np.linalg.solve(TO_LAB, [wanted, *(share * part for part in others)]) ** 3
        rgb = np.linalg.solve(TO_CONES, cones)
        if share < 0.05 or ((rgb > -0.001) & (rgb < 1.001)).all():
            return np.array([*np.rint(255 * gamma(rgb)) / 255, alpha])
    raise AssertionError("a share of 0 is a grey, which every screen can show")


def invert(light):
    return 1 - 0.85 * light**1.3


@cache
def themed(colour: str, dark: bool) -> np.ndarray:
    """A colour of strokes as it is shown, four numbers from 0 to 1."""
    if not dark:
        return channels(colour)
    named = palette.THEMES.get(colour[:7])
    if named:
        return np.array([*channels(named[0])[:3], channels(colour)[3]])

    def light(first, strength):
        strong = min(1, max(0, (strength - 0.04) / 0.06))
        return (1 - strong) * invert(first) + strong * (0.48 + 0.46 * first)

    return relit(channels(colour), light)


@cache
def inverted(rgba: tuple) -> np.ndarray:
    """A colour of an image, (4,) in uint8, as the dark theme shows it."""
    return relit(np.array(rgba) / 255, lambda first, _: invert(first))

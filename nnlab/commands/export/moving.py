"""Moving: the picture of the README that moves, drawn by an explorer at one value of a slider after the other.

``python3 -m nnlab.commands.export.moving`` makes it anew, when the explorer no longer looks as it did.
"""

import io
import math

from matplotlib.font_manager import findfont
from PIL import Image, ImageDraw, ImageFont

from nnlab.commands.start.environment import ROOT
from nnlab.explorers.descent_2d import descent_2d
from nnlab.stage.explorer import Explorer

__all__ = ["FILE", "VALUES", "frame", "main"]

FILE = ROOT / "docs" / "moving.webp"
LOW, HIGH = 0.01, 0.105  # of the learning rate: from creeping to just beyond what converges
VALUES = [float(f"{LOW * (HIGH / LOW) ** (k / 50):.3g}") for k in range(51)]
WIDTH, HEIGHT, BELOW = 860, 440, 44  # pixels of the explorer, and of the slider below it
MOMENT, REST = 120, 2500  # milliseconds of a frame, and of the last one
ACCENT, LINE, INK, PAPER = "#0a5cad", "#d0d7de", "#1f2328", "#ffffff"


def frame(explorer: Explorer, lr: float) -> Image.Image:
    """The explorer at one learning rate, its sentence and its slider."""
    explorer.set(lr=lr)
    drawn = Image.open(io.BytesIO(explorer.png())).convert("RGB")
    sheet = Image.new("RGB", (WIDTH, HEIGHT + BELOW), PAPER)
    sheet.paste(drawn.resize((WIDTH, round(drawn.height * WIDTH / drawn.width)), Image.Resampling.LANCZOS))
    put_slider(ImageDraw.Draw(sheet), math.log(lr / LOW) / math.log(HIGH / LOW), f"{lr:g}")
    return sheet


def put_slider(pen: ImageDraw.ImageDraw, share: float, text: str) -> None:
    """Label, track, thumb and value, as the page has them."""
    font = ImageFont.truetype(findfont("DejaVu Sans"), 15)
    y, left, right = HEIGHT + BELOW // 2, 170, WIDTH - 90
    at = left + share * (right - left)
    pen.text((16, y), "learning rate lr", INK, font, anchor="lm")
    pen.line((left, y, right, y), LINE, 4)
    pen.line((left, y, at, y), ACCENT, 4)
    pen.ellipse((at - 10, y - 10, at + 10, y + 10), ACCENT)
    pen.text((WIDTH - 16, y), text, INK, font, anchor="rm")


def main() -> None:
    """Write the picture and say how large it is."""
    explorer = descent_2d()
    first, *others = (frame(explorer, lr) for lr in VALUES)
    times = [MOMENT] * len(others) + [REST]
    first.save(FILE, save_all=True, append_images=others, duration=times, loop=0, quality=80, method=4)
    print(f"{FILE}: {FILE.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()

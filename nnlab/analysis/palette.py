"""The colours of all pictures: what each is in the light theme, in the dark one, and in print.

A picture is drawn in the light values. Where it is shown in another theme, ``stage/front/strokes.js`` looks each of
them up in ``THEMES``, and turns any other colour round by its own rule. On the paper of its theme every colour of
``CYCLE`` has a contrast of at least 4.5:1, so that a line and its label may share it; in print they are as dark as grey
printers need them. Hues are those of Okabe & Ito (2008), which colour-blind people can tell apart; in greyscale lines
are told apart by their styles.
"""

__all__ = [
    "BLACK",
    "BLUE",
    "CYAN",
    "CYCLE",
    "FAINT",
    "GREEN",
    "GRID",
    "MARK",
    "ORANGE",
    "PALE_BLUE",
    "PALE_GREY",
    "PALE_ORANGE",
    "PAPER",
    "PURPLE",
    "SOFT",
    "THEMES",
    "VERMILION",
    "WRONG",
]  # fmt: skip

BLUE, VERMILION, GREEN, PURPLE = "#0072b2", "#c05000", "#008060", "#b04d8a"
CYAN, ORANGE, BLACK = "#00809e", "#946200", "#000000"
SOFT = "#666666"  # texts and lines that stand back
MARK = "#8c8c8c"  # lines that show where something is: the chosen value, zero, a goal
FAINT = "#bfbfbf"  # decoration: nothing is read from a line in this colour
GRID, PAPER = "#e4e4e4", "#ffffff"
PALE_BLUE, PALE_ORANGE, PALE_GREY = "#e3eef8", "#fff0dc", "#f6f6f6"  # grounds of boxes
WRONG = "#b00020"
CYCLE = (BLUE, VERMILION, GREEN, PURPLE, CYAN, ORANGE, BLACK, SOFT)

THEMES = {  # light: (dark, print)
    BLUE: ("#54aef2", "#00588a"),
    VERMILION: ("#fd945c", "#b04a00"),
    GREEN: ("#51cd9f", "#006349"),
    PURPLE: ("#f29ccb", "#8a2f68"),
    CYAN: ("#7cceff", "#006a83"),
    ORANGE: ("#ffb736", "#7a5200"),
    BLACK: ("#ffffff", "#000000"),
    SOFT: ("#8f8f8f", "#4d4d4d"),
    MARK: ("#6b6b6b", "#737373"),
    PAPER: ("#0b0b0b", "#ffffff"),
    WRONG: ("#ff8a94", "#8f0018"),
}

"""What a submission sends to its judge: JSON, in frames that begin with their length.

Plain data only, no pickles: who reads need not trust who wrote.
"""

from __future__ import annotations

import json
from typing import IO, Any

import torch

from nnlab.exercises.exercise import Outcome
from nnlab.exercises.values import describe, numbers

__all__ = ["outcome_of", "plain_outcome", "receive", "send"]

LONGEST = 16_000_000  # bytes of a frame
TEXT = 500  # letters of what is said about an answer
MOST = 100_000  # numbers of a result; no exercise asks for so many
LARGEST = 10**300  # a whole number beyond it is none that any exercise asks for
NAMES = ("float64", "float32", "float16", "bfloat16", "bool", "int64", "int32", "int16", "int8", "uint8")
KINDS = {name: getattr(torch, name) for name in NAMES}


class Words:
    """In place of something that is neither a number nor a text: what it was."""

    def __init__(self, text: str):
        self.text = text

    def __repr__(self) -> str:
        return self.text


def send(stream: IO[bytes], message: dict) -> None:
    """Write one message."""
    frame = json.dumps(message).encode()
    stream.write(len(frame).to_bytes(4, "big") + frame)
    stream.flush()


def receive(stream: IO[bytes]) -> dict | None:
    """Read one message; None when there are no more.

    Raises:
        ValueError: it is too long, or not what ``send`` writes.
    """
    length = stream.read(4)
    if len(length) < 4:
        return None
    if int.from_bytes(length, "big") > LONGEST:
        raise ValueError(f"a message must have at most {LONGEST} bytes. Got more. Try shorter results.")
    frame = stream.read(int.from_bytes(length, "big"))
    message = json.loads(frame)
    if not isinstance(message, dict):
        raise ValueError(f"a message must be a dictionary. Got {type(message).__name__}. Try send().")
    return message


def plain_outcome(outcome: Outcome) -> dict:
    """What came of an answer, for JSON."""
    results = None if outcome.results is None else [[plain(one) for one in steps] for steps in outcome.results]
    return {
        "begun": outcome.begun,
        "results": results,
        "calls": [call[:TEXT] for call in outcome.calls],
        "used": [*outcome.used][:1],
        "reason": outcome.reason[:TEXT],
    }


def outcome_of(message: dict) -> Outcome:
    """The outcome in a message from somebody whom we do not trust; any exception says that it holds none."""
    results = message["results"]
    return Outcome(
        bool(message["begun"]),
        None if results is None else [[value_of(one) for one in steps] for steps in results],
        [str(call)[:TEXT] for call in message["calls"]],
        [str(name)[:TEXT] for name in message["used"]],
        str(message["reason"])[:TEXT],
    )


def plain(value: Any) -> Any:
    """A result as JSON holds it: every digit of a number is kept, and what is no number becomes words."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > LARGEST:
        return {"words": "a very large whole number"}
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return value[:TEXT]
    if isinstance(value, tuple | list) and len(value) <= MOST:
        return {"tuple" if isinstance(value, tuple) else "list": [plain(part) for part in value]}
    found = numbers(value)
    if found is None or found.numel() > MOST:
        return {"words": describe(value)[:TEXT]}
    kind = str(found.dtype).removeprefix("torch.")
    return {"numbers": found.flatten().tolist(), "shape": [*found.shape], "kind": kind}


def value_of(message: Any) -> Any:
    """The result that ``plain`` wrote."""
    if not isinstance(message, dict):
        return message
    if "tuple" in message:
        return tuple(value_of(part) for part in message["tuple"])
    if "list" in message:
        return [value_of(part) for part in message["list"]]
    if "numbers" in message:
        return torch.tensor(message["numbers"], dtype=KINDS[message["kind"]]).reshape(message["shape"])
    return Words(str(message["words"])[:TEXT])

"""Exercises of notebook 06: what does each optimizer remember?"""

from __future__ import annotations

import torch

from nnlab.exercises.exercise import Exercise, Mistake, follow, normal

__all__ = ["EXERCISES"]

LR, BETA, BETA1, BETA2, EPS, DECAY = 0.1, 0.9, 0.9, 0.99, 1e-3, 0.2
W = torch.tensor([1.0, -2.0, 0.5], dtype=torch.float64)
ZERO = torch.zeros(3, dtype=torch.float64)
GRADS = normal(6, 20, 3) + 0.5


def momentum(w, g, v):
    v = BETA * v + g
    return w - LR * v, v


def momentum_uphill(w, g, v):
    v = BETA * v + g
    return w + LR * v, v


def momentum_mean(w, g, v):
    v = BETA * v + (1 - BETA) * g
    return w - LR * v, v


def momentum_inside(w, g, v):
    v = BETA * v - LR * g
    return w + v, v


def momentum_nesterov(w, g, v):
    v = BETA * v + g
    return w - LR * (g + BETA * v), v


def adam(w, g, m, s, t):
    m, s = moments(g, m, s)
    return w - LR * (m / (1 - BETA1**t)) / ((s / (1 - BETA2**t)) ** 0.5 + EPS), m, s


def moments(g, m, s):
    """Adam's running means of g and of g^2."""
    return BETA1 * m + (1 - BETA1) * g, BETA2 * s + (1 - BETA2) * g * g


def adam_uncorrected(w, g, m, s, t):
    m, s = moments(g, m, s)
    return w - LR * m / (s**0.5 + EPS), m, s


def adam_without_power(w, g, m, s, t):
    m, s = moments(g, m, s)
    return w - LR * (m / (1 - BETA1)) / ((s / (1 - BETA2)) ** 0.5 + EPS), m, s


def adam_eps_inside(w, g, m, s, t):
    m, s = moments(g, m, s)
    return w - LR * (m / (1 - BETA1**t)) / (s / (1 - BETA2**t) + EPS) ** 0.5, m, s


def adam_without_root(w, g, m, s, t):
    m, s = moments(g, m, s)
    return w - LR * (m / (1 - BETA1**t)) / (s / (1 - BETA2**t) + EPS), m, s


def adam_keeps_corrected(w, g, m, s, t):
    m, s = moments(g, m, s)
    m, s = m / (1 - BETA1**t), s / (1 - BETA2**t)
    return w - LR * m / (s**0.5 + EPS), m, s


def adamw(w, g, m, s, t):
    return adam(w - LR * DECAY * w, g, m, s, t)


def adamw_late(w, g, m, s, t):
    w, m, s = adam(w, g, m, s, t)
    return w - LR * DECAY * w, m, s


EXERCISES = (
    Exercise(
        id="06.1",
        task="write one step of momentum",
        solution=momentum,
        tested="w and v agree with PyTorch's momentum over 20 steps, and your function changes nothing in place.",
        cases=((W, ZERO, GRADS),),
        run=follow(lambda t, g, w, v: (w, g, v)),
        mistakes=(
            Mistake(momentum_uphill, "your w walks uphill: subtract lr * v, do not add it."),
            Mistake(
                momentum_mean,
                "your velocity is a running mean, (1 - b) g; PyTorch adds all of g. Yours needs lr / (1 - b).",
            ),
            Mistake(
                lambda w, g, v: (w - LR * v, BETA * v + g),
                "you move with the old velocity: update v first, then move w with the new one.",
            ),
            Mistake(
                lambda w, g, v: (w - LR * g, g), "your velocity forgets the old one at every step: that is plain SGD."
            ),
            Mistake(
                momentum_inside,
                "your velocity contains the learning rate, v = b v - lr g: PyTorch keeps lr outside, v = b v + g.",
            ),
            Mistake(momentum_nesterov, "you move by g + b v: that is Nesterov's step. Momentum moves by v."),
        ),
        hints=(
            "Two lines: first the velocity, v = b v + g, then the parameter.",
            "v = 0.9 * v + g, then return w - 0.1 * v, v.",
        ),
    ),
    Exercise(
        id="06.2",
        task="translate a learning rate between two textbooks",
        solution=1.0,
        tested="this lr makes v = b v + (1 - b) g the same run as PyTorch's momentum with lr 0.1 and b 0.9.",
        mistakes=(
            Mistake(0.01, "you multiplied by 1 - b. The running mean is 1 - b times *smaller*, so lr must be larger."),
            Mistake(
                0.1,
                "the same lr makes steps that are 1 - b = 0.1 times as long: compare both velocities after one step.",
            ),
            Mistake(0.9, "that is b itself. Ask by which factor the two velocities differ."),
        ),
        hints=(
            "Start both velocities at zero and write down the first two steps. By which factor do they differ?",
            "The running mean is (1 - b) times PyTorch's velocity at every step; lr times velocity must be equal.",
        ),
        tolerance=1e-9,
    ),
    Exercise(
        id="06.3",
        task="write one step of Adam",
        solution=adam,
        tested="w, m and s agree with Kingma & Ba's algorithm 1 over 20 steps, and nothing is changed in place.",
        cases=((W, ZERO, ZERO, GRADS),),
        run=follow(lambda t, g, w, m, s: (w, g, m, s, t)),
        mistakes=(
            Mistake(
                adam_without_power,
                "right at step 1, wrong at step 2: the correction is 1 - beta ** t, and your t is missing.",
            ),
            Mistake(adam_uncorrected, "m and s are right, but they are not divided by 1 - beta ** t before the step."),
            Mistake(adam_eps_inside, "your eps is inside the square root: take the root of s first, then add eps."),
            Mistake(adam_without_root, "you divide by s itself: the step needs the square root of s."),
            Mistake(
                adam_keeps_corrected,
                "you return the corrected m and s: the next step must get the running means as they were.",
            ),
        ),
        hints=(
            "Five lines: m, s, their two corrections, and the step. Only w uses the corrected values.",
            "m_hat = m / (1 - 0.9**t), s_hat = s / (1 - 0.99**t), w - 0.1 * m_hat / (s_hat**0.5 + 1e-3).",
        ),
    ),
    Exercise(
        id="06.4",
        task="turn Adam into AdamW",
        solution=adamw,
        tested="w, m and s agree with Loshchilov & Hutter's AdamW (weight decay 0.2) over 20 steps, nothing in place.",
        cases=((W, ZERO, ZERO, GRADS),),
        run=follow(lambda t, g, w, m, s: (w, g, m, s, t)),
        mistakes=(
            Mistake(
                lambda w, g, m, s, t: adam(w, g + DECAY * w, m, s, t),
                "you added the decay to the gradient: that is L2 inside Adam, where s divides it away.",
            ),
            Mistake(
                lambda w, g, m, s, t: adam(w - DECAY * w, g, m, s, t),
                "you shrink w by the whole decay: AdamW multiplies it by the learning rate.",
            ),
            Mistake(adamw_late, "you decay the new w: AdamW shrinks the old w before Adam's step."),
            Mistake(adam, "this is Adam without any decay."),
        ),
        hints=(
            "The gradient stays as it is. Which number shrinks w directly?",
            "Before Adam's step: w = w - 0.1 * 0.2 * w.",
        ),
    ),
)

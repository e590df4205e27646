"""What is written by hand, without autograd: the notebooks derive it, and every explorer runs on it.

The parts of a network: activations, losses, initialization, dropout, noise, normalization; draws gives them random
numbers. Put together: network; and scalar, the same chain rule on single numbers.
What moves the weights: optimizers, schedules, and what is added to a plain step: penalties, clipping, augmentation;
regularization says which of them.
What runs them: ensemble trains many networks at once, lr_range tests learning rates, surfaces has two parameters to
look at.
"""

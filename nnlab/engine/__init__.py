"""What is written by hand, without autograd: the notebooks derive it, and every explorer runs on it.

The parts of a network: layers, activations, normalization, dropout, noise, fourier; initialization and draws give them
random numbers. Put together: stack, and network, the stack that a few settings describe, with losses behind it; and
scalar, the chain rule on single numbers.
What moves the weights: optimizers, schedules, and what is added to a plain step: penalties, clipping, augmentation;
regularization says which of them.
What runs them: loop makes one step after the other, ensemble trains many networks at once, lr_range tests learning
rates, surfaces has two parameters to look at, spaces says where a search may look. agreement holds a part, ours or
yours, against autograd. pytorch: what PyTorch's own loops need in place of ours.
"""

"""Every fault that the checkup knows, by name: its likely cause and its cure."""

from typing import NamedTuple

__all__ = ["FAULTS", "Fault"]


class Fault(NamedTuple):
    """Why something goes wrong, and what helps."""

    cause: str
    cure: str
    symptom: bool = False  # something shows that it is wrong, but not yet why: another fault may explain it


FAULTS = {
    "not finite": Fault(
        "nan or infinity among the inputs or targets: one of them makes every weight nan.",
        "find those samples with x.isnan().nonzero(), and repair or drop them.",
    ),
    "inputs not normalized": Fault(
        "the inputs are far from mean 0 and standard deviation 1, so no learning rate fits all weights.",
        "subtract each feature's mean and divide by its standard deviation, both of the training data.",
    ),
    "targets not normalized": Fault(
        "the targets are far from mean 0 and standard deviation 1: the network must first learn their size.",
        "subtract their mean and divide by their standard deviation; undo both for the final answers.",
    ),
    "labels out of range": Fault(
        "class numbers must be 0, 1, ... up to the number of outputs minus one.",
        "count the classes from 0, or give the last layer one output for each class.",
    ),
    "labels not balanced": Fault(
        "nearly all samples that were seen have one label.",
        "shuffle the data; if they really are like that, look at more than the accuracy.",
    ),
    "labels shuffled against inputs": Fault(
        "inputs and labels do not belong together: perhaps only one of them was shuffled or sorted.",
        "shuffle x and y with the same permutation, and look at some samples with their labels.",
    ),
    "softmax over the wrong dimension": Fault(
        "the answer for one sample depends on the others in its batch: softmax, or a mean, runs over the samples.",
        "softmax(dim=-1) runs over the classes; dim=0 runs over the batch.",
    ),
    "softmax before cross-entropy": Fault(
        "the loss expects logits and applies softmax or sigmoid itself; the model has done it already.",
        "let the model end with its last linear layer.",
    ),
    "log-softmax forgotten": Fault(
        "the loss expects log-probabilities; the model returns something else.",
        "use cross_entropy with logits, or end the model with log_softmax(dim=-1).",
    ),
    "first loss too high": Fault(
        "before it has learned anything the network is sure of wrong answers: weights or inputs are too large.",
        "normalize the inputs, and take PyTorch's first weights, or Glorot's or He's.",
        symptom=True,
    ),
    "cannot overfit": Fault(
        "what cannot learn a few samples by heart has a defect, and more data will not help.",
        "look for the first fault further down in this report; simplify the model until it learns them.",
        symptom=True,
    ),
    "nothing to train": Fault(
        "no parameter has requires_grad=True.", "freeze only a part of the model, and train a new last layer."
    ),
    "no gradient reaches a layer": Fault(
        "a parameter changes the output, but autograd does not know of it: .data, detach() or no_grad() cut it off.",
        "use the parameter itself: self.weight, not self.weight.data.",
    ),
    "parameter without use": Fault(
        "a parameter changes nothing in the output.", "remove the layer, or call it in forward."
    ),
    "gradient not finite": Fault(
        "the gradient is nan or infinite: something is divided by zero, or far too large.",
        "look for log, sqrt and division in the model; add a small number inside.",
    ),
    "vanishing gradient": Fault(
        "the gradient of a layer is zero, so it does not learn.",
        "take ReLU with He's first weights; add normalization, or fewer layers.",
        symptom=True,
    ),
    "zero initialization": Fault(
        "all units of a layer have the same weights and get the same gradient: they stay one unit for ever.",
        "draw the first weights at random, as PyTorch does by itself; zeros are for biases.",
    ),
    "dead ReLUs": Fault(
        "these units give 0 for every sample, and no gradient passes: large negative biases, or steps too large.",
        "start with biases at 0 and a smaller learning rate, or use leaky ReLU.",
    ),
    "saturated units": Fault(
        "most sigmoid or tanh units are at their flat ends, where almost no gradient passes.",
        "smaller first weights, normalized inputs, or ReLU.",
    ),
    "weights do not move": Fault(
        "a step changes nothing: optimizer.step() is missing, or the optimizer holds other parameters.",
        "make the optimizer from the parameters of this model, and call backward() and then step().",
    ),
    "forgotten zero_grad": Fault(
        "PyTorch adds each new gradient to the old one; nobody empties it.",
        "call optimizer.zero_grad() in every step, before backward().",
    ),
    "learning rate too high": Fault(
        "each step goes beyond the valley: the loss does not fall, and with a smaller rate it does.",
        "divide the learning rate by ten, until the loss falls.",
    ),
    "learning rate too low": Fault(
        "the loss hardly moves; with a larger rate it falls.",
        "multiply the learning rate by ten, until the loss falls.",
    ),
    "answers at random": Fault(
        "in eval mode the model still draws random numbers: F.dropout without training=self.training, perhaps.",
        "use nn.Dropout, which knows the mode.",
    ),
    "eval mode forgotten": Fault(
        "the answers are made in train mode: dropout drops units, batch norm uses the batch.",
        "call model.eval() before you measure, and model.train() before you go on.",
    ),
    "an error": Fault(
        "the model or a function of the script raised it, and so it may in training.",
        "read the message, and call that function by hand with one batch.",
    ),
    "slow steps": Fault(
        "a step takes half a second or longer, so every experiment will take hours.",
        "begin with a smaller model, smaller pictures, or fewer samples.",
    ),
}

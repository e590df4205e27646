"""Ten healthy networks of different shape: name -> (seed) -> (model, data, loss)."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import nnlab
from nnlab.datasets.data import reconstruction


def pictures(seed):
    data = nnlab.digits(seed)
    return DataLoader(
        TensorDataset(data.train.x.view(-1, 1, 8, 8), data.train.y),
        batch_size=32,
        shuffle=True,
        generator=torch.Generator().manual_seed(seed),
    )


def convolutions(seed):
    model = nn.Sequential(
        nn.Conv2d(1, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(72, 10)
    )
    return model, pictures(seed), nn.CrossEntropyLoss()


def batch_norm(seed):
    model = nn.Sequential(nn.Linear(64, 48), nn.BatchNorm1d(48), nn.ReLU(), nn.Linear(48, 10))
    return model, nnlab.digits(seed, standardize=True), nn.CrossEntropyLoss()


def dropout(seed):
    model = nn.Sequential(
        nn.Linear(64, 64), nn.ReLU(), nn.Dropout(0.5), nn.Linear(64, 64), nn.ReLU(), nn.Dropout(0.5), nn.Linear(64, 10)
    )
    return model, nnlab.digits(seed), nn.CrossEntropyLoss(label_smoothing=0.1)


def regression(seed):
    return (
        nn.Sequential(nn.Linear(1, 32), nn.Tanh(), nn.Linear(32, 1), nn.Flatten(0)),
        nnlab.polynomial(seed=seed),
        nn.MSELoss(),
    )


class OneOutput(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner, self.outer = nn.Linear(2, 32), nn.Linear(32, 1)

    def forward(self, x):
        return self.outer(torch.relu(self.inner(x)))[:, 0]


def binary(seed):
    train = nnlab.moons(seed=seed).train
    return OneOutput(), (train.x, train.y.float()), nn.BCEWithLogitsLoss()


class Words(nn.Module):
    """Which of four words occurs most often? Embedded, averaged; the output words share the embedding's weights."""

    def __init__(self, tied):
        super().__init__()
        self.embedding = nn.Embedding(20, 16)
        self.inner, self.norm = nn.Linear(16, 16), nn.LayerNorm(16)
        self.out = nn.Linear(16, 20, bias=False)
        if tied:
            nn.init.normal_(self.embedding.weight, std=0.1)
            self.out.weight = self.embedding.weight

    def forward(self, words):
        return self.out(self.norm(self.inner(self.embedding(words).mean(1))))


def sentences(seed):
    words = torch.randint(20, (400, 12), generator=torch.Generator().manual_seed(seed))
    return words, words.mode(1).values


def embedding(seed):
    return Words(tied=False), sentences(seed), nn.CrossEntropyLoss()


def weight_tying(seed):
    return Words(tied=True), sentences(seed), nn.CrossEntropyLoss()


def frozen_backbone(seed):
    backbone = nn.Sequential(nn.Linear(64, 128), nn.BatchNorm1d(128), nn.ReLU())
    for p in backbone.parameters():
        p.requires_grad = False
    return nn.Sequential(backbone, nn.Linear(128, 10)), nnlab.digits(seed), nn.CrossEntropyLoss()


class Residual(nn.Module):
    """x + W relu(V norm(x)), whose last weights are zero, so that it begins as nothing."""

    def __init__(self, units):
        super().__init__()
        self.norm, self.inner, self.outer = nn.LayerNorm(units), nn.Linear(units, units), nn.Linear(units, units)
        nn.init.zeros_(self.outer.weight)

    def forward(self, x):
        return x + self.outer(torch.relu(self.inner(self.norm(x))))


def residual(seed):
    model = nn.Sequential(nn.Linear(64, 32), Residual(32), Residual(32), nn.Linear(32, 10), nn.LogSoftmax(1))
    return model, nnlab.digits(seed, standardize=True), nn.NLLLoss()


class Recurrent(nn.Module):
    """Reads a picture row by row."""

    def __init__(self):
        super().__init__()
        self.gru, self.out = nn.GRU(8, 32, batch_first=True), nn.Linear(32, 10)

    def forward(self, x):
        return self.out(self.gru(x.view(-1, 8, 8))[0][:, -1])


def recurrent(seed):
    return Recurrent(), nnlab.digits(seed), nn.CrossEntropyLoss()


class Attention(nn.Module):
    """Reads the eight rows of a picture all at once."""

    def __init__(self):
        super().__init__()
        self.into = nn.Linear(8, 16)
        self.block = nn.TransformerEncoderLayer(16, nhead=2, dim_feedforward=32, batch_first=True)
        self.out = nn.Linear(16 * 8, 10)

    def forward(self, x):
        return self.out(self.block(self.into(x.view(-1, 8, 8))).flatten(1))


def attention(seed):
    return Attention(), nnlab.digits(seed, standardize=True), nn.CrossEntropyLoss()


def deep_tanh(seed):
    layers = [part for _ in range(4) for part in (nn.Linear(64, 64), nn.Tanh())]
    for layer in layers[::2]:
        nn.init.xavier_normal_(layer.weight)
    return nn.Sequential(*layers, nn.Linear(64, 10)), nnlab.digits(seed, standardize=True), "cross_entropy"


def autoencoder(seed):
    model = nn.Sequential(nn.Linear(64, 16), nn.ReLU(), nn.Linear(16, 64), nn.Sigmoid())
    return model, reconstruction(nnlab.digits(seed)), nn.MSELoss()


def linear(seed):
    train = nnlab.moons(seed=seed).train
    return nn.Linear(2, 2), TensorDataset(train.x, train.y), nn.CrossEntropyLoss()


NETWORKS = {
    f.__name__: f
    for f in (
        convolutions, batch_norm, dropout, regression, binary, embedding, weight_tying, frozen_backbone, residual,
        recurrent, attention, deep_tanh, autoencoder, linear,
    )
}  # fmt: skip

"""Every exercise that asks for a function, solved as students do: in plain Python, with a library, with numpy.

Each function is named after its style and its exercise. A style that makes no sense stands in MISSING, with why.
"""

from __future__ import annotations

import math
import statistics
from itertools import pairwise

import numpy as np
import torch
from sklearn.metrics import accuracy_score
from sklearn.model_selection import KFold
from sklearn.preprocessing import StandardScaler
from torch import nn
from torch.nn import functional as F
from torchmetrics.functional.image import peak_signal_noise_ratio

MISSING = {
    ("numpy", "08.1"): "the model and the optimizer are PyTorch's",
    ("numpy", "15.1"): "the model and its parameters are PyTorch's",
    ("numpy", "15.2"): "parameter groups are those of PyTorch's optimizers",
    ("numpy", "15.3"): "both models are PyTorch's",
    ("library", "09.4"): "no library names rows of an error table",
    ("numpy", "09.4"): "three numbers and a word need no arrays",
    ("numpy", "14.3"): "autograd does not follow numpy, which is the point of the exercise",
}


def sigmoid(x):
    return 1 / (1 + math.exp(-x))


def mean(numbers):
    return sum(numbers) / len(numbers)


def columns(x):
    """The columns of a tensor as lists."""
    return [list(column) for column in zip(*x.tolist(), strict=True)]


# 00: accuracy, a step


def plain_00_2(logits, y):
    right = 0
    for row, label in zip(logits.tolist(), y.tolist(), strict=True):
        if row.index(max(row)) == label:
            right += 1
    return right / len(y)


def library_00_2(logits, y):
    return accuracy_score(y, logits.argmax(dim=1))


def numpy_00_2(logits, y):
    return np.mean(np.argmax(logits.numpy(), axis=1) == y.numpy())


def plain_00_3(w, g):
    return [a - 0.1 * b for a, b in zip(w.tolist(), g.tolist(), strict=True)]


def library_00_3(w, g):
    return torch.sub(w.double(), g.double(), alpha=0.1)


def numpy_00_3(w, g):
    return w.numpy() - 0.1 * g.numpy()


# 01: gradient descent


def plain_01_1(w, x, y):
    slopes = [0.0] * len(w)
    for row, target in zip(x, y, strict=True):
        error = sum(a * b for a, b in zip(w.tolist(), row.tolist(), strict=True)) - target.item()
        for k in range(len(w)):
            slopes[k] += 2 * error * row[k].item() / len(y)
    return slopes


def library_01_1(w, x, y):
    w = w.clone().requires_grad_()
    F.mse_loss(x @ w, y).backward()
    return w.grad


def numpy_01_1(w, x, y):
    w, x, y = w.numpy(), x.numpy(), y.numpy()
    return np.mean(2 * (np.dot(x, w) - y)[:, None] * x, axis=0)


def plain_01_2(slope, w, lr, steps, tolerance):
    made = 0
    while made < steps and not -tolerance < slope(w) < tolerance:
        w -= lr * slope(w)
        made += 1
    return [w, made]


def library_01_2(slope, w, lr, steps, tolerance):
    w = torch.tensor([w], dtype=torch.float64)
    optimizer = torch.optim.SGD([w], lr=lr)
    for step in range(steps):
        w.grad = torch.tensor([slope(w.item())], dtype=torch.float64)
        if w.grad.norm() < tolerance:
            return w, step
        optimizer.step()
    return w, steps


def numpy_01_2(slope, w, lr, steps, tolerance):
    path = np.empty(steps + 1)
    path[0] = w
    for k in range(steps):
        g = np.float64(slope(path[k]))
        if np.abs(g) < tolerance:
            return path[k], k
        path[k + 1] = path[k] - lr * g
    return path[-1], steps


# 02: backpropagation


def plain_02_1(w, x, b, t):
    w, x, b, t = (float(number) for number in (w, x, b, t))
    y = sigmoid(w * x + b)
    dz = (y - t) * y * (1 - y)
    return dz * x, dz


def library_02_1(w, x, b, t):
    w, b = w.clone().requires_grad_(), b.clone().requires_grad_()
    return torch.autograd.grad(0.5 * F.mse_loss(torch.sigmoid(w * x + b), t), (w, b))


def numpy_02_1(w, x, b, t):
    w, x, b, t = (np.asarray(number) for number in (w, x, b, t))
    y = 1 / (1 + np.exp(-(w * x + b)))
    return np.array([(y - t) * y * (1 - y) * x, (y - t) * y * (1 - y)])


def plain_02_2(a, weight, dz):
    samples, n_in, n_out = range(len(a)), range(len(weight)), range(weight.shape[1])
    dweight = [[sum(a[s, i].item() * dz[s, j].item() for s in samples) for j in n_out] for i in n_in]
    dbias = [sum(dz[s, j].item() for s in samples) for j in n_out]
    da = [[sum(dz[s, j].item() * weight[i, j].item() for j in n_out) for i in n_in] for s in samples]
    return dweight, dbias, da


def library_02_2(a, weight, dz):
    layer = nn.Linear(*weight.shape, dtype=a.dtype)
    layer.weight.data = weight.T.clone()
    a = a.clone().requires_grad_()
    layer(a).backward(dz)
    return layer.weight.grad.T, layer.bias.grad, a.grad


def numpy_02_2(a, weight, dz):
    a, weight, dz = a.numpy(), weight.numpy(), dz.numpy()
    return np.einsum("bi,bo->io", a, dz), np.sum(dz, axis=0), dz @ weight.transpose()


def plain_02_3(logits, y):
    rows = []
    for z, label in zip(logits.tolist(), y.tolist(), strict=True):
        powers = [math.exp(one - max(z)) for one in z]
        rows.append([(p / sum(powers) - (k == label)) / len(y) for k, p in enumerate(powers)])
    return rows


def library_02_3(logits, y):
    return (F.softmax(logits, dim=-1) - F.one_hot(y, logits.size(-1))) / y.numel()


def numpy_02_3(logits, y):
    p = np.exp(logits.numpy() - logits.numpy().max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    p[np.arange(len(y)), y.numpy()] -= 1
    return p / len(y)


# 03: losses and metrics


def plain_03_1(z):
    rows = []
    for row in z.tolist():
        top = max(row)
        total = math.log(sum(math.exp(one - top) for one in row))
        rows.append([one - top - total for one in row])
    return rows


def library_03_1(z):
    return z - torch.logsumexp(z, dim=1, keepdim=True)


def numpy_03_1(z):
    z = z.numpy() - z.numpy().max(axis=-1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=-1, keepdims=True))


def plain_03_2(scores, y):
    rows = []
    for row, label in zip(scores.tolist(), y.tolist(), strict=True):
        slopes = [0.0] * len(row)
        for k, score in enumerate(row):
            if k != label and score > row[label] - 1:
                slopes[k] += 1 / len(y)
                slopes[label] -= 1 / len(y)
        rows.append(slopes)
    return rows


def library_03_2(scores, y):
    near = F.relu(1 + scores - scores.gather(1, y[:, None])).sign()
    return (near - F.one_hot(y) * near.sum(1, keepdim=True)) / y.numel()


def numpy_03_2(scores, y):
    rows, s = np.arange(len(y)), scores.numpy()
    g = (s - s[rows, y.numpy()][:, None] > -1).astype(float)
    g[rows, y.numpy()] = 1 - g.sum(axis=1)
    return g / len(y)


def plain_03_4(prediction, y, delta):
    slopes = []
    for p, t in zip(prediction.tolist(), y.tolist(), strict=True):
        if abs(p - t) <= delta:
            slopes.append(p - t)
        else:
            slopes.append(delta if p > t else -delta)
    return slopes


def library_03_4(prediction, y, delta):
    p = prediction.clone().requires_grad_()
    F.huber_loss(p, y, delta=delta, reduction="sum").backward()
    return p.grad


def numpy_03_4(prediction, y, delta):
    e = prediction.numpy() - y.numpy()
    return np.where(np.abs(e) < delta, e, delta * np.sign(e))


def plain_03_5(batches):
    right = total = 0
    for logits, y in batches:
        for row, label in zip(logits.tolist(), y.tolist(), strict=True):
            right += row.index(max(row)) == label
            total += 1
    return right / total


def library_03_5(batches):
    return accuracy_score(torch.cat([y for _, y in batches]), torch.cat([z for z, _ in batches]).argmax(1))


def numpy_03_5(batches):
    return np.concatenate([z.numpy().argmax(1) == y.numpy() for z, y in batches]).mean()


# 04: activations


def plain_04_1(z):
    return [[sigmoid(one) * (1 + one * (1 - sigmoid(one))) for one in row] for row in z.tolist()]


def library_04_1(z):
    return torch.sigmoid(z) + F.silu(z) * torch.sigmoid(-z)


def numpy_04_1(z):
    s = 1 / (1 + np.exp(-z.numpy()))
    return s + z.numpy() * s * (1 - s)


def plain_04_2(z):
    numbers = [sigmoid(one) for row in z.tolist() for one in row]
    return sum(1 for y in numbers if y * (1 - y) < 0.0125) / len(numbers)


def library_04_2(z):
    y = torch.sigmoid(z)
    return (y * (1 - y)).lt(0.05 / 4).float().mean()


def numpy_04_2(z):
    y = 1 / (1 + np.exp(-z.numpy()))
    return np.count_nonzero(y * (1 - y) < 0.05 * 0.25) / y.size


def plain_04_3(z):
    return [all(one <= 0 for one in column) for column in columns(z)]


def library_04_3(z):
    return F.relu(z).count_nonzero(dim=0) == 0


def numpy_04_3(z):
    return np.max(z.numpy(), axis=0) <= 0


# 05: first weights


def plain_05_1(n_in, n_out):
    return (6 / (n_in + n_out)) ** 0.5


def library_05_1(n_in, n_out):
    variance = 2 / torch.tensor(float(n_in + n_out))
    return torch.sqrt(3 * variance)


def numpy_05_1(n_in, n_out):
    return np.sqrt(6) / np.sqrt(n_in + n_out)


def plain_05_2(depth, n, std):
    factor = 1.0
    for _ in range(depth):
        factor *= std * n**0.5
    return factor


def library_05_2(depth, n, std):
    return torch.full((depth,), std * math.sqrt(n)).prod()


def numpy_05_2(depth, n, std):
    return np.power(std * np.sqrt(n), depth)


def plain_05_3(n_in, slope):
    return (2 / (n_in + n_in * slope * slope)) ** 0.5


def library_05_3(n_in, slope):
    return nn.init.calculate_gain("leaky_relu", slope) / n_in**0.5


def numpy_05_3(n_in, slope):
    return np.sqrt(2 / (1 + np.square(slope)) / n_in)


def plain_05_5(x, weight):
    z = [sum(a * b for a, b in zip(row, column, strict=True)) for row in x.tolist() for column in columns(weight)]
    std = statistics.stdev(z)
    return [[one / std for one in row] for row in weight.tolist()]


def library_05_5(x, weight):
    return weight / F.linear(x, weight.T).std()


def numpy_05_5(x, weight):
    return weight.numpy() / np.std(x.numpy() @ weight.numpy())


# 06: optimizers


def plain_06_1(w, g, v):
    v = [0.9 * b + a for a, b in zip(g.tolist(), v.tolist(), strict=True)]
    return [a - 0.1 * b for a, b in zip(w.tolist(), v, strict=True)], v


def library_06_1(w, g, v):
    parameter = nn.Parameter(w.clone())
    optimizer = torch.optim.SGD([parameter], lr=0.1, momentum=0.9)
    optimizer.state[parameter]["momentum_buffer"] = v.clone()
    parameter.grad = g.clone()
    optimizer.step()
    return parameter.data, optimizer.state[parameter]["momentum_buffer"]


def numpy_06_1(w, g, v):
    w, g, v = w.numpy(), g.numpy(), v.numpy()
    v = 0.9 * v + g
    return w - 0.1 * v, v


def plain_06_3(w, g, m, s, t):
    new = [[], [], []]
    for a, b, c, d in zip(w.tolist(), g.tolist(), m.tolist(), s.tolist(), strict=True):
        c, d = 0.9 * c + 0.1 * b, 0.99 * d + 0.01 * b**2
        step = 0.1 * c / (1 - 0.9**t) / (math.sqrt(d / (1 - 0.99**t)) + 1e-3)
        for numbers, number in zip(new, (a - step, c, d), strict=True):
            numbers.append(number)
    return new


def of_torch(kind, w, g, m, s, t, **settings):
    parameter = nn.Parameter(w.clone())
    optimizer = kind([parameter], lr=0.1, betas=(0.9, 0.99), eps=1e-3, **settings)
    step = torch.tensor(float(t - 1))
    optimizer.state[parameter].update(step=step, exp_avg=m.clone(), exp_avg_sq=s.clone())
    parameter.grad = g.clone()
    optimizer.step()
    return parameter.data, optimizer.state[parameter]["exp_avg"], optimizer.state[parameter]["exp_avg_sq"]


def library_06_3(w, g, m, s, t):
    return of_torch(torch.optim.Adam, w, g, m, s, t)


def numpy_06_3(w, g, m, s, t):
    w, g, m, s = (tensor.numpy() for tensor in (w, g, m, s))
    m = 0.9 * m + (1 - 0.9) * g
    s = 0.99 * s + (1 - 0.99) * np.square(g)
    return w - 0.1 * (m / (1 - 0.9**t)) / (np.sqrt(s / (1 - 0.99**t)) + 1e-3), m, s


def plain_06_4(w, g, m, s, t):
    return plain_06_3(torch.stack([one - 0.1 * 0.2 * one for one in w]), g, m, s, t)


def library_06_4(w, g, m, s, t):
    return of_torch(torch.optim.AdamW, w, g, m, s, t, weight_decay=0.2)


def numpy_06_4(w, g, m, s, t):
    new, m, s = numpy_06_3(w, g, m, s, t)
    return new - 0.1 * 0.2 * w.numpy(), m, s


# 07: schedules


def plain_07_1(t, length):
    return 0.5 * (1 + math.cos(t / length * math.pi))


def library_07_1(t, length):
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=1.0)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=length)
    for _ in range(t):
        optimizer.step()
        schedule.step()
    return schedule.get_last_lr()[0]


def numpy_07_1(t, length):
    return (1 + np.cos(np.pi * t / length)) / 2


def plain_07_2(t):
    if t < 10:
        return 0.1 + 0.09 * t
    return 0.5 + 0.5 * math.cos(math.pi * (t - 10) / 90)


def library_07_2(t):
    t = torch.tensor(float(t))
    return torch.where(
        t < 10, torch.lerp(torch.tensor(0.1), torch.tensor(1.0), t / 10), (1 + torch.cos(torch.pi * (t - 10) / 90)) / 2
    )


def numpy_07_2(t):
    return np.interp(t, [0, 10], [0.1, 1]) if t <= 10 else np.cos(np.pi * (t - 10) / 180) ** 2


def plain_07_4(step, steps_per_epoch):
    factor = 1
    while step >= steps_per_epoch:
        step -= steps_per_epoch
        factor *= 0.9
    return factor


def library_07_4(step, steps_per_epoch):
    return torch.tensor(0.9) ** torch.div(torch.tensor(step), steps_per_epoch, rounding_mode="floor")


def numpy_07_4(step, steps_per_epoch):
    return np.power(0.9, np.floor(step / steps_per_epoch))


# 08: the training loop


def plain_08_1(model, optimizer, x, y):
    for parameter in model.parameters():
        parameter.grad = None
    loss = -model(x).log_softmax(1)[range(len(y)), y].mean()
    loss.backward()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter -= optimizer.param_groups[0]["lr"] * parameter.grad


def library_08_1(model, optimizer, x, y):
    loss = nn.CrossEntropyLoss()(model(x), y)
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()


def plain_08_2(train, val):
    moved = [[], []]
    for one, two in zip(columns(train), columns(val), strict=True):
        for numbers, result in zip((one, two), moved, strict=True):
            result.append([(number - mean(one)) / statistics.pstdev(one) for number in numbers])
    return [list(zip(*result, strict=True)) for result in moved]


def library_08_2(train, val):
    scaler = StandardScaler().fit(train)
    return scaler.transform(train), scaler.transform(val)


def numpy_08_2(train, val):
    train, val = train.numpy(), val.numpy()
    return (train - train.mean(0)) / train.std(0), (val - train.mean(0)) / train.std(0)


def plain_08_3(losses, patience):
    best, waited = 0, 0
    for epoch in range(1, len(losses)):
        if losses[epoch] < losses[best]:
            best, waited = epoch, 0
        else:
            waited += 1
            if waited >= patience:
                break
    return [epoch, best]


def library_08_3(losses, patience):
    """Epoch by epoch with torch's argmin, which takes the first of equal losses."""
    for epoch in range(len(losses)):
        best = torch.tensor(losses[: epoch + 1], dtype=torch.float64).argmin()
        if epoch - best >= patience:
            break
    return epoch, best


def numpy_08_3(losses, patience):
    best = np.array([np.argmin(losses[: epoch + 1]) for epoch in range(len(losses))])
    late = np.flatnonzero(np.arange(len(losses)) - best == patience)
    last = late[0] if len(late) else len(losses) - 1
    return np.array([last, best[last]])


def plain_08_4(sizes):
    total = 0
    for k in range(len(sizes) - 1):
        total += (sizes[k] + 1) * sizes[k + 1]
    return total


def library_08_4(sizes):
    layers = nn.Sequential(*(nn.Linear(a, b) for a, b in pairwise(sizes)))
    return sum(parameter.numel() for parameter in layers.parameters())


def numpy_08_4(sizes):
    sizes = np.array(sizes)
    return np.dot(sizes[:-1] + 1, sizes[1:])


# 09: learning curves


def plain_09_1(predictions, truth):
    bias, variance = [], []
    for drawn, t in zip(columns(predictions), truth.tolist(), strict=True):
        bias.append((mean(drawn) - t) ** 2)
        variance.append(mean([(p - mean(drawn)) ** 2 for p in drawn]))
    return mean(bias), mean(variance)


def library_09_1(predictions, truth):
    variance, middle = torch.var_mean(predictions, dim=0, correction=0)
    return F.mse_loss(middle, truth), variance.mean()


def numpy_09_1(predictions, truth):
    predictions, truth = predictions.numpy(), truth.numpy()
    return np.mean((predictions.mean(0) - truth) ** 2), predictions.var(axis=0).mean()


def plain_09_2(n, k, number):
    sizes = [n // k + (fold < n % k) for fold in range(k)]
    first = sum(sizes[:number])
    val = list(range(first, first + sizes[number]))
    return [i for i in range(n) if i not in val], val


def library_09_2(n, k, number):
    return list(KFold(k).split(range(n)))[number]


def numpy_09_2(n, k, number):
    folds = np.array_split(np.arange(n), k)
    return np.concatenate(folds[:number] + folds[number + 1 :]), folds[number]


def plain_09_3(train, val):
    train, val = train.tolist(), val.tolist()
    q = len(val) // 4
    ends = mean(train[-q:]), mean(val[-q:])
    return ends[0] / val[0], (ends[1] - ends[0]) / val[0], (ends[1] - min(val)) / val[0]


def library_09_3(train, val):
    q = len(val) // 4
    ends = torch.stack([train[-q:], val[-q:]]).mean(dim=1)
    return torch.stack([ends[0], ends[1] - ends[0], ends[1] - val.amin()]) / val[0]


def numpy_09_3(train, val):
    train, val = train.numpy(), val.numpy()
    q = len(val) // 4
    return (
        train[-q:].mean() / val[0],
        (val[-q:].mean() - train[-q:].mean()) / val[0],
        (val[-q:].mean() - val.min()) / val[0],
    )


def plain_09_4(human, train, val):
    if train - human > 0.02 and val - train > 0.02:
        return "both"
    if train - human > 0.02:
        return "high bias"
    if val - train > 0.02:
        return "high variance"
    return "good"


# 10: regularization


def plain_10_1(w, g):
    return [a - 0.1 * (b + 0.3 * a) for a, b in zip(w.tolist(), g.tolist(), strict=True)]


def library_10_1(w, g):
    parameter = nn.Parameter(w.clone())
    parameter.grad = g
    torch.optim.SGD([parameter], lr=0.1, weight_decay=0.3).step()
    return parameter


def numpy_10_1(w, g):
    return (1 - 0.1 * 0.3) * w.numpy() - 0.1 * g.numpy()


def plain_10_3(w, g):
    new = []
    for a, b in zip(w.tolist(), g.tolist(), strict=True):
        a -= 0.1 * b
        new.append(a - 0.05 if a > 0.05 else a + 0.05 if a < -0.05 else 0.0)
    return new


def library_10_3(w, g):
    return F.softshrink(w - 0.1 * g, 0.05)


def numpy_10_3(w, g):
    u = w.numpy() - 0.1 * g.numpy()
    return np.sign(u) * np.maximum(np.abs(u) - 0.05, 0)


def plain_10_4(v, c, k):
    return (k * v + k * (k - 1) * c) / k**2


def library_10_4(v, c, k):
    """The mean of the matrix of all products."""
    return torch.full((k, k), c, dtype=torch.float64).fill_diagonal_(v).mean()


def numpy_10_4(v, c, k):
    return np.average([v, c], weights=[k, k * (k - 1)])


def plain_10_5(logits):
    members = len(logits)
    total = [[0.0] * logits.shape[2] for _ in range(logits.shape[1])]
    for member in logits.tolist():
        for sums, z in zip(total, member, strict=True):
            powers = [math.exp(one - max(z)) for one in z]
            for k, power in enumerate(powers):
                sums[k] += power / sum(powers) / members
    return total


def library_10_5(logits):
    return F.softmax(logits, dim=2).mean(dim=0)


def numpy_10_5(logits):
    p = np.exp(logits.numpy() - logits.numpy().max(axis=-1, keepdims=True))
    return (p / p.sum(axis=-1, keepdims=True)).mean(axis=0)


# 11: dropout and label smoothing


def plain_11_1(h, u, p):
    return [
        [0.0 if chance < p else one / (1 - p) for one, chance in zip(*rows, strict=True)]
        for rows in zip(h.tolist(), u.tolist(), strict=True)
    ]


def library_11_1(h, u, p):
    return h.masked_fill(u < p, 0).div(1 - p)


def numpy_11_1(h, u, p):
    return np.where(u.numpy() < p, 0, h.numpy()) / (1 - p)


def plain_11_2(dy, h, u, p):
    return [
        [g / (1 - p) if chance >= p and one else 0.0 for g, one, chance in zip(*rows, strict=True)]
        for rows in zip(dy.tolist(), h.tolist(), u.tolist(), strict=True)
    ]


def library_11_2(dy, h, u, p):
    return dy.masked_fill((u < p).logical_or(h == 0), 0).div(1 - p)


def numpy_11_2(dy, h, u, p):
    return np.where((u.numpy() < p) | (h.numpy() == 0), 0, dy.numpy()) / (1 - p)


def plain_11_3(y, a, classes):
    return [[(1 - a) * (k == label) + a / classes for k in range(classes)] for label in y.tolist()]


def library_11_3(y, a, classes):
    return torch.lerp(F.one_hot(y, classes).double(), torch.full((1, classes), 1 / classes, dtype=torch.float64), a)


def numpy_11_3(y, a, classes):
    return (1 - a) * np.eye(classes)[y.numpy()] + a / classes


def plain_11_4(a, classes):
    return math.log(1 - a + a / classes) - math.log(a / classes)


def library_11_4(a, classes):
    target = torch.full((classes,), a / classes, dtype=torch.float64)
    target[0] += 1 - a
    return target.log()[0] - target.log()[1]


def numpy_11_4(a, classes):
    return np.log((1 - a + a / classes) / (a / classes))


# 12: normalization and clipping


def plain_12_1(train, new):
    moved = [
        [(number - mean(seen)) / statistics.pstdev(seen) for number in unseen]
        for seen, unseen in zip(columns(train), columns(new), strict=True)
    ]
    return list(zip(*moved, strict=True))


def library_12_1(train, new):
    return StandardScaler().fit(train).transform(new)


def numpy_12_1(train, new):
    return (new.numpy() - train.numpy().mean(axis=0)) / train.numpy().std(axis=0)


def plain_12_2(z, weight, bias):
    moved = []
    for unit, w, b in zip(columns(z), weight.tolist(), bias.tolist(), strict=True):
        scale = math.sqrt(statistics.pvariance(unit) + 1e-5)
        moved.append([w * (one - mean(unit)) / scale + b for one in unit])
    return list(zip(*moved, strict=True))


def library_12_2(z, weight, bias):
    return F.batch_norm(z, None, None, weight, bias, training=True)


def numpy_12_2(z, weight, bias):
    z, weight, bias = z.numpy(), weight.numpy(), bias.numpy()
    return weight * (z - z.mean(0)) / np.sqrt(z.var(0) + 1e-5) + bias


def plain_12_3(dy, weight, z_hat, std):
    moved = []
    for column, w, hats, s in zip(columns(dy), weight.tolist(), columns(z_hat), std.tolist(), strict=True):
        g = [w * one for one in column]
        along = mean([one * hat for one, hat in zip(g, hats, strict=True)])
        moved.append([(one - mean(g) - hat * along) / s for one, hat in zip(g, hats, strict=True)])
    return list(zip(*moved, strict=True))


def library_12_3(dy, weight, z_hat, std):
    """By autograd: z_hat * std is z, up to its mean."""
    z = (z_hat * std).requires_grad_()
    variance = z.var(0, correction=0)
    eps = (std**2 - variance).detach()
    (weight * (z - z.mean(0)) / (variance + eps).sqrt()).backward(dy)
    return z.grad


def numpy_12_3(dy, weight, z_hat, std):
    dy, weight, z_hat, std = (tensor.numpy() for tensor in (dy, weight, z_hat, std))
    n, g = len(dy), dy * weight
    return (n * g - g.sum(0) - z_hat * np.sum(g * z_hat, axis=0)) / (n * std)


def plain_12_4(mean_before, var, z):
    means, variances = [], []
    for old, old_variance, unit in zip(mean_before.tolist(), var.tolist(), columns(z), strict=True):
        means.append(0.9 * old + 0.1 * mean(unit))
        variances.append(0.9 * old_variance + 0.1 * statistics.variance(unit))
    return means, variances


def library_12_4(mean_before, var, z):
    mean_before, var = mean_before.clone(), var.clone()
    F.batch_norm(z, mean_before, var, training=True, momentum=0.1)
    return mean_before, var


def numpy_12_4(mean_before, var, z):
    mean_before, var, z = mean_before.numpy(), var.numpy(), z.numpy()
    return mean_before + 0.1 * (z.mean(0) - mean_before), var + 0.1 * (z.var(0, ddof=1) - var)


def plain_12_5(a, b):
    norm = math.sqrt(sum(one**2 for one in a.flatten().tolist() + b.flatten().tolist()))
    factor = 1 if norm <= 1 else 1 / norm
    return [[one * factor for one in row] for row in a.tolist()], [one * factor for one in b.tolist()]


def library_12_5(a, b):
    norm = nn.utils.get_total_norm([a, b])
    return a / norm.clamp(min=1), b / norm.clamp(min=1)


def numpy_12_5(a, b):
    norm = np.linalg.norm(np.concatenate([a.numpy().ravel(), b.numpy().ravel()]))
    return a.numpy() / max(1, norm), b.numpy() / max(1, norm)


# 13: hyper-parameter search


def plain_13_1(u):
    return [10 ** (6 * one - 5) for one in u.tolist()]


def library_13_1(u):
    return torch.pow(10.0, torch.lerp(torch.full_like(u, -5.0), torch.full_like(u, 1.0), u))


def numpy_13_1(u):
    low, high = np.log(1e-5), np.log(10)
    return np.exp(low + u.numpy() * (high - low))


def plain_13_2(u):
    return [1 - 0.1 * 100**-one for one in u.tolist()]


def library_13_2(u):
    return 1 - torch.lerp(torch.full_like(u, math.log(0.1)), torch.full_like(u, math.log(0.001)), u).exp()


def numpy_13_2(u):
    return 1 - 10 ** np.interp(u.numpy(), [0, 1], [-1, -3])


def plain_13_3(losses):
    return [min(losses.tolist()[: k + 1]) for k in range(len(losses))]


def library_13_3(losses):
    return losses.cummin(0).values


def numpy_13_3(losses):
    return np.minimum.accumulate(losses.numpy())


def plain_13_4(loss, shares):
    rates = [10 ** (6 * u - 5) for u in shares.tolist()]
    best = min(rates, key=loss)
    return best, loss(best)


def library_13_4(loss, shares):
    rates = 10 ** (6 * shares - 5)
    losses = torch.tensor([loss(lr) for lr in rates.tolist()], dtype=torch.float64)
    return rates[losses.argmin()], losses.min()


def numpy_13_4(loss, shares):
    rates = 10 ** (6 * shares.numpy() - 5)
    losses = [loss(lr) for lr in rates]
    return rates[np.argmin(losses)], np.min(losses)


def plain_13_5(low, high, best):
    decades = math.log10(high) - math.log10(low)
    r = 10 ** (decades / 6)
    return max(best / r, low), min(best * r, high)


def library_13_5(low, high, best):
    k, a, b = (torch.tensor(one, dtype=torch.float64).log() for one in (best, low, high))
    return torch.stack([k - (b - a) / 6, k + (b - a) / 6]).clamp(a, b).exp()


def numpy_13_5(low, high, best):
    r = np.cbrt(np.sqrt(high / low))
    return np.clip([best / r, best * r], low, high)


def plain_14_1(a):
    dead = [all(answer == 0 for answer in unit) for unit in columns(a)]
    return dead.count(True) / len(dead)


def library_14_1(a):
    return (torch.count_nonzero(a, dim=0) == 0).double().mean()


def numpy_14_1(a):
    return np.mean(~a.numpy().any(axis=0))


def plain_14_2(classes):
    return -math.log(math.e / (math.e + classes - 1))


def library_14_2(classes):
    return F.cross_entropy(torch.eye(classes, dtype=torch.float64)[:1], torch.tensor([0]))


def numpy_14_2(classes):
    return np.log1p((classes - 1) / np.e)


def plain_14_3(x, weight, bias):
    units = list(zip(weight, bias, strict=True))
    return torch.stack(
        [torch.stack([sum(a * w for a, w in zip(row, ws, strict=True)) + b for ws, b in units]) for row in x]
    )


def library_14_3(x, weight, bias):
    return F.linear(x, weight, bias)


def plain_14_5(z, y):
    return mean(
        [math.log(sum(map(math.exp, row))) - row[label] for row, label in zip(z.tolist(), y.tolist(), strict=True)]
    )


def library_14_5(z, y):
    return F.cross_entropy(z, y)


def numpy_14_5(z, y):
    z, y = z.numpy(), y.numpy()
    return np.mean(np.log(np.exp(z).sum(axis=1)) - z[np.arange(len(y)), y])


# 15: transfer learning


def plain_15_1(model):
    for index, layer in enumerate(model):
        for parameter in layer.parameters():
            parameter.requires_grad = index == len(model) - 1


def library_15_1(model):
    model.requires_grad_(False)
    model[-1].requires_grad_(True)


def plain_15_2(layers, lr, factor):
    made = []
    for layer in reversed(layers):
        made.append({"params": list(layer.parameters()), "lr": lr})
        lr = lr * factor
    return made


def library_15_2(layers, lr, factor):
    rates = lr * torch.pow(factor, torch.arange(len(layers)).flip(0))
    return [{"params": layer.parameters(), "lr": rate} for layer, rate in zip(layers, rates.tolist(), strict=True)]


def plain_15_3(old, new):
    with torch.no_grad():
        for theirs, mine in zip(old[:-1].parameters(), new[:-1].parameters(), strict=True):
            mine.copy_(theirs)


def library_15_3(old, new):
    mine = new.state_dict()
    new.load_state_dict({n: p for n, p in old.state_dict().items() if p.shape == mine[n].shape}, strict=False)


def plain_15_4(before, after, y):
    right = [0, 0]
    for k, logits in enumerate((before, after)):
        for row, label in zip(logits.tolist(), y.tolist(), strict=True):
            right[k] += row.index(max(row)) == label
    return (right[0] - right[1]) / len(y)


def library_15_4(before, after, y):
    return accuracy_score(y, before.argmax(dim=1)) - accuracy_score(y, after.argmax(dim=1))


def numpy_15_4(before, after, y):
    return np.mean(np.argmax(before.numpy(), axis=1) == y.numpy()) - np.mean(np.argmax(after.numpy(), 1) == y.numpy())


# 16: a photograph from a tenth of its pixels


def plain_16_1(height, width):
    pairs = []
    for r in range(height):
        for c in range(width):
            pairs.append([2 * r / (height - 1) - 1, 2 * c / (width - 1) - 1])
    return pairs


def library_16_1(height, width):
    return torch.cartesian_prod(torch.linspace(-1, 1, height), torch.linspace(-1, 1, width))


def numpy_16_1(height, width):
    rows, columns = np.linspace(-1, 1, height), np.linspace(-1, 1, width)
    return np.stack([np.repeat(rows, width), np.tile(columns, height)], axis=1)


def plain_16_2(painted, truth):
    pairs = zip(painted.flatten().tolist(), truth.flatten().tolist(), strict=True)
    return 10 * math.log10(1 / mean([(a - b) ** 2 for a, b in pairs]))


def library_16_2(painted, truth):
    return peak_signal_noise_ratio(painted, truth, data_range=1.0)


def numpy_16_2(painted, truth):
    return -20 * np.log10(np.sqrt(np.mean((painted.numpy() - truth.numpy()) ** 2)))


def plain_16_3(v, b):
    rows = []
    for x, y in v.tolist():
        angles = [2 * math.pi * (x * b_x + y * b_y) for b_x, b_y in b.tolist()]
        rows.append([math.cos(angle) for angle in angles] + [math.sin(angle) for angle in angles])
    return rows


def library_16_3(v, b):
    wave = torch.exp(2j * math.pi * F.linear(v, b))
    return torch.hstack([wave.real, wave.imag])


def numpy_16_3(v, b):
    angle = 2 * np.pi * np.einsum("nk,mk->nm", v.numpy(), b.numpy())
    return np.concatenate([np.cos(angle), np.sin(angle)], axis=1)


def plain_16_4(outputs, train):
    seen = train.flatten().tolist()
    rows = []
    for row in outputs.tolist():
        there = [one * statistics.pstdev(seen) + mean(seen) for one in row]
        rows.append([0 if one < 0 else 1 if one > 1 else one for one in there])
    return rows


def library_16_4(outputs, train):
    scaler = StandardScaler().fit(train.flatten().unsqueeze(1))
    return torch.from_numpy(scaler.inverse_transform(outputs)).clamp(min=0, max=1)


def numpy_16_4(outputs, train):
    return np.clip(outputs.numpy() * np.std(train.numpy()) + np.mean(train.numpy()), 0, 1)


def plain_16_5(order, known):
    order = order.tolist()
    first = known - known // 5
    return order[:first], order[first:known], order[known:]


def library_16_5(order, known):
    return torch.split(order, [known - known // 5, known // 5, len(order) - known])


def numpy_16_5(order, known):
    return np.split(order.numpy(), [known - known // 5, known])

"""Loss and gradient of one minibatch by PyTorch and JAX against ours: `agreement.py FOLDER` prints the largest relative differences."""

import json
import sys

import jax
import numpy as np
import torch

import set_network_jax
import set_network_torch
from arrays import read_arrays, split_parameters

BATCH = ("observation", "action", "oldLogProbability", "advantage", "target")


def by_torch(facts, arrays, parts):
    network = set_network_torch.SetNetwork(facts["parameters"])
    network.load(parts)
    batch = {name: torch.from_numpy(arrays[name]) for name in BATCH}
    loss = set_network_torch.ppo_loss(network, batch, *facts["loss"])
    loss.backward()
    return loss.item(), dict(zip(network.names, (weight.grad.numpy() for weight in network.weights)))


def by_jax(facts, arrays, parts):
    batch = {name: arrays[name] for name in BATCH}
    step = jax.jit(jax.value_and_grad(lambda p: set_network_jax.ppo_loss(p, batch, *facts["loss"])))
    loss, gradient = step(parts)
    return float(loss), {name: np.asarray(part) for name, part in gradient.items()}


def difference(theirs, ours):
    """Largest difference of one tensor relative to its largest entry; NaN counts as no agreement at all."""
    distance = float(np.max(np.abs(theirs - ours)) / np.max(np.abs(ours)))
    return distance if np.isfinite(distance) else float("inf")


def main():
    facts, arrays = read_arrays(sys.argv[1])
    parts = split_parameters(arrays["parameters"], facts["parameters"])
    ours = split_parameters(arrays["gradient"], facts["parameters"])
    result = {}
    for peer, compute in (("torch", by_torch), ("jax", by_jax)):
        loss, gradient = compute(facts, arrays, parts)
        result[peer] = {
            "loss": difference(np.array(loss), np.array(facts["ourLoss"])),
            "gradient": max(difference(gradient[name], ours[name]) for name in ours),
        }
    print(json.dumps(result))


main()

"""Our portfolio network of architecture `set` and PPO's loss, in PyTorch, as training-container/src/networks writes them."""

import math

import torch
from torch import nn
from torch.nn import functional as F

ANCHOR_LOGIT, ANCHOR_EXPOSURE, TRADABLE = -3, -2, -1


class SetNetwork(nn.Module):
    """Observations [B, A, F] -> mean [B, A + 1], log deviation [A + 1], mask [B, A + 1], value [B]."""

    def __init__(self, specs):
        super().__init__()
        self.names = [spec["name"] for spec in specs]
        self.weights = nn.ParameterList([nn.Parameter(start(spec)) for spec in specs])

    def load(self, parts):
        for name, weight in zip(self.names, self.weights):
            weight.data.copy_(torch.from_numpy(parts[name]))

    def forward(self, observation):
        p = dict(zip(self.names, self.weights))
        assets = observation.shape[1]
        usable = observation[:, :, TRADABLE]
        share = (usable / usable.sum(1, keepdim=True).clamp(min=1)).unsqueeze(1)
        mean, mask = self.actor(p, observation, usable, share)
        log_std = torch.cat([p["logStd"][:1].expand(assets), p["logStd"][1:]])
        return mean, log_std, mask, self.critic(p, observation, share)

    def actor(self, p, observation, usable, share):
        own = F.relu(F.linear(observation, p["asset.weight"].T, p["asset.bias"]))
        context = (share @ own) @ p["context.weight"]
        mixed = F.relu(F.linear(own, p["mix.weight"].T, p["mix.bias"]) + context)
        tilt = (mixed @ p["tilt.weight"]).squeeze(2)
        shift = (share @ mixed).squeeze(1) @ p["shift.weight"] + p["shift.bias"]
        start = torch.cat([observation[:, :, ANCHOR_LOGIT], observation[:, :1, ANCHOR_EXPOSURE]], 1)
        mask = torch.cat([usable, torch.ones_like(shift)], 1)
        return start + torch.cat([tilt, shift], 1), mask

    def critic(self, p, observation, share):
        own = F.relu(F.linear(observation, p["value.asset.weight"].T, p["value.asset.bias"]))
        mixed = F.relu(F.linear((share @ own).squeeze(1), p["value.mix.weight"].T, p["value.mix.bias"]))
        return (mixed @ p["value.weight"] + p["value.bias"]).squeeze(1)


def start(spec):
    shape, kind = spec["shape"], spec["start"]
    if kind["kind"] == "constant":
        return torch.full(shape, float(kind["value"]))
    return torch.randn(shape) * (kind["gain"] / math.sqrt(shape[0]))


def log_probability(mean, log_std, mask, action):
    z = (action - mean) * torch.exp(-log_std)
    return ((-0.5 * z * z - log_std - 0.5 * math.log(2 * math.pi)) * mask).sum(1)


def entropy(log_std, mask):
    return ((log_std + 0.5 + 0.5 * math.log(2 * math.pi)) * mask).sum(1)


def ppo_loss(network, batch, clip, entropy_weight, value_weight):
    mean, log_std, mask, value = network(batch["observation"])
    ratio = torch.exp(log_probability(mean, log_std, mask, batch["action"]) - batch["oldLogProbability"])
    gain = torch.min(batch["advantage"] * ratio, batch["advantage"] * ratio.clamp(1 - clip, 1 + clip))
    error = (value - batch["target"]) ** 2
    return -gain.mean() - entropy_weight * entropy(log_std, mask).mean() + value_weight * error.mean()

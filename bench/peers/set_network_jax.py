"""Our portfolio network of architecture `set` and PPO's loss, in JAX, as training-container/src/networks writes them."""

import math

import jax
import jax.numpy as jnp

ANCHOR_LOGIT, ANCHOR_EXPOSURE, TRADABLE = -3, -2, -1
HALF_LOG_2PI = 0.5 * math.log(2 * math.pi)


def forward(p, observation):
    """Observations [B, A, F] -> mean [B, A + 1], log deviation [A + 1], mask [B, A + 1], value [B]."""
    assets = observation.shape[1]
    usable = observation[:, :, TRADABLE]
    share = usable / jnp.maximum(usable.sum(1, keepdims=True), 1)
    pool = lambda rows: jnp.einsum("ba,bah->bh", share, rows)

    own = jax.nn.relu(observation @ p["asset.weight"] + p["asset.bias"])
    context = pool(own) @ p["context.weight"]
    mixed = jax.nn.relu(own @ p["mix.weight"] + p["mix.bias"] + context[:, None, :])
    tilt = (mixed @ p["tilt.weight"])[:, :, 0]
    shift = pool(mixed) @ p["shift.weight"] + p["shift.bias"]
    start = jnp.concatenate([observation[:, :, ANCHOR_LOGIT], observation[:, :1, ANCHOR_EXPOSURE]], 1)
    mask = jnp.concatenate([usable, jnp.ones_like(shift)], 1)
    log_std = jnp.concatenate([jnp.broadcast_to(p["logStd"][:1], (assets,)), p["logStd"][1:]])

    seen = jax.nn.relu(observation @ p["value.asset.weight"] + p["value.asset.bias"])
    rated = jax.nn.relu(pool(seen) @ p["value.mix.weight"] + p["value.mix.bias"])
    value = (rated @ p["value.weight"] + p["value.bias"])[:, 0]
    return start + jnp.concatenate([tilt, shift], 1), log_std, mask, value


def log_probability(mean, log_std, mask, action):
    z = (action - mean) * jnp.exp(-log_std)
    return ((-0.5 * z * z - log_std - HALF_LOG_2PI) * mask).sum(1)


def ppo_loss(p, batch, clip, entropy_weight, value_weight):
    mean, log_std, mask, value = forward(p, batch["observation"])
    ratio = jnp.exp(log_probability(mean, log_std, mask, batch["action"]) - batch["oldLogProbability"])
    gain = jnp.minimum(batch["advantage"] * ratio, batch["advantage"] * jnp.clip(ratio, 1 - clip, 1 + clip))
    entropy = ((log_std + 0.5 + HALF_LOG_2PI) * mask).sum(1)
    error = (value - batch["target"]) ** 2
    return -gain.mean() - entropy_weight * entropy.mean() + value_weight * error.mean()

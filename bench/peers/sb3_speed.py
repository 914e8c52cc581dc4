"""Environment steps per second of Stable-Baselines3's PPO with our network, on environments that cost next to nothing."""

import time

import numpy as np
import torch
from gymnasium import spaces
from stable_baselines3 import PPO
from stable_baselines3.common.policies import ActorCriticPolicy
from stable_baselines3.common.vec_env import VecEnv

from serve import serve
from set_network_torch import SetNetwork, entropy, log_probability

torch.set_num_threads(2)


class SetPolicy(ActorCriticPolicy):
    """SB3's actor-critic with the whole network replaced: one pass gives action, value and log-probability."""

    def __init__(self, *args, specs, **kwargs):
        self.specs = specs
        super().__init__(*args, **kwargs)

    def _build(self, lr_schedule):
        self.network = SetNetwork(self.specs)
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=lr_schedule(1), eps=1e-5, fused=True)

    def forward(self, obs, deterministic=False):
        mean, log_std, mask, value = self.network(obs)
        noise = torch.zeros_like(mean) if deterministic else torch.randn_like(mean)
        action = mean + noise * mask * log_std.exp()
        return action, value, log_probability(mean, log_std, mask, action)

    def evaluate_actions(self, obs, actions):
        mean, log_std, mask, value = self.network(obs)
        return value, log_probability(mean, log_std, mask, actions), entropy(log_std, mask)

    def predict_values(self, obs):
        return self.network(obs)[3]


class RandomVecEnv(VecEnv):
    """Random observations and rewards, as bench/train.bench.ts makes them."""

    def __init__(self, n, assets, features):
        super().__init__(n, spaces.Box(-1e6, 1e6, (assets, features), np.float32), spaces.Box(-1e6, 1e6, (assets + 1,), np.float32))
        self.random = np.random.default_rng(1)
        pool = self.random.standard_normal((2 * n, assets, features), dtype=np.float32)
        pool[:, :, -1] = 1
        self.pool, self.dones, self.infos = pool, np.zeros(n, bool), [{} for _ in range(n)]

    def observe(self):
        start = self.random.integers(self.num_envs)
        return self.pool[start : start + self.num_envs]

    def reset(self):
        return self.observe()

    def step_async(self, actions):
        pass

    def step_wait(self):
        return self.observe(), self.random.standard_normal(self.num_envs, dtype=np.float32), self.dones, self.infos

    def close(self):
        pass

    def get_attr(self, name, indices=None):
        return [None] * self.num_envs

    def set_attr(self, name, value, indices=None):
        raise NotImplementedError

    def env_method(self, name, *args, indices=None, **kwargs):
        raise NotImplementedError

    def env_is_wrapped(self, wrapper, indices=None):
        return [False] * self.num_envs


def learner(facts, epochs):
    settings = facts["settings"]
    env = RandomVecEnv(settings["environments"], facts["assets"], facts["features"])
    rate = settings["learningRate"]
    return PPO(
        SetPolicy,
        env,
        policy_kwargs={"specs": facts["parameters"]},
        n_steps=settings["rolloutDays"],
        batch_size=settings["minibatch"],
        n_epochs=epochs,
        learning_rate=lambda progress: rate * progress,
        gamma=settings["gamma"],
        gae_lambda=settings["gaeLambda"],
        clip_range=settings["clipCoef"],
        ent_coef=settings["entCoef"],
        vf_coef=settings["vfCoef"],
        max_grad_norm=settings["maxGradNorm"],
        device="cpu",
    )


def steps_per_second(model, seconds):
    """Whole iterations of `model` until `seconds` have passed."""
    rows = model.n_steps * model.n_envs
    started, steps = time.perf_counter(), 0
    while time.perf_counter() - started < seconds:
        model.learn(4 * rows, reset_num_timesteps=False, log_interval=None)
        steps += 4 * rows
    return steps / (time.perf_counter() - started)


def prepare(facts):
    models = {epochs: learner(facts, epochs) for epochs in facts["epochs"]}
    for model in models.values():
        model.learn(2 * model.n_steps * model.n_envs, log_interval=None)
    return lambda request: steps_per_second(models[request["epochs"]], request["seconds"])


serve(prepare)

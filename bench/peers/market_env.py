"""The simulated market of time-to-learn.ts as vectorised environments for Stable-Baselines3: same observations, same map from action to
weights, same reward as domain/environment and training-container/src/portfolio-environments.ts, where trades cost nothing, no limit binds
but the drawdown scale, and every asset can always be traded. largest_differences() says whether it pays the same."""

import numpy as np
from gymnasium import spaces
from stable_baselines3.common.vec_env import VecEnv

from arrays import read_arrays

HELD, DRAWDOWN, CASH, ANCHOR_LOGIT, ANCHOR_EXPOSURE = -6, -5, -4, -3, -2
PER_CENT = 100


def weights_of(actions):
    """[n, A + 1] logits and a log exposure -> [n, A] weights."""
    actions = actions.astype(np.float64)
    powers = np.exp(actions[:, :-1] - actions[:, :-1].max(1, keepdims=True))
    return powers / powers.sum(1, keepdims=True) * np.exp(np.minimum(0, actions[:, -1:]))


class Market:
    def __init__(self, folder):
        self.facts, arrays = read_arrays(folder)
        self.observations, self.returns = arrays["observations"], arrays["returns"]
        self.arrays = arrays
        anchor = np.concatenate([self.observations[:, :, ANCHOR_LOGIT], self.observations[:, :1, ANCHOR_EXPOSURE]], 1)
        self.anchor_return = np.zeros(len(self.returns))
        self.anchor_return[:-2] = (weights_of(anchor)[:-2] * self.returns[2:]).sum(1)

    def utility(self, growth):
        return PER_CENT * (np.log(growth) - self.facts["lambdaVolatility"] * (growth - 1) ** 2)


class Books:
    """n portfolios in one market, each at its own session."""

    def __init__(self, market, n):
        self.market = market
        assets = market.returns.shape[1]
        self.t, self.nav, self.high = np.zeros(n, int), np.ones(n), np.ones(n)
        self.held, self.cash = np.zeros((n, assets)), np.ones(n)

    def start(self, i, t):
        self.t[i], self.nav[i], self.high[i], self.cash[i], self.held[i] = t, 1, 1, 1, 0

    def drawdown(self):
        return np.maximum(0, 1 - self.nav / self.high)

    def observe(self):
        seen = self.market.observations[self.t]
        seen[:, :, HELD] = self.held
        seen[:, :, DRAWDOWN] = self.drawdown()[:, None]
        seen[:, :, CASH] = self.cash[:, None]
        return seen

    def step(self, actions):
        """Decide at the close of t, fill at t + 1, earn until t + 2 -> (reward [n], what the anchor earned [n])."""
        market = self.market
        scale = np.clip(1 - self.drawdown() / market.facts["drawdownBudget"], 0, 1)
        anchor = market.utility(1 + scale * market.anchor_return[self.t])
        self.t += 1
        self.nav *= 1 + (self.held * market.returns[self.t]).sum(1)
        self.held = weights_of(actions) * scale[:, None]
        self.cash = np.maximum(0, 1 - self.held.sum(1))
        self.high = np.maximum(self.high, self.nav)
        return market.utility(1 + (self.held * market.returns[self.t + 1]).sum(1)), anchor


class MarketVecEnv(VecEnv):
    """What the learner sees: the reward less the anchor's, as our learner does. `start_of(i)` is the first session of an episode."""

    def __init__(self, market, n, start_of):
        _, assets, features = market.observations.shape
        # SB3 wants bounds; these are too wide to matter.
        super().__init__(n, spaces.Box(-1e6, 1e6, (assets, features), np.float32), spaces.Box(-20, 20, (assets + 1,), np.float32))
        self.books, self.start_of = Books(market, n), start_of
        self.last = np.zeros(n, int)

    def reset(self):
        for i in range(self.num_envs):
            self.begin(i)
        return self.books.observe()

    def begin(self, i):
        self.books.start(i, self.start_of(i))
        self.last[i] = self.books.t[i] + self.books.market.facts["episodeDays"] - 1

    def step_async(self, actions):
        self.actions = actions

    def step_wait(self):
        reward, anchor = self.books.step(self.actions)
        seen, dones = self.books.observe(), self.books.t > self.last
        infos = [{} for _ in dones]
        for i in np.flatnonzero(dones):
            infos[i] = {"terminal_observation": seen[i].copy(), "TimeLimit.truncated": True}
            self.begin(i)
        if dones.any():
            seen = self.books.observe()
        return seen, reward - anchor, dones, infos

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


def random_starts(market, seed):
    facts, random = market.facts, np.random.default_rng(seed)
    return lambda i: facts["from"] + random.integers(facts["to"] - facts["episodeDays"] - facts["from"])


def mean_reward(market, act, first, last):
    """Mean reward of one episode of decisions from `first` until `last` - 2 by `act`, observation [1, A, F] -> action [1, A + 1]."""
    books = Books(market, 1)
    books.start(0, first)
    steps = last - 1 - first
    return sum(books.step(act(books.observe()))[0][0] for _ in range(steps)) / steps


def largest_differences(market):
    """The recorded episodes once more -> differences from the record, rewards relative to their mean size, observations absolute."""
    record = market.arrays
    starts = [iter(row) for row in record["starts"].T]
    env = MarketVecEnv(market, record["starts"].shape[1], lambda i: next(starts[i]))
    seen, worst_reward, worst_seen = env.reset(), 0.0, 0.0
    size = np.abs(record["rewards"]).mean()
    for actions, rewards, observation in zip(record["actions"], record["rewards"], record["seen"]):
        worst_seen = max(worst_seen, np.abs(seen - observation).max())
        env.step_async(actions)
        seen, paid, _, _ = env.step_wait()
        worst_reward = max(worst_reward, np.abs(paid - rewards).max() / size)
    return {"reward": float(worst_reward), "observation": float(worst_seen)}

"""Seconds that Stable-Baselines3's PPO with its defaults takes to learn the simulated market of time-to-learn.ts."""

import time

import torch
from stable_baselines3 import PPO
from stable_baselines3.common.callbacks import BaseCallback

from market_env import Market, MarketVecEnv, largest_differences, mean_reward, random_starts
from serve import serve

torch.set_num_threads(2)


class UntilLearned(BaseCallback):
    """Judges the mean policy after each update, off the clock; ends at the wanted share or when the time is up."""

    def __init__(self, market, limit):
        super().__init__()
        self.market, self.limit = market, limit
        self.seconds, self.resumed, self.learned = 0.0, time.perf_counter(), False

    def clock(self):
        return self.seconds + time.perf_counter() - self.resumed

    def _on_step(self):
        return not self.learned and self.clock() < self.limit

    def _on_rollout_start(self):
        self.seconds = self.clock()
        glance, whole = self.market.facts["glance"], self.market.facts["whole"]
        self.learned = self.share(glance) >= glance["enough"] and self.share(whole) >= whole["enough"]
        self.resumed = time.perf_counter()

    def share(self, part):
        """From the anchor (0) to the known optimum (1), by mean reward over a part of the market."""
        act = lambda seen: self.model.predict(seen, deterministic=True)[0]
        earned = mean_reward(self.market, act, part["from"], part["to"])
        return float((earned - part["anchor"]) / (part["best"] - part["anchor"]))


def learn(market, request):
    until = UntilLearned(market, request["limitSeconds"])
    env = MarketVecEnv(market, request["environments"], random_starts(market, request["seed"]))
    model = PPO("MlpPolicy", env, seed=request["seed"], device="cpu")
    model.learn(10**9, callback=until, log_interval=None)
    seconds = until.seconds if until.learned else until.clock()
    return {
        "learned": until.learned,
        "seconds": seconds,
        "share": until.share(market.facts["whole"]),
        "steps": model.num_timesteps,
    }


def prepare(_):
    def answer(request):
        market = Market(request["folder"])
        return largest_differences(market) if request["kind"] == "check" else learn(market, request)

    return answer


serve(prepare)

"""The first twenty features of the bench, with pandas or with polars: from a dataset's Parquet files to a dense float32 tensor [sessions, assets, features].

Answers with clock and processor seconds of one run. With `file` in the request the tensor is written there, off the clock.
"""

import argparse
import time
from math import log, sqrt

import numpy as np
from serve import serve

FLOOR = 1e-4
ANNUAL = sqrt(252)
MAX_HALT = 21
COVERAGE = 0.8
NEAR = 64  # sessions laid into the tensor at once, so that their rows stay in the cache
# name -> days, and days left out at the end
MOMENTA = {
    "momentum5": (5, 0),
    "momentum21": (21, 0),
    "momentum63": (63, 0),
    "momentum126": (126, 5),
    "momentum252": (252, 21),
}


def pandas_engine(facts):
    """Frames of sessions x symbols. A session without a bar is NaN, which rolling windows leave out."""
    import pandas as pd
    import pyarrow.parquet as parquet

    prices = ["high", "low", "close"]
    actions = ["dividend", "split"] if facts["actions"] else []

    def read():
        table = parquet.read_table(
            facts["bars"],
            columns=["symbol", "date", *prices, *actions],
            partitioning=None,
            read_dictionary=["symbol"],
        )
        bars = table.to_pandas(date_as_object=False)
        session, dates = pd.factorize(bars["date"])  # rows are sorted by date
        symbols = bars["symbol"].cat.categories
        order = symbols.argsort()
        asset = order.argsort()[bars["symbol"].cat.codes]

        def wide(values):  # half the time of pivot
            cells = np.full((len(dates), len(symbols)), np.nan)
            cells[session, asset] = values
            return pd.DataFrame(cells, index=dates, columns=symbols[order])

        frames = [wide(bars[name]) for name in prices]
        worth = wide((bars["close"] + bars["dividend"]) * bars["split"]) if actions else frames[-1]
        return *frames, worth

    def features(high, low, close, worth):
        bar = close.notna()
        returns = worth / close.ffill(limit=MAX_HALT - 1).shift() - 1
        observed = returns.notna()
        logs = np.log1p(returns).fillna(0)
        level = logs.cumsum()
        session = bar * 0 + np.arange(len(bar))[:, None]
        life = session - session.where(bar & ~observed).ffill()
        observations = observed.cumsum()

        def count(days):
            return observations - observations.shift(days, fill_value=0)

        known = {n: bar & (life >= n) & (count(n) >= COVERAGE * n) for n in (14, 21, 63, 64, 126, 252)}

        def mean(frame, days):
            return frame.rolling(days, min_periods=1).mean()

        def std(frame, days):
            return frame.rolling(days, min_periods=2).std()

        sigma = {days: np.maximum(std(returns, days), FLOOR) for days in (21, 63, 126)}
        sigma63 = {days: sigma[63].where(known[days]) for days in (63, 64, 126, 252)}

        out = {}
        for name, (days, skip) in MOMENTA.items():
            scale = sigma63[max(days, 63)] * sqrt(days - skip)
            out[name] = (level.shift(skip) - level.shift(days)) / scale
        momentum63 = out["momentum63"]
        group_of = [facts["groups"][symbol] for symbol in bar.columns]
        group_means = {
            group: momentum63.loc[:, [one == group for one in group_of]].mean(axis=1) for group in set(group_of)
        }
        spread = np.column_stack([group_means[group] for group in group_of])
        out["groupMomentum63"] = pd.DataFrame(spread, bar.index, bar.columns).where(momentum63.notna())

        out["reversal1"] = -logs / sigma63[63]
        quoted = level.where(bar)
        away = (level - mean(quoted, 21)) / np.maximum(std(quoted, 21), FLOOR)
        out["zscore21"] = away.where(known[21])
        path = logs.abs().rolling(14).sum()
        out["rsi14"] = ((level - level.shift(14)) / path).where(path > 1e-9, 0).where(known[14])
        out["maxReturn21"] = returns.rolling(21, min_periods=1).max() / sigma63[63]
        product = returns * returns.shift()
        both = product.notna()
        now, before = mean(returns.where(both), 63), mean(returns.shift().where(both), 63)
        out["autocovariance63"] = (mean(product, 63) - now * before) / sigma63[64] ** 2

        out["volatility21"] = np.log(sigma[21].where(known[21]) * ANNUAL)
        out["volatility63"] = np.log(sigma63[63] * ANNUAL)
        out["volatilityRatio"] = np.log(sigma[21] / sigma[126].where(known[126]))

        market = (returns * 0).add(returns.mean(axis=1), axis=0)
        with_market = returns * market

        def regression(days):
            n = count(days)
            covariance = (mean(with_market, days) - mean(returns, days) * mean(market, days)) * (n / (n - 1))
            variance = np.maximum(std(market, days), FLOOR) ** 2
            return n, covariance.where(known[days]), variance

        _, covariance, variance = regression(252)
        out["beta252"] = covariance / variance
        n, covariance, variance = regression(63)
        out["correlation63"] = (covariance / (sigma[63] * np.sqrt(variance))).clip(-1, 1)
        left = (sigma[63] ** 2 - covariance**2 / variance) * (n - 1) / (n - 2)
        out["idiosyncraticVolatility63"] = np.log(np.maximum(np.sqrt(np.maximum(left, 0)), FLOOR) * ANNUAL)
        losses = mean(np.minimum(returns, 0) ** 2, 63)
        out["downsideRatio63"] = np.log(np.maximum(np.sqrt(losses), FLOOR) / sigma63[63])
        n = count(126)
        unbiased = returns.rolling(126, min_periods=3).skew()
        out["skewness126"] = (unbiased * (n - 2) / np.sqrt(n * (n - 1))).where(known[126])
        ranges = mean((np.log(high) - np.log(low)) ** 2, 21) / (4 * log(2))
        out["parkinson21"] = np.log(np.maximum(np.sqrt(ranges), FLOOR) * ANNUAL).where(known[21])
        return out

    def tensor():
        out = features(*read())
        columns = [out[name].to_numpy() for name in facts["columns"]]
        values = np.empty((*columns[0].shape, len(columns)), np.float32)
        for start in range(0, len(values), NEAR):  # columns lie by asset, the tensor by session
            values[start : start + NEAR] = np.stack([column[start : start + NEAR] for column in columns], axis=-1)
        return values

    return tensor


def polars_engine(facts):
    """Rows of one symbol after another. Windows count a symbol's own bars, not sessions."""
    import polars as pl

    col = pl.col
    prices = ["high", "low", "close"]
    actions = ["dividend", "split"] if facts["actions"] else []

    def own(expression):
        return expression.over("symbol", mapping_strategy="explode")  # rows lie by symbol: nothing to be put back

    def mean(name, days):
        return own(col(name).rolling_mean(days))

    def std(name, days):
        return own(col(name).rolling_std(days))

    def known(days, expression):
        return pl.when(col("life") >= days).then(expression)

    def floored(expression):
        return expression.clip(FLOOR)

    def log_annual(expression):
        return (floored(expression) * ANNUAL).log()

    def tensor():
        scan = pl.scan_parquet(f"{facts['bars']}/*/part.parquet", hive_partitioning=False)
        bars = scan.select("symbol", "date", *prices, *actions).collect()
        symbols = bars["symbol"].unique().sort()
        frame = features(bars, pl.Enum(symbols)).collect(engine="in-memory")  # streaming took a third longer
        shape = (frame["session"].max() + 1, len(symbols), len(facts["columns"]))
        values = np.full(shape, np.nan, np.float32)
        asset = frame["symbol"].to_physical().to_numpy()
        values[frame["session"].to_numpy(), asset] = frame.select(facts["columns"]).to_numpy(order="c")
        return values

    def features(bars, symbols):
        groups = pl.LazyFrame({"symbol": list(facts["groups"]), "group": list(facts["groups"].values())})
        worth = (col("close") + col("dividend")) * col("split") if actions else col("close")
        rows = (
            bars.lazy()
            .with_columns(
                col("symbol").cast(symbols),
                session=(col("date") != col("date").shift()).fill_null(False).cum_sum().cast(pl.Int32),
                worth=worth,
            )
            .join(groups.with_columns(col("symbol").cast(symbols, strict=False)), "symbol", "left", maintain_order="left")
            .sort("symbol", maintain_order=True)  # rows come sorted by date
            .with_columns(
                returns=pl.when(own(col("session").diff()) <= MAX_HALT).then(col("worth") / own(col("close").shift()) - 1),
                ranges=(col("high") / col("low")).log() ** 2,
                row=pl.int_range(pl.len()),
            )
            .with_columns(
                market=col("returns").mean().over("session"),
                logs=col("returns").log1p().fill_null(0),
                before=own(col("returns").shift()),
                losses=col("returns").clip(upper_bound=0) ** 2,
                life=col("row") - pl.when(col("returns").is_null()).then(col("row")).forward_fill(),
            )
            .with_columns(
                level=own(col("logs").cum_sum()),
                moves=col("logs").abs(),
                pairs=col("returns") * col("before"),
                with_market=col("returns") * col("market"),
                market63=floored(std("market", 63)) ** 2,
                market252=floored(std("market", 252)) ** 2,
                sigma21=floored(std("returns", 21)),
                sigma63=floored(std("returns", 63)),
                sigma126=floored(std("returns", 126)),
                mean63=mean("returns", 63),
            )
            .with_columns(
                covariance63=(mean("with_market", 63) - col("mean63") * mean("market", 63)) * (63 / 62),
                covariance252=(mean("with_market", 252) - mean("returns", 252) * mean("market", 252)) * (252 / 251),
                path=own(col("moves").rolling_sum(14)),
                **{
                    name: known(
                        max(days, 63),
                        (own(col("level").shift(skip)) - own(col("level").shift(days)))
                        / (col("sigma63") * sqrt(days - skip)),
                    )
                    for name, (days, skip) in MOMENTA.items()
                },
            )
        )
        left = (col("sigma63") ** 2 - col("covariance63") ** 2 / col("market63")).clip(0) * (62 / 61)
        columns = {
            "groupMomentum63": known(63, col("momentum63").mean().over("session", "group")),
            "reversal1": known(63, -col("logs") / col("sigma63")),
            "zscore21": known(21, (col("level") - mean("level", 21)) / floored(std("level", 21))),
            "rsi14": known(
                14,
                pl.when(col("path") > 1e-9)
                .then((col("level") - own(col("level").shift(14))) / col("path"))
                .otherwise(0),
            ),
            "maxReturn21": known(63, own(col("returns").rolling_max(21)) / col("sigma63")),
            "autocovariance63": known(
                64, (mean("pairs", 63) - col("mean63") * own(col("mean63").shift())) / col("sigma63") ** 2
            ),
            "volatility21": known(21, (col("sigma21") * ANNUAL).log()),
            "volatility63": known(63, (col("sigma63") * ANNUAL).log()),
            "volatilityRatio": known(126, (col("sigma21") / col("sigma126")).log()),
            "beta252": known(252, col("covariance252") / col("market252")),
            "correlation63": known(63, (col("covariance63") / (col("sigma63") * col("market63").sqrt())).clip(-1, 1)),
            "idiosyncraticVolatility63": known(63, log_annual(left.sqrt())),
            "downsideRatio63": known(63, (floored(mean("losses", 63).sqrt()) / col("sigma63")).log()),
            "skewness126": known(126, own(col("returns").rolling_skew(126))),
            "parkinson21": known(21, log_annual((mean("ranges", 21) / (4 * log(2))).sqrt())),
        }
        return rows.select(
            "symbol",
            "session",
            *[(columns[name] if name in columns else col(name)).cast(pl.Float32).alias(name) for name in facts["columns"]],
        )

    return tensor


ENGINES = {"pandas": pandas_engine, "polars": polars_engine}


def prepare(facts):
    tensor = ENGINES[options.engine](facts)

    def answer(request):
        clock, processor = time.perf_counter(), time.process_time()
        values = tensor()
        seconds = {"clock": time.perf_counter() - clock, "processor": time.process_time() - processor}
        if "file" in request:
            values.tofile(request["file"])
        return seconds

    return answer


parser = argparse.ArgumentParser()
parser.add_argument("--engine", choices=ENGINES, required=True)
options = parser.parse_args()
serve(prepare)

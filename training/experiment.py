"""An experiment: everything that a training may be told, in one TOML; the defaults are what `train` does untold."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from features.catalogue import ACCOUNT_GRAIN, COLUMNS, MARKET_GRAIN
from features.errors import ParameterError
from models.toml_tables import parse_tables, read_toml, tables_to_toml
from training.splits import SHARES

SHIPPED = Path(__file__).parent / "experiments"
CandidateName = Literal["random_forest", "hist_gradient_boosting", "lightgbm"]
Imbalance = Literal["balanced", "none", "effective_number"]


def _ascending(span: tuple[float, ...]) -> tuple[float, ...]:
    if len(span) not in {0, 2} or (span and not 0 < span[0] < span[1]):
        raise PydanticCustomError("span", "[low, high] with 0 < low < high, or [] to leave it as it is")
    return span


# TOML has lists only, so these are not strict; they end as tuples, which cannot change.
Span = Annotated[tuple[float, ...], Field(strict=False), AfterValidator(_ascending)]
Names = Annotated[tuple[str, ...], Field(strict=False)]


class Table(BaseModel):
    """One table of an experiment; frozen, unknown keys and converted types refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class MarketFeatures(Table):
    """Which features of the market grain may be read; names as in `features/catalogue.py`."""

    include: Names = Field((), description="only these; all if empty")
    exclude: Names = Field((), description="but not these")

    @model_validator(mode="after")
    def _names_are_in_the_catalogue(self) -> Self:
        _refuse_unknown(self, MARKET_GRAIN)
        return self

    def allowed(self) -> frozenset[str]:
        """Return the names that may be read."""
        return _allowed(self, MARKET_GRAIN)


class AccountFeatures(Table):
    """Which features of the account grain may be read; names as in `features/account_catalogue.py`."""

    include: Names = Field((), description="only these; all if empty")
    exclude: Names = Field((), description="but not these")

    @model_validator(mode="after")
    def _names_are_in_the_catalogue(self) -> Self:
        _refuse_unknown(self, ACCOUNT_GRAIN)
        return self

    def allowed(self) -> frozenset[str]:
        """Return the names that may be read."""
        return _allowed(self, ACCOUNT_GRAIN)


def _refuse_unknown(chosen: MarketFeatures | AccountFeatures, grain: str) -> None:
    for key, names in (("include", chosen.include), ("exclude", chosen.exclude)):
        for name in names:
            if name not in COLUMNS[grain]:
                near = get_close_matches(name, COLUMNS[grain], n=1)
                hint = f" (nearest: {near[0]})" if near else ""
                text = f"features of the {grain} grain{hint}"
                raise PydanticCustomError("feature", text, {"key": key, "value": name})
    if not _allowed(chosen, grain):
        raise PydanticCustomError("feature", "less than all features", {"key": "exclude", "value": "all of them"})


def _allowed(chosen: MarketFeatures | AccountFeatures, grain: str) -> frozenset[str]:
    return frozenset(chosen.include or COLUMNS[grain]) - set(chosen.exclude)


class Features(Table):
    """What the learned models may read."""

    market: MarketFeatures = MarketFeatures()
    account: AccountFeatures = AccountFeatures()

    def of(self, grain: str) -> frozenset[str]:
        """Return the names that models of a grain may read."""
        return self.market.allowed() if grain == MARKET_GRAIN else self.account.allowed()


class Split(Table):
    """Shares of the tapes, in order of time."""

    fit: float = Field(SHARES[0], description="share of the tapes to learn from, the earliest", gt=0, lt=1)
    calibrate: float = Field(SHARES[1], description="share to calibrate on", gt=0, lt=1)
    test: float = Field(SHARES[2], description="share that nothing is learned from, the last", gt=0, lt=1)

    @model_validator(mode="after")
    def _shares_make_a_whole(self) -> Self:
        total = self.fit + self.calibrate + self.test
        if abs(total - 1) > 1e-9:
            raise PydanticCustomError("shares", "1 in all three", {"key": "fit + calibrate + test", "value": total})
        return self

    @property
    def shares(self) -> tuple[float, float, float]:
        """The three shares."""
        return self.fit, self.calibrate, self.test


class IsolationForest(Table):
    """The isolation forest of each scale."""

    trees: int = Field(200, description="trees of each variant", ge=10)
    max_samples: int = Field(256, description="rows that each tree is grown on", ge=2)
    max_features: float = Field(1.0, description="share of the features that each tree may cut", gt=0, le=1)


class RandomForest(Table):
    """The random forest."""

    trees: int = Field(100, description="trees", ge=1)
    min_samples_leaf: int = Field(5, description="rows that a leaf must hold", ge=1)
    max_leaf_nodes: int = Field(512, description="leaves that a tree may have", ge=2)
    max_samples: float = Field(0.5, description="share of the rows that each tree is grown on", gt=0, le=1)


class HistGradientBoosting(Table):
    """Histogram gradient boosting of scikit-learn."""

    iterations: int = Field(80, description="trees of each class", ge=1)
    learning_rate: float = Field(0.1, description="how much of each tree counts", gt=0, le=1)
    max_depth: int = Field(4, description="levels of a tree", ge=1)
    min_samples_leaf: int = Field(20, description="rows that a leaf must hold", ge=1)
    l2_regularization: float = Field(20.0, description="how far leaves are held back", ge=0)
    max_features: float = Field(0.5, description="share of the features that each split may look at", gt=0, le=1)
    max_bins: int = Field(63, description="values that a feature is told apart by", ge=2, le=255)


class LightGBM(Table):
    """Gradient boosting of LightGBM, which grows by leaves instead of levels."""

    iterations: int = Field(80, description="trees of each class", ge=1)
    learning_rate: float = Field(0.1, description="how much of each tree counts", gt=0, le=1)
    num_leaves: int = Field(15, description="leaves of a tree", ge=2)
    min_samples_leaf: int = Field(20, description="rows that a leaf must hold", ge=1)
    l2_regularization: float = Field(20.0, description="how far leaves are held back", ge=0)
    max_features: float = Field(0.5, description="share of the features that each tree may look at", gt=0, le=1)
    max_bins: int = Field(63, description="values that a feature is told apart by", ge=2, le=255)


class RandomForestSpace(Table):
    """What the search may choose for the random forest."""

    min_samples_leaf: Span = Field((2.0, 30.0), description="[low, high], or [] to leave it as it is")
    max_leaf_nodes: Span = Field((32.0, 1024.0), description="the same")
    max_samples: Span = Field((0.2, 0.9), description="the same")


class HistGradientBoostingSpace(Table):
    """What the search may choose for histogram gradient boosting."""

    iterations: Span = Field((40.0, 200.0), description="[low, high], or [] to leave it as it is")
    learning_rate: Span = Field((0.02, 0.3), description="the same; a span of a factor of 10 is searched by its log")
    max_depth: Span = Field((2.0, 8.0), description="the same")
    min_samples_leaf: Span = Field((5.0, 60.0), description="the same")
    l2_regularization: Span = Field((0.1, 100.0), description="the same")
    max_features: Span = Field((0.2, 1.0), description="the same")


class LightGBMSpace(Table):
    """What the search may choose for LightGBM."""

    iterations: Span = Field((40.0, 200.0), description="[low, high], or [] to leave it as it is")
    learning_rate: Span = Field((0.02, 0.3), description="the same; a span of a factor of 10 is searched by its log")
    num_leaves: Span = Field((4.0, 63.0), description="the same")
    min_samples_leaf: Span = Field((5.0, 60.0), description="the same")
    l2_regularization: Span = Field((0.1, 100.0), description="the same")
    max_features: Span = Field((0.2, 1.0), description="the same")


class Search(Table):
    """The search for hyper-parameters, by Optuna, of the average precision in grouped cross-validation."""

    trials: int = Field(0, description="trials of each candidate at each scale; 0 takes the tables above", ge=0)
    timeout_s: float = Field(0.0, description="seconds after which a candidate gets no new trial; 0 for ever", ge=0)
    prune: bool = Field(default=True, description="whether a trial below the median after a fold is given up")
    random_forest: RandomForestSpace = RandomForestSpace()
    hist_gradient_boosting: HistGradientBoostingSpace = HistGradientBoostingSpace()
    lightgbm: LightGBMSpace = LightGBMSpace()


class Experiment(Table):
    """Everything that a training may be told; frozen, unknown keys refused."""

    seed: int = Field(0, description="seed of folds, trees, search and bootstrap", ge=0, lt=2**31)
    candidates: Annotated[tuple[CandidateName, ...], Field(strict=False, min_length=1)] = Field(
        ("random_forest", "hist_gradient_boosting"),
        description="classifiers that are compared: random_forest, hist_gradient_boosting, lightgbm",
    )
    imbalance: Imbalance = Field(
        "balanced",
        description="balanced: right and wrong suspicions weigh alike; none: each episode weighs 1; "
        "effective_number: classes by (1 - b) / (1 - b^n), Cui et al. 2019",
    )
    effective_b: float = Field(
        0.99, description="the b of effective_number; the nearer to 1, the nearer to alike", gt=0, lt=1
    )
    split: Split = Split()
    features: Features = Features()
    isolation_forest: IsolationForest = IsolationForest()
    random_forest: RandomForest = RandomForest()
    hist_gradient_boosting: HistGradientBoosting = HistGradientBoosting()
    lightgbm: LightGBM = LightGBM()
    search: Search = Search()

    def version(self) -> str:
        """Return 12 hexadecimal digits that change with any value."""
        text = json.dumps(self.model_dump(), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    def toml(self) -> str:
        """Return a TOML of all values, each with what it means; `load_experiment` reads it back."""
        return tables_to_toml(self)

    def flat(self) -> dict[str, object]:
        """Return every value by its dotted key, such as `search.trials`; lists as text."""
        return _flat(self.model_dump(), "")


def _flat(values: Mapping[str, Any], prefix: str) -> dict[str, object]:
    out: dict[str, object] = {}
    for name, value in values.items():
        if isinstance(value, dict):
            out |= _flat(value, f"{prefix}{name}.")
        else:
            out[f"{prefix}{name}"] = " ".join(map(str, value)) or "[]" if isinstance(value, tuple) else value
    return out


def shipped_experiments() -> tuple[str, ...]:
    """Return the names of the experiments that come with Tapewatch."""
    return tuple(sorted(path.stem for path in SHIPPED.glob("*.toml")))


def load_experiment(file: str | Path | None, seed: int | None = None) -> Experiment:
    """Return the experiment of a TOML file or of a shipped example's name; the defaults without one.

    Args:
        file: The file or name.
        seed: Seed in place of the experiment's own.

    Raises:
        ParameterError: There is no such file or example, or values are unknown or out of range (all of them named).
    """
    own = {} if seed is None else {"seed": seed}
    if file is None:
        return parse_tables(Experiment, own, "experiment")
    path = SHIPPED / f"{file}.toml" if str(file) in shipped_experiments() else Path(file)
    if not path.exists():
        shipped = ", ".join(shipped_experiments())
        raise ParameterError(f"experiment must be a TOML file, or one of {shipped}, was {file}")
    return parse_tables(Experiment, read_toml(path) | own, str(path))

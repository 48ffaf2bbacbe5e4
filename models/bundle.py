"""The bundle: everything that is registered and served, as plain arrays and JSON.

On disk it is a folder with `arrays.npz` (read without pickle) and `bundle.json`, which holds the digest of both.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from features.catalogue import schema_hash
from features.errors import BundleError
from features.rows import Rows
from models.alert import CalibratedOn
from models.calibration import UNMOVED, Calibrator, Opening, shift_prior
from models.classifier import Classifier
from models.combination import DETECTORS, Weights
from models.isolation_forest import IsolationForest
from models.records import Record, Records

FORMAT = 2
State: TypeAlias = Any  # numbers, text and arrays, in dicts and lists
_ARRAY = "$array"
_EDGE = 0.001
_ANEW = "train again and promote the new model, or remove the file `champion` in TAPEWATCH_HOME to run the rules alone"
_DAMAGED = (OSError, EOFError, KeyError, TypeError, ValueError, AttributeError, zipfile.BadZipFile)


@dataclass(frozen=True)
class Bundle:
    """Models, weights and calibrators that belong together.

    Attributes:
        classifiers: Classifier by scale, "market", "fast" and "account".
        isolation_forests: Isolation forest by scale.
        onsets: By scale, classifier of the onsets of typologies, among rows of their episodes on public tapes.
        combination: Fields of the detectors' `Weights` by typology.
        calibrators: Calibrator of the combined confidence, by typology.
        opening: What the confidence is worth at the moment that an alert opens.
        detectors: Calibrator of each detector's own word, by typology and detector.
        parameters: Version of the parameters it was made with.
        calibrated_on: What its confidence was calibrated on.
        created_from: Digest of the dataset it was trained on.
        metrics: What it reached on held-out data.
        records: Record of each detector by typology, see `models.records`; the priors of the weights.
        reference: What markets and alerts looked like in training, see `training.reference`; drift is measured from it.
        schema_hash: Version of the feature catalogue it reads.
    """

    classifiers: Mapping[str, Classifier]
    isolation_forests: Mapping[str, IsolationForest]
    combination: Mapping[str, Mapping[str, Any]]
    calibrators: Mapping[str, Calibrator]
    parameters: str
    calibrated_on: CalibratedOn
    created_from: str
    onsets: Mapping[str, Classifier] = field(default_factory=dict)
    opening: Opening = UNMOVED
    detectors: Mapping[str, Mapping[str, Calibrator]] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    records: Records = field(default_factory=dict)
    reference: Mapping[str, State] = field(default_factory=dict)
    schema_hash: str = field(default_factory=schema_hash)

    def class_probabilities(self, rows: Rows) -> dict[str, NDArray[np.float64]]:
        """Return the probability of each typology, shape (n_rows,) each, NaN where the classifier abstains.

        No entry at all where the bundle has no classifier for the scale of the rows.
        """
        classifier = self.classifiers.get(rows.scale)
        return {} if classifier is None else classifier.by_typology(rows.values)

    def onset_probabilities(self, rows: Rows) -> dict[str, NDArray[np.float64]]:
        """Return how likely rows are the onset of a typology if they are of its episode at all, shape (n_rows,) each.

        No entry at all where the bundle cannot tell onsets at the scale of the rows.
        """
        classifier = self.onsets.get(rows.scale)
        return {} if classifier is None else classifier.by_typology(rows.values)

    def forest_findings(self, rows: Rows) -> NDArray[np.float64]:
        """Return the isolation forest's p-values, low is suspicious, shape (n_rows,); NaN where it abstains."""
        forest = self.isolation_forests.get(rows.scale)
        return np.full(len(rows), np.nan) if forest is None else forest.p_values(rows.values)

    def weights(self, typology: str) -> Weights | None:
        """Return how the detectors of a typology are combined; None where that was not learned."""
        part = self.combination.get(typology)
        return Weights.from_state(part) if part else None

    def calibrate(
        self, typology: str, combined: NDArray[np.float64], prevalence: float | None = None
    ) -> NDArray[np.float64]:
        """Return the probability that alerts of a typology are true.

        Args:
            typology: The typology.
            combined: Combined probabilities before calibration, shape (n,); returned as they are where the bundle has
                no calibrator for the typology.
            prevalence: Share of alerts expected to be true here; None: the same as in the calibration.
        """
        calibrator = self.calibrators.get(typology)
        if calibrator is None:
            return combined
        probability = calibrator(combined)
        if prevalence is None:
            return probability
        return shift_prior(probability, _held(calibrator.prevalence), prevalence)

    def alone(self, typology: str, says: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return what each detector's word by itself has been worth on held-out alerts.

        Args:
            typology: The typology.
            says: What each detector says, in [0, 1], columns as in `combination.DETECTORS`, shape (n, 3); NaN where
                one abstains.

        Returns:
            Shares of alerts that were true, same shape; NaN where a detector abstains or was never calibrated.
        """
        out = np.full(says.shape, np.nan)
        for column, name in enumerate(DETECTORS):
            calibrator = self.detectors.get(typology, {}).get(name)
            if calibrator is not None:
                out[:, column] = calibrator(says[:, column])
        return out

    def prevalence(self, stated: Mapping[str, float], abuse_ratio: float = 1.0) -> dict[str, float]:
        """Return the share of alerts expected to be true, by typology, where it differs from the calibration's.

        Args:
            stated: Shares that are known, by typology.
            abuse_ratio: How many times as common abuse is as in the calibration, for all others.
        """
        if abuse_ratio == 1.0:
            return dict(stated)
        odds = {
            name: abuse_ratio * p / (1.0 - p) for name, one in self.calibrators.items() for p in [_held(one.prevalence)]
        }
        return {name: _held(value / (1.0 + value)) for name, value in odds.items()} | dict(stated)

    @cached_property
    def digest(self) -> str:
        """SHA-256 over the content, in hexadecimal: equal for equal content, wherever and whenever it is saved."""
        return _digest(*self._packed())

    @property
    def version(self) -> str:
        """The first 12 digits of the digest, which alerts carry as `model_version`."""
        return self.digest[:12]

    def save(self, folder: Path) -> Path:
        """Write the bundle into a folder, which is made if need be, and return it.

        Raises:
            BundleError: The content is not JSON and arrays of numbers.
        """
        content, arrays = self._packed()
        folder.mkdir(parents=True, exist_ok=True)
        np.savez_compressed(folder / "arrays.npz", allow_pickle=False, **arrays)
        text = json.dumps({"digest": self.digest, **content}, indent=1, sort_keys=True, allow_nan=False)
        (folder / "bundle.json").write_text(text, encoding="utf-8")
        return folder

    @classmethod
    def load(cls, folder: Path, schema: str | None = None) -> Bundle:
        """Return the bundle in a folder.

        Args:
            folder: Where `save` wrote it.
            schema: Feature schema it must be made for; this program's if not given.

        Raises:
            BundleError: It is missing, damaged, changed, or made for other features.
        """
        content, arrays = _read(folder)
        claimed, found = content.pop("digest", None), _digest(content, arrays)
        if claimed != found:
            raise BundleError(f"{folder}: digest must be {claimed}, was {found}: the files were changed or damaged")
        if content.get("format") != FORMAT:
            raise BundleError(f"{folder}: format must be {FORMAT}, was {content.get('format')}: {_ANEW}")
        schema = schema_hash() if schema is None else schema
        if content.get("schema_hash") != schema:
            was = content.get("schema_hash")
            raise BundleError(f"{folder}: feature schema must be {schema}, was {was}: {_ANEW}")
        try:
            return cls._from_state(_unpack(content, arrays))
        except _DAMAGED as error:
            raise BundleError(f"{folder}: must hold a model bundle, was something else: {error!r}") from error

    def _packed(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        state: dict[str, Any] = {item.name: getattr(self, item.name) for item in fields(self)}
        for name in ("classifiers", "isolation_forests", "calibrators", "onsets"):
            state[name] = {key: part.state() for key, part in state[name].items()}
        state["opening"] = self.opening.state()
        state["detectors"] = {
            typology: {name: part.state() for name, part in parts.items()} for typology, parts in self.detectors.items()
        }
        state["records"] = {
            typology: {name: record.state() for name, record in part.items()} for typology, part in self.records.items()
        }
        arrays: dict[str, NDArray[Any]] = {}
        content = _pack({"format": FORMAT, **state}, "", arrays)
        return content, arrays

    @classmethod
    def _from_state(cls, state: dict[str, Any]) -> Bundle:
        state.pop("format")
        state["classifiers"] = {key: Classifier.from_state(part) for key, part in state["classifiers"].items()}
        state["isolation_forests"] = {
            key: IsolationForest.from_state(part) for key, part in state["isolation_forests"].items()
        }
        state["onsets"] = {key: Classifier.from_state(part) for key, part in state["onsets"].items()}
        state["calibrators"] = {key: Calibrator(**part) for key, part in state["calibrators"].items()}
        state["opening"] = Opening.from_state(state["opening"])
        state["detectors"] = {
            typology: {name: Calibrator(**part) for name, part in parts.items()}
            for typology, parts in state["detectors"].items()
        }
        state["records"] = {
            typology: {name: Record(**record) for name, record in part.items()}
            for typology, part in state["records"].items()
        }
        return cls(**state)


def _held(share: float) -> float:
    # Calibrated on alerts of one kind only, the true share there is at best close to 0 or 1.
    return min(max(share, _EDGE), 1.0 - _EDGE)


def _pack(value: State, path: str, arrays: dict[str, NDArray[Any]]) -> State:
    if isinstance(value, np.ndarray):
        if value.dtype.kind not in "biuf":
            raise BundleError(f"{path}: arrays must hold numbers, was {value.dtype}")
        arrays[path] = np.ascontiguousarray(value)
        return {_ARRAY: path}
    if isinstance(value, Mapping):
        if not all(isinstance(key, str) for key in value):
            raise BundleError(f"{path}: keys must be text, was {list(value)}")
        return {key: _pack(part, f"{path}/{key}".lstrip("/"), arrays) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_pack(part, f"{path}/{number}", arrays) for number, part in enumerate(value)]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not np.isfinite(value):
        raise BundleError(f"{path}: numbers must be finite (or in an array), was {value}")
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise BundleError(f"{path}: must be a number, text, list, dict or array, was {type(value).__name__}")


def _unpack(value: State, arrays: dict[str, NDArray[Any]]) -> State:
    if isinstance(value, dict):
        if _ARRAY in value:
            return arrays[value[_ARRAY]]
        return {key: _unpack(part, arrays) for key, part in value.items()}
    return [_unpack(part, arrays) for part in value] if isinstance(value, list) else value


def _digest(content: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> str:
    # Over the arrays and not the zip, which also holds the time of writing.
    total = hashlib.sha256(json.dumps(content, sort_keys=True).encode())
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        total.update(f"{name} {array.dtype.str} {array.shape}".encode())
        total.update(array.tobytes())
    return total.hexdigest()


def _read(folder: Path) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    try:
        content = json.loads((folder / "bundle.json").read_text(encoding="utf-8"))
        with (folder / "arrays.npz").open("rb") as raw, np.load(raw, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except FileNotFoundError as error:
        raise BundleError(f"{error.filename}: must exist, was not found") from error
    except _DAMAGED as error:
        raise BundleError(f"{folder}: must hold a model bundle, could not be read: {error}") from error
    if not isinstance(content, dict):
        raise BundleError(f"{folder}/bundle.json: must hold an object, was {type(content).__name__}")
    return content, arrays

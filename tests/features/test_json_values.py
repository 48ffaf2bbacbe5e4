from __future__ import annotations

import json
import math

import numpy as np
import pytest

from features.json_values import finite, json_text


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, np.float64("nan")])
def test_json_of_what_is_no_finite_number_is_null(value: float) -> None:
    text = json_text({"a": value, "b": [1.5, (value, 2)], "c": {"d": value}})
    told = json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    assert told == {"a": None, "b": [1.5, [None, 2]], "c": {"d": None}}


def test_finite_keeps_everything_else() -> None:
    value = {"a": [1, True, None, "nan"], "b": np.float64(0.5)}
    assert finite(value) == value
    assert type(finite(value)["b"]) is float

"""Parquet files and data frames."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from kinerja_analysis.base.config import AuditConfig, MappingConfig, RegionConfig
from kinerja_analysis.read import check, read

CONFIG = AuditConfig(identifiers="pseudonymous", regions={"98.01": RegionConfig(name="Kabupaten Contoh")})


def ratings() -> pd.DataFrame:
    return pd.DataFrame({
        "year": 2025, "period": "2025", "region": "98.01", "ratee": ["a", "a", "b"], "rater": ["c", "d", "b"],
        "source": ["supervisor", "peer", "self"], "criterion": "inovasi", "score": [80.5, 70.0, 90.0],
        "scale_min": 0.0, "scale_max": 100.0, "rated_at": pd.Timestamp(2025, 12, 1),
    })  # fmt: skip


def test_a_frame_with_our_own_columns_keeps_its_identifiers() -> None:
    found = read(ratings(), config=CONFIG)
    assert found.ratings["ratee"].tolist() == ["a", "a", "b"] and found.ratings["score"].tolist() == [80.5, 70, 90]
    assert found.ratings["row"].tolist() == ["1:1:1", "1:1:2", "1:1:3"]


def test_frames_by_table_name() -> None:
    staff = pd.DataFrame({"person": ["a", "b"], "year": 2025, "region": "98.01", "sex": ["male", "female"]})
    found = read({"ratings": ratings(), "employees": staff}, config=CONFIG)
    assert found.employees.set_index("person")["sex"].to_dict()["b"] == "female" and len(found.ratings) == 3


def test_a_declared_table_tells_what_is_missing() -> None:
    report = check({"ratings": ratings().drop(columns="source")}, config=CONFIG)
    assert [(p.code, p.column) for p in report.problems] == [("KA-E302", "peran_penilai")]


@pytest.mark.parametrize("value", [np.inf, -np.inf])
@pytest.mark.parametrize("name", ["realised", "target", "weight"])
def test_no_number_of_a_frame_is_infinite(name: str, value: float) -> None:
    done = pd.DataFrame({"period": "2025", "region": "98.01", "person": ["a", "b"], "indicator": "x", "target": 10.0,
                         "realised": 5.0, "weight": 1.0})  # fmt: skip
    done.loc[1, name] = value
    report = check({"ratings": ratings(), "achievements": done}, config=CONFIG)
    assert [(p.code, p.cell, p.column, p.value) for p in report.problems] == [("KA-E203", "baris 2", name, f"{value}")]
    assert not check(ratings().assign(score=value), config=CONFIG).ok


def test_parquet_with_whole_number_identifiers(tmp_path: Any) -> None:
    place = tmp_path / "nilai.parquet"
    ratings().assign(ratee=[1, 1, 2], rater=[3, 4, 2]).to_parquet(place)
    assert read(place, config=CONFIG).ratings["ratee"].tolist() == ["1", "1", "2"]


def test_mapping_with_constants_and_values() -> None:
    frame = pd.DataFrame(
        {"dosen": ["d1", "d2"], "mhs": ["s1", "s1"], "y": [5, 3], "jenis": ["SUPERIOR", "PEER"], "z": [1, 2]}
    )
    mapping = MappingConfig(
        table="ratings", columns={"ratee": "dosen", "rater": "mhs", "score": "y", "source": "jenis"},
        constants={"criterion": "mengajar", "scale_min": 1, "scale_max": 5, "year": 2024},
        values={"source": {"SUPERIOR": "subordinate"}},
    )  # fmt: skip
    tables = read(frame, region="98.01", config=CONFIG.model_copy(update={"mapping": (mapping,)}))
    found = tables.ratings
    assert found["source"].tolist() == ["subordinate", "peer"] and found["score"].tolist() == [5.0, 3.0]
    assert set(found["period"]) == {"2024"} and set(found["criterion"]) == {"mengajar"}
    assert [(p.code, p.column) for p in tables.problems] == [("KA-N301", "z")]


def test_a_constant_that_cannot_be_used() -> None:
    mapping = MappingConfig(table="ratings", columns={"ratee": "a", "rater": "b", "score": "c"},
                            constants={"criterion": "x", "source": "tetangga", "scale_min": 1,
                                       "scale_max": 5})  # fmt: skip
    frame = pd.DataFrame({"a": ["p"], "b": ["q"], "c": [1]})
    config = CONFIG.model_copy(update={"mapping": (mapping,)})
    report = check(frame, region="98.01", year=2025, config=config)
    assert [(p.code, p.column, p.value) for p in report.problems] == [("KA-E306", "source", "tetangga")]


@pytest.mark.parametrize("empty", [pd.DataFrame(), pd.DataFrame({"a": [1]})])
def test_a_frame_without_known_columns(empty: pd.DataFrame) -> None:
    assert [p.code for p in check(empty, config=CONFIG).problems] == ["KA-E304"]

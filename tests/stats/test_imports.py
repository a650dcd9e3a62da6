"""What the statistics load: one call of each public function brings in no table library and no model library."""

from __future__ import annotations

import subprocess
import sys

import pytest

import kinerja_analysis.stats as stats

HEAVY = {"pandas", "statsmodels", "mixedlm"}
FIT = "(stats.many_facet_rasch([1, 0, 2, 1, 1, 2, 0, 1], {'p': np.arange(8) // 2, 'r': np.arange(8) % 2}), "
CALLS = {
    "adjust": "([0.01, 0.04, 0.03])",
    "agreement_coefficients": "([[1, 1], [2, 2], [3, 3], [1, 2]])",
    "bayes_fdr": "([0.01, 0.6])",
    "beta_binomial": "([4, 3, 0, 1], [4, 4, 4, 4])",
    "category_statistics": FIT + ")",
    "conditional_ordinal": "(np.tile([1, 0], 20), np.repeat([1, 0, 0, 1], [15, 5, 15, 5]), np.arange(40) % 20)",
    "crossed_effects": "(np.sin(np.arange(30.0)), {'a': np.arange(30) % 6, 'b': np.arange(30) % 5})",
    "d_study": "(stats.g_study([2, 4, 5, 7, 1, 2], {'p': np.arange(6) // 2, 'r': np.arange(6) % 2}, 'p x r'))",
    "dawid_skene": "([[1, 1, 1], [1, 1, 2], [2, 2, 2]])",
    "design_power": "([0, 0, 1, 1], [0, 1, 0, 1], sd_pair=0.7, delta=0.25, family=2)",
    "dyadic_reciprocity": "(np.sin(np.arange(20.0)), *(np.nonzero(~np.eye(5, dtype=bool))))",
    "cell_residuals": FIT + "'p', 'r')",
    "facet_interaction": FIT + "'p', 'r')",
    "facet_report": FIT + "'p')",
    "facet_summary": FIT + ")",
    "fit_bounds": FIT + "replicates=20)",
    "funnel": "(np.sin(np.arange(12.0)), np.full(12, 0.5))",
    "g_study": "([2, 4, 5, 7, 1, 2], {'p': np.arange(6) // 2, 'r': np.arange(6) % 2}, 'p x r')",
    "icc": "([[9, 2, 5], [6, 1, 3], [8, 4, 6]])",
    "identical_vectors": "([[3, 3], [3, 3], [2, 3], [1, 2]], [0, 0, 1, 1])",
    "intra_individual_variability": "([[1, 2, 3], [2, 2, 2]])",
    "kendall_w": "([[1, 2], [2, 1], [3, 3], [4, 4], [5, 5]])",
    "leave_out_decomposition": "([5, 4, 4, 3], [0, 0, 1, 1], [0, 1, 0, 1])",
    "linkage": "([0, 0, 1, 1], [0, 1, 0, 1])",
    "linked_groups": "(np.sin(np.arange(12.0)), np.arange(12) // 2, np.arange(12) % 2, np.arange(12) // 6,"
    " sd_pair=1, sd_rater=1)",
    "longstring": "([[3, 3, 3, 2], [1, 2, 2, 1]])",
    "many_facet_rasch": "([1, 0, 2, 1, 1, 2, 0, 1], {'p': np.arange(8) // 2, 'r': np.arange(8) % 2})",
    "minimal_effect_test": "([1.96, 1.0], [1.0, 0.2], 0.1, 12)",
    "ordered_pairs": "([1, 2, 2, 3, 1, 2], [10, 20, 30, 40, 15, 16], [0, 0, 0, 1, 1, 1], reliability=0.8)",
    "rank_intervals": "([0.1, 0.5, -0.4, 0.2], [0.1, 0.1, 0.2, 0.1])",
    "rater_agreement": FIT + ")",
    "rating_prices": "(300, (900, 1500), way='superior')",
    "reliability_of_means": "(np.tile([1.0, 2, 4, 5], 6), np.arange(24) // 2, np.arange(24), np.arange(24) // 4,"
    " np.arange(24) // 8)",
    "response_surface": "(np.arange(9) % 3, np.arange(9) // 3, np.arange(9.0) ** 2)",
    "ruler": FIT + ")",
    "self_other": "([4, 3, 4, 5], [3, 3, 4, 4], [0, 0, 1, 1], reliability=(0.8, 0.8))",
    "separated_pairs": "([1, 1, 2, 5, 5], [0, 0, 0, 1, 1])",
    "shrink": "([0.1, 0.5, -0.4, 0.2], [0.1, 0.1, 0.2, 0.1])",
    "single_value_chance": "([0, 0, 0, 1], [0, 0, 1, 1])",
    "social_relations": "(np.sin(np.arange(25.0)).reshape(5, 5))",
    "source_correlation": "([1, 2, 3, 11, 12, 13], [1, 3, 2, 5, 7, 6], [0, 0, 0, 1, 1, 1])",
    "source_reliability": "(np.tile([1.0, 2, 4, 5], 6), np.arange(24) // 2, np.arange(24), np.arange(24) // 4)",
    "suggest_links": "(np.arange(8), [0] * 4 + [1] * 4, (1, 8))",
    "supervisor_change": "(np.arange(72) % 7, np.arange(72), np.arange(72) // 3, np.arange(72) // 3,"
    " np.arange(72) // 3 + 24 * (np.arange(72) % 2), np.ones(72, int))",
    "supervisor_effects": "([1.0, 0.0, -1.0, 0.5], [0, 1, 2, 3], [0, 0, 0, 0], [0, 1, 2, 0], [1, 2, 0, 2], [8] * 4)",
    "supported_order": "(np.arange(30) % 2, [np.arange(30)], np.arange(30) // 2, reliability=[0.6])",
    "two_way_effects": "([5, 4, 5, 4, 3, 4], [0, 0, 0, 1, 1, 1], [0, 1, 2, 0, 1, 2])",
    "unexpected_responses": FIT + ")",
    "weighted_kappa": "([[0, 4, 1], [0, 8, 0], [0, 1, 5]], 'linear')",
    "without_groups": "([1.0, 3, 6, 8], [[0], [1], [0], [1]], [0, 0, 1, 1])",
    "within_group_agreement": "([4, 4, 5, 1, 3, 5], [0, 0, 0, 1, 1, 1], scale=(1, 5))",
}


def loaded(code):
    """The heavy libraries in sys.modules after `code`, in a process of its own."""
    told = f"import sys\n{code}\nprint(*sorted({HEAVY!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_every_public_function_has_its_call():
    assert sorted(CALLS) == sorted(stats.__all__)


def test_one_call_of_each_loads_no_heavy_library():
    calls = "\n".join(f"assert stats.{name}{arguments} is not None" for name, arguments in CALLS.items())
    assert loaded(f"import numpy as np, kinerja_analysis.stats as stats\n{calls}") == []


@pytest.mark.parametrize("library", sorted(HEAVY))
def test_the_search_sees_them(library):
    assert library in loaded(f"import {library}")

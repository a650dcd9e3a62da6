"""Arrays in, frozen records out: the statistics, without tables, text or files.

Every record has `.n`, `.method`, `.reason` and `.to_frame()`. Names are loaded on first use.
"""

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .agreement import agreement_coefficients, weighted_kappa
    from .change_effects import supervisor_effects
    from .clustering import beta_binomial
    from .concordance import kendall_w
    from .crossed_effects import crossed_effects
    from .dawid_skene import dawid_skene
    from .design import design_power, suggest_links
    from .funnel import funnel
    from .generalizability import d_study, g_study
    from .inside import conditional_ordinal
    from .inside_changes import supervisor_change
    from .inside_pairs import ordered_pairs, separated_pairs
    from .intraclass import icc
    from .leave_out import leave_out_decomposition
    from .linkage import linkage
    from .linked_groups import linked_groups
    from .many_facet_rasch import many_facet_rasch
    from .patterns import identical_vectors, intra_individual_variability, longstring, single_value_chance
    from .ranking import rank_intervals
    from .rasch_bounds import fit_bounds
    from .rasch_categories import category_statistics
    from .rasch_interaction import facet_interaction
    from .rasch_residuals import cell_residuals
    from .rasch_tables import (
        facet_report,
        facet_summary,
        rater_agreement,
        ruler,
        unexpected_responses,
    )
    from .rating_prices import rating_prices
    from .reciprocity import dyadic_reciprocity
    from .reliability import source_correlation, source_reliability
    from .response_surface import response_surface
    from .self_other import self_other
    from .shrinkage import adjust, bayes_fdr, minimal_effect_test, shrink
    from .social_relations import social_relations
    from .supported_order import reliability_of_means, supported_order, without_groups
    from .two_way import two_way_effects
    from .within_group import within_group_agreement

_HOME = {
    "linkage": "linkage", "suggest_links": "design", "design_power": "design", "crossed_effects": "crossed_effects",
    "two_way_effects": "two_way", "shrink": "shrinkage", "minimal_effect_test": "shrinkage", "adjust": "shrinkage",
    "bayes_fdr": "shrinkage", "conditional_ordinal": "inside", "supervisor_change": "inside_changes",
    "supervisor_effects": "change_effects",
    "ordered_pairs": "inside_pairs", "separated_pairs": "inside_pairs", "beta_binomial": "clustering",
    "icc": "intraclass", "source_reliability": "reliability", "source_correlation": "reliability",
    "self_other": "self_other", "agreement_coefficients": "agreement", "weighted_kappa": "agreement",
    "identical_vectors": "patterns", "longstring": "patterns", "intra_individual_variability": "patterns",
    "single_value_chance": "patterns", "many_facet_rasch": "many_facet_rasch",
    "facet_interaction": "rasch_interaction", "cell_residuals": "rasch_residuals",
    "fit_bounds": "rasch_bounds", "facet_report": "rasch_tables",
    "facet_summary": "rasch_tables", "category_statistics": "rasch_categories", "rater_agreement": "rasch_tables",
    "kendall_w": "concordance", "dawid_skene": "dawid_skene", "within_group_agreement": "within_group",
    "g_study": "generalizability", "d_study": "generalizability", "social_relations": "social_relations",
    "response_surface": "response_surface",
    "ruler": "rasch_tables", "unexpected_responses": "rasch_tables", "leave_out_decomposition": "leave_out",
    "rank_intervals": "ranking", "dyadic_reciprocity": "reciprocity", "rating_prices": "rating_prices",
    "supported_order": "supported_order", "reliability_of_means": "supported_order",
    "without_groups": "supported_order",
    "linked_groups": "linked_groups", "funnel": "funnel",
}  # fmt: skip

__all__ = [
    "adjust", "agreement_coefficients", "bayes_fdr", "beta_binomial", "category_statistics", "cell_residuals",
    "conditional_ordinal", "crossed_effects", "d_study", "dawid_skene", "design_power", "dyadic_reciprocity",
    "facet_interaction", "facet_report", "facet_summary", "fit_bounds", "funnel", "g_study", "icc", "identical_vectors",
    "intra_individual_variability", "kendall_w", "leave_out_decomposition", "linkage", "linked_groups", "longstring",
    "many_facet_rasch", "minimal_effect_test", "ordered_pairs", "rank_intervals", "rater_agreement", "rating_prices",
    "reliability_of_means", "response_surface", "ruler", "self_other", "separated_pairs", "shrink",
    "single_value_chance", "social_relations", "source_correlation", "source_reliability", "suggest_links",
    "supervisor_change", "supervisor_effects", "supported_order", "two_way_effects", "unexpected_responses",
    "weighted_kappa", "within_group_agreement", "without_groups",
]  # fmt: skip


class _Package(ModuleType):
    """Keeps a function's name for the function when the submodule of the same name is imported."""

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, ModuleType) and name == _HOME.get(name):
            value = getattr(value, name)
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return __all__

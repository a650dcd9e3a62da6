"""Designs of generalizability studies written as text: facets, nesting, effects and their names."""

import re
from collections.abc import Collection

Facets = frozenset[str]
ERROR = "error"


class Effects(dict[str, float]):
    """Numbers by effect; "pi", "ip", "p x i" and ("p", "i") name the same one.

    Examples
    --------
    >>> Effects({"p": 1.0, "pi:h": 2.0})["h x p x i"]
    2.0
    """

    def __missing__(self, key: str | Collection[str]) -> float:
        wanted = _letters(key)
        for name, value in self.items():
            if name != ERROR and _letters(name) == wanted:
                return value
        raise KeyError(key)


def _letters(name: str | Collection[str]) -> Facets:
    """The facets that a name of an effect speaks of."""
    if not isinstance(name, str):
        return frozenset(name)
    words = [word for word in re.split(r"[^\w]+", name) if word and word != "x"]
    return frozenset(words if " " in name.strip() else "".join(words))


def parents_of(design: str) -> dict[str, Facets]:
    """What each facet is nested in, in the order of the design.

    Raises
    ------
    ValueError
        If the text cannot be read, or names a facet twice.

    Examples
    --------
    >>> {facet: sorted(above) for facet, above in parents_of("p x (r:t)").items()}
    {'p': [], 'r': ['t'], 't': []}
    """
    tokens = re.findall(r"[^\W\d]\w*|[():×*]", design)
    if "".join(tokens) != re.sub(r"\s", "", design):
        raise ValueError(f"design {design!r} holds something other than names, x, :, ( and )")
    tokens = ["x" if token in ("×", "*") else token for token in tokens]
    parents: dict[str, set[str]] = {}

    def product(at: int) -> tuple[int, set[str]]:
        at, names = nest(at)
        while at < len(tokens) and tokens[at] == "x":
            at, more = nest(at + 1)
            names |= more
        return at, names

    def nest(at: int) -> tuple[int, set[str]]:
        at, names = atom(at)
        if at < len(tokens) and tokens[at] == ":":
            at, above = nest(at + 1)
            for name in names:
                parents[name] |= above
            names = names | above
        return at, names

    def atom(at: int) -> tuple[int, set[str]]:
        if at < len(tokens) and tokens[at] == "(":
            at, names = product(at + 1)
            if at < len(tokens) and tokens[at] == ")":
                return at + 1, names
        elif at < len(tokens) and tokens[at] not in (")", ":", "x"):
            if tokens[at] in parents:
                raise ValueError(f"design {design!r} names {tokens[at]} twice")
            parents[tokens[at]] = set()
            return at + 1, {tokens[at]}
        raise ValueError(f"design {design!r} cannot be read; write for example p x (r:t)")

    at, names = product(0)
    if at < len(tokens) or len(names) < 2:
        raise ValueError(f"design {design!r} cannot be read; write two facets or more, for example p x (r:t)")
    return {f: frozenset(above) for f, above in parents.items()}


def measured_object(parents: dict[str, Facets], name: str | None) -> Facets:
    """The object of measurement with what it is nested in: by default the first facet nested in none.

    Examples
    --------
    >>> sorted(measured_object(parents_of("r:p"), None))
    ['p']
    """
    chosen = next(f for f, above in parents.items() if not above) if name is None else name
    if chosen not in parents:
        raise ValueError(f"object {chosen!r} is no facet of the design")
    return parents[chosen] | {chosen}


def closures_of(parents: dict[str, Facets]) -> list[Facets]:
    """Every effect as the set of its facets and of all that they are nested in; small ones first.

    Examples
    --------
    >>> [sorted(c) for c in closures_of(parents_of("p x r"))]
    [['p'], ['r'], ['p', 'r']]
    """
    found: list[Facets] = [frozenset()]
    for f, above in parents.items():
        found += [c | above | {f} for c in found]
    return sorted(set(found) - {frozenset()}, key=lambda c: (len(c), sorted(list(parents).index(f) for f in c)))


def effect_name(closure: Facets, parents: dict[str, Facets]) -> str:
    """The facets of an effect, a colon, and what they are nested in.

    Examples
    --------
    >>> parents = parents_of("p x (i:h)")
    >>> [effect_name(c, parents) for c in closures_of(parents)]
    ['p', 'h', 'ph', 'i:h', 'pi:h']
    """
    above = frozenset().union(*(parents[f] for f in closure)) & closure
    parts = ([f for f in parents if f in closure - above], [f for f in parents if f in above])
    joint = "" if all(len(f) == 1 for f in parents) else " x "
    return ":".join(joint.join(part) for part in parts if part)

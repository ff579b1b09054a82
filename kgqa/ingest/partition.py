"""Components cut into entities: Leiden with the constant Potts model, then pairs that must not be one thing.

Connected components alone join everything that a chain of doubtful links touches; the constant Potts model keeps a
group only while its links are dense (Traag, Van Dooren and Nesterov, Narrow scope for resolution-limit-free community
detection, 2011). The result depends on the given aliases and links alone, not on their order: a caller who sees fewer
of both gets what would be there if the others did not exist.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Iterable, Mapping, Sequence, Set
from itertools import combinations

import igraph

from kgqa.model.entity import Alias, AliasLink
from kgqa.model.identity import stable_id
from kgqa.model.mention import IDENTIFIER
from kgqa.text.gazetteer import GUESSED_TYPES

#: density of links below which a group falls apart
RESOLUTION = 0.2
#: links that somebody asserts; likeness never outweighs them
_ASSERTED = ("stated", "manual")
#: weight of an asserted link: some forty names of one thing hold together though they share no letter
_ASSERTED_WEIGHT = 5.0
_LONGEST_ACRONYM = 6
_SEED = 20
_leiden_lock = threading.Lock()

_Links = dict[tuple[int, int], AliasLink]


def partition(aliases: Iterable[Alias], links: Iterable[AliasLink]) -> list[frozenset[int]]:
    """Entities as sets of alias ids, by smallest member; every alias is in exactly one.

    Links to aliases that are not given are ignored. A pair that `conflict` forbids is never in one set unless a link
    of that very pair is stated.
    """
    nodes = {alias.id: alias for alias in sorted(aliases, key=lambda alias: alias.id)}
    best = _unambiguous(nodes, _best_links(nodes, links))
    components = _components(nodes, best)
    links_of: dict[int, _Links] = {}
    component_of = {node: i for i, component in enumerate(components) for node in component}
    for pair, link in best.items():
        links_of.setdefault(component_of[pair[0]], {})[pair] = link
    groups: list[frozenset[int]] = []
    for i, component in enumerate(components):
        inner = links_of.get(i, {})
        for group in _leiden(sorted(component), inner):
            groups += _split_conflicts(nodes, group, inner)
    return sorted(groups, key=min)


def conflict(left: Alias, right: Alias) -> bool:
    """Whether two aliases cannot be one thing: signatures, identifiers or certain types that differ."""
    if _signatures_conflict(left.signature, right.signature):
        return True
    if left.norm == right.norm:
        return False
    left_digits, right_digits = _digits(left.norm), _digits(right.norm)
    if left_digits and right_digits and left_digits != right_digits:
        return True
    if is_identifier(left) and is_identifier(right):
        return _letters(left.norm) != _letters(right.norm) or left_digits != right_digits
    types = {left.type, right.type}
    if "" in types or len(types) == 1:
        return False
    return "PERSON" in types or types.isdisjoint(GUESSED_TYPES)


def is_identifier(alias: Alias) -> bool:
    """Whether an alias is an exact string: a type that no model guesses, and a digit (ERROR_CODE e 417)."""
    return alias.type == IDENTIFIER or bool(alias.type not in {*GUESSED_TYPES, ""} and _digits(alias.norm))


def inherit_ids(
    old: Mapping[int, int], clusters: Sequence[Set[int]], reserved: Set[int] = frozenset()
) -> tuple[Mapping[int, int], Mapping[int, int]]:
    """Entity id of every alias, and where retired entity ids lead. `old`: entity id of each alias so far.

    The largest overlap inherits; a new entity takes its smallest alias id that is neither an old entity's id nor
    `reserved` (ids that redirects still lead from).
    """
    ranked = _by_overlap(old, clusters)
    entity_of: dict[int, int] = {}
    used: set[int] = set()
    for i, entity in ranked:
        if i not in entity_of and entity not in used:
            entity_of[i] = entity
            used.add(entity)
    taken = {*old.values(), *reserved}
    for i in sorted(range(len(clusters)), key=lambda i: min(clusters[i])):
        if i not in entity_of:
            fresh = stable_id("entity", *sorted(clusters[i]))
            entity_of[i] = next((alias for alias in sorted(clusters[i]) if alias not in taken), fresh)
    redirects: dict[int, int] = {}
    for i, entity in ranked:
        if entity not in used:
            redirects.setdefault(entity, entity_of[i])
    return {alias: entity_of[i] for i, cluster in enumerate(clusters) for alias in cluster}, redirects


def _by_overlap(old: Mapping[int, int], clusters: Sequence[Set[int]]) -> list[tuple[int, int]]:
    """(cluster, old entity) pairs that share aliases, the largest overlap first."""
    overlaps: dict[tuple[int, int], int] = {}
    for i, cluster in enumerate(clusters):
        for alias in cluster:
            if alias in old:
                overlaps[i, old[alias]] = overlaps.get((i, old[alias]), 0) + 1
    return sorted(overlaps, key=lambda pair: (-overlaps[pair], pair[1], min(clusters[pair[0]])))


def _signatures_conflict(left: str, right: str) -> bool:
    """`kestrel` and `kestrel seals` may be the same place of work; `quality` and `kestrel seals` are not."""
    a, b = set(left.split()), set(right.split())
    return bool(a and b) and not (a <= b or b <= a)


def _digits(norm: str) -> str:
    return " ".join("".join(c if c.isdigit() else " " for c in norm).split())


def _letters(norm: str) -> str:
    return "".join(filter(str.isalpha, norm))


def _best_links(nodes: Mapping[int, Alias], links: Iterable[AliasLink]) -> _Links:
    """The strongest link of each pair of given aliases, by pair."""
    best: dict[tuple[int, int], AliasLink] = {}
    for link in links:
        pair = _pair(link.left, link.right)
        if pair[0] == pair[1] or pair[0] not in nodes or pair[1] not in nodes:
            continue
        if pair not in best or _strength(link) > _strength(best[pair]):
            best[pair] = link
    return dict(sorted(best.items()))


def _pair(a: int, b: int) -> tuple[int, int]:
    return (a, b) if a < b else (b, a)


def _strength(link: AliasLink) -> tuple[bool, float, str]:
    return link.reason in _ASSERTED, link.score, link.reason


def _unambiguous(nodes: Mapping[int, Alias], best: _Links) -> _Links:
    """Links without those that could as well lead elsewhere.

    An unsigned name of two homonyms, E. Ruiz where there are two Ruizes, an acronym that two documents spell out
    differently: each stays by itself rather than join what it may not be.
    """
    neighbours: dict[int, list[int]] = {}
    for left, right in best:
        neighbours.setdefault(left, []).append(right)
        neighbours.setdefault(right, []).append(left)
    dropped: set[tuple[int, int]] = set()
    for node, others in neighbours.items():
        for doubtful in _doubtful(node, others, nodes, best):
            dropped |= {_pair(node, other) for other in doubtful}
    return {pair: link for pair, link in best.items() if pair not in dropped}


def _doubtful(node: int, others: Sequence[int], nodes: Mapping[int, Alias], best: _Links) -> list[list[int]]:
    """Groups of neighbours that exclude one another, so that the node belongs to none of them for sure."""
    reasons = {other: best[_pair(node, other)].reason for other in others}
    signed = [other for other in others if nodes[other].signature and reasons[other] not in _ASSERTED]
    signatures = sorted({nodes[other].signature for other in signed})
    groups: list[list[int]] = []
    if not nodes[node].signature and any(_signatures_conflict(a, b) for a, b in combinations(signatures, 2)):
        groups.append(signed)
    short = nodes[node].norm
    fuller = [other for other in others if reasons[other] == "initials" and len(nodes[other].norm) > len(short)]
    is_acronym = " " not in short and len(short) <= _LONGEST_ACRONYM
    spelt_out = [other for other in others if is_acronym and reasons[other] == "stated" and " " in nodes[other].norm]
    return groups + [group for group in (fuller, spelt_out) if not _hang_together(group, best)]


def _hang_together(group: Sequence[int], best: _Links) -> bool:
    inner = {pair: best[pair] for pair in combinations(sorted(group), 2) if pair in best}
    return len(_components(group, inner)) <= 1


def _components(nodes: Iterable[int], best: _Links) -> list[set[int]]:
    """Connected components, by smallest member."""
    group_of = {node: {node} for node in nodes}
    for left, right in best:
        small, large = sorted((group_of[left], group_of[right]), key=len)
        if small is not large:
            large |= small
            group_of.update(dict.fromkeys(small, large))
    distinct = {id(group): group for group in group_of.values()}
    return sorted(distinct.values(), key=min)


def _leiden(nodes: Sequence[int], best: _Links) -> list[list[int]]:
    """Dense groups of one connected component; nodes and links come sorted, so the same input gives the same groups."""
    if len(nodes) < 3:
        return [list(nodes)]
    place = {node: i for i, node in enumerate(nodes)}
    graph = igraph.Graph(n=len(nodes), edges=[(place[left], place[right]) for left, right in best])
    weights = [_ASSERTED_WEIGHT if link.reason in _ASSERTED else link.score for link in best.values()]
    with _leiden_lock:  # igraph draws from one generator for the whole process
        igraph.set_random_number_generator(random.Random(_SEED))
        groups = graph.community_leiden("CPM", weights=weights, resolution=RESOLUTION, n_iterations=-1)
    return [[nodes[i] for i in group] for group in groups]


def _split_conflicts(nodes: Mapping[int, Alias], group: Sequence[int], best: _Links) -> list[frozenset[int]]:
    """The group itself, or, where it holds a forbidden pair, what joins by the strongest links without such a pair."""

    def forbidden(a: int, b: int) -> bool:
        link = best.get(_pair(a, b))
        return conflict(nodes[a], nodes[b]) and (link is None or link.reason not in _ASSERTED)

    if not any(forbidden(a, b) for a, b in combinations(sorted(group), 2)):
        return [frozenset(group)]
    group_of = {node: {node} for node in group}
    inner = [(pair, link) for pair, link in best.items() if pair[0] in group_of and pair[1] in group_of]
    for (left, right), _ in sorted(inner, key=lambda item: (not _strength(item[1])[0], -item[1].score, item[0])):
        one, other = group_of[left], group_of[right]
        if one is not other and not any(forbidden(a, b) for a in one for b in other):
            one |= other
            group_of.update(dict.fromkeys(other, one))
    return list({id(found): frozenset(found) for found in group_of.values()}.values())

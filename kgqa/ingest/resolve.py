"""Resolution: which senses of names are one thing. Links and partition are pure functions, whatever runs them.

A link follows from two aliases' own strings, or a document states it. Blocking keys only find the pairs worth scoring:
a pair that scores shares a key (a test says so), and a key is refused for what it says, never for how many share it,
so that nothing depends on aliases that a reader does not see. Components are cut into entities by `partition`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations

import numpy as np
from rapidfuzz.distance import DamerauLevenshtein, JaroWinkler
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from kgqa.ingest.partition import conflict, inherit_ids, is_identifier, partition
from kgqa.model.entity import Alias, AliasLink

__all__ = [
    "blocking_keys",
    "candidate_links",
    "components",
    "conflict",
    "inherit_ids",
    "is_identifier",
    "partition",
    "score",
    "stated_link",
]

_LEGAL_FORMS = """
gmbh ag kg ltd limited inc incorporated llc llp plc corp corporation co company bv nv oy oyj ab as sa sl srl spa sarl
sas sro ltda aps pty kk
"""
#: last words of a company's name that its short form leaves out
LEGAL_FORMS = frozenset(_LEGAL_FORMS.split())
#: the shortest word in which a typing error can be told from another word
_MIN_MISSPELT = 6
_MIN_MISSPELT_ALONE = 7
_MIN_SIMILARITY = 0.92
_GROUPS = re.compile(r"[^\W\d_]+|\d+")


def blocking_keys(alias: Alias) -> set[str]:
    """Keys that aliases must share to be compared: the same name, core, spaced letters, misspelt word, initials."""
    core = _core(alias.norm)
    keys = {f"name {alias.norm}", f"name {core}"}
    if squeezed := _squeezed(alias.norm):
        keys.add(f"letters {squeezed}")
    if not is_identifier(alias):
        keys |= _misspelling_keys(core)
    words = alias.norm.split()
    if len(words) > 1 and alias.type in ("PERSON", "") and len(words[-1]) > 2:
        keys.add(f"initials {words[0][0]} {words[-1]}")
    return keys


def score(left: Alias, right: Alias) -> AliasLink | None:
    """The link that two aliases' own strings make, or None. Symmetric; `left` of the link is the smaller id."""
    if left.id == right.id:
        return None
    left, right = sorted((left, right), key=lambda alias: alias.id)
    for likeness in (_same_name, _same_letters, _legal_form, _misspelling, _initials):
        if found := likeness(left, right):
            value, reason = found
            return AliasLink(left=left.id, right=right.id, score=value, reason=reason)
    return None


def stated_link(left: Alias, right: Alias, acl_class: int | None) -> AliasLink | None:
    """The link that a document makes by saying that two names are one thing; holds for readers of that document."""
    if left.id == right.id:
        return None
    low, high = sorted((left.id, right.id))
    return AliasLink(left=low, right=high, score=1.0, reason="stated", acl_class=acl_class)


def candidate_links(aliases: Iterable[Alias]) -> list[AliasLink]:
    """All links among aliases that follow from their strings, by (left, right)."""
    blocks: dict[str, list[Alias]] = {}
    for alias in aliases:
        for key in blocking_keys(alias):
            blocks.setdefault(key, []).append(alias)
    links: dict[tuple[int, int], AliasLink | None] = {}
    for block in blocks.values():
        for left, right in combinations(block, 2):
            pair = (min(left.id, right.id), max(left.id, right.id))
            if pair not in links:
                links[pair] = score(left, right)
    return [link for _, link in sorted(links.items()) if link]


def components(ids: Iterable[int], links: Iterable[AliasLink]) -> Mapping[int, int]:
    """Each alias with the smallest alias id of its connected component; the oracle of the distributed version."""
    nodes = sorted(set(ids))
    if not nodes:
        return {}
    place = {node: i for i, node in enumerate(nodes)}
    pairs = [(place[link.left], place[link.right]) for link in links if link.left in place and link.right in place]
    rows, columns = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    edges = coo_array((np.ones(len(pairs), dtype=np.int8), (rows, columns)), shape=(len(nodes), len(nodes)))
    labels: Sequence[int] = connected_components(edges, directed=False)[1].tolist()
    smallest: dict[int, int] = {}
    for node, label in zip(nodes, labels, strict=True):
        smallest.setdefault(label, node)
    return {node: smallest[label] for node, label in zip(nodes, labels, strict=True)}


def _same_name(left: Alias, right: Alias) -> tuple[float, str] | None:
    """One name, two senses: models guess types, so only what tells homonyms apart keeps them apart."""
    if left.norm != right.norm or conflict(left, right):
        return None
    return (1.0 if left.signature == right.signature else 0.9), "spelling"


def _same_letters(left: Alias, right: Alias) -> tuple[float, str] | None:
    """Spaces and hyphens apart the same: Aqua Flow P-350 and AquaFlow P350; E417 and E-417."""
    squeezed = _squeezed(left.norm)
    if not squeezed or squeezed != _squeezed(right.norm) or not _may_link(left, right):
        return None
    return 0.95, "spelling"


def _legal_form(left: Alias, right: Alias) -> tuple[float, str] | None:
    if is_identifier(left) or is_identifier(right) or left.type == "PERSON" or right.type == "PERSON":
        return None
    if left.norm == right.norm or _core(left.norm) != _core(right.norm) or conflict(left, right):
        return None
    return 0.95, "legal_form"


def _misspelling(left: Alias, right: Alias) -> tuple[float, str] | None:
    """One typing error inside one long word, all other words the same; initial and final letters are rarely missed."""
    if is_identifier(left) or is_identifier(right) or not _may_link(left, right):
        return None
    left_words, right_words = _core(left.norm).split(), _core(right.norm).split()
    if len(left_words) != len(right_words):
        return None
    differing = [pair for pair in zip(left_words, right_words, strict=True) if pair[0] != pair[1]]
    is_alone = len(left_words) == 1
    if len(differing) != 1 or (is_alone and "PERSON" in (left.type, right.type)):
        return None
    a, b = differing[0]
    if not _is_misspelt(a, b, _MIN_MISSPELT_ALONE if is_alone else _MIN_MISSPELT):
        return None
    return round(0.9 * JaroWinkler.similarity(a, b), 4), "spelling"


def _is_misspelt(a: str, b: str, shortest: int) -> bool:
    if max(len(a), len(b)) < shortest or a[0] != b[0] or a[-1] != b[-1] or not (a + b).isalpha():
        return False
    return DamerauLevenshtein.distance(a, b) == 1 and JaroWinkler.similarity(a, b) >= _MIN_SIMILARITY


def _initials(left: Alias, right: Alias) -> tuple[float, str] | None:
    """E. Ruiz and Elena Ruiz; John F. Kennedy and John Kennedy. Only between people."""
    types = {left.type, right.type}
    if "PERSON" not in types or not types <= {"PERSON", ""} or conflict(left, right):
        return None
    short, full = sorted((left.norm.split(), right.norm.split()), key=lambda words: (len(words[0]), len(words)))
    if len(short) < 2 or len(full) < 2 or short[-1] != full[-1] or len(short[-1]) < 3:
        return None
    if len(short[0]) == 1 and len(full[0]) > 1 and short[0] == full[0][0] and len(short) <= len(full):
        return 0.7, "initials"
    has_middle_initial = len(full) == 3 and len(full[1]) == 1 and len(short) == 2
    return (0.8, "initials") if has_middle_initial and short[0] == full[0] else None


def _may_link(left: Alias, right: Alias) -> bool:
    """Likeness counts between things of one kind, or where one kind is not known."""
    return (left.type == right.type or not left.type or not right.type) and not conflict(left, right)


def _core(norm: str) -> str:
    """A company's name without its legal form, which may be written in parts (a.s., B.V.)."""
    words = norm.split()
    for size in (3, 2, 1):
        if len(words) > size and "".join(words[-size:]) in LEGAL_FORMS:
            return " ".join(words[:-size])
    return norm


def _squeezed(norm: str) -> str:
    """Runs of letters joined, runs of digits kept apart; empty where too little is left to compare."""
    groups = _GROUPS.findall(norm)
    parts: list[str] = []
    for group in groups:
        if parts and group.isalpha() and parts[-1].isalpha():
            parts[-1] += group
        else:
            parts.append(group)
    letters = sum(len(part) for part in parts if part.isalpha())
    return " ".join(parts) if letters and (letters >= 4 or len(parts) > 1) else ""


def _misspelling_keys(core: str) -> set[str]:
    """Names that differ by one error in one long word share the other words and its first or its last letters."""
    words = core.split()
    size = 3 if len(words) == 1 else 2
    keys: set[str] = set()
    for i, word in enumerate(words):
        if len(word) >= _MIN_MISSPELT - 1 and word.isalpha():
            others = " ".join([*words[:i], "*", *words[i + 1 :]])
            keys |= {f"starts {word[:size]} {others}", f"ends {word[-size:]} {others}"}
    return keys

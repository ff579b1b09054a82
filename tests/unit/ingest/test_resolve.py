import random
from collections.abc import Sequence
from itertools import combinations, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kgqa.ingest.resolve import (
    blocking_keys,
    candidate_links,
    components,
    conflict,
    inherit_ids,
    partition,
    score,
    stated_link,
)
from kgqa.model.entity import Alias, AliasLink
from kgqa.model.identity import alias_id

SYLLABLES = ("north", "line", "kes", "trel", "e", "elena", "ruiz", "gmbh", "p", "350", "417", "castings")


def alias(norm: str, type_: str = "", signature: str = "") -> Alias:
    return Alias(
        id=alias_id("c", norm, type_, signature), norm=norm, surface=norm.title(), type=type_, signature=signature
    )


def stated(left: Alias, right: Alias) -> AliasLink:
    link = stated_link(left, right, 1)
    assert link
    return link


def entities(aliases: Sequence[Alias], links: Sequence[AliasLink] = ()) -> set[frozenset[str]]:
    """The partition as sets of `norm [signature]`."""
    label = {a.id: f"{a.norm} [{a.signature}]" if a.signature else a.norm for a in aliases}
    groups = partition(aliases, [*candidate_links(aliases), *links])
    assert sorted(x for group in groups for x in group) == sorted(label)
    return {frozenset(label[x] for x in group) for group in groups}


def reason(left: Alias, right: Alias) -> str:
    link = score(left, right)
    return link.reason if link else ""


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        (alias("northline castings", "ORG"), alias("nortline castings", "ORG"), "spelling"),
        (alias("northline", "ORG"), alias("nortline", "ORG"), "spelling"),
        (alias("northline castings gmbh", "ORG"), alias("northline castings", "ORG"), "legal_form"),
        (alias("moravec bearings a s", "ORG"), alias("moravec bearings", "ORG"), "legal_form"),
        (alias("aqua flow p350", "PRODUCT"), alias("aquaflow p 350", "PRODUCT"), "spelling"),
        (alias("e417", "ERROR_CODE"), alias("e 417", "ERROR_CODE"), "spelling"),
        (alias("e ruiz", "PERSON"), alias("elena ruiz", "PERSON"), "initials"),
        (alias("john f kennedy", "PERSON"), alias("john kennedy", "PERSON"), "initials"),
        (alias("kestrel seals", "PERSON"), alias("kestrel seals", "ORG"), "spelling"),
        # not one thing, however like
        (alias("e 417", "ERROR_CODE"), alias("e 418", "ERROR_CODE"), ""),
        (alias("aquaflow p350", "PRODUCT"), alias("aquaflow p250", "PRODUCT"), ""),
        (alias("hp 77310 4", "PART_NUMBER"), alias("hp 7731 04", "PART_NUMBER"), ""),
        (alias("north korea", "GPE"), alias("south korea", "GPE"), ""),
        (alias("slovakia", "GPE"), alias("slovenia", "GPE"), ""),
        (alias("austria", "GPE"), alias("austrian", "NORP"), ""),
        (alias("maria gomez", "PERSON"), alias("mario gomez", "PERSON"), ""),
        (alias("elena ruiz", "PERSON"), alias("pablo ruiz", "PERSON"), ""),
        (alias("martinez", "PERSON"), alias("martines", "PERSON"), ""),
        (alias("world war i", "EVENT"), alias("world war ii", "EVENT"), ""),
        (alias("elena ruiz", "PERSON", "quality"), alias("elena ruiz", "PERSON", "kestrel seals"), ""),
        (alias("kestrel gateway", "PRODUCT"), alias("kestrel seals", "ORG"), ""),
    ],
)
def test_likeness_of_two_names(left: Alias, right: Alias, expected: str):
    assert reason(left, right) == expected
    assert score(left, right) == score(right, left)
    if expected:
        assert blocking_keys(left) & blocking_keys(right)


def test_an_alias_has_no_link_to_itself():
    assert score(alias("p350"), alias("p350")) is None
    assert stated_link(alias("p350"), alias("p350"), 1) is None


def test_aliases_misspellings_and_legal_forms_of_a_company_are_one_entity():
    full, short, abbr = alias("northline castings gmbh", "ORG"), alias("northline", "ORG"), alias("nlc")
    others = [alias("northline castings", "ORG"), alias("nortline", "ORG"), alias("kestrel seals ltd", "ORG")]
    links = [stated(full, short), stated(full, abbr)]
    assert entities([full, short, abbr, *others], links) == {
        frozenset({"northline castings gmbh", "northline", "nlc", "northline castings", "nortline"}),
        frozenset({"kestrel seals ltd"}),
    }


def test_homonyms_stay_apart_and_the_unsigned_name_joins_only_a_single_one():
    ours, theirs = alias("elena ruiz", "PERSON", "quality"), alias("elena ruiz", "PERSON", "kestrel seals")
    unsigned, initialled = alias("elena ruiz", "PERSON"), alias("e ruiz", "PERSON")
    assert entities([ours, unsigned, initialled]) == {frozenset({"elena ruiz [quality]", "elena ruiz", "e ruiz"})}
    assert entities([ours, theirs, unsigned, initialled]) == {
        frozenset({"elena ruiz [quality]"}),
        frozenset({"elena ruiz [kestrel seals]"}),
        frozenset({"elena ruiz", "e ruiz"}),
    }


def test_an_initial_of_two_people_joins_neither():
    people = [alias("e ruiz", "PERSON"), alias("elena ruiz", "PERSON"), alias("esteban ruiz", "PERSON")]
    assert len(entities(people)) == 3


def test_an_acronym_spelt_out_in_two_ways_joins_neither():
    acronym, one, other = (
        alias("nlc", "ORG"),
        alias("northline castings", "ORG"),
        alias("national labor council", "ORG"),
    )
    assert entities([acronym, one, other], [stated(acronym, one), stated(acronym, other)]) == {
        frozenset({"nlc"}),
        frozenset({"northline castings"}),
        frozenset({"national labor council"}),
    }


def test_a_name_with_many_stated_aliases_stays_one_entity():
    names = [alias(f"{letter}qua pump", "PRODUCT") for letter in "bcdfghjklmnprstvwxz"]
    assert len(entities(names, [stated(names[0], other) for other in names[1:]])) == 1


def test_a_long_chain_of_doubtful_links_falls_apart():
    chain = [alias(f"name {'abcdefghijklmnopqrst'[i]}", "ORG") for i in range(20)]
    ids = sorted(a.id for a in chain)
    links = [AliasLink(left=a, right=b, score=0.7, reason="spelling") for a, b in pairwise(ids)]
    assert 1 < len(partition(chain, links)) < 20


def test_what_is_stated_outweighs_what_two_names_look_like():
    old, new = alias("e 417", "ERROR_CODE"), alias("f 900", "ERROR_CODE")
    assert conflict(old, new)
    assert entities([old, new], [stated(old, new)]) == {frozenset({"e 417", "f 900"})}


def test_links_to_aliases_that_are_not_given_have_no_effect():
    seen, hidden = alias("northline", "ORG"), alias("nortline", "ORG")
    assert partition([seen], candidate_links([seen, hidden])) == [frozenset({seen.id})]


def test_components_are_named_by_their_smallest_member():
    links = [AliasLink(left=a, right=b, score=1.0, reason="spelling") for a, b in ((5, 3), (3, 9), (7, 8), (1, 99))]
    assert components([1, 3, 5, 7, 8, 9], links) == {1: 1, 3: 3, 5: 3, 9: 3, 7: 7, 8: 7}
    assert components([], links) == {}


def test_the_larger_part_of_an_entity_keeps_its_id_and_a_merged_one_leads_to_it():
    ids, redirects = inherit_ids({1: 1, 2: 1, 3: 1, 4: 4, 5: 4, 6: 6}, [{1, 2}, {3, 7}, {4, 5, 6}, {8}])
    assert ids == {1: 1, 2: 1, 3: 3, 7: 3, 4: 4, 5: 4, 6: 4, 8: 8}
    assert redirects == {6: 4}


def test_a_new_entity_never_takes_the_id_of_another():
    ids, redirects = inherit_ids({2: 1, 3: 1}, [{2, 3}, {1, 4}, {5, 6}], reserved={5})
    assert ids == {2: 1, 3: 1, 1: 4, 4: 4, 5: 6, 6: 6}
    assert redirects == {}


aliases_strategy = st.lists(
    st.builds(
        alias,
        st.lists(st.sampled_from(SYLLABLES), min_size=1, max_size=3).map(" ".join),
        st.sampled_from(["", "PERSON", "ORG", "PRODUCT", "ERROR_CODE"]),
        st.sampled_from(["", "", "quality", "kestrel seals"]),
    ),
    max_size=12,
    unique_by=lambda a: a.id,
)


def some_stated_links(aliases: Sequence[Alias], chance: random.Random) -> list[AliasLink]:
    return [stated(a, b) for a, b in combinations(aliases, 2) if chance.random() < 0.1]


@settings(deadline=None)
@given(aliases_strategy, st.integers(0, 9))
def test_resolution_does_not_depend_on_order(aliases: list[Alias], seed: int):
    chance = random.Random(seed)
    links = [*candidate_links(aliases), *some_stated_links(aliases, chance)]
    expected = partition(aliases, links)
    shuffled, reordered = chance.sample(aliases, len(aliases)), chance.sample(links, len(links))
    assert candidate_links(shuffled) == candidate_links(aliases)
    assert partition(shuffled, reordered) == expected


@settings(deadline=None)
@given(aliases_strategy, st.integers(0, 9))
def test_a_pair_that_cannot_be_one_thing_is_never_one_entity(aliases: list[Alias], seed: int):
    asserted = some_stated_links(aliases, random.Random(seed))
    excused = {(link.left, link.right) for link in asserted}
    by_id = {a.id: a for a in aliases}
    for group in partition(aliases, [*candidate_links(aliases), *asserted]):
        for pair in combinations(sorted(group), 2):
            assert pair in excused or not conflict(by_id[pair[0]], by_id[pair[1]])


@settings(deadline=None)
@given(aliases_strategy)
def test_candidates_by_blocks_are_all_pairs_that_score(aliases: list[Alias]):
    every = [link for a, b in combinations(aliases, 2) if (link := score(a, b))]
    assert candidate_links(aliases) == sorted(every, key=lambda link: (link.left, link.right))


@settings(deadline=None)
@given(st.text("abcdef", min_size=5, max_size=9), st.integers(0, 8), st.data(), st.sampled_from(["", " pumps"]))
def test_misspelt_words_that_score_share_a_block(word: str, place: int, data: st.DataObject, rest: str):
    place %= len(word)
    letter = data.draw(st.sampled_from("abcxyz"))
    swapped = word[:place] + word[place : place + 2][::-1] + word[place + 2 :]
    for error in (word[:place] + letter + word[place:], word[:place] + letter + word[place + 1 :], swapped):
        pair = alias(word + rest, "ORG"), alias(error + rest, "ORG")
        if score(*pair):
            assert blocking_keys(pair[0]) & blocking_keys(pair[1])


@settings(deadline=None)
@given(aliases_strategy, st.integers(0, 9))
def test_hidden_aliases_of_other_components_do_not_change_an_entity(aliases: list[Alias], seed: int):
    links = [*candidate_links(aliases), *some_stated_links(aliases, random.Random(seed))]
    component_of = components([a.id for a in aliases], links)
    whole = partition(aliases, links)
    for component in set(component_of.values()):
        visible = [a for a in aliases if component_of[a.id] == component]
        assert partition(visible, links) == [group for group in whole if component_of[min(group)] == component]

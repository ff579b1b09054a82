"""The evidence graph: which names connect the question with the cited chunks, and the shortest paths between them."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence

from kgqa.model.answer import Evidence, EvidenceChunk, EvidencePath, GraphEdge, GraphNode, Question
from kgqa.ports import MentionRow

#: a chunk or a name: ("chunk", id)
Node = tuple[str, int]


def evidence_graph(
    question: Question, chunks: Sequence[EvidenceChunk], mentions: Sequence[MentionRow], cited: Sequence[int]
) -> Evidence:
    """Nodes and edges among the question's names and the cited chunks, with a path to each cited chunk."""
    links = _links(mentions)
    labels = _labels(chunks, mentions)
    paths = _paths(question, links, labels, cited)
    inside = {node for path in paths for node in path} | {("chunk", chunk) for chunk in cited}
    inside |= {("name", name) for name in question.name_ids if ("name", name) in links}
    inside |= _bridges(links, cited)
    titles = {(m.chunk_id, m.name_id) for m in mentions if m.is_title}
    ordered = sorted(node for node in inside if node in labels)
    edges = [
        GraphEdge(chunk_id=chunk, name_id=name, is_title=(chunk, name) in titles)
        for kind, chunk in ordered
        if kind == "chunk"
        for _, name in sorted(links.get((kind, chunk), ()))
        if ("name", name) in inside
    ]
    return Evidence(
        chunks=tuple(chunks),
        nodes=tuple(GraphNode(id=_id(n), kind=n[0], label=labels[n]) for n in ordered),
        edges=tuple(edges),
        paths=tuple(_path(p, labels) for p in paths),
    )


def paths_from_question(
    question: Question, chunks: Sequence[EvidenceChunk], mentions: Sequence[MentionRow]
) -> dict[int, EvidencePath]:
    """By chunk, the shortest path from a name of the question; a chunk that no name leads to is absent."""
    links, labels = _links(mentions), _labels(chunks, mentions)
    reached = _shortest([("name", name) for name in question.name_ids if ("name", name) in links], links, labels)
    places = [("chunk", chunk.chunk_id) for chunk in chunks]
    return {place[1]: _path(_trace(place, reached), labels) for place in places if place in reached}


def _path(nodes: Sequence[Node], labels: Mapping[Node, str]) -> EvidencePath:
    return EvidencePath(
        nodes=tuple(_id(node) for node in nodes),
        label=_words(nodes, labels),
        chunk_ids=tuple(identity for kind, identity in nodes if kind == "chunk"),
    )


def _links(mentions: Iterable[MentionRow]) -> Mapping[Node, set[Node]]:
    links: dict[Node, set[Node]] = defaultdict(set)
    for mention in mentions:
        chunk, name = ("chunk", mention.chunk_id), ("name", mention.name_id)
        links[chunk].add(name)
        links[name].add(chunk)
    return links


def _labels(chunks: Sequence[EvidenceChunk], mentions: Iterable[MentionRow]) -> dict[Node, str]:
    """Chunk labels are where they stand; name labels are their most frequent spelling."""
    texts = {chunk.chunk_id: chunk.text for chunk in chunks}
    spellings: dict[Node, Counter[str]] = defaultdict(Counter)
    for m in mentions:
        spelling = m.norm if m.is_title else " ".join(texts.get(m.chunk_id, "")[m.start : m.end].split())
        spellings["name", m.name_id][spelling or m.norm] += 0 if m.is_title else 1
    labels: dict[Node, str] = {node: min(c.items(), key=lambda i: (-i[1], i[0]))[0] for node, c in spellings.items()}
    for chunk in chunks:
        places = [chunk.title, *(heading for heading in chunk.heading_path[-1:] if heading != chunk.title)]
        labels["chunk", chunk.chunk_id] = " > ".join(place for place in places if place) or chunk.document_key
    return labels


def _bridges(links: Mapping[Node, set[Node]], cited: Sequence[int]) -> set[Node]:
    """Names that at least two cited chunks share."""
    shared = Counter(name for chunk in set(cited) for name in links.get(("chunk", chunk), ()))
    return {name for name, chunks in shared.items() if chunks > 1}


def _paths(
    question: Question, links: Mapping[Node, set[Node]], labels: Mapping[Node, str], cited: Sequence[int]
) -> list[tuple[Node, ...]]:
    starts: list[Node] = [("name", name) for name in question.name_ids if ("name", name) in links]
    if not starts:
        starts = [("chunk", chunk) for chunk in cited[:1]]
    reached = _shortest(starts, links, labels)
    found = [_trace(("chunk", chunk), reached) for chunk in dict.fromkeys(cited) if ("chunk", chunk) in reached]
    return [path for path in found if len(path) > 1]


def _shortest(
    starts: Sequence[Node], links: Mapping[Node, set[Node]], labels: Mapping[Node, str]
) -> dict[Node, Node | None]:
    """Breadth first; among equals through the rarest name. Only nodes with a label are visited."""
    parents: dict[Node, Node | None] = dict.fromkeys(starts)
    queue = deque(starts)
    while queue:
        node = queue.popleft()
        for other in sorted(links.get(node, ()), key=lambda n: (len(links[n]), n)):
            if other not in parents and other in labels:
                parents[other] = node
                queue.append(other)
    return parents


def _trace(node: Node, parents: Mapping[Node, Node | None]) -> tuple[Node, ...]:
    path = [node]
    while (parent := parents[path[-1]]) is not None:
        path.append(parent)
    return tuple(reversed(path))


def _words(path: Sequence[Node], labels: Mapping[Node, str]) -> str:
    return " - ".join(f"[{labels[node]}]" if node[0] == "chunk" else labels[node] for node in path)


def _id(node: Node) -> str:
    return f"{node[0]}:{node[1]}"

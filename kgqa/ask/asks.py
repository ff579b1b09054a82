"""What a question asks for: one `Ask` per question word, with the type of answer that would fit.

English and Spanish only; other languages give one untyped ask. "Which supplier makes the part, and who signed
off the change?" asks twice: for an ORG and for a PERSON.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from kgqa.ask.quantities import ADJECTIVES, label_of

AGENT = "AGENT"  # a person or an organisation


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One thing that is asked for."""

    #: PERSON, ORG, AGENT, PLACE, DATE, NUMBER, IDENTIFIER, YESNO, or `` where anything fits
    type: str
    #: the words right behind the question word: a noun ("supplier") or what somebody did ("signed off")
    focus: str
    #: the part of the question that belongs to it
    text: str


_NOUNS = {
    "ORG": "suppliers? compan(?:y|ies) manufacturers? makers? vendors? customers? organi[sz]ations? firms?"
    " band brand team universit(?:y|ies) school proveedora? proveedor(?:es)? empresas? fabricantes?"
    " clientes? organizaci[oó]n firma",
    "PERSON": "engineers? persons? people managers? leads? authors? technicians? directors? actors? actress writers?"
    " president contact ingenier[oa]s? persona responsable director[a]? t[eé]cnic[oa] autor[a]? contacto",
    "PLACE": "cit(?:y|ies) towns? countr(?:y|ies) places? site plants? state region county ciudad(?:es)? pa[ií]s(?:es)?"
    " lugar sede planta",
    "DATE": "years? dates? days? months? a[ñn]os? fechas? d[ií]as? mes(?:es)?",
    "IDENTIFIER": "codes? numbers? parts? versions? releases? firmware tickets? orders? ids? models? kits? bins? rooms?"
    " changes? error c[oó]digos? n[uú]meros? piezas? referencias? versi[oó]n modelos? error(?:es)? sala",
    "NUMBER": "percentage price weight temperature torque flow capacity length pressure score band range rate"
    " precio peso temperatura par caudal capacidad presi[oó]n longitud",
}
_NOUN_TYPES = [(re.compile(rf"(?:{'|'.join(words.split())})", re.IGNORECASE), kind) for kind, words in _NOUNS.items()]
_MAKES = re.compile(
    r"\b(?:make|makes|made|manufactur\w+|suppl(?:y|ies|ied)|own\w*|fabrica\w*|suministra\w*)\b", re.IGNORECASE
)
_PAYS = re.compile(r"\b(?:what|qu[eé])\b.*\b(?:pay|paid|costs?|pagamos|cuesta)\b", re.IGNORECASE)
#: what we pay is a purchase price
_PAID = "purchase price"
_SPANISH = {"pieza": "part", "orden": "order", "cambio": "change", "incidencia": "ticket", "bomba": "product"}
_LEAD = re.compile(
    r"\s*(?:(?:is|was|are|were|es|son|era|fue)\s+)?(?:(?:the|our|el|la|los|las|nuestr[oa])\s+)?", re.IGNORECASE
)
_STOP = re.compile(
    r"(?:of|behind|in|on|at|for|from|to|by|with|that|which|who|is|was|are|were|do|does|did|has|have|can|could|will|the|a|an|our"
    r"|de|del|en|con|por|para|que|es|son|se|hay|el|la|los|las|un|una|al)",
    re.IGNORECASE,
)
_START = (
    r"(?:^|[?¿,;:]\s*|\b(?:and|or|y|e|o)\s+)\W*"
    r"(?:(?:and|y|e|in|on|at|by|from|for|to|of|with|en|a|por|de|con|para|desde)\s+)*"
)
_WORDS = {
    "en": r"who|whom|whose|which|what|when|where|how\s+\w+|how",
    "es": r"qui[eé]n(?:es)?|d[oó]nde|cu[aá]ndo|cu[aá]nt[oa]s?|cu[aá]l(?:es)?|qu[eé]|c[oó]mo",
}
_ASK = {
    language: (
        re.compile(rf"{_START}(?P<word>{words})\b", re.IGNORECASE),
        re.compile(rf"\b(?P<word>{words})\b", re.IGNORECASE),
    )
    for language, words in _WORDS.items()
}
_YES_NO = {
    "en": re.compile(r"\W*(?:is|are|was|were|do|does|did|can|could|has|have|had|will|should|may)\b", re.IGNORECASE),
    "es": re.compile(r"\W*(?:es|son|est[aá]n?|fue|tiene|hay|puede|se puede|ha|han|debe)\b", re.IGNORECASE),
}
_FIXED = {
    "PLACE": re.compile(r"where|d[oó]nde", re.IGNORECASE),
    "DATE": re.compile(r"when|cu[aá]ndo", re.IGNORECASE),
    "NUMBER": re.compile(rf"how\s+(?:many|much|{'|'.join(ADJECTIVES)})|cu[aá]nt[oa]s?", re.IGNORECASE),
    "WHO": re.compile(r"who|whom|whose|qui[eé]n(?:es)?", re.IGNORECASE),
}


def asks(text: str, language: str) -> tuple[Ask, ...]:
    """The asks of a question, in order; at least one."""
    if language not in _ASK:
        return (Ask(type="", focus="", text=text),)
    strict, loose = _ASK[language]
    found = list(strict.finditer(text))
    if not found:
        if _YES_NO[language].match(text):
            return (Ask(type="YESNO", focus="", text=text),)
        found = list(loose.finditer(text))[-1:]
    if not found:
        return (Ask(type="", focus="", text=text),)
    starts = [0, *(m.start("word") for m in found[1:]), len(text)]
    return tuple(
        _ask(match["word"], text[match.end("word") :], text[starts[n] : starts[n + 1]]) for n, match in enumerate(found)
    )


def english(noun: str) -> str:
    """The noun in lower case, in English where it is one of the few Spanish ones that name kinds of things."""
    return " ".join(_SPANISH.get(word, word) for word in noun.casefold().split())


def noun_type(noun: str) -> str:
    """The type of what one of the nouns describes; `` for unknown ones."""
    return next((kind for word in noun.split() for pattern, kind in _NOUN_TYPES if pattern.fullmatch(word)), "")


def _ask(word: str, rest: str, text: str) -> Ask:
    nouns = _noun_phrase(rest)
    focus = " ".join(nouns)
    for kind, pattern in _FIXED.items():
        if pattern.fullmatch(word):
            if kind == "NUMBER":
                return Ask(type=kind, focus=label_of(word) or focus, text=text)
            return Ask(type=_who(text) if kind == "WHO" else kind, focus=focus, text=text)
    if _PAYS.search(text):
        return Ask(type="NUMBER", focus=_PAID, text=text)
    return Ask(type=noun_type(focus), focus=focus, text=text)


def _noun_phrase(rest: str) -> list[str]:
    """Up to four words after the question word: until a preposition, an article or an auxiliary."""
    words = _LEAD.sub("", rest, count=1).split()
    phrase: list[str] = []
    for word in words[:4]:
        bare = word.strip("?¿,.;:")
        if not bare or _STOP.fullmatch(bare):
            break
        phrase.append(bare)
        if bare != word:
            break
    return phrase


def _who(text: str) -> str:
    return AGENT if _MAKES.search(text) else "PERSON"

"""Quantities: what kind of amount a question wants, and whether a value is one of that kind.

"How loud ... in decibels" wants a level: 60 mm is none. "How many pumps" wants a number of pumps: 70 °C is none.
English and Spanish; a unit that is not listed tells nothing.
"""

from __future__ import annotations

import re

_UNITS = {
    "level": "dB dBA decibels? decibel(?:io)?s?",
    "mass": "[kmµ]?g t lb lbs oz (?:kilo|milli)?grams? (?:kilo|mili)?gramos? tonn?es? tons? toneladas? pounds? ounces?",
    "length": "[kcmµ]?m ft (?:kilo|centi|milli)?met(?:er|re)s? (?:kiló|cent[ií]|mil[ií])?metros? feet foot inch(?:es)?"
    " miles? yards?",
    "time": "s min h seconds? minutes? hours? days? weeks? months? years? segundos? minutos? horas? d[ií]as? semanas?"
    " mes(?:es)? años?",
    "temperature": "°[CF] ° degrees? grados? kelvin",
    "money": "€ [$] £ EUR USD GBP euros? dollars? d[oó]lar(?:es)? pounds? libras?",
    "share": "% per\\s?cent percent por\\s?ciento",
    "volume": "m?[l] m³ lit(?:er|re)s? litros? gal gallons?",
    "torque": "Nm",
    "pressure": "bar [kM]?Pa psi",
    "power": "[kMG]?W watts? kilowatts? vatios? kilovatios? hp",
    "voltage": "[mk]?V volts? voltios?",
    "current": "m?A amperes? amps? amperios?",
    "rate": "(?:ml|l|m³)/(?:h|s|min) rpm [kMG]?Hz hertz hercios?",
}
_NAMED = {kind: rf"(?:{'|'.join(words.split())})" for kind, words in _UNITS.items()}
_AMOUNTS = {
    kind: re.compile(
        rf"(?:[€$£]\s?\d[\d.,]*|\d[\d.,]*\s?{unit}(?![\w/]))" if kind == "money" else rf"\d[\d.,]*\s?{unit}(?![\w/])"
    )
    for kind, unit in _NAMED.items()
}
_UNIT = {kind: re.compile(rf"(?<!\w){unit}(?!\w)", re.IGNORECASE) for kind, unit in _NAMED.items()}
#: words of at least four letters: "in A" and "how many m" say too little
_IN = {kind: re.compile(rf"\b(?:in|en)\s+(?=\w{{4,}}){unit}\b", re.IGNORECASE) for kind, unit in _NAMED.items()}
_COUNTED = re.compile(r"\b(?:how\s+many|cu[aá]nt[oa]s)\s+(?P<noun>\w+)", re.IGNORECASE)
_HOW = re.compile(r"\bhow\s+(?P<adjective>\w+)", re.IGNORECASE)
#: what may follow "how": kinds of amount, and nouns that a label or column names them by
_ADJECTIVES = {
    "loud": ({"level"}, "noise sound"),
    "noisy": ({"level"}, "noise sound"),
    "heavy": ({"mass"}, "weight mass"),
    "wide": ({"length"}, "width"),
    "thick": ({"length"}, "thickness"),
    "tall": ({"length"}, "height"),
    "high": (set[str](), "height level"),
    "deep": ({"length"}, "depth"),
    "far": ({"length", "time"}, "distance"),
    "long": ({"length", "time"}, "length duration"),
    "old": ({"time"}, "age"),
    "hot": ({"temperature"}, "temperature"),
    "warm": ({"temperature"}, "temperature"),
    "cold": ({"temperature"}, "temperature"),
    "expensive": ({"money"}, "price cost"),
    "fast": ({"rate", "length", "time"}, "speed"),
    "large": (set[str](), "size"),
    "big": (set[str](), "size"),
    "often": (set[str](), "interval frequency"),
    "strong": (set[str](), "strength"),
    "powerful": ({"power"}, "power"),
}
#: what follows "how" where an amount is asked for
ADJECTIVES = tuple(_ADJECTIVES)
#: how far a value is believed that is another kind of amount, and one without a unit where the question names one
OTHER_KIND, NO_UNIT = 0.05, 0.15


def label_of(word: str) -> str:
    """Nouns that a field or column would name the amount by: "how heavy" asks for a weight; `` for others."""
    found = _HOW.fullmatch(word)
    return _ADJECTIVES.get(found["adjective"].casefold(), (None, ""))[1] if found else ""


def suits(text: str, value: str, row: str, around: str) -> float:
    """How far a value can be the amount that a question wants, 0 to 1; 1 for questions that want none.

    A label in the `row` or sentence of the value may give its unit ("List price EUR: 18.40"), or the text `around` it.
    """
    before, labelled, _ = row.partition(f": {value}")
    label = before.rpartition(" ")[2] if labelled else ""
    kinds = {kind for kind, pattern in _AMOUNTS.items() if pattern.search(value) or _UNIT[kind].fullmatch(label)}
    named = {kind for kind, pattern in _IN.items() if pattern.search(text)}
    if counted := _COUNTED.search(text):
        wanted = {kind for kind, pattern in _UNIT.items() if pattern.fullmatch(counted["noun"])}
        return OTHER_KIND if kinds and not kinds & wanted else 1.0
    if named and not kinds:
        return 1.0 if any(_UNIT[kind].search(around) for kind in named) else NO_UNIT
    how = _HOW.search(text)
    wanted = named or (_ADJECTIVES.get(how["adjective"].casefold(), (set[str](), ""))[0] if how else set[str]())
    return OTHER_KIND if wanted and kinds and not wanted & kinds else 1.0

"""Draws one world from a seed: who makes which part, who signed which change, every code, number and day."""

import datetime
import random
from collections.abc import Mapping, Sequence
from typing import TypeVar

from examples.generator import pools
from examples.generator.world import Change, Customer, Day, Fault, Maker, Part, Person, Product, Supplier, World

T = TypeVar("T")

_ROLES = {
    "qh": ("head of quality", "quality"),
    "eng": ("chief hydraulics engineer", "engineering"),
    "fw": ("head of embedded software", "engineering"),
    "buy": ("purchasing manager", "operations"),
    "plant": ("plant manager", "operations"),
    "ops": ("director of operations", "operations"),
    "lab": ("test laboratory lead", "quality"),
    "desk": ("support desk lead", "support-desk"),
    "tech1": ("support engineer", "support-desk"),
    "tech2": ("support engineer", "support-desk"),
    "docs": ("technical writer", "support-desk"),
    "fin": ("financial controller", ""),
    "sec": ("information security officer", ""),
}
_SPANISH_ROLES = {"qh": "", "iber1": "service engineer", "iber2": "service engineer", "train": "trainer"}
_CONTACTS = ("cast", "bears", "elec", "sens", "radio")
_SIGNERS = ("plant", "ops", "eng", "qh", "buy", "fw")
_CHANGES = ("co_seal", "co_board", "co_imp", "co_bear", "co_diaph", "co_ant")
_FAULTS = ("er_seal", "er_dry", "er_board", "er_disp", "er_diaph", "er_ant", "er_reed", "er_valve", "er_bear")
_PARTS = {
    "seal": "shaft seal",
    "imp": "impeller",
    "casing": "volute casing",
    "bear": "bearing cartridge",
    "board": "drive board",
    "disp": "display module",
    "diaph": "dosing diaphragm",
    "valve": "check valve",
    "reed": "reed contact",
    "trans": "pressure transducer",
    "ant": "antenna module",
}
#: Suppliers that may make a part; seed 0 takes the first.
_MAY_MAKE = {
    "seal": ("seals",),
    "imp": ("cast",),
    "casing": ("cast",),
    "bear": ("bears",),
    "board": ("elec",),
    "disp": ("elec", "radio"),
    "diaph": ("poly",),
    "valve": ("poly", "cast"),
    "reed": ("sens",),
    "trans": ("sens", "elec"),
    "ant": ("radio",),
}


class Draw:
    """Choices that follow the written order for seed 0 and chance for every other seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(f"kgqa examples {seed}")
        self._as_written = seed == 0

    def order(self, pool: Sequence[T]) -> list[T]:
        """The pool in this seed's order."""
        drawn = list(pool)
        if not self._as_written:
            self._random.shuffle(drawn)
        return drawn

    def number(self, written: int, spread: int) -> int:
        """The written number, or one at most `spread` away from it and different from it."""
        if self._as_written:
            return written
        return written + self._random.choice([step for step in range(-spread, spread + 1) if step != 0])

    def day(self, written: str) -> Day:
        """The written day (ISO), or one at most 12 days away."""
        return Day(date=datetime.date.fromisoformat(written) + datetime.timedelta(days=self.number(0, 40)))


def build_world(seed: int) -> World:
    """The world of a seed; the same seed always gives the same world."""
    draw = Draw(seed)
    name, short, city, prefix = draw.order(pools.MAKERS)[0]
    maker = Maker(name=name, short=short, city=city, prefix=prefix, domain=f"{name.lower().replace(' ', '-')}.example")
    people = _people(draw, maker)
    suppliers = _suppliers(draw, people)
    family = draw.order(pools.FAMILIES)[0]
    return World(
        seed=seed,
        maker=maker,
        family=family,
        products=_products(draw, family, suppliers["seals"].brand),
        suppliers=suppliers,
        parts=_parts(draw, maker.prefix, suppliers),
        people=people | {f"k_{role}": supplier.contact for role, supplier in suppliers.items()},
        changes=_changes(draw, people),
        faults={r: Fault(code=c) for r, c in zip(_FAULTS, draw.order(pools.FAULT_CODES), strict=False)},
        customers=_customers(draw),
        figures=_figures(draw),
        days=_days(draw),
    )


def _people(draw: Draw, maker: Maker) -> dict[str, Person]:
    names = iter(draw.order(pools.PEOPLE))
    spanish = iter(draw.order(pools.SPANISH_PEOPLE))
    everyone: dict[str, Person] = {}
    for place, role in enumerate((*_ROLES, "iber1", "iber2", "train", *(f"at_{r}" for r in _CONTACTS), "at_poly")):
        name = next(spanish if role in _SPANISH_ROLES or role == "at_poly" else names)
        title, page = _ROLES.get(role, (_SPANISH_ROLES.get(role, "account manager"), "es-iberia"))
        everyone[role] = Person(
            name=name,
            role=title,
            room=f"{'ABC'[place % 3]}{draw.number(2, 1)}.{draw.number(12 + place * 4, 1):02d}",
            ext=str(draw.number(4103 + place * 37, 18)),
            since=str(draw.number(2004 + place % 14, 2)),
            email=f"{_ascii(name).replace(' ', '.')}@{maker.domain}",
            page=page,
        )
    return everyone


def _ascii(name: str) -> str:
    return name.lower().translate(str.maketrans("áéíóúñ", "aeioun"))


def _suppliers(draw: Draw, people: dict[str, Person]) -> dict[str, Supplier]:
    suppliers: dict[str, Supplier] = {}
    brands = draw.order(pools.BRANDS)
    for place, (role, (trade, form, towns)) in enumerate(pools.TRADES.items()):
        brand, letters = brands[place]
        abbr = letters + trade[0]
        short = f"{brand} {trade}" if role == "seals" else brand
        # The seal maker's account manager has the name of the maker's head of quality: two people, one name.
        person = people["qh"] if role == "seals" else people.pop(f"at_{role}")
        suppliers[role] = Supplier(
            legal=f"{brand} {trade} {form}",
            short=short,
            abbr=abbr,
            listed=abbr if role in ("cast", "elec", "radio") else short,
            brand=brand,
            city=draw.order(towns)[0],
            founded=str(draw.number(1951 + place * 7, 3)),
            staff=str(draw.number(140 + place * 55, 20)),
            score=str(draw.number(94 - place * 3, 1)),
            contact=_account_manager(draw, person.name, f"{brand}-{trade}.example".lower(), place),
            page=f"sup-{role}",
        )
    return suppliers


def _account_manager(draw: Draw, name: str, domain: str, place: int) -> Person:
    return Person(
        name=name,
        role="account manager",
        room="",
        ext=str(draw.number(210 + place * 31, 9)),
        since=str(draw.number(2009 + place, 2)),
        email=f"{_ascii(name)[0]}.{_ascii(name).split(' ', 1)[1]}@{domain}",
        page="supplier-contacts",
    )


def _products(draw: Draw, family: str, bird: str) -> dict[str, Product]:
    pumps, controllers = draw.order(pools.PUMP_CODES), draw.order(pools.CONTROLLER_CODES)
    codes = {"old": pumps[0], "new": pumps[1], "boost": pumps[2], "cold": controllers[0], "ctl": controllers[1]}
    codes |= {"dose": draw.order(pools.DOSING_CODES)[0], "lev": draw.order(pools.SENSOR_CODES)[0]}
    products = {role: Product(name=f"{family} {code}", code=code) for role, code in codes.items()}
    # The gateway shares its first word with the seal maker: a product and a company that must stay apart.
    return products | {"gw": Product(name=f"{bird} Gateway", code=draw.order(pools.GATEWAY_CODES)[0])}


def _parts(draw: Draw, prefix: str, suppliers: Mapping[str, Supplier]) -> dict[str, Part]:
    numbers = draw.order(pools.PART_NUMBERS)
    parts: dict[str, Part] = {}
    for place, (role, name) in enumerate(_PARTS.items()):
        price = draw.number(1840 + place * 1735, 400)
        parts[role] = Part(
            no=f"{prefix}-{numbers[place]}",
            name=name,
            sup=suppliers[draw.order(_MAY_MAKE[role])[0]],
            price=f"{price / 100:.2f}",
            cost=f"{price * draw.number(52, 6) / 10000:.2f}",
            weeks=str(draw.number(4 + place, 1)),
            bin=f"{'BCDF'[place % 4]}-{draw.number(14 + place * 3, 1)}-{draw.number(4, 2)}",
        )
    stem, revision = parts["seal"].no.rsplit("-", 1)
    return parts | {"seal0": _superseded(parts["seal"], f"{stem}-{int(revision) - 1:02d}")}


def _superseded(part: Part, number: str) -> Part:
    return Part(
        no=number, name=part.name, sup=part.sup, price=part.price, cost=part.cost, weeks=part.weeks, bin=part.bin
    )


def _changes(draw: Draw, people: Mapping[str, Person]) -> dict[str, Change]:
    signers, numbers = draw.order(_SIGNERS), draw.order(pools.CHANGE_NUMBERS)
    written = ("2024-01-22", "2024-02-09", "2023-11-14", "2024-03-18", "2024-04-11", "2024-05-27")
    return {
        role: Change(id=numbers[place], day=draw.day(written[place]), signer=people[signers[place]])
        for place, role in enumerate(_CHANGES)
    }


def _customers(draw: Draw) -> dict[str, Customer]:
    return {
        role: Customer(name=draw.order(names)[0], town=draw.order(towns)[0])
        for role, (names, towns) in pools.CUSTOMERS.items()
    }


def _figures(draw: Draw) -> dict[str, str]:
    limit = draw.number(70, 3)
    minor = draw.number(2, 1)
    return {
        "torque": f"{draw.number(48, 6)} Nm",
        "flow_new": f"{draw.number(36, 5)} m³/h",
        "flow_old": f"{draw.number(22, 4)} m³/h",
        "flow_boost": f"{draw.number(9, 3)} m³/h",
        "head_new": f"{draw.number(62, 7)} m",
        "weight_new": f"{draw.number(41, 5)} kg",
        "power_new": f"{draw.number(55, 8) / 10:.1f} kW",
        "dose_rate": f"{draw.number(17, 4)} l/h",
        "heat0": f"{limit} °C",
        "heat": f"{limit + draw.number(8, 2)} °C",
        "band": f"{draw.order((868, 915, 433))[0]} MHz",
        "level_range": f"{draw.number(6, 2)} m",
        "v_ctl0": f"4.{minor - 1}",
        "v_ctl": f"4.{minor}",
        "v_gw": f"2.{draw.number(7, 2)}",
        "months": f"{draw.number(30, 5)} meses",
        "oil": f"{draw.number(4500, 900)}",
        "rota": f"+46 31 555 0{draw.number(142, 40)}",
        "units": str(draw.number(318, 60)),
        "kit_new": f"KIT-{draw.number(351, 20)}",
        "kit_dose": f"KIT-{draw.number(158, 20)}",
        "kit_boost": f"KIT-{draw.number(124, 12)}",
        **{f"t{n}": f"T-{draw.number(10400 + n * 13, 5)}" for n in range(1, 19)},
        "heron": draw.order(("Heron", "Bittern", "Egret"))[0],
        "next_code": draw.order(("P500", "P720", "P930"))[0],
        "claims": str(draw.number(47, 15)),
        "course": draw.order(("Valladolid", "Málaga", "Bilbao"))[0],
    }


def _days(draw: Draw) -> dict[str, Day]:
    written = {
        "d_last": "2023-06-30",
        "d_launch": "2023-03-06",
        "d_ctl0": "2023-09-12",
        "d_ctl": "2024-04-23",
        "d_gw": "2024-05-15",
        "d_jan": "2024-01-16",
        "d_feb": "2024-02-27",
        "d_mar": "2024-03-12",
        "d_apr": "2024-04-18",
        "d_may": "2024-05-08",
        "d_jun": "2024-06-21",
        "d_course": "2024-10-03",
    }
    return {role: draw.day(day) for role, day in written.items()}

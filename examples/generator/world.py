"""The world the example documents describe: one maker of pumps, its products, parts, suppliers, people and changes.

A template names a fact by its role (`{new.code}`, `{co_seal.signer.name}`), so a fact that changes with the seed
changes in every document that states it.
"""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass

_MONTHS = {
    "en": [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ],
    "es": [
        "enero",
        "febrero",
        "marzo",
        "abril",
        "mayo",
        "junio",
        "julio",
        "agosto",
        "septiembre",
        "octubre",
        "noviembre",
        "diciembre",
    ],
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """A calendar day that formats itself: `{d}` 4 March 2024, `{d:es}` 4 de marzo de 2024, `{d:iso}` 2024-03-04."""

    #: The day.
    date: datetime.date

    def __format__(self, spec: str) -> str:
        if spec == "iso":
            return self.date.isoformat()
        if spec == "es":
            return f"{self.date.day} de {_MONTHS['es'][self.date.month - 1]} de {self.date.year}"
        return f"{self.date.day} {_MONTHS['en'][self.date.month - 1]} {self.date.year}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Maker:
    """The company whose support desk wrote the lake."""

    #: Full name, for example Halden Pumpworks.
    name: str
    #: Name in running text.
    short: str
    #: Town of the head office.
    city: str
    #: Internet domain, always under .example.
    domain: str
    #: Two letters that begin every part number.
    prefix: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """A pump, controller, sensor or gateway."""

    #: Full name, for example AquaFlow P350.
    name: str
    #: Type code, for example P350.
    code: str

    @property
    def slug(self) -> str:
        """The code as file names write it."""
        return self.code.lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody at the maker or at a supplier."""

    #: Full name; two people of the world share one on purpose.
    name: str
    #: Job title.
    role: str
    #: Office, for example B2.14.
    room: str
    #: Telephone extension.
    ext: str
    #: Year of joining.
    since: str
    #: Mail address.
    email: str
    #: Template that describes the person.
    page: str

    @property
    def last(self) -> str:
        """The family name."""
        return self.name.split(" ", 1)[1]

    @property
    def initial(self) -> str:
        """The name as lists write it: E. Ruiz."""
        return f"{self.name[0]}. {self.last}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Supplier:
    """A company that makes parts."""

    #: Name in the trade register, for example Northline Castings GmbH.
    legal: str
    #: Name in running text, for example Northline.
    short: str
    #: Abbreviation, defined once on the supplier's page.
    abbr: str
    #: How the parts list writes the supplier: the short name or the abbreviation.
    listed: str
    #: First word of the name.
    brand: str
    #: Town of the works.
    city: str
    #: Year of foundation.
    founded: str
    #: Number of employees.
    staff: str
    #: Result of the last audit, out of 100; stated in restricted documents only.
    score: str
    #: Account manager.
    contact: Person
    #: Template that describes the supplier.
    page: str

    @property
    def slug(self) -> str:
        """The short name as file names write it."""
        return self.short.lower().replace(" ", "-")

    @property
    def typo(self) -> str:
        """The brand with its middle letter lost, as people in a hurry type it."""
        middle = len(self.brand) // 2
        return self.brand[:middle] + self.brand[middle + 1 :]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A spare part."""

    #: Part number, for example HP-7731-04.
    no: str
    #: What it is, in English.
    name: str
    #: Who makes it.
    sup: Supplier
    #: List price in euros.
    price: str
    #: What the maker pays; stated in restricted documents only.
    cost: str
    #: Lead time in weeks.
    weeks: str
    #: Warehouse bin.
    bin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A change order."""

    #: Number, for example CO-2041.
    id: str
    #: Day of the sign-off.
    day: Day
    #: Who signed it off.
    signer: Person

    @property
    def slug(self) -> str:
        """The number as file names write it."""
        return self.id.lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """An error code that a device shows."""

    #: Code, for example E-417.
    code: str

    @property
    def slug(self) -> str:
        """The code as file names write it."""
        return self.code.lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """Who runs the devices."""

    #: Name.
    name: str
    #: Town of the site.
    town: str


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Everything that is true in one lake, by role."""

    #: The seed it was drawn from.
    seed: int
    #: The company itself.
    maker: Maker
    #: Name of the product family.
    family: str
    #: Products by role.
    products: Mapping[str, Product]
    #: Suppliers by role.
    suppliers: Mapping[str, Supplier]
    #: Parts by role.
    parts: Mapping[str, Part]
    #: People by role.
    people: Mapping[str, Person]
    #: Change orders by role.
    changes: Mapping[str, Change]
    #: Error codes by role.
    faults: Mapping[str, Fault]
    #: Customers by role.
    customers: Mapping[str, Customer]
    #: Measures, versions and numbers with their units, by role.
    figures: Mapping[str, str]
    #: Days by role.
    days: Mapping[str, Day]

    def slots(self) -> dict[str, object]:
        """Every role under its name, as templates use it."""
        groups: tuple[Mapping[str, object], ...] = (
            self.products,
            self.suppliers,
            self.parts,
            self.people,
            self.changes,
            self.faults,
            self.customers,
            self.figures,
            self.days,
        )
        merged: dict[str, object] = {"maker": self.maker, "family": self.family}
        for group in groups:
            if shared := merged.keys() & group.keys():
                raise ValueError(f"two groups of the world use the roles {sorted(shared)}")
            merged.update(group)
        return merged

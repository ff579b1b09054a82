"""The names and numbers a world is drawn from. Seed 0 takes each pool in the order written here.

Pools are shared between roles and only a little larger than needed: in another seed the same error code, brand or
person turns up in another role, so whoever remembers the committed corpus answers wrongly.
"""

MAKERS = (
    ("Halden Pumpworks", "Halden", "Gothenburg", "HP"),
    ("Corvane Fluid Systems", "Corvane", "Rotterdam", "CF"),
    ("Marlow Tide Pumps", "Marlow Tide", "Bristol", "MT"),
    ("Ostenfeld Hydraulics", "Ostenfeld", "Aarhus", "OH"),
)
FAMILIES = ("AquaFlow", "HydroLine", "TideRunner", "Rillstone")

PUMP_CODES = ("P200", "P350", "P120", "P410", "P275", "P640")
CONTROLLER_CODES = ("C40", "C60", "C25", "C85")
DOSING_CODES = ("D15", "D22", "D48")
SENSOR_CODES = ("L30", "L45", "L12")
GATEWAY_CODES = ("G7", "G3", "G9")
FAULT_CODES = (
    "E-417", "E-203", "E-552", "E-611", "E-318", "E-733", "E-129", "E-264", "E-480", "E-345", "E-156", "E-871",
)  # fmt: skip
CHANGE_NUMBERS = ("CO-2041", "CO-2055", "CO-2063", "CO-2078", "CO-2090", "CO-2102", "CO-2117", "CO-2134")
PART_NUMBERS = (
    "7731-04", "2210-11", "2205-02", "5408-06", "9012-01", "9044-02", "3316-05", "3120-08", "6077-03", "6102-09",
    "8150-01", "4471-02", "1189-07", "7560-10",
)  # fmt: skip

#: Brand and the two letters that begin its abbreviation.
BRANDS = (
    ("Northline", "NL"), ("Kestrel", "KS"), ("Moravec", "MV"), ("Tessera", "TS"), ("Brightwater", "BW"),
    ("Ardent", "AD"), ("Vantor", "VT"), ("Solvik", "SK"), ("Calder", "CD"), ("Ironbridge", "IB"),
)  # fmt: skip
#: Role: trade, legal form, towns.
TRADES = {
    "cast": ("Castings", "GmbH", ("Siegen", "Chemnitz", "Aalen")),
    "seals": ("Seals", "Ltd", ("Sheffield", "Leeds", "Derby")),
    "bears": ("Bearings", "a.s.", ("Ostrava", "Brno", "Olomouc")),
    "elec": ("Electronics", "B.V.", ("Eindhoven", "Enschede", "Delft")),
    "poly": ("Polymers", "S.L.", ("Zaragoza", "Vitoria", "Gijón")),
    "sens": ("Transducers", "Inc.", ("Akron", "Dayton", "Duluth")),
    "radio": ("Antennas", "Oy", ("Oulu", "Tampere", "Turku")),
}

PEOPLE = (
    "Tomasz Wieczorek", "Priya Nair", "Henrik Solberg", "Marta Lindqvist", "Daniel Okafor", "Yuki Tanabe",
    "Sofia Marchetti", "Liam Byrne", "Anneke Visser", "Greta Holm", "Oskar Brandt", "Leila Haddad", "Jonas Richter",
    "Petra Dvorak", "Wim Hoekstra", "Brad Whitlock", "Aino Laine", "Samuel Adeyemi", "Ingrid Falk", "Marco Bellini",
    "Claire Dubois", "Rasmus Krog", "Hanna Zielinska", "Owen Pritchard",
)  # fmt: skip
SPANISH_PEOPLE = (
    "Elena Ruiz", "Nuria Calvo", "Javier Montes", "Pablo Iriarte", "Carmen Aldea", "Inés Robledo", "Andrés Pardo",
)  # fmt: skip
#: Role: names of one trade, towns of one country.
CUSTOMERS = {
    "cu1": (("Lakeside Water Trust", "Hollin Water Company", "Eastmoor Waterworks"), ("Greenmoor", "Ashwick")),
    "cu2": (("Oude Haven Brewery", "Drie Molens Brewery", "Sint Joris Brewery"), ("Westerdijk", "Lutjeburen")),
    "cu3": (("Fjordvik Fish Farm", "Nordkapp Salmon", "Stadtholmen Trout"), ("Sandnesvik", "Leirfjorden")),
    "cu4": (("Thornbury Laundry Group", "White Swan Laundries", "Penhallow Laundry"), ("Marston Green", "Oldcote")),
    "cu5": (("Alpina Cold Stores", "Tiroler Frischelager", "Eisbach Cold Chain"), ("Brixlegg", "Saalfelden")),
    "cu6": (("Mereside Dairy", "Long Meadow Creamery", "Tarrant Dairies"), ("Nantley", "Wenbridge")),
    "ce1": (("Bodegas Alarte", "Bodegas Monteviejo", "Viñedos del Ribazo"), ("Cenicero", "Fuenmayor")),
    "ce2": (("Desaladora Puerto Claro", "Desaladora Cabo Blanco", "Aguas de Cala Honda"), ("Carboneras", "Garrucha")),
    "ce3": (("Hospital San Telmo", "Hospital Santa Aurora", "Clínica Los Olmos"), ("Aguilar", "Palencia")),
    "ce4": (("Invernaderos Levante", "Huertas del Poniente", "Semilleros Almijara"), ("Balerma", "Vícar")),
}

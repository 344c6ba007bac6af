"""Names of PCI and USB devices from the lists pci.ids and usb.ids, where the host has them."""

from __future__ import annotations

from .configuration import text_of
from .files import read
from .text import decode, lines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..scan import Scan

PCI_FILES = ("/usr/share/misc/pci.ids", "/usr/share/hwdata/pci.ids")
USB_FILES = ("/usr/share/misc/usb.ids", "/usr/share/hwdata/usb.ids", "/var/lib/usbutils/usb.ids")


class Names:
    """Names by hexadecimal id: of vendors, of (vendor, model), of classes, of (class, subclass).

    cards are named by (vendor, model, card's vendor, card's model).
    """

    __slots__ = ("cards", "classes", "models", "subclasses", "vendors")

    def __init__(self) -> None:
        self.vendors: dict[str, str] = {}
        self.models: dict[tuple[str, str], str] = {}
        self.cards: dict[tuple[str, ...], str] = {}
        self.classes: dict[str, str] = {}
        self.subclasses: dict[tuple[str, str], str] = {}


def parse_ids(text: str) -> Names:
    r"""The names in a list of ids; lines of other kinds are left out.

    >>> names = parse_ids("8086  Intel\n\t1237  440FX\n\t\t1af4 1100  Qemu\nC 02  Network\n\t00  Ethernet\n")
    >>> names.vendors, names.models, names.subclasses
    ({'8086': 'Intel'}, {('8086', '1237'): '440FX'}, {('02', '00'): 'Ethernet'})
    >>> names.cards
    {('8086', '1237', '1af4', '1100'): 'Qemu'}
    """
    names = Names()
    vendor = group = model = ""
    for line in lines(text):
        if not line or line[0] == "#":
            continue
        id, _, name = line.strip().partition("  ")
        if line.startswith("\t\t"):
            card = id.split(" ")
            if vendor and len(card) == 2:
                names.cards[vendor, model, card[0], card[1]] = name.strip()
            continue
        if line[0] == "\t":
            if vendor:
                model = id
                names.models[vendor, id] = name.strip()
            elif group:
                names.subclasses[group, id] = name.strip()
        elif line.startswith("C "):
            vendor, group = "", id[2:]
            names.classes[group] = name.strip()
        elif len(id) == 4:
            vendor, group = id, ""
            names.vendors[vendor] = name.strip()
        else:
            vendor = group = ""
    return names


def names_of(scan: Scan, files: tuple[str, ...]) -> Names:
    """The names from the first of the files the host has; none without."""

    def read_them() -> Names:
        for file in files:
            text = text_of(scan, file, expected=False)
            if text:
                return parse_ids(text)
        return Names()

    return scan.shared(files, read_them)


def find_names(files: Iterable[str], vendor: str, model: str) -> tuple[str, str]:
    """(vendor's name, model's name) from the first of the files the host has; '' for what is not in it.

    The file is looked through for these alone, and nothing of it is kept: for whoever asks now and then, for long.
    """
    for file in files:
        try:
            text = decode(read(file))
        except OSError:
            continue
        start = text.find(f"\n{vendor.lower()}  ")
        if start < 0:
            return "", ""
        first = text.find("\n", start + 1)
        first = len(text) if first < 0 else first
        end = first
        while text.startswith(("\n\t", "\n#"), end):
            following = text.find("\n", end + 1)
            end = len(text) if following < 0 else following
        block = text[first:end] + "\n"
        at = block.find(f"\n\t{model.lower()}  ") if model else -1
        name = block[at + 2 : block.index("\n", at + 1)].partition("  ")[2] if at >= 0 else ""
        return text[start + 1 : first].partition("  ")[2].strip(), name.strip()
    return "", ""

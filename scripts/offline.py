"""The zip of the site that is opened from a folder: the same files give the same zip, whenever it is made."""

import sys
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo


def pack(folder: Path, archive: Path) -> None:
    """Write all files of a folder, under the folder's name, into a zip."""
    with ZipFile(archive, "w", ZIP_DEFLATED) as packed:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                entry = ZipInfo((folder.name / path.relative_to(folder)).as_posix())  # its date is fixed
                entry.compress_type = ZIP_DEFLATED
                packed.writestr(entry, path.read_bytes())


if __name__ == "__main__":
    made = Path(sys.argv[1]).with_suffix(".zip")
    pack(Path(sys.argv[1]), made)
    print(f"{made}, {made.stat().st_size / 1e6:.1f} MB: unpack it and open {sys.argv[1]}/index.html")

"""What MkDocs itself has no setting for: the order of the sections."""

from mkdocs.structure.nav import Navigation

ORDER = ("Framework", "Case studies", "Reference", "Contribute")


def on_nav(nav: Navigation, **_: object) -> Navigation:
    """Put the folders in the guide's order, behind the home page; a folder not named here comes last."""
    nav.items.sort(key=lambda item: ORDER.index(item.title) if item.title in ORDER else len(ORDER) * item.is_section)
    return nav

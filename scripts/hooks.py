"""What MkDocs itself has no setting for: the order of the sections."""

from itertools import pairwise

from mkdocs.structure.nav import Navigation

ORDER = ("Framework", "Case studies", "Reference", "Contribute")


def on_nav(nav: Navigation, **_: object) -> Navigation:
    """Put the folders in the guide's order, behind the home page, and the pages with them; other folders come last."""
    nav.items.sort(key=lambda item: ORDER.index(item.title) if item.title in ORDER else len(ORDER) * item.is_section)
    nav.pages.sort(key=lambda page: nav.items.index(page.ancestors[-1] if page.ancestors else page))
    for page, following in pairwise([None, *nav.pages, None]):
        if page:
            page.next_page = following
        if following:
            following.previous_page = page
    return nav

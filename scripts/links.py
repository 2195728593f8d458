"""Asks for the outside links of the built site through linkcheckmd.

Usage: python -m scripts.links [SITE_DIR [DOCS_DIR]]

Alone, linkcheckmd finds links by a regular expression, takes a time-out for success and dies of a redirect loop. Here
it gets one link at a time, taken from the built pages, and this module weighs what comes back.
Exit status: 1 if a link is broken, 2 if nothing could be asked.
"""

import asyncio
import contextlib
import os
import re
import socket
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterable
from contextvars import ContextVar
from email.utils import parsedate_to_datetime
from functools import partial
from itertools import chain, pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple
from urllib.parse import urlsplit

import aiohttp
from linkcheckmd import coro

from scripts.site import lines, read, source

AT_ONCE = 8  # requests
LONGEST_PAUSE = 60  # seconds, whatever a server asks for
SILENT, NO_HOST, NO_NAMES = "no answer in time", "no such host", "the host's name can't be looked up now"
Answers = list[aiohttp.ClientResponse]  # redirects, then the last answer if there was one

# linkcheckmd keeps a status and no more: its session also notes the answers here.
_answers: ContextVar[Answers] = ContextVar("answers")


async def _note(session: aiohttp.ClientSession, context: object, event: SimpleNamespace) -> None:
    _answers.get().append(event.response)


_trace = aiohttp.TraceConfig()
_trace.on_request_redirect.append(_note)
_trace.on_request_end.append(_note)
_session = partial(aiohttp.ClientSession, trace_configs=[_trace])
coro.aiohttp = SimpleNamespace(ClientSession=_session, ClientTimeout=aiohttp.ClientTimeout)


class Verdict(NamedTuple):
    """What became of a link: ok, broken or unsure, why, and where on another host it has moved for good."""

    url: str
    verdict: str
    reason: str = ""
    moved: str = ""


def judge(url: str, outcome: int | Exception | None, answers: Answers) -> Verdict:
    """The verdict on a status, an error or, for None, silence."""
    match outcome:
        case int() if 200 <= outcome < 300:
            return Verdict(url, "ok", moved=moved(url, answers))
        case int():
            return Verdict(url, "broken" if outcome in (404, 410) else "unsure", f"HTTP {outcome}")
        case None:
            return Verdict(url, "unsure", SILENT)
        case aiohttp.ClientConnectorDNSError(os_error=error) if error.errno == socket.EAI_AGAIN:
            return Verdict(url, "unsure", NO_NAMES)
        case aiohttp.ClientConnectorDNSError():
            return Verdict(url, "broken", NO_HOST)
        case aiohttp.TooManyRedirects():
            return Verdict(url, "unsure", "redirects without end")
    return Verdict(url, "unsure", str(outcome) or type(outcome).__name__)


def moved(url: str, answers: Answers) -> str:
    """The address on another host that permanent redirects lead to, or ""."""
    target = url
    for answer, following in pairwise(answers):
        if answer.status not in (301, 308):
            break
        target = str(following.url)
    return target if urlsplit(target).hostname != urlsplit(url).hostname else ""


async def ask(url: str, agent: str) -> tuple[Verdict, Answers]:
    """Ask for an address once."""
    answers: Answers = []
    _answers.set(answers)
    try:
        file = SimpleNamespace(name=url, read_text=lambda errors: url)
        found = await coro.check_url(file, re.compile("(?s).+"), "", {"User-Agent": agent})
        outcome = found[0][2] if found else 200 if answers and answers[-1].status == 200 else None
    except (aiohttp.ClientError, OSError, ValueError) as error:
        outcome = error
    return judge(url, outcome, answers), answers


def wait(retry_after: str, pause: float) -> float:
    """Seconds to wait: what a Retry-After header asks for, as seconds or a date, from `pause` to LONGEST_PAUSE."""
    try:
        date = None if retry_after.isdigit() else parsedate_to_datetime(retry_after)
        seconds = date.timestamp() - time.time() if date else float(retry_after)
    except ValueError:
        seconds = 0
    return max(pause, min(seconds, LONGEST_PAUSE))


async def check(
    urls: Iterable[str], agent: str, *, timeout: float = 20, gap: float = 1, pause: float = 5
) -> list[Verdict]:
    """Ask for every address: hosts side by side, the links of one host in turn.

    In seconds: `timeout` of a request, `gap` between two links of a host, `pause` before a second try.
    """
    coro.TIMEOUT = timeout
    slots = asyncio.Semaphore(AT_ONCE)
    hosts: dict[str, list[str]] = defaultdict(list)
    for url in urls:
        hosts[url.split("/")[2]].append(url)

    async def visit(urls: list[str]) -> list[Verdict]:
        verdicts: list[Verdict] = []
        for url in urls:
            async with slots:
                verdict, answers = await ask(url, agent)
            if verdict.reason in (SILENT, "HTTP 429", "HTTP 503"):
                await asyncio.sleep(wait(answers[-1].headers.get("Retry-After", "") if answers else "", pause))
                async with slots:
                    verdict, answers = await ask(url, agent)
            verdicts.append(verdict)
            # Where it is the host that is gone or wants no more, and not one that it redirects to, leave it alone.
            if len(answers) == {SILENT: 0, NO_HOST: 0, NO_NAMES: 0, "HTTP 429": 1}.get(verdict.reason):
                return verdicts + [verdict._replace(url=other) for other in urls[len(verdicts) :]]
            await asyncio.sleep(gap)
        return verdicts

    with contextlib.redirect_stdout(None):  # linkcheckmd prints what it finds
        return list(chain.from_iterable(await asyncio.gather(*map(visit, hosts.values()))))


def outside(site: Path, docs: Path) -> dict[str, list[str]]:
    """The addresses outside the site with the places, `path:line`, where they stand.

    The places are those in Markdown; a link that no Markdown holds, such as one of the theme, has its first page.
    """
    first: dict[str, str] = {}
    places: dict[str, list[str]] = defaultdict(list)
    for name, page in read(site).items():
        markdown = source(name, docs)
        for line, url, rule in page.links:
            if rule == "broken-link" and re.match("(https?:)?//", url, re.I):
                address = ("https:" if url.startswith("//") else "") + url.partition("#")[0]
                first.setdefault(address, f"{site / name}:{line}")
                whole = re.escape(url) + r"(?![^\s<>()\[\]\"'])"
                places[address] += [f"{markdown}:{at}" for at in lines(markdown, whole)] if markdown else []
    return {address: list(dict.fromkeys(places[address])) or [first[address]] for address in first}


def main(site: str = "site", docs: str = "docs") -> int:
    places = outside(Path(site), Path(docs))
    if not places:
        print(f"{site}: no page here with a link to another site; build the site first")
        return 2
    repository = os.environ.get("REPO_URL", "")
    agent = f"Mozilla/5.0 (compatible; link check{'; +' * bool(repository)}{repository})"
    verdicts = sorted(asyncio.run(check(places, agent)), key=lambda verdict: (verdict.verdict, verdict.url))
    if {verdict.reason for verdict in verdicts} <= {NO_HOST, NO_NAMES}:
        print("not one host name could be looked up: no network? Nothing was checked")
        return 2
    for url, verdict, reason, target in verdicts:
        if verdict != "ok" or target:
            for place in places[url]:
                print(f"{place}: {'moved' if target else verdict}: {url}: {target or reason}")
    counts = Counter(verdict.verdict for verdict in verdicts)
    counts["moved"] = sum(bool(verdict.moved) for verdict in verdicts)
    print(
        f"{len(verdicts)} outside links: {counts['ok']} ok ({counts['moved']} of them moved),"
        f" {counts['broken']} broken, {counts['unsure']} unsure"
    )
    return int(counts["broken"] > 0)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))

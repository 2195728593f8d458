"""Outside links against a server on this machine: every verdict, and how politely it was come by."""

import asyncio
import socket
import struct
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from scripts import links

AGENT = "link check"
# What the server answers by path, to GET alone: a status, and where a redirect leads.
ANSWERS: dict[str, tuple[int, str]] = {
    "/200": (200, ""),
    "/204": (204, ""),
    "/301": (301, "/200"),
    "/302": (302, "/200"),
    "/308": (308, "/301"),
    "/308-to-404": (308, "/404"),
    "/301-to-other": (301, "http://other.test:{port}/200"),
    "/308-to-other": (308, "http://other.test:{port}/200"),
    "/308-302-to-other": (308, "/302-to-other"),
    "/302-to-other": (302, "http://other.test:{port}/200"),
    "/301-to-other-302": (301, "http://other.test:{port}/302"),
    "/302-to-gone": (302, "http://gone.invalid/"),
    "/302-to-silence": (302, "/silence"),
    "/302-to-429": (302, "/429"),
    "/302-to-mail": (302, "mailto:a@b.example"),
    "/301-to-nowhere": (301, ""),
    "/403": (403, ""),
    "/404": (404, ""),
    "/410": (410, ""),
    "/429": (429, ""),
    "/500": (500, ""),
    "/503": (503, ""),
    "/999": (999, ""),
    "/loop": (302, "/loop"),
}


class Handler(BaseHTTPRequestHandler):
    server: "Server"

    def do_GET(self) -> None:
        path, server = self.path, self.server
        server.seen.append((self.headers["Host"].partition(":")[0], path, self.headers["User-Agent"]))
        if path == "/reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return self.connection.close()
        if path == "/closed":
            return self.connection.close()
        if path == "/silence":
            server.released.wait()
            return None
        once = path.startswith("/once-")
        first = sum(seen[1] == path for seen in server.seen) == 1
        status, target = ANSWERS.get(path, (int(path[6:]) if once and first else 200, ""))
        self.send_response(status)
        if target:
            self.send_header("Location", target.format(port=server.server_port))
        if status == 429:
            self.send_header("Retry-After", "7")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.seen: list[tuple[str, str, str]] = []  # host, path, user agent
        self.released = threading.Event()

    def url(self, path: str, host: str = "guide.test") -> str:
        return f"http://{host}:{self.server_port}{path}"

    def asked(self, host: str = "guide.test") -> list[str]:
        return [seen[1] for seen in self.seen if seen[0] == host]

    def handle_error(self, *arguments: object) -> None:
        pass  # clients that hang up are part of it


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.released.set()
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def looked_up(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The test's own names instead of the machine's: no query leaves it, and the answer is the same everywhere."""
    known = socket.getaddrinfo
    hosts: list[str] = []

    def look_up(host: str, *arguments: object, **options: object) -> object:
        hosts.append(host)
        if host.endswith(".test"):
            return known("127.0.0.1", *arguments, **options)
        later = host == "later.invalid"
        raise socket.gaierror(socket.EAI_AGAIN if later else socket.EAI_NONAME, "no name")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return hosts


@pytest.fixture(autouse=True)
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses asked for, which take no time here."""
    pauses: list[float] = []
    sleep = asyncio.sleep

    async def note(seconds: float, *arguments: object) -> None:
        pauses.append(seconds)
        await sleep(0)

    monkeypatch.setattr(asyncio, "sleep", note)
    return pauses


def check(*urls: str, **options: float) -> list[links.Verdict]:
    return asyncio.run(links.check(urls, AGENT, **options))


@pytest.mark.parametrize(
    ("path", "verdict", "reason", "requests"),
    [
        ("/200", "ok", "", 1),
        ("/204", "ok", "", 1),
        ("/301", "ok", "", 2),
        ("/302", "ok", "", 2),
        ("/308", "ok", "", 3),
        ("/once-429", "ok", "", 2),
        ("/once-503", "ok", "", 2),
        ("/404", "broken", "HTTP 404", 1),
        ("/410", "broken", "HTTP 410", 1),
        ("/308-to-404", "broken", "HTTP 404", 2),
        ("/302-to-gone", "broken", links.NO_HOST, 1),
        ("/403", "unsure", "HTTP 403", 1),
        ("/429", "unsure", "HTTP 429", 2),
        ("/500", "unsure", "HTTP 500", 1),
        ("/503", "unsure", "HTTP 503", 2),
        ("/999", "unsure", "HTTP 999", 1),
        ("/301-to-nowhere", "unsure", "HTTP 301", 1),
        ("/302-to-mail", "unsure", "mailto:a@b.example", 1),
        ("/loop", "unsure", "redirects without end", 10),
        ("/reset", "unsure", "Connection reset by peer", 2),  # aiohttp itself tries these again
        ("/closed", "unsure", "Server disconnected", 2),
    ],
)
def test_verdict(server: Server, path: str, verdict: str, reason: str, requests: int) -> None:
    [found] = check(server.url(path))
    assert (found.url, found.verdict, found.moved) == (server.url(path), verdict, "")
    assert found.reason == reason or (reason and found.reason.endswith(reason))
    assert len(server.seen) == requests


@pytest.mark.parametrize("path", ["/silence", "/302-to-silence"])
def test_silence_is_no_success(server: Server, path: str) -> None:
    [found] = check(server.url(path), timeout=0.5)
    assert (found.verdict, found.reason) == ("unsure", links.SILENT)
    assert server.asked().count(path) == 2
    assert links.coro.TIMEOUT == 0.5


@pytest.mark.parametrize(
    ("host", "verdict", "reason"),
    [("gone.invalid", "broken", links.NO_HOST), ("later.invalid", "unsure", links.NO_NAMES)],
)
def test_unknown_host(looked_up: list[str], host: str, verdict: str, reason: str) -> None:
    found = check(f"https://{host}/page", f"https://{host}/other")
    assert [(answer.verdict, answer.reason) for answer in found] == [(verdict, reason)] * 2
    assert looked_up == [host]


def test_no_https_and_nobody_there_are_unsure(server: Server) -> None:
    secure = server.url("/200").replace("http:", "https:")
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        closed = f"http://other.test:{unused.getsockname()[1]}/"
        found = check(secure, closed, "http://guide.test:port/")
    assert [verdict.verdict for verdict in found] == ["unsure"] * 3
    assert "SSL" in found[0].reason
    assert "Connect call failed" in found[1].reason
    assert "guide.test:port" in found[2].reason


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/301-to-other", "/200"),
        ("/308-to-other", "/200"),
        ("/301-to-other-302", "/302"),
        ("/302-to-other", ""),
        ("/308-302-to-other", ""),
    ],
)
def test_permanent_move_to_another_host_is_told(server: Server, path: str, target: str) -> None:
    [found] = check(server.url(path))
    assert (found.verdict, found.moved) == ("ok", target and server.url(target, "other.test"))


def test_linkcheckmd_is_who_asks(monkeypatch: pytest.MonkeyPatch, looked_up: list[str]) -> None:
    async def check_url(*arguments: object) -> list[tuple[str, str, int]]:
        return [("file", "address", 410)]

    monkeypatch.setattr("linkcheckmd.coro.check_url", check_url)
    assert check("http://guide.test/") == [links.Verdict("http://guide.test/", "broken", "HTTP 410")]
    assert looked_up == []


def test_only_get_is_used_and_says_who_asks(server: Server) -> None:
    check(server.url("/200"))
    assert server.seen == [("guide.test", "/200", AGENT)]


@pytest.mark.parametrize(("path", "pauses"), [("/once-429", [7, 1]), ("/once-503", [5, 1]), ("/200", [1])])
def test_pause_before_the_second_try(server: Server, slept: list[float], path: str, pauses: list[float]) -> None:
    check(server.url(path))
    assert [pause for pause in slept if pause] == pauses


def test_retry_after() -> None:
    date = "%a, %d %b %Y %H:%M:%S GMT"
    assert links.wait("7", 5) == 7
    assert links.wait("7", 10) == 10
    assert links.wait("86400", 5) == links.LONGEST_PAUSE
    assert 20 < links.wait(time.strftime(date, time.gmtime(time.time() + 40)), 5) <= 40
    assert links.wait(time.strftime(date, time.gmtime(0)), 5) == 5
    assert links.wait("", 5) == links.wait("soon", 5) == links.wait("²", 5) == 5


def test_links_of_a_host_in_turn(server: Server) -> None:
    paths = ["/once-429", "/404", "/loop", "/200"]
    found = check(*map(server.url, paths))
    assert [verdict.verdict for verdict in found] == ["ok", "broken", "unsure", "ok"]
    assert server.asked() == ["/once-429", "/once-429", "/404", *["/loop"] * 10, "/200"]


@pytest.mark.parametrize("path", ["/429", "/silence"])
def test_host_that_refuses_is_left_alone(server: Server, path: str) -> None:
    found = check(server.url(path), server.url("/200"), server.url("/404"), timeout=0.5)
    assert [verdict.url for verdict in found] == [server.url(path), server.url("/200"), server.url("/404")]
    assert {verdict.verdict for verdict in found} == {"unsure"}
    assert server.asked() == [path, path]


@pytest.mark.parametrize("path", ["/302-to-silence", "/302-to-429", "/302-to-gone", "/403", "/404", "/503"])
def test_fault_of_one_page_or_of_where_it_leads_is_not_the_hosts(server: Server, path: str) -> None:
    check(server.url(path), server.url("/200"), timeout=0.5)
    assert server.asked()[-1] == "/200"


def test_requests_at_once_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    open_requests: set[str] = set()
    most: list[int] = []

    async def ask(url: str, agent: str) -> tuple[links.Verdict, links.Answers]:
        open_requests.add(url)
        most.append(len(open_requests))
        for _ in range(100):  # everyone else gets a turn
            await asyncio.sleep(0)
        open_requests.remove(url)
        return links.Verdict(url, "ok"), []

    monkeypatch.setattr(links, "ask", ask)
    check(*(f"http://host{number}.test/" for number in range(3 * links.AT_ONCE)))
    assert max(most) == links.AT_ONCE


def build(folder: Path, *bodies: str) -> None:
    """A site of one page for each body, and its Markdown: the body on line 3."""
    for name, body in zip(["index", "second"], bodies, strict=False):
        theme = '<a href="https://theme.invalid/">Theme</a> <a rel="edit" href="https://edit.invalid/">Edit</a>'
        page = f'<html lang="en">{theme}\n<h1>Page</h1>{body}</html>'
        for path, text in ((f"site/{name}.html", page), (f"docs/{name}.md", f"# Page\n\n{body}\n")):
            (folder / path).parent.mkdir(exist_ok=True)
            (folder / path).write_text(text, "utf-8")


def test_places_are_in_markdown_where_it_holds_the_link(tmp_path: Path) -> None:
    twice = '<a href="https://a.example/x?y=1#z">x</a>\n'
    build(tmp_path, twice * 2, '<a href="//b.example/">x</a> <a href="HTTP://b.example/">x</a> <a href="#x">x</a>')
    assert links.outside(tmp_path / "site", tmp_path / "docs") == {
        "https://theme.invalid/": [f"{tmp_path / 'site/index.html'}:1"],
        "https://a.example/x?y=1": [f"{tmp_path / 'docs/index.md'}:3", f"{tmp_path / 'docs/index.md'}:4"],
        "https://b.example/": [f"{tmp_path / 'docs/second.md'}:3"],
        "HTTP://b.example/": [f"{tmp_path / 'docs/second.md'}:3"],
    }
    assert links.outside(tmp_path / "site", tmp_path)["https://b.example/"] == [f"{tmp_path / 'site/second.html'}:2"]


def run(folder: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, list[str]]:
    status = links.main(str(folder / "site"), str(folder / "docs"))
    return status, capsys.readouterr().out.replace(f"{folder}/", "").splitlines()


def test_report(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REPO_URL", "https://forge.example/guide")
    url = server.url
    first = [url("/200#part"), url("/404"), url("/404#a"), url("/4045"), url("/301-to-other"), "mailto:a@b.example"]
    second = [url("/404"), url("/500"), "../index.html", "#part"]
    build(tmp_path, *("\n".join(f'<a href="{url}">x</a>' for url in urls) for urls in (first, second)))
    assert run(tmp_path, capsys) == (
        1,
        [
            f"docs/index.md:4: broken: {url('/404')}: HTTP 404",
            f"docs/index.md:5: broken: {url('/404')}: HTTP 404",
            f"docs/second.md:3: broken: {url('/404')}: HTTP 404",
            "site/index.html:1: broken: https://theme.invalid/: no such host",
            f"docs/index.md:7: moved: {url('/301-to-other')}: {url('/200', 'other.test')}",
            f"docs/second.md:4: unsure: {url('/500')}: HTTP 500",
            "6 outside links: 3 ok (1 of them moved), 2 broken, 1 unsure",
        ],
    )
    assert {seen[2] for seen in server.seen} == {"Mozilla/5.0 (compatible; link check; +https://forge.example/guide)"}
    assert server.asked().count("/404") == 1


def test_unsure_is_no_failure(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REPO_URL", raising=False)
    build(tmp_path, f'<a href="{server.url("/500")}">x</a>')
    page = tmp_path / "site/index.html"
    page.write_text(page.read_text("utf-8").replace("https://theme.invalid/", server.url("/200")), "utf-8")
    status, report = run(tmp_path, capsys)
    assert (status, report[-1]) == (0, "2 outside links: 1 ok (0 of them moved), 0 broken, 1 unsure")
    assert {seen[2] for seen in server.seen} == {"Mozilla/5.0 (compatible; link check)"}


def test_no_network_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    build(tmp_path, '<a href="https://later.invalid/">x</a> <a href="//gone.invalid/">x</a>')
    assert run(tmp_path, capsys) == (
        2,
        ["not one host name could be looked up: no network? Nothing was checked"],
    )


def test_no_site_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path, capsys) == (
        2,
        ["site: no page here with a link to another site; build the site first"],
    )

"""Which addresses the site calls for its people, and how: never one inside its own network.

A name is looked up once, each address that it stands for is looked at, and the connection is made to one of
these very addresses: a name that means something else a moment later leads nowhere.
"""

from __future__ import annotations

import http.client
import ipaddress
import re
import socket
import ssl
import threading
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings

from rcm_site.posting import STEP_SECONDS, in_time

LONGEST = 2000
MOST_TRIED = 2  # of a name's addresses, or a slow one would take its time once for each
PLAIN = re.compile(r"[!-~]+")  # printable ASCII without spaces; a name in other letters is written as xn--…
NAME = re.compile(r"[A-Za-z0-9_.-]{1,253}|\[[0-9A-Fa-f:.]+\]")
# Translated from IPv4 on the way: what they lead to is not to be seen here.
TRANSLATED = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("64:ff9b:1::/48"))

Ip = ipaddress.IPv4Address | ipaddress.IPv6Address


class NotAllowed(Exception):
    """An address that is not called, and why."""


@dataclass(frozen=True)
class Address:
    host: str
    port: int
    path: str  # with what is asked there
    is_secure: bool

    @property
    def is_inside(self) -> bool:
        """One of the machines inside that whoever runs the site lets it call."""
        return self.host in settings.WEBHOOK_INSIDE_HOSTS


def read(url: str) -> Address:
    """An address as somebody wrote it, if it may be called at all; its name is looked up when it is."""
    if len(url) > LONGEST or not PLAIN.fullmatch(url) or "\\" in url:
        raise NotAllowed("An address has no spaces, and only plain letters.")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise NotAllowed("This is no address.") from None
    if parts.scheme not in ("https", "http"):
        raise NotAllowed("An address begins with https://.")
    if "@" in parts.netloc:
        raise NotAllowed("No name and password in an address: they would stand in logs.")
    host = parts.hostname or ""
    if not NAME.fullmatch(parts.netloc.rpartition(":")[0] if port else parts.netloc.rstrip(":")):
        raise NotAllowed("This is no address.")
    is_secure = parts.scheme == "https"
    address = Address(host, port or (443 if is_secure else 80), _path(parts.path, parts.query), is_secure)
    if not address.is_secure and not address.is_inside:
        raise NotAllowed("An address begins with https://: what is told must not be read on its way.")
    if address.port < 1024 and address.port not in (443, 80):
        raise NotAllowed("Of the low ports only 443 and 80 are called: others are no webhooks.")
    return address


def _path(path: str, query: str) -> str:
    return f"{path or '/'}{'?' if query else ''}{query}"


# Looking a name up ---------------------------------------------------------------------------------


def resolve(address: Address) -> list[str]:
    """The IP addresses behind a name, if all of them are out in the world."""
    found = _looked_up(address)
    if not address.is_inside and any(not is_outside(ip) for ip in found):
        raise NotAllowed("This address leads into a private network, which is not called.")
    return [str(ip) for ip in found]


def is_outside(ip: Ip) -> bool:
    if isinstance(ip, ipaddress.IPv6Address):
        hidden = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if hidden is not None:
            return is_outside(hidden)
        if ip.is_site_local or any(ip in network for network in TRANSLATED):
            return False
    return ip.is_global and not (ip.is_multicast or ip.is_reserved)


def _looked_up(address: Address) -> list[Ip]:
    found: list[Ip] = []
    for row in _in_time(address):
        ip = ipaddress.ip_address(str(row[4][0]).partition("%")[0])
        if ip not in found:
            found.append(ip)
    return found


def _in_time(address: Address) -> list[tuple[object, object, object, str, tuple[object, ...]]]:
    """The system's own look-up knows no time limit: whoever waits for it goes when theirs is over."""
    answer: list[object] = []

    def look_up() -> None:
        try:
            answer.append(socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            answer.append(error)

    thread = threading.Thread(target=look_up, daemon=True)
    thread.start()
    thread.join(STEP_SECONDS)
    if not answer or isinstance(answer[0], Exception):
        raise OSError("The name could not be looked up.")
    return answer[0]  # type: ignore[return-value]


# Calling -------------------------------------------------------------------------------------------


class Connection(http.client.HTTPSConnection):
    """To addresses that were looked at, in the name that was asked for."""

    def __init__(self, address: Address, ips: list[str]) -> None:
        super().__init__(
            address.host, address.port, timeout=STEP_SECONDS, context=ssl.create_default_context()
        )
        self._address, self._ips = address, ips
        if not address.is_secure:
            self.default_port = 80

    def connect(self) -> None:
        raw = self._reached()
        if not self._address.is_secure:
            self.sock = raw
            return
        try:
            with in_time(raw):
                self.sock = self._context.wrap_socket(raw, server_hostname=self._address.host)  # type: ignore[attr-defined]
        except BaseException:
            raw.close()
            raise

    def _reached(self) -> socket.socket:
        error = OSError("The name stands for no address.")
        for ip in self._ips[:MOST_TRIED]:
            try:
                return socket.create_connection((ip, self._address.port), timeout=STEP_SECONDS)
            except OSError as unreached:
                error = unreached
        raise error


def connection_to(url: str) -> tuple[Connection, str]:
    """A connection, not yet made, and the path to ask there."""
    address = read(url)
    return Connection(address, resolve(address)), address.path

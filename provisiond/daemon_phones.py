"""How are the listeners that phones ask wired? HTTP, HTTPS and TFTP, all over one service."""

import asyncio
from collections.abc import Callable

from provisiond.actions.file_messages import ServeFile
from provisiond.boot.http import PhoneHttp
from provisiond.boot.http_tls import PhoneTls, TlsFiles
from provisiond.boot.limits import HttpLimits
from provisiond.boot.tftp import TftpServer
from provisiond.boot.tftp_options import TftpLimits
from provisiond.daemon_setup import bound, shown
from provisiond.inventory.access import Peer
from provisiond.settings_sections import Boot


class PhoneDoors:
    """The phones' listeners; nothing listens before `open`. `addresses` is by http, https, tftp.

    `tls` is there once HTTPS is listened on.
    """

    def __init__(
        self, settings: Boot, serve: ServeFile, on_malformed: Callable[[Peer, str], None]
    ) -> None:
        self._settings = settings
        self.http = PhoneHttp(
            serve=serve,
            trusted_proxies=settings.trusted_proxies,
            limits=HttpLimits(
                connections=settings.max_connections,
                header_seconds=settings.header_seconds,
                idle_seconds=settings.idle_seconds,
            ),
            on_malformed=on_malformed,
        )
        self.tftp = TftpServer(
            serve=serve,
            networks=settings.tftp_networks,
            limits=TftpLimits(sessions=settings.max_transfers),
            on_malformed=on_malformed,
        )
        self.tls: PhoneTls | None = None
        self.addresses: dict[str, list[str]] = {"http": [], "https": [], "tftp": []}

    async def open(self) -> None:
        """Listen on all of them. Raises BadSettings where one cannot be had."""
        settings = self._settings
        for listener in settings.http:
            start = self.http.start(listener.host, listener.port)
            self.addresses["http"].append(shown(await bound("boot.http", listener, start)))
        https = settings.https
        if https.listen and https.certificate and https.key:
            files = TlsFiles(certificate=https.certificate, key=https.key, floor=https.min_tls)
            self.tls = await asyncio.to_thread(PhoneTls, files)
            for listener in https.listen:
                start = self.http.start(listener.host, listener.port, self.tls.context)
                address = await bound("boot.https.listen", listener, start)
                self.addresses["https"].append(shown(address))
        for listener in settings.tftp:
            start = self.tftp.start(listener.host, listener.port)
            self.addresses["tftp"].append(shown(await bound("boot.tftp", listener, start)))

    async def stop(self, grace: float) -> None:
        """Let what is under way end within `grace` seconds."""
        await asyncio.gather(self.http.stop(min(grace, 10)), self.tftp.stop(grace))

"""One connection of a client: request after request, over one connection to the registry that is kept for it."""

from __future__ import annotations

from contextlib import suppress

from regtutor.backends.recorder.between import Between
from regtutor.backends.recorder.relaying import After, Relay
from regtutor.backends.recorder.request_head import NoRequest, RequestHead, parse_request_head, request_head_end
from regtutor.backends.recorder.wire import Wire, first_of


class Connection:
    """A client that connected.

    Attributes
    ----------
    busy: whether an exchange is in progress.
    last: whether the connection ends after that exchange.
    """

    def __init__(self, client: Wire, between: Between) -> None:
        self._client, self._between = client, between
        self._registry: Wire | None = None
        self.busy = False
        self.last = False

    async def serve(self) -> None:
        """Relay until one side closes its connection."""
        try:
            while (head := await self._next_head()) is not None:
                self.busy = True
                if await self._relay(head) is not After.AGAIN or self.last:
                    break
                self.busy = False
        except NoRequest as error:
            self._between.kept.note(str(error))
            await self._refuse(error.status, str(error))
        except OSError:
            pass  # the client is gone, and the record says what it had received
        finally:
            self.busy = False
            self._client.close()
            if self._registry is not None:
                self._registry.cut()

    async def _next_head(self) -> RequestHead | None:
        """The head of the next request; None if there is no other."""
        client = self._client
        while True:
            while client.pending[:1] in (b"\r", b"\n"):  # RFC 9112, section 2.2: empty lines before a request
                del client.pending[:1]
            end = request_head_end(client.pending)
            if end is not None:
                raw = bytes(client.pending[:end])
                del client.pending[:end]
                return parse_request_head(raw)
            if client.ended:
                return None
            waits = [client.fill()] if self._registry is None else [client.fill(), self._registry.fill()]
            await first_of(*waits)
            if self._registry is not None and (self._registry.ended or self._registry.pending) and not client.pending:
                await client.send(bytes(self._registry.pending))  # such as 408, before it closes an idle connection
                return None

    async def _relay(self, head: RequestHead) -> After:
        between = self._between
        relay = Relay(head, self._client, between)
        reused = self._registry is not None and not self._registry.ended and not self._registry.pending
        if not reused or self._registry is None:
            if self._registry is not None:
                self._registry.cut()
            try:
                self._registry = await between.upstream.open()
            except (OSError, UnicodeError) as error:
                await self._refuse(502, relay.unreachable(error))
                return After.CLOSE
        after = await relay.over(self._registry, reused=reused)
        if after is After.CLOSE and not relay.sent:
            self._registry.cut()
            await self._linger()
        return after

    async def _linger(self) -> None:
        self.busy = False  # the exchange is over, and the end of the recording need not wait for this
        await self._client.linger()

    async def _refuse(self, status: int, sentence: str) -> None:
        reason = {400: "Bad Request", 431: "Request Header Fields Too Large", 502: "Bad Gateway"}[status]
        body = f"regtutor record: {sentence}\n".encode()
        head = (
            f"HTTP/1.1 {status} {reason}\r\nContent-Type: text/plain; charset=utf-8\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        )
        with suppress(OSError):
            await self._client.send(head.encode() + body)
        await self._linger()

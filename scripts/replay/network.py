"""The line to head office: a TCP relay that can be cut and healed while everything runs."""

import asyncio
import contextlib
import threading


class Line:
    """Passes bytes on to head office's port, or refuses while it is cut."""

    def __init__(self, target_port: int) -> None:
        self._target_port = target_port
        self._is_cut = False
        self._writers: set[asyncio.StreamWriter] = set()
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self.port = 0
        threading.Thread(target=self._run, name="line", daemon=True).start()
        self._ready.wait(10)

    def cut(self) -> None:
        """Break every connection, and refuse new ones."""
        self._is_cut = True
        self._loop.call_soon_threadsafe(self._break)

    def heal(self) -> None:
        """Let connections through again."""
        self._is_cut = False

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._pass, "127.0.0.1", 0))
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()

    def _break(self) -> None:
        for writer in list(self._writers):
            writer.transport.abort()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._is_cut:
            writer.transport.abort()
            return
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target_port)
        except OSError:
            writer.transport.abort()
            return
        if self._is_cut:  # since we dialled: what is passed on now would go through a cut line
            writer.transport.abort()
            far_writer.transport.abort()
            return
        self._writers |= {writer, far_writer}
        await asyncio.gather(_pump(reader, far_writer), _pump(far_reader, writer))
        self._writers -= {writer, far_writer}


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    with contextlib.suppress(OSError, RuntimeError):
        writer.close()

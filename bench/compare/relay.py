"""A TCP relay that counts: what crosses between two sites, in both directions, as the line carries it (payload
of TCP; TLS records included, Ethernet and IP headers not)."""

import socket
import threading

from server import free_port


class Relay:
    """Listens on a port of its own from the start; port_of() may change the far end for new connections."""

    def __init__(self, port_of):
        self.port = free_port()
        self.port_of = port_of
        self.lock = threading.Lock()
        self.count = 0
        self.listener = socket.create_server(("127.0.0.1", self.port), backlog=64)
        threading.Thread(target=self._accept, daemon=True).start()

    def bytes(self):
        with self.lock:
            return self.count

    def _accept(self):
        while True:
            near, _ = self.listener.accept()
            try:
                far = socket.create_connection(("127.0.0.1", self.port_of()))
            except OSError:
                near.close()
                continue
            for end in (near, far):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._pump, args=(near, far), daemon=True).start()
            threading.Thread(target=self._pump, args=(far, near), daemon=True).start()

    def _pump(self, source, sink):
        try:
            while data := source.recv(1 << 18):
                with self.lock:
                    self.count += len(data)
                sink.sendall(data)
        except OSError:
            pass
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

"""A TCP relay that counts: what crosses between two sites, in both directions, as the line carries it (payload
of TCP; TLS records included, Ethernet and IP headers not).

Connections are counted apart by who sends more. Whoever looks up the receiver's address in the configuration comes
through the relay in front of it, the applier too, which is at the receiver's own site: its connection receives
wagons, the shipper's sends them.
"""

import socket
import threading

from server import free_port


class Relay:
    """Listens on a port of its own from the start; port_of() may change the far end for new connections."""

    def __init__(self, port_of):
        self.port = free_port()
        self.port_of = port_of
        self.lock = threading.Lock()
        self.connections = []  # [bytes sent to the far end, bytes received from it]
        self.listener = socket.create_server(("127.0.0.1", self.port), backlog=64)
        threading.Thread(target=self._accept, daemon=True).start()

    def bytes(self):
        """Of all connections."""
        with self.lock:
            return sum(sum(counts) for counts in self.connections)

    def bytes_of_senders(self):
        """Of the connections that have sent more than they received; of all that they carried since they began."""
        with self.lock:
            return sum(sum(counts) for counts in self.connections if counts[0] > counts[1])

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
            counts = [0, 0]
            with self.lock:
                self.connections.append(counts)
            threading.Thread(target=self._pump, args=(near, far, counts, 0), daemon=True).start()
            threading.Thread(target=self._pump, args=(far, near, counts, 1), daemon=True).start()

    def _pump(self, source, sink, counts, direction):
        try:
            while data := source.recv(1 << 18):
                with self.lock:
                    counts[direction] += len(data)
                sink.sendall(data)
        except OSError:
            pass
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

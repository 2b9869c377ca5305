#!/usr/bin/env python3
"""A chat of lines with a thread for each client: what one says goes to all others.

Usage: threads.py PORT
"""

import socket
import sys
import threading

STACK_BYTES = 256 * 1024

clients = set()
lock = threading.Lock()


def serve(client):
    with lock:
        clients.add(client)
    try:
        with client.makefile("rb") as lines:
            for line in lines:
                with lock:
                    others = [other for other in clients if other is not client]
                for other in others:
                    try:
                        other.sendall(line)
                    except OSError:
                        pass  # its own thread takes it out
    except OSError:
        pass
    finally:
        with lock:
            clients.discard(client)
        client.close()


def main():
    threading.stack_size(STACK_BYTES)
    with socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=4096) as listener:
        while True:
            client, _ = listener.accept()
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=serve, args=(client,), daemon=True).start()


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""A threaded chat as Hubbub's pynet dialect stands in for, in as few lines as it takes.

JSON objects with nothing between them, neither padded nor ended. Each read of at most 1,024 bytes is parsed
as one object, and whoever sends anything else is disconnected. Nothing answers a join.
"""

import json
import socket
import sys
import threading

clients = {}
lock = threading.Lock()


def broadcast(message, without):
    data = json.dumps(message).encode()
    with lock:
        for connection in list(clients):
            if connection is not without:
                try:
                    connection.sendall(data)
                except OSError:
                    pass


def serve(connection):
    try:
        while data := connection.recv(1024):
            message = json.loads(data.decode())
            if message["type"] == "join":
                with lock:
                    clients[connection] = message["data"]
            elif message["type"] == "chat":
                name = clients.get(connection)
                broadcast({"type": "message", "from": name, "data": message["data"]}, connection)
    except (OSError, ValueError, KeyError):
        pass
    finally:
        with lock:
            name = clients.pop(connection, None)
        if name:
            broadcast({"type": "server_message", "data": f"{name} has left the chat."}, connection)
        connection.close()


def main():
    listener = socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=4096)
    print(f"listening on pynet://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=serve, args=(connection,), daemon=True).start()


main()

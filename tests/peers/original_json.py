#!/usr/bin/env python3
"""A threaded JSON chat as Hubbub's json dialect stands in for, in as few lines as it takes.

One object a line. It reads 1,024 bytes at once until there is a line end, and what stands behind that is
lost, as in the server that it is made after: whoever sends two lines at once is heard once.
"""

import json
import socket
import sys
import threading
import time

clients = {}
lock = threading.Lock()


def receive(connection):
    data = b""
    while b"\n" not in data:
        part = connection.recv(1024)
        if not part:
            return None
        data += part
    return json.loads(data.split(b"\n", 1)[0])


def send(connection, kind, **fields):
    connection.sendall((json.dumps({"type": kind, **fields}) + "\n").encode())


def broadcast(kind, without=None, **fields):
    for name, connection in list(clients.items()):
        if name != without:
            try:
                send(connection, kind, timestamp=time.time(), **fields)
            except OSError:
                pass


def serve(connection):
    name = None
    try:
        first = receive(connection)
        asked = first and first.get("type") == "join" and first.get("username")
        if not asked or not asked.strip():
            return send(connection, "error", message="Invalid username")
        with lock:
            if asked in clients:
                return send(connection, "error", message="Username already taken")
            name = asked
            clients[name] = connection
            welcome = f"Welcome to the chat, {name}!"
            send(connection, "welcome", message=welcome, users=list(clients), timestamp=time.time())
            broadcast("user_joined", without=name, username=name, message=f"{name} joined the chat")
        while request := receive(connection):
            kind = request.get("type")
            if kind == "chat" and request.get("message", "").strip():
                with lock:
                    broadcast("chat", username=name, message=request["message"].strip())
            elif kind == "ping":
                send(connection, "pong")
    except (OSError, ValueError):
        pass
    finally:
        with lock:
            if name and clients.pop(name, None):
                broadcast("user_left", username=name, message=f"{name} left the chat")
        connection.close()


def main():
    listener = socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=4096)
    print(f"listening on json://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=serve, args=(connection,), daemon=True).start()


main()

"""A TLS connection behind standard input and output.

    client.py PORT CA VERSION [BYTES]

BYTES is the size of the socket's receive buffer. Ends with 0 after the server's close_notify, with 3
where the stream was cut, and with 4 after an error of TLS."""

import os
import select
import socket
import ssl
import sys

port, ca, version, *buffer = sys.argv[1:]
context = ssl.create_default_context(cafile=ca)
context.minimum_version = context.maximum_version = ssl.TLSVersion[version]
raw = socket.socket()
if buffer:
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, int(buffer[0]))
raw.connect(("127.0.0.1", int(port)))
unsent, is_open = b"", True
try:
    tls = context.wrap_socket(raw, server_hostname="localhost", suppress_ragged_eofs=False)
    tls.setblocking(False)
    while True:
        try:
            while data := tls.recv(65536):
                while data:
                    data = data[os.write(1, data):]
            sys.exit(0)
        except ssl.SSLWantReadError:
            pass
        try:
            while unsent:
                unsent = unsent[tls.send(unsent):]
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            pass
        takes = is_open and not unsent
        ready, _, _ = select.select([tls, 0] if takes else [tls], [tls] if unsent else [], [])
        if 0 in ready:
            unsent = os.read(0, 65536)
            is_open = bool(unsent)
except (ssl.SSLEOFError, ConnectionResetError):
    sys.exit(3)
except ssl.SSLError as error:
    print(error, file=sys.stderr)
    sys.exit(4)

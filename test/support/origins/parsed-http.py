"""Python's http.server as an origin: python3 parsed-http.py RECORD READY PORT ADDRESS…

Answers each request with its request line and writes down how it understood it, as parsed-http.ts does. The library
reads heads; bodies it leaves to its handlers, which is this file.
"""

import json
import socket
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

RECORD, READY, PORT, *ADDRESSES = sys.argv[1:]
record = open(RECORD, "a", encoding="ascii")
lock = threading.Lock()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __getattr__(self, name):
        if name.startswith("do_"):
            return self.answer
        raise AttributeError(name)

    def answer(self):
        body = self.read_body()
        line = self.requestline
        with lock:
            record.write(json.dumps({"line": line, "body": body.decode("latin-1")}) + "\n")
            record.flush()
        told = (line + "\n").encode("latin-1")
        self.send_response(200)
        self.send_header("Content-Length", str(len(told)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(told)

    def read_body(self):
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return body

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    request_queue_size = 1024
    daemon_threads = True

    def server_bind(self):
        if self.address_family == socket.AF_INET6:
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_name, self.server_port = self.server_address[0], self.server_address[1]


class Server6(Server):
    address_family = socket.AF_INET6


servers = [(Server6 if ":" in address else Server)((address, int(PORT)), Handler) for address in ADDRESSES]
for server in servers:
    threading.Thread(target=server.serve_forever, daemon=True).start()
open(READY, "w", encoding="ascii").close()
threading.Event().wait()

# SPDX-License-Identifier: ISC
"""What receives in the tests: the Node receiver (tests/receiver) that verifies with the real libraries, and raw sockets, plain or
with TLS of a CA of our own, for what no decent server does.
"""
import atexit
import base64
import functools
import hashlib
import hmac
import json
import os
import secrets
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading

from boxes import need
from herdtest import PROGRAM, SOURCES, read, wait_until


def make_secret(size=32):
    return "whsec_" + base64.b64encode(secrets.token_bytes(size)).decode()


def signatures(secret, id, timestamp, body):
    """What Standard Webhooks 1.0 has in webhook-signature for one secret."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    return "v1," + base64.b64encode(hmac.new(key, f"{id}.{timestamp}.".encode() + body, hashlib.sha256).digest()).decode()


def is_signed(secret, headers, body):
    """Whether one of the signatures in HEADERS (names in lower case) is right, judged without any library."""
    right = signatures(secret, headers["webhook-id"], headers["webhook-timestamp"], body)
    return right in headers["webhook-signature"].split(" ")


class Node:
    """The Node receiver: url() is where to send, script() how it answers, requests() what came."""

    def __init__(self):
        need("node", "npm")
        libraries = os.path.join(os.path.dirname(PROGRAM), "tests", "receiver")
        installed = subprocess.run([os.path.join(SOURCES, "tests/receiver/install.sh"), libraries], capture_output=True, text=True,
                                   stdin=subprocess.DEVNULL)
        if installed.returncode:
            raise AssertionError(f"the Node receiver cannot be had: {installed.stderr}")
        self.dir = tempfile.mkdtemp(prefix="cronherd-receiver-")
        self.control = {}
        self.write_control()
        open(self.dir + "/record", "w").close()
        self.process = subprocess.Popen(
            ["node", os.path.join(SOURCES, "tests/receiver/receiver.js"), self.dir + "/record", self.dir + "/control"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={"PATH": os.environ["PATH"], "NODE_PATH": libraries + "/node_modules"})
        first = self.process.stdout.readline().split()
        if first[:1] != ["port"]:
            raise AssertionError("the Node receiver did not start")
        self.port = int(first[1])
        atexit.register(self.close)

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()
        shutil.rmtree(self.dir)

    def write_control(self):
        with open(self.dir + "/control.new", "w") as file:
            json.dump(self.control, file)
        os.rename(self.dir + "/control.new", self.dir + "/control")

    def script(self, name, *answers, secrets=(), clock_s=0):
        """How requests to NAME are answered, in turn (see receiver.js), and the secrets that NAME knows."""
        self.control[name] = {"answers": list(answers) or [{}], "secrets": list(secrets), "clock_s": clock_s}
        self.write_control()

    def url(self, name, path="hidden-path"):
        return f"http://127.0.0.1:{self.port}/{name}/{path}"

    def lines(self):
        """All that happened, in order: requests, and the ends of requests ({"closed": n})."""
        lines = read(self.dir + "/record").split("\n")
        return [json.loads(line) for line in lines[:-1]]

    def requests(self, name=None):
        return [line for line in self.lines() if "n" in line and name in (None, line["name"])]

    def wait(self, name, count=1):
        """The requests to NAME, once there are COUNT."""
        return wait_until(f"{name} got {count}", lambda: (lambda got: got if len(got) >= count else None)(self.requests(name)))


@functools.lru_cache(maxsize=None)
def node():
    """The one Node receiver of this test program."""
    return Node()


# ---- raw sockets ----------------------------------------------------------------------------------------------


class Request:
    def __init__(self, head, body):
        lines = head.decode("latin-1").split("\r\n")
        self.method, self.path, _ = lines[0].split(" ", 2)
        self.headers = {name.lower(): value.strip() for name, value in (line.split(":", 1) for line in lines[1:] if line)}
        self.body = body


def read_request(connection):
    """One request from CONNECTION, or None where the other side went before it was whole."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            return None
        data += more
    head, body = data.split(b"\r\n\r\n", 1)
    request = Request(head, b"")
    while len(body) < int(request.headers.get("content-length", 0)):
        more = connection.recv(65536)
        if not more:
            return None
        body += more
    request.body = body
    return request


def reply(status=200, body=b"", *headers):
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}", "Connection: close", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class Raw:
    """
    A server in a thread. BEHAVE(raw, connection) is called for each connection in a thread of its own; the default reads a request and
    answers REPLY. Counts connections, keeps whole requests.
    """

    def __init__(self, test, behave=None, reply=reply(), tls=None):
        self.behave = behave or Raw.answer
        self.reply = reply
        self.tls = tls
        self.requests = []
        self.connections = 0
        self.handshakes = 0
        self.over = threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.open = []
        self.threads = [threading.Thread(target=self.listen)]
        self.threads[0].start()
        test.addCleanup(self.close)

    def url(self, path="/hidden-path"):
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}{path}"

    def listen(self):
        while not self.over.is_set():
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            self.open.append(connection)
            thread = threading.Thread(target=self.serve, args=(connection,))
            self.threads.append(thread)
            thread.start()

    def serve(self, connection):
        try:
            if self.tls:
                connection = self.tls.wrap_socket(connection, server_side=True)
                self.open.append(connection)
                self.handshakes += 1
            self.behave(self, connection)
        except OSError:
            pass  # the other side went
        finally:
            connection.close()

    def answer(self, connection):
        request = read_request(connection)
        if request:
            self.requests.append(request)
            connection.sendall(self.reply)

    def hang(self, connection):
        """Reads, and says nothing, until the other side goes."""
        request = read_request(connection)
        if request:
            self.requests.append(request)
        while connection.recv(65536):
            pass

    def close(self):
        self.over.set()
        for connection in [self.listener, *self.open]:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        self.listener.close()
        for thread in self.threads:
            thread.join()


def unused_port():
    """A port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


# ---- TLS ------------------------------------------------------------------------------------------------------


class Authority:
    """A certificate authority of our own, made with openssl in FOLDER: ca is the path of its certificate."""

    def __init__(self, folder, name="ca"):
        need("openssl")
        self.folder = folder
        self.name = name
        self.ca = f"{folder}/{name}.pem"
        self.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30", "-subj", f"/CN={name} of cronherd's tests",
                     "-keyout", f"{folder}/{name}.key", "-out", self.ca)

    def openssl(self, *args):
        done = subprocess.run(["openssl", *args], capture_output=True, text=True, stdin=subprocess.DEVNULL)
        if done.returncode:
            raise AssertionError(f"openssl {args[0]}: {done.stderr}")

    def server(self, name="server", subject="IP:127.0.0.1", begin=None, end=None):
        """A server's TLS context, with a certificate for SUBJECT that is valid from BEGIN to END (YYYYMMDDHHMMSSZ)."""
        path = f"{self.folder}/{self.name}-{name}"
        self.openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", f"/CN={name}", "-addext", f"subjectAltName={subject}",
                     "-keyout", path + ".key", "-out", path + ".csr")
        with open(path + ".cnf", "w") as file:
            file.write(f"[ca]\ndefault_ca = it\n[it]\ndatabase = {path}.db\nnew_certs_dir = {self.folder}\npolicy = any\n"
                       "default_md = sha256\nrand_serial = yes\ncopy_extensions = copy\n[any]\ncommonName = supplied\n")
        open(path + ".db", "w").close()
        dates = ["-startdate", begin, "-enddate", end] if begin else ["-days", "20"]
        self.openssl("ca", "-batch", "-notext", "-config", path + ".cnf", "-cert", self.ca, "-keyfile", f"{self.folder}/{self.name}.key",
                     "-in", path + ".csr", "-out", path + ".pem", *dates)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path + ".pem", path + ".key")
        return context

#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Receivers that speak TLS, or do not, for check_http_tls: tls_peer.py DIRECTORY

Makes certificates in DIRECTORY (good.pem, other.pem: another host's), prints a line "NAME PORT" for each receiver and an empty
one, answers 200 to whatever comes, and ends when standard input does.
"""
import os
import socket
import ssl
import struct
import subprocess
import sys
import threading
import warnings

warnings.simplefilter("ignore", DeprecationWarning)  # of TLS 1.1, which is to be refused
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nOK"


def certificate(folder, name, alternative):
    key, cert = os.path.join(folder, name + ".key"), os.path.join(folder, name + ".pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                    "-nodes", "-keyout", key, "-out", cert, "-days", "2", "-subj", "/CN=cronherd check " + name,
                    "-addext", "subjectAltName=" + alternative], check=True, stderr=subprocess.DEVNULL)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    return context


def answer(connection, context):
    try:
        with connection:
            if context is None:
                connection.recv(65536)
                connection.sendall(ANSWER)
            elif context == "reset":
                connection.recv(65536)  # else it may be reset before the other side knows of it
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            elif context == "close":
                connection.recv(65536)
            else:
                with context.wrap_socket(connection, server_side=True) as secure:
                    secure.recv(65536)
                    secure.sendall(ANSWER)
    except OSError:
        pass  # who trusts nobody breaks off


def serve(listener, context):
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=answer, args=(connection, context), daemon=True).start()


def main():
    folder = sys.argv[1]
    good = certificate(folder, "good", "IP:127.0.0.1")
    old = certificate(folder, "old", "IP:127.0.0.1")
    old.set_ciphers("ALL:@SECLEVEL=0")
    old.minimum_version = ssl.TLSVersion.TLSv1
    old.maximum_version = ssl.TLSVersion.TLSv1_1
    receivers = {"good": good, "other": certificate(folder, "other", "DNS:other.example"), "old": old,
                 "plain": None, "reset": "reset", "close": "close"}
    for name, context in receivers.items():
        listener = socket.create_server(("127.0.0.1", 0))
        print(name, listener.getsockname()[1])
        threading.Thread(target=serve, args=(listener, context), daemon=True).start()
    print(flush=True)
    sys.stdin.read()


main()

#!/usr/bin/python3
"""A mail server for tests (Debian's python3-aiosmtpd): keeps what it takes as JSON, and misbehaves when told to.

sink.py FOLDER PORT [--cert FILE --key FILE [--wrapped]] [--user NAME:PASSWORD]

Prints "ready PORT". Each message becomes FOLDER/N.json before it is acknowledged. The file FOLDER/orders tells what to do
next, a line for each occasion, the first that fits is taken and struck out:
    rcpt CODE TEXT    answer that to a recipient          data CODE TEXT    answer that to a message
    data lose         keep it, and hang up                data die          keep it, and die by SIGKILL
    data slow S       keep it, and answer S seconds later
"""

import argparse
import asyncio
import email
import email.policy
import hashlib
import json
import os
import signal
import ssl

from aiosmtpd.smtp import SMTP, AuthResult


def described(octets):
    """What Python's email library makes of a message."""
    message = email.message_from_bytes(octets, policy=email.policy.default)
    parts = []
    for part in message.walk():
        if part.is_multipart():
            parts.append({"type": part.get_content_type()})
            continue
        payload = part.get_payload(decode=True)
        text = part.get_content() if part.get_content_maintype() == "text" else None
        parts.append({
            "type": part.get_content_type(),
            "name": part.get_filename(),
            "disposition": part.get_content_disposition(),
            "size": len(payload),
            "sha256": hashlib.sha256(payload).hexdigest(),
            "text": text,
        })
    headers = [[name, str(value)] for name, value in message.items()]
    return {
        "headers": headers,
        "parts": parts,
        "sha256": hashlib.sha256(octets).hexdigest(),
        "defects": [str(d) for part in message.walk() for d in part.defects],
    }


class Sink:
    def __init__(self, folder):
        self.folder = folder

    def order(self, occasion):
        path = os.path.join(self.folder, "orders")
        try:
            lines = open(path, encoding="utf-8").read().splitlines()
        except FileNotFoundError:
            return None
        for place, line in enumerate(lines):
            if line.startswith(occasion + " "):
                del lines[place]
                with open(path + ".new", "w", encoding="utf-8") as file:
                    file.write("\n".join(lines))
                os.rename(path + ".new", path)
                return line[len(occasion) + 1:]
        return None

    def keep(self, server, session, envelope):
        kept = described(envelope.content)
        kept.update({
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "tls": server.transport.get_extra_info("sslcontext") is not None,
            "signed_in": bool(session.authenticated),
        })
        number = sum(name.endswith(".json") for name in os.listdir(self.folder))
        path = os.path.join(self.folder, f"{number:06}.json")
        with open(path + ".new", "w", encoding="utf-8") as file:
            json.dump(kept, file)
            file.flush()
            os.fsync(file.fileno())
        os.rename(path + ".new", path)

    async def handle_RCPT(self, server, session, envelope, address, options):
        order = self.order("rcpt")
        if order:
            return order
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        order = self.order("data") or ""
        if order[:3].isdigit():
            return order
        self.keep(server, session, envelope)
        if order == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        if order == "lose":
            server.transport.abort()
        if order.startswith("slow "):
            await asyncio.sleep(float(order[5:]))
        return "250 OK"


async def serve(arguments):
    tls = None
    if arguments.cert:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(arguments.cert, arguments.key)

    def signed_in(server, session, envelope, mechanism, data):
        user, password = arguments.user.split(":")
        right = data.login == user.encode() and data.password == password.encode()
        return AuthResult(success=right, handled=False)

    options = {"hostname": "sink.example", "ident": "sink"}
    if arguments.user:
        options.update(auth_required=True, authenticator=signed_in, auth_require_tls=not arguments.wrapped)
    if tls and not arguments.wrapped:
        options.update(tls_context=tls, require_starttls=True)
    loop = asyncio.get_running_loop()
    sink = Sink(arguments.folder)
    wrapped = tls if arguments.wrapped else None
    server = await loop.create_server(lambda: SMTP(sink, loop=loop, **options), "127.0.0.1", arguments.port, ssl=wrapped)
    print("ready", server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("port", type=int)
    parser.add_argument("--cert")
    parser.add_argument("--key")
    parser.add_argument("--wrapped", action="store_true")
    parser.add_argument("--user")
    asyncio.run(serve(parser.parse_args()))

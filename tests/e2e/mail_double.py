# SPDX-License-Identifier: MIT
"""A mail server for proofs: mail_double.py PORT CERTIFICATE KEY PASSWORD. Takes mail after STARTTLS and a login,
and writes each as a line of JSON."""
import asyncio
import email
import email.policy
import json
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult

port, certificate, key, password = sys.argv[1:]


class Handler:
    async def handle_DATA(self, server, session, envelope):
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        print(json.dumps({"to": envelope.rcpt_tos, "from": envelope.mail_from, "subject": mail["Subject"],
                          "id": mail["Message-ID"], "text": mail.get_content(),
                          "tls": session.ssl is not None}), flush=True)
        return "250 taken"


def login(server, session, envelope, mechanism, data):
    return AuthResult(success=data.login == b"nephos" and data.password == password.encode())


async def main():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(Handler(), tls_context=context, require_starttls=True, auth_required=True,
                     authenticator=login), "127.0.0.1", int(port))
    await server.serve_forever()


asyncio.run(main())

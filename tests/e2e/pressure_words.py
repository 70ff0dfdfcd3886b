# SPDX-License-Identifier: MIT
"""Requests that are no requests: what a proxy and a server could read in two ways, what is too long, too deep or too
many. Each has its status code, and then either the connection ends, with nothing behind it looked at, or the next
request on it is answered. A normal client beside them is answered all the time.
"""
import concurrent.futures
import re
import socket

from nephos import check, main
from pressure import Beside

H = b"Host: localhost\r\n"
SMUGGLED = b"GET /instances HTTP/1.1\r\nHost: smuggled\r\n\r\n"
JSON = b"Content-Type: application/json\r\n"
METRIC = b'{"instanceId":"words","metricName":"m","metricValue":%s,"unit":"count"}'


def get(target=b"/healthz", head=H, version=b"HTTP/1.1"):
    return b"GET " + target + b" " + version + b"\r\n" + head + b"\r\n"


def post(body=b"", head=b"", path=b"/metrics"):
    return b"POST " + path + b" HTTP/1.1\r\n" + H + JSON + head + b"\r\n" + body


def sized(body, path=b"/metrics"):
    return post(body, b"Content-Length: %d\r\n" % len(body), path)


def chunks(body):
    return post(body, b"Transfer-Encoding: chunked\r\n")


GOOD = METRIC % b"1"
ONE_CHUNK = b"%x\r\n%s\r\n0\r\n\r\n" % (len(GOOD), GOOD)
# Name, bytes, status, and whether the connection goes on.
CASES = [
    # --- two readings of one length ---
    ("both lengths", post(b"0\r\n\r\n", b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), 400, False),
    ("both, chunked first", post(b"0\r\n\r\n", b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"), 400, False),
    ("two lengths", post(b"", b"Content-Length: 0\r\nContent-Length: 44\r\n"), 400, False),
    ("two equal lengths", post(b"", b"Content-Length: 0\r\nContent-Length: 0\r\n"), 400, False),
    ("a list of lengths", post(b"", b"Content-Length: 0, 0\r\n"), 400, False),
    ("length +0", post(b"", b"Content-Length: +0\r\n"), 400, False),
    ("length -1", post(b"", b"Content-Length: -1\r\n"), 400, False),
    ("length 0x0", post(b"", b"Content-Length: 0x0\r\n"), 400, False),
    ("no length", post(b"", b"Content-Length:\r\n"), 400, False),
    ("length of 19 digits", post(b"", b"Content-Length: 1000000000000000000\r\n"), 400, False),
    ("length of 18 digits", post(b"", b"Content-Length: 999999999999999999\r\n"), 413, False),
    ("length behind a blank", post(b"", b"Content-Length : 0\r\n"), 400, False),
    ("body without a length", post(b""), 411, False),
    ("gzip, chunked", post(b"0\r\n\r\n", b"Transfer-Encoding: gzip, chunked\r\n"), 501, False),
    ("chunked, identity", post(b"0\r\n\r\n", b"Transfer-Encoding: chunked, identity\r\n"), 501, False),
    ("xchunked", post(b"0\r\n\r\n", b"Transfer-Encoding: xchunked\r\n"), 501, False),
    ("\\vchunked", post(b"0\r\n\r\n", b"Transfer-Encoding: \x0bchunked\r\n"), 400, False),
    ("coding twice", post(b"0\r\n\r\n", b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n"), 400, False),
    ("coding behind a blank", post(b"0\r\n\r\n", b"Transfer-Encoding : chunked\r\n"), 400, False),
    ("coding in HTTP/1.0", post(b"0\r\n\r\n", b"Transfer-Encoding: chunked\r\n").replace(b"1.1", b"1.0", 1), 400, False),
    ("folded coding", post(b"0\r\n\r\n", b"X: y\r\n Transfer-Encoding: chunked\r\n"), 400, False),
    # --- chunks ---
    ("good chunks", chunks(ONE_CHUNK), 201, True),
    ("chunk with an extension", chunks(ONE_CHUNK.replace(b"\r\n", b";a=b\r\n", 1)), 201, True),
    ("chunks and a trailer", chunks(ONE_CHUNK[:-2] + b"X: y\r\n\r\n"), 201, True),
    ("size that is no number", chunks(b"zz\r\nabc\r\n0\r\n\r\n"), 400, False),
    ("size -1", chunks(b"-1\r\nabc\r\n0\r\n\r\n"), 400, False),
    ("size 0x3", chunks(b"0x3\r\nabc\r\n0\r\n\r\n"), 400, False),
    ("size of 9 digits", chunks(b"000000003\r\nabc\r\n0\r\n\r\n"), 400, False),
    ("empty size", chunks(b"\r\nabc\r\n0\r\n\r\n"), 400, False),
    ("blank behind the size", chunks(b"3 \r\nabc\r\n0\r\n\r\n"), 400, False),
    ("size and bare LF", chunks(b"3\nabc\r\n0\r\n\r\n"), 400, False),
    ("chunk longer than said", chunks(b"3\r\nabcd\r\n0\r\n\r\n"), 400, False),
    ("chunk ends in bare LF", chunks(b"3\r\nabc\n0\r\n\r\n"), 400, False),
    ("endless extension", chunks(b"3;" + b"x" * 5000), 400, False),
    ("endless trailer", chunks(b"0\r\n" + b"X: y\r\n" * 3000), 400, False),
    ("bare LF in a trailer", chunks(b"0\r\nX: y\n\r\n"), 400, False),
    ("too many chunks", chunks(b"4000\r\n" + b" " * 0x4000 + b"\r\n" + (b"4000\r\n" + b" " * 0x4000 + b"\r\n") * 80), 413,
     False),
    # --- lines ---
    ("folded header", get(head=H + b"X: a\r\n b\r\n"), 400, False),
    ("folded with a tab", get(head=H + b"X: a\r\n\tb\r\n"), 400, False),
    ("folded first header", b"GET /healthz HTTP/1.1\r\n " + H + b"\r\n", 400, False),
    ("bare LF", get().replace(b"\r\n", b"\n"), 400, False),
    ("bare LF in a header", get(head=H + b"X: a\nY: b\r\n"), 400, False),
    ("bare CR in a header", get(head=H + b"X: a\rY: b\r\n"), 400, False),
    ("bare CR in the request line", b"GET /healthz\rX HTTP/1.1\r\n" + H + b"\r\n", 400, False),
    ("zero byte", get(head=H + b"X: a\0b\r\n"), 400, False),
    ("control byte", get(head=H + b"X: a\x01b\r\n"), 400, False),
    ("no colon", get(head=H + b"Nothing\r\n"), 400, False),
    ("no name", get(head=H + b": a\r\n"), 400, False),
    ("name with a blank", get(head=H + b"X Y: a\r\n"), 400, False),
    ("no Host", get(head=b""), 400, False),
    ("two Hosts", get(head=H + H), 400, False),
    ("two Hosts, one folded", get(head=H + b" Host: b\r\n"), 400, False),
    ("no Host in HTTP/1.0", get(head=b"", version=b"HTTP/1.0"), 200, False),
    ("Expect: something", post(b"", b"Content-Length: 0\r\nExpect: wonders\r\n"), 417, False),
    ("empty lines first", b"\r\n\r\n" + get(), 200, True),
    # --- the request line ---
    ("absolute form", get(b"http://other/healthz"), 200, True),
    ("absolute form, https", get(b"https://other/healthz"), 200, True),
    ("absolute form, no path", get(b"http://other"), 400, False),
    ("absolute form, no host", get(b"http:///healthz"), 400, False),
    ("absolute form, ftp", get(b"ftp://other/healthz"), 400, False),
    ("CONNECT", b"CONNECT other:443 HTTP/1.1\r\n" + H + b"\r\n", 501, False),
    ("TRACE", b"TRACE / HTTP/1.1\r\n" + H + b"\r\n", 501, False),
    ("GET *", get(b"*"), 400, False),
    ("OPTIONS *", b"OPTIONS * HTTP/1.1\r\n" + H + b"\r\n", 200, True),
    ("small letters", b"get /healthz HTTP/1.1\r\n" + H + b"\r\n", 501, False),
    ("two blanks", b"GET  /healthz HTTP/1.1\r\n" + H + b"\r\n", 400, False),
    ("tabs", b"GET\t/healthz\tHTTP/1.1\r\n" + H + b"\r\n", 400, False),
    ("HTTP/0.9", b"GET /healthz\r\n\r\n", 400, False),
    ("HTTP/1.2", get(version=b"HTTP/1.2"), 505, False),
    ("HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 501, False),
    ("http/1.1", get(version=b"http/1.1"), 400, False),
    ("blank at the end", get(version=b"HTTP/1.1 "), 400, False),
    ("fragment", get(b"/healthz#x"), 400, False),
    ("bytes over 127", get(b"/\xc3\xa4"), 400, False),
    ("path upwards", get(b"/../../etc/passwd"), 404, True),
    ("path upwards, encoded", get(b"/%2e%2e/%2e%2e/etc/passwd"), 404, True),
    ("half an escape", get(b"/instances/%z"), 404, True),
    ("zero in the path", get(b"/instances/%00"), 404, True),
    ("TLS", b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00\r\n\r\n", 400, False),
    # --- too much ---
    ("URL of 8 KiB", get(b"/" + b"a" * 9000), 414, False),
    ("header of 8 KiB", get(head=H + b"X: " + b"a" * 9000 + b"\r\n"), 431, False),
    ("64 headers", get(head=H + b"X: y\r\n" * 63), 200, True),
    ("65 headers", get(head=H + b"X: y\r\n" * 64), 431, False),
    ("body of 2 MiB", post(b" " * 70000, b"Content-Length: 2097152\r\n"), 413, False),
    ("unwanted body", b"GET /healthz HTTP/1.1\r\n" + H + b"Content-Length: %d\r\n\r\n" % len(SMUGGLED) + SMUGGLED, 200, True),
    ("three in a row", get() * 2 + get(b"/no"), 404, True),
    # --- JSON ---
    ("nesting", sized(b"[" * 10000), 400, True),
    ("nesting, closed", sized(b'{"instanceId":' + b"[" * 5000 + b"]" * 5000 + b"}"), 400, True),
    ("nested objects", sized(b'{"a":' * 3000 + b"1" + b"}" * 3000), 400, True),
    ("number too large", sized(METRIC % b"1e400"), 400, True),
    ("number of 5000 digits", sized(METRIC % (b"9" * 5000)), 400, True),
    ("NaN", sized(METRIC % b"NaN"), 400, True),
    ("Infinity", sized(METRIC % b"-Infinity"), 400, True),
    ("not UTF-8", sized(GOOD.replace(b"words", b"w\xff\xfe")), 400, True),
    ("half a surrogate", sized(GOOD.replace(b"words", b"w\\ud800")), 400, True),
    ("two values", sized(GOOD + GOOD), 400, True),
    ("half a value", sized(GOOD[:-5]), 400, True),
    ("limit of 30 digits", get(b"/metrics?limit=" + b"9" * 30), 400, True),
    ("limit -1", get(b"/metrics?limit=-1"), 400, True),
    ("time 1e999", get(b"/api/v1/query?instance=words&from=1e999&to=2"), 400, True),
]
ANSWERS = {"three in a row": 3}


def read_all(s):
    """What comes until the connection ends."""
    data = b""
    while True:
        try:
            more = s.recv(65536)
        except ConnectionResetError:
            return data + b"RESET"
        except TimeoutError:
            return data + b"SILENT"
        if not more:
            return data
        data += more


def speak(port, words):
    """(status codes in order, "" or how it ended otherwise). What follows asks for something that is not there,
    and for the connection to end."""
    last = b"GET /last-words HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port), 15) as s:
        try:
            s.sendall(words + last)
        except OSError:
            pass  # it has stopped listening, as it may
        data = read_all(s)
    how = next((end for end in ("RESET", "SILENT") if data.endswith(end.encode())), "")
    return [int(code) for code in re.findall(rb"HTTP/1\.1 (\d{3}) [A-Z]", data)], how


def proof(world):
    aggregator = world.aggregator().start()
    wrong = []
    with Beside(aggregator) as beside, concurrent.futures.ThreadPoolExecutor(8) as pool:
        # Side by side, since who is refused waits a second for the end of its connection.
        spoken = {case[0]: pool.submit(speak, aggregator.api_port, case[1]) for case in CASES}
        for name, words, status, goes_on in CASES:
            codes, how = spoken[name].result()
            expected = [status] + ([404] if goes_on else [])
            if name in ANSWERS:
                expected = [200] * (ANSWERS[name] - 1) + expected
            if codes != expected or how:
                wrong.append(f"{name}: {codes} {how} instead of {expected}")
    check(not wrong, "\n".join(wrong))
    beside.check_served("malformed requests")
    api = aggregator.get("/api/v1/self")["api"]
    print(f"{len(CASES)} requests, {api['malformed']} of them malformed; {beside}")
    aggregator.process.end()


if __name__ == "__main__":
    main(proof)

"""Python's own client on a kept connection, chunked bodies among them. Usage: client.py http://host:port"""
import http.client
import sys
from urllib.parse import urlsplit

base = urlsplit(sys.argv[1])
connection = http.client.HTTPConnection(base.hostname, base.port, timeout=10)
for round in range(100):
    text = b"body " + b"y" * round * 50
    body = iter([text[:3], text[3:]]) if round % 2 else text
    headers = {"Content-Type": "text/plain"}
    connection.request("POST", "/echo", body=body, headers=headers, encode_chunked=bool(round % 2))
    answer = connection.getresponse()
    received = answer.read()
    assert (answer.status, received) == (200, text), (round, answer.status, received)
print("python: 100 requests as they should be")

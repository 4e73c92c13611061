#!/usr/bin/env python3
"""What the server must hold, measured on a distribution: python3 benches/holds.py [HOME]

Prints: time from the start script to a healthy answer and the resident memory then; the same with 1,000 APIs; resident
memory while 1 GiB passes through in both directions; failed requests of 1,000 keep-alive connections while an API is
changed twice a second; resident memory while messages are split into 1,000 parts, each calls a backend, and an aggregate
joins the answers. Needs curl. The default HOME is target/dist/micro-integrator; it is copied, not changed.
"""
import asyncio
import http.client
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
PORT = 8290
API = """<api xmlns="http://ws.apache.org/ns/synapse" name="{name}" context="/{context}">
  <resource methods="GET POST" uri-template="/*"><inSequence>{flow}</inSequence></resource>
</api>
"""
FLOW = """<log level="custom"><property name="id" expression="$url:id"/></log>
<filter source="json-eval($.kind)" regex="a.*">
  <then><payloadFactory media-type="json"><format>{"id": "$1"}</format>
    <args><arg evaluator="json" expression="$.id"/></args></payloadFactory></then>
  <else><property name="HTTP_SC" value="404" scope="axis2"/></else>
</filter><respond/>"""
AGGREGATE = """<property name="whole"><orders xmlns=""/></property>
<iterate expression="//order" id="orders"><target><sequence>
  <call><endpoint><http method="post" uri-template="http://127.0.0.1:{port}/echo"/></endpoint></call>
</sequence></target></iterate>
<aggregate id="orders"><completeCondition timeout="60"><messageCount min="-1" max="-1"/></completeCondition>
  <onComplete expression="//order" enclosingElementProperty="whole"><respond/></onComplete></aggregate>"""
PASS = """<call><endpoint><address uri="http://127.0.0.1:{port}/sink"/></endpoint></call><respond/>"""


class Server:
    """A server in a home of its own."""

    def __init__(self, source, artifacts):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="mi-holds-")) / "home"
        shutil.copytree(source, self.home)
        self.apis = self.home / "deployment/server/synapse-configs/default/api"
        for name, text in artifacts.items():
            (self.apis / f"{name}.xml").write_text(text)
        began = time.monotonic()
        script = self.home / "bin/micro-integrator.sh"
        self.process = subprocess.Popen(["sh", script, "run"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while not self.healthy():
            time.sleep(0.001)
        self.ready_ms = (time.monotonic() - began) * 1000
        found = subprocess.run(["pgrep", "-f", f"{self.home}/bin/micro-integrator run"], capture_output=True, text=True)
        self.pid = int(found.stdout.split()[0])

    @staticmethod
    def healthy():
        connection = http.client.HTTPConnection("127.0.0.1", 9201, timeout=2)
        try:
            connection.request("GET", "/healthz")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()

    def resident_mib(self, what="VmRSS"):
        for line in pathlib.Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith(what):
                return int(line.split()[1]) / 1024
        return 0.0

    def stop(self):
        os.kill(self.pid, signal.SIGTERM)
        self.process.wait()
        shutil.rmtree(self.home.parent)


def startup(source):
    for count in (0, 1000):
        artifacts = {f"A{n}": API.format(name=f"A{n}", context=f"a{n}", flow=FLOW) for n in range(count)}
        ready, resident = [], []
        for _ in range(10):
            server = Server(source, artifacts)
            ready.append(server.ready_ms)
            resident.append(server.resident_mib())
            server.stop()
        ready.sort()
        print(f"{count} more APIs: ready after {ready[0]:.0f} to {ready[-1]:.0f} ms (median {ready[5]:.0f}), "
              f"{max(resident):.1f} MiB resident at most")


async def sink(reader, writer):
    """Reads a whole request, then answers with as many bytes as it had."""
    head = await reader.readuntil(b"\r\n\r\n")
    chunked = b"chunked" in head.lower()
    size = next((int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")), 0)
    total = 0
    while chunked or total < size:
        if chunked:
            length = int((await reader.readuntil(b"\r\n")).strip(), 16)
            await reader.readexactly(length + 2)
            if not length:
                break
        else:
            length = len(await reader.read(min(size - total, 1 << 18)))
        total += length
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % total)
    piece = bytes(1 << 18)
    while total:
        writer.write(piece[:total])
        total -= min(total, len(piece))
        await writer.drain()
    writer.close()


async def echo(reader, writer):
    """Answers each request of a connection with its own XML body."""
    try:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            if b"chunked" in head:
                body = b""
                while length := int((await reader.readuntil(b"\r\n")).strip(), 16):
                    body += await reader.readexactly(length)
                    await reader.readexactly(2)
                await reader.readexactly(2)
            else:
                body = await reader.readexactly(int(head.split(b"content-length:")[1].split(b"\r\n")[0]))
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    writer.close()


def backend(handler):
    """Starts a server with this handler in a thread and gives its port."""
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(asyncio.start_server(handler, "127.0.0.1", 0, limit=1 << 20, backlog=2000))
    threading.Thread(target=loop.run_forever, daemon=True).start()
    return server.sockets[0].getsockname()[1]


def large_body(source):
    server = Server(source, {"Pass": API.format(name="Pass", context="pass", flow=PASS.format(port=backend(sink)))})
    before = server.resident_mib()
    command = f"head -c 1073741824 /dev/zero | curl -s -T - -X POST -H 'Expect:' -H 'Content-Type: application/octet-stream' " \
              f"-o /dev/null -w '%{{http_code}} %{{size_download}}' http://127.0.0.1:{PORT}/pass/"
    began = time.monotonic()
    answer = subprocess.run(command, shell=True, capture_output=True, text=True).stdout
    took = time.monotonic() - began
    print(f"1 GiB there and back: {answer} bytes in {took:.1f} s; {before:.1f} MiB before, "
          f"{server.resident_mib('VmHWM'):.1f} MiB at the highest")
    server.stop()


async def client(stop, counts):
    reader, writer = await asyncio.open_connection("127.0.0.1", PORT)
    while not stop.is_set():
        writer.write(b"GET /hot/x HTTP/1.1\r\nHost: localhost\r\n\r\n")
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            good = head.startswith(b"HTTP/1.1 200")
            lower = head.lower()
            if b"content-length:" in lower:
                await reader.readexactly(int(lower.split(b"content-length:")[1].split(b"\r\n")[0]))
            elif b"chunked" in lower:
                while await reader.readuntil(b"\r\n") != b"0\r\n":
                    await reader.readuntil(b"\r\n")
                await reader.readexactly(2)
        except (asyncio.IncompleteReadError, ConnectionError):
            good = False
        counts[good] += 1
        if not good:
            return
        await asyncio.sleep(0.2)
    writer.close()


def hot_deployment(source, seconds=20):
    flow = '<payloadFactory media-type="json"><format>{{"version": {n}}}</format></payloadFactory><respond/>'
    text = lambda n: API.format(name="Hot", context="hot", flow=flow.format(n=n))  # noqa: E731
    server = Server(source, {"Hot": text(0)})
    counts = {True: 0, False: 0}

    async def run():
        stop = asyncio.Event()
        clients = [asyncio.create_task(client(stop, counts)) for _ in range(1000)]
        for n in range(seconds * 2):
            await asyncio.sleep(0.5)
            whole = server.apis / ".Hot.new"
            whole.write_text(text(n + 1))
            whole.rename(server.apis / "Hot.xml")
        stop.set()
        await asyncio.gather(*clients)

    asyncio.run(run())
    print(f"1,000 connections, {seconds * 2} changes: {counts[True]} answers, {counts[False]} failures, "
          f"{server.resident_mib('VmHWM'):.1f} MiB resident at the highest")
    server.stop()


def aggregate(source, rounds=6, parts=1000):
    flow = AGGREGATE.format(port=backend(echo))
    server = Server(source, {"Split": API.format(name="Split", context="split", flow=flow)})
    orders = "".join(f"<order><id>{n}</id><text>{'x' * 950}</text></order>" for n in range(parts))
    headers, whole = {"Content-Type": "application/xml"}, 0
    for _ in range(rounds):
        connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=120)
        connection.request("POST", "/split/", f"<orders>{orders}</orders>", headers)
        whole += connection.getresponse().read().count(b"<order>") == parts
        connection.close()
    print(f"{parts} parts of 1 kB split and joined: {whole} of {rounds} answers whole, "
          f"{server.resident_mib('VmHWM'):.1f} MiB resident at the highest")
    server.stop()


def main():
    source = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "target/dist/micro-integrator").resolve()
    startup(source)
    large_body(source)
    hot_deployment(source)
    aggregate(source)


if __name__ == "__main__":
    main()

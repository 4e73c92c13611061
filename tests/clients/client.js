// Node's own clients: fetch (undici) and http with a kept connection. Usage: node client.js http://host:port
const http = require('http');

const base = process.argv[2];
const check = (what, ok) => {
  if (!ok) throw new Error(what);
};

async function main() {
  for (let round = 0; round < 50; round++) {
    const body = JSON.stringify({ round, text: 'ä'.repeat(round * 100) });
    const answer = await fetch(`${base}/echo`, {
      method: 'POST', headers: { 'Content-Type': 'application/json' }, body,
    });
    check(`fetch ${round}: ${answer.status}`, answer.status === 200 && (await answer.text()) === body);
  }
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  for (let round = 0; round < 50; round++) {
    await new Promise((resolve, reject) => {
      const request = http.request(`${base}/echo`, {
        method: 'POST', agent, headers: { 'Content-Type': 'text/plain', Expect: '100-continue' },
      }, (answer) => {
        let text = '';
        answer.on('data', (part) => { text += part; });
        answer.on('end', () => (answer.statusCode === 200 && text === 'ab' ? resolve() : reject(new Error(text))));
      });
      request.on('continue', () => { request.write('a'); request.end('b'); });
      request.on('error', reject);
    });
  }
  const missing = await fetch(`${base}/nowhere`);
  check(`404: ${missing.status}`, missing.status === 404);
  console.log('node: 101 requests as they should be');
}

main().catch((error) => { console.error(`node: ${error}`); process.exit(1); });

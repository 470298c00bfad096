/**
 * So many requests a second, each by a connection of its own. Options come in the environment: PORT, PATHNAME, HEADERS (JSON), PER_SECOND, and for
 * HTTPS, which is verified, DOMAIN and CA. For each line that it reads it prints what has been since the last one: { requests, failed, p99Ms, worstMs, errors }.
 */
import http from 'node:http';
import https from 'node:https';
import { createInterface } from 'node:readline';

const { PORT, PATHNAME, HEADERS, PER_SECOND, DOMAIN, CA } = process.env;
const { get } = CA ? https : http;
const everyMs = 1000 / Number(PER_SECOND);
let phase = fresh();
let next = performance.now();

function fresh() {
  return { latencies: [], failed: 0, errors: {} };
}

function visit() {
  const own = phase;
  const begin = performance.now();
  const fail = (reason) => {
    own.failed += 1;
    own.errors[reason] = (own.errors[reason] ?? 0) + 1;
  };
  const options = {
    host: '127.0.0.1',
    port: PORT,
    path: PATHNAME,
    headers: { ...JSON.parse(HEADERS), ...(DOMAIN && { host: DOMAIN }) },
    ...(CA && { servername: DOMAIN, ca: CA }),
    agent: false,
  };
  const request = get(options, (answer) => {
    answer.resume();
    answer.once('end', () => {
      own.latencies.push(performance.now() - begin);
      if (answer.statusCode !== 200) fail(`status ${answer.statusCode}`);
    });
    answer.once('error', ({ message }) => fail(message));
  });
  request.setTimeout(10_000, () => request.destroy(new Error('no answer within 10 s')));
  request.once('error', ({ message }) => fail(message));
}

// A pace that is kept: what a stall has delayed is sent after it.
const timer = setInterval(() => {
  for (; next <= performance.now(); next += everyMs) visit();
}, 1);

createInterface({ input: process.stdin })
  .on('line', () => {
    const { latencies, failed, errors } = phase;
    phase = fresh();
    latencies.sort((a, b) => a - b);
    const p99Ms = latencies[Math.max(0, Math.ceil(0.99 * latencies.length) - 1)] ?? null;
    const worstMs = latencies.at(-1) ?? null;
    process.stdout.write(`${JSON.stringify({ requests: latencies.length, failed, p99Ms, worstMs, errors })}\n`);
  })
  .once('close', () => {
    clearInterval(timer);
  });

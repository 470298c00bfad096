import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { accepts, listenAt } from './shared-socket.js';

const dir = mkdtempSync(path.join(tmpdir(), 'berth-socket-'));
afterAll(() => rmSync(dir, { recursive: true }));
const close = (server: Server) => new Promise((resolve) => server.close(resolve));

it('a process that stops must not take away the socket of the one that follows', async () => {
  const socket = path.join(dir, 'api.sock');
  const [first, second] = [createServer(), createServer()];
  expect(await accepts(socket)).toBe(false);
  await listenAt(first, socket);
  await listenAt(second, socket);
  await close(first);
  expect(await accepts(socket)).toBe(true);
  await close(second);
  expect(await accepts(socket)).toBe(false);
});

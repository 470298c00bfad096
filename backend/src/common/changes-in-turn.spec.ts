import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import type { Request, Response } from 'express';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { changesInTurn } from './changes-in-turn.js';

const WORK_MS = 2;

describe('requests that change something', () => {
  let server: Server;
  let begun: string[];

  beforeEach(async () => {
    begun = [];
    server = createServer((request, response) => {
      inTurn(request as Request, response as Response, () => {
        begun.push(`${request.method} ${request.url}`);
        if (request.method === 'POST') work();
        response.end();
      });
    });
    const inTurn = changesInTurn();
    await once(server.listen(0, '127.0.0.1'), 'listening');
  });
  afterEach(() => {
    server.close();
    server.closeAllConnections();
  });

  it('must not keep those waiting who connect after them to read', async () => {
    const changes = Array.from({ length: 30 }, (_, index) => `POST /${index}`);
    await Promise.all([...changes, 'GET /'].map(ask));
    expect(begun.slice(0, 3)).toContain('GET /');
    expect(begun.filter((line) => line !== 'GET /')).toEqual(changes);
  });

  it('must begin however many others keep connecting', async () => {
    let isDone = false;
    const readOn = async () => {
      while (!isDone) await ask('GET /');
    };
    const readers = Array.from({ length: 5 }, readOn);
    await ask('POST /');
    isDone = true;
    await Promise.all(readers);
    expect(begun).toContain('POST /');
  });

  /** By a connection of its own. */
  async function ask(line: string): Promise<void> {
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    socket.write(`${line} HTTP/1.1\r\nHost: berth\r\nConnection: close\r\n\r\n`);
    socket.resume();
    await once(socket, 'close');
  }
});

/** Of the processor. */
function work(): void {
  for (const end = performance.now() + WORK_MS; performance.now() < end;);
}

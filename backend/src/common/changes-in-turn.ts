import { subscribe } from 'node:diagnostics_channel';
import type { NextFunction, Request, Response } from 'express';

const READS = new Set(['GET', 'HEAD', 'OPTIONS']);
const PATIENCE_MS = 50;

/**
 * Middleware. Of the requests that change something one begins in each turn of the event loop, and none while others still connect: fifty of them at
 * once would keep somebody who only reads waiting until all of them have begun. For a turn takes in one new connection, in their order (libuv's pull
 * request 3696), and lasts as long as the work that is done in it.
 */
export function changesInTurn(): (request: Request, response: Response, next: NextFunction) => void {
  const waiting: { next: NextFunction; since: number }[] = [];
  let somebodyConnected = false;
  subscribe('net.server.socket', () => (somebodyConnected = true));

  const turn = () => {
    const waitedMs = performance.now() - (waiting[0]?.since ?? 0);
    const first = !somebodyConnected || waitedMs > PATIENCE_MS ? waiting.shift() : undefined;
    somebodyConnected = false;
    if (waiting.length > 0) setImmediate(turn);
    first?.next();
  };
  return (request, _response, next) => {
    if (READS.has(request.method)) next();
    else if (waiting.push({ next, since: performance.now() }) === 1) setImmediate(turn);
  };
}

import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import type { Problem } from '../../typescript/src/index.js';
import { Api, refusal, unreachable } from './api.js';
import { read, whole } from './arguments.js';
import { environmentName, IN_ENVIRONMENT } from './environment.js';

export const LOGS_USAGE = 'NAME --env NAME [--follow] [--tail N] [--build] [--json]';

export async function logs(args: string[]): Promise<void> {
  const options = {
    follow: { type: 'boolean', short: 'f' },
    tail: { type: 'string' },
    build: { type: 'boolean' },
  } as const;
  const { values, positionals } = read(args, { ...IN_ENVIRONMENT, ...options }, ['NAME']);
  const query = new URLSearchParams({ tail: String(whole(values.tail, 'tail') ?? 100) });
  if (values.follow) query.set('follow', 'true');
  if (values.follow && !values.build) query.set('acrossReleases', 'true');
  const api = new Api();
  const environment = await api.environment(environmentName(values.env));
  const { id } = await api.release(environment.id, positionals[0] ?? '');
  const text = await textOf(api, `/deployments/${id}/${values.build ? 'build-logs' : 'logs'}?${query.toString()}`);
  if (values.json) await printLines(text);
  else for await (const chunk of text) process.stdout.write(chunk as Uint8Array);
}

/** As text: the generated client requests JSON. */
async function textOf({ login }: Api, path: string): Promise<Readable> {
  const headers = { 'X-API-Key': login.key, Accept: 'text/plain' };
  const answer = await fetch(login.url + path, { headers }).catch((error: unknown) => {
    throw unreachable(login.url, error);
  });
  if (answer.ok && answer.body) return Readable.fromWeb(answer.body as ReadableStream);
  throw refusal((await answer.json().catch(() => ({}))) as Partial<Problem>, answer.status);
}

/** Prints one JSON object a line, so that a reader can follow. */
async function printLines(text: Readable): Promise<void> {
  for await (const line of createInterface({ input: text, crlfDelay: Infinity }))
    process.stdout.write(`${JSON.stringify(entryOf(line))}\n`);
}

/** Splits a line into its time and its text. A line without a time has the time null. */
export function entryOf(line: string): { time: string | null; text: string } {
  const [, time, text] = /^(\d{4}-\d\d-\d\dT[\d:.]+Z) (.*)$/s.exec(line) ?? [];
  return time === undefined ? { time: null, text: line } : { time, text: text ?? '' };
}

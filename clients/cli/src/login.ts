import { createInterface } from 'node:readline/promises';
import * as sdk from '../../typescript/src/index.js';
import { Api } from './api.js';
import { read } from './arguments.js';
import { JSON_OUTPUT } from './environment.js';
import { EXIT, Failure } from './failure.js';
import { print } from './output.js';
import { saveLogin } from './settings.js';

export async function login(args: string[]): Promise<void> {
  const { values, positionals } = read(args, JSON_OUTPUT, ['URL']);
  const url = positionals[0] ?? '';
  if (!/^https?:\/\//.test(url)) throw new Failure(EXIT.usage, `${url}: must begin with https:// or http://.`);
  const api = new Api({ url: url.replace(/\/+$/, ''), key: await readKey() });
  const { user, key } = await api.of(sdk.getMe({ client: api.client }));
  const file = saveLogin(api.login);
  print(
    values.json,
    { url: api.login.url, user, key, file },
    `Logged in as ${user.telegramHandle ?? user.telegramId}, with ${key.scopes.join(', ')}. Saved in ${file}.\n`,
  );
}

/** Reads the key from standard input: every user of the machine can see arguments. */
async function readKey(): Promise<string> {
  const lines = createInterface({
    input: process.stdin,
    output: process.stderr,
  });
  try {
    const key = process.stdin.isTTY
      ? await lines.question('API key: ')
      : (await lines[Symbol.asyncIterator]().next()).value;
    return String(key ?? '').trim();
  } finally {
    lines.close();
  }
}

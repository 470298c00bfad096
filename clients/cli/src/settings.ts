import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { EXIT, Failure } from './failure.js';

export interface Login {
  url: string;
  key: string;
}

const FILE = path.join(process.env['XDG_CONFIG_HOME'] || path.join(homedir(), '.config'), 'berth', 'login.json');

/** BERTH_URL and BERTH_API_KEY, else the login that `berth login` saved. */
export function readLogin(): Login {
  const { BERTH_URL: url, BERTH_API_KEY: key } = process.env;
  if (url && key) return { url: url.replace(/\/+$/, ''), key };
  try {
    const saved = JSON.parse(readFileSync(FILE, 'utf8')) as Login;
    return { url: (url ?? saved.url).replace(/\/+$/, ''), key: key ?? saved.key };
  } catch {
    throw new Failure(EXIT.usage, 'Not logged in: berth login, or set BERTH_URL and BERTH_API_KEY.');
  }
}

/** Saves the login in a file that only its owner can read; returns the path. */
export function saveLogin(login: Login): string {
  mkdirSync(path.dirname(FILE), { recursive: true, mode: 0o700 });
  writeFileSync(FILE, `${JSON.stringify(login, undefined, 2)}\n`, {
    mode: 0o600,
  });
  return FILE;
}

/**
 * The operator's key for the server on this machine. A user who can read DATA_DIR can read the encryption key and create
 * any key, so a stored key gives no additional access. It is in a file of mode 0600 and is never printed.
 */
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { BACKEND, NODE } from './build.mjs';
import { EXIT, Failure, reason } from './failure.mjs';
import { lockHolder } from './lock.mjs';
import { lastErrorLine, run } from './run.mjs';

const CALL_MS = 10_000;
/** The key belongs to the user of the README's examples. */
const OPERATOR = ['--telegram-id', '1', '--scopes', 'ALL'];

/** Whether the user has a login: in the environment, or from `berth login`. */
export function hasOwnLogin(env) {
  if (env.BERTH_URL || env.BERTH_API_KEY) return true;
  return existsSync(path.join(env.XDG_CONFIG_HOME || path.join(homedir(), '.config'), 'berth', 'login.json'));
}

/** Returns `{ url, key }` of the server on this machine. Replaces a key that was revoked or is not in the database. */
export async function localLogin({ dataDir, url: configuredUrl }) {
  const url = lockHolder(dataDir)?.url ?? configuredUrl;
  const file = path.join(dataDir, 'operator.key');
  const kept = read(file);
  if (kept && (await isAccepted(url, kept))) return { url, key: kept };
  await checkRuns(url);
  const key = await mint();
  keep(file, key);
  return { url, key };
}

function read(file) {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw notOperator(error);
  }
}

function notOperator(error) {
  return new Failure(
    `You are not logged in, and the operator's key cannot be used (${reason(error)}): run script/berth as the user who runs script/server, or log in with script/berth login URL.`,
    EXIT.usage,
  );
}

/** Only a 401 means that the key is invalid. The command itself reports every other error. */
async function isAccepted(url, key) {
  return (await call(`${url}/auth/me`, { 'X-API-Key': key })).status !== 401;
}

/** Creating a key would start a database when none runs, which the user does not expect. */
async function checkRuns(url) {
  await call(`${url}/health/live`, {});
}

async function call(url, headers) {
  try {
    return await fetch(url, { headers, signal: AbortSignal.timeout(CALL_MS) });
  } catch (error) {
    const why = error.name === 'TimeoutError' ? 'no answer in time' : reason(error.cause ?? error);
    throw new Failure(`Berth does not answer at ${new URL(url).origin} (${why}): start it with script/server.`);
  }
}

async function mint() {
  const { code, output } = await run(
    NODE,
    ['--disable-warning=ExperimentalWarning', 'dist/cli/key.js', 'create', ...OPERATOR],
    {
      cwd: BACKEND,
    },
  );
  const key = output.trim();
  if (code === 0 && /^\S+$/.test(key)) return key;
  throw new Failure(
    `No key could be made for the operator (${code === 0 ? 'its form is unknown' : lastErrorLine(output)}).`,
  );
}

/** Writes the file atomically, readable only by its owner. */
function keep(file, key) {
  const partial = `${file}.${process.pid}`;
  try {
    writeFileSync(partial, `${key}\n`, { mode: 0o600, flag: 'wx' });
    renameSync(partial, file);
  } catch (error) {
    rmSync(partial, { force: true });
    throw notOperator(error);
  }
}

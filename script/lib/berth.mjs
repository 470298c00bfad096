/** Starts the command line of clients/cli. A user without a login gets the operator's. See script/berth. */
import { EXIT, tell } from './failure.mjs';
import { CLI_PROGRAM } from './build.mjs';
import { hasOwnLogin, localLogin } from './local-login.mjs';
import { readSettings } from './settings.mjs';

/** These need no key. */
const OFFLINE = new Set([undefined, 'help', 'login', 'completion']);

const COMPLETION = '__complete';

function needsLogin([command, ...rest]) {
  // What follows -- is not an option.
  const options = rest.slice(0, rest.includes('--') ? rest.indexOf('--') : undefined);
  return !OFFLINE.has(command) && ![command, ...options].some((word) => word === '--help' || word === '-h');
}

async function logIn() {
  const { url, key } = await localLogin(readSettings());
  // Set inside the process, the key does not appear in a process list.
  Object.assign(process.env, { BERTH_URL: url, BERTH_API_KEY: key });
}

try {
  if (process.argv[2] === COMPLETION) {
    // Without a server, commands and options are completed.
    if (!hasOwnLogin(process.env)) await logIn().catch(() => undefined);
  } else if (needsLogin(process.argv.slice(2)) && !hasOwnLogin(process.env)) await logIn();
  await import(CLI_PROGRAM);
} catch (error) {
  process.exitCode = tell(error) || EXIT.failed;
}

import 'reflect-metadata';
import { Config } from './config/config.js';
import { ConfigError } from './config/environment.js';
import { startApi } from './start-api.js';

/** Exit codes of sysexits.h, by which script/server and service managers distinguish failures. */
const EXIT = { config: 78, unavailable: 69, portTaken: 73 };

try {
  await startApi(Config.load());
} catch (error) {
  const { code, port, message } = error as NodeJS.ErrnoException & { port?: number };
  if (error instanceof ConfigError)
    fail(EXIT.config, error.problems.map((problem) => `configuration: ${problem}`).join('\n'));
  if (code === 'EADDRINUSE')
    fail(EXIT.portTaken, `Port ${port ?? ''} is taken by another program: stop it, or set PORT to another port.`);
  fail(EXIT.unavailable, `Berth cannot start: ${message}`);
}

function fail(exitCode: number, message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(exitCode);
}

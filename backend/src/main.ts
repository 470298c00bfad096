import './lean/lean-imports.js';
import 'reflect-metadata';

const { Config, ConfigError } = await import('./config/config.js');
const { startApi } = await import('./start-api.js');

/** sysexits.h: what script/server and service managers tell failures apart by. */
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

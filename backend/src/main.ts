import './lean/lean-imports.js';
import 'reflect-metadata';
import { Config } from './config/config.js';
import { ConfigError } from './config/environment.js';
import { DatabaseConnection } from './core/database/database-connection.js';

/** sysexits.h: what script/server and service managers tell failures apart by. */
const EXIT = { config: 78, unavailable: 69, portTaken: 73 };

try {
  const config = Config.load();
  const database = await begun(config);
  // The large part of the program, loaded while PostgreSQL starts beside it.
  const { startApi } = await import('./start-api.js');
  await startApi(config, () => database.connection);
} catch (error) {
  const { code, port, message } = error as NodeJS.ErrnoException & { port?: number };
  if (error instanceof ConfigError)
    fail(EXIT.config, error.problems.map((problem) => `configuration: ${problem}`).join('\n'));
  if (code === 'EADDRINUSE')
    fail(EXIT.portTaken, `Port ${port ?? ''} is taken by another program: stop it, or set PORT to another port.`);
  fail(EXIT.unavailable, `Berth cannot start: ${message}`);
}

/** The database on its way; a failure is told where it is waited for. */
function begun(config: Config): Promise<{ connection: Promise<DatabaseConnection> }> {
  return new Promise((resolve) => {
    const connection = DatabaseConnection.open(config, () => resolve({ connection }));
    connection.catch(() => undefined).finally(() => resolve({ connection }));
  });
}

function fail(exitCode: number, message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(exitCode);
}

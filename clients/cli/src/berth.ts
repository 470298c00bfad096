#!/usr/bin/env node
import { COMMANDS, usageOf } from './commands.js';
import { EXIT, Failure } from './failure.js';

/**
 * Runs one command. Exit codes: 0 success, 1 a deployment has FAILED, 2 usage error, 3 the API refused or does not
 * answer; `run` ends with that of its command.
 */
async function main([name, ...rest]: string[]): Promise<void> {
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
    process.stdout.write(usageOf());
    return;
  }
  const command = COMMANDS[name];
  if (!command) throw new Failure(EXIT.usage, `There is no command ${name}: see berth help.`);
  // After -- stands a command with options of its own.
  const options = rest.includes('--') ? rest.slice(0, rest.indexOf('--')) : rest;
  if (options.includes('--help') || options.includes('-h')) process.stdout.write(usageOf(name));
  else await command.run(rest);
}

// A reader that closes the pipe early, such as head, is not an error.
process.stdout.on('error', ({ code }: NodeJS.ErrnoException) => process.exit(code === 'EPIPE' ? 0 : 1));
try {
  await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof Failure)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = error.exitCode;
}

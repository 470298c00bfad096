#!/usr/bin/env node
import { COMMANDS, usageOf } from './commands.js';
import { complete } from './complete.js';
import { EXIT, Failure } from './failure.js';

/** Runs one command. `EXIT` has the exit codes. */
async function main([name, ...rest]: string[]): Promise<void> {
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
    process.stdout.write(usageOf());
    return;
  }
  if (name === '__complete') return complete(rest, COMMANDS);
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!command) throw new Failure(EXIT.usage, `There is no command ${name}: see berth help.`);
  // What follows -- is not an option.
  const options = rest.slice(0, rest.includes('--') ? rest.indexOf('--') : undefined);
  if (options.includes('--help') || options.includes('-h')) process.stdout.write(usageOf(name));
  else await command.run(rest);
}

/** A file that cannot be read or written is an error of the call. Anything else is a bug and keeps its stack. */
function failureOf(error: unknown): Failure {
  if (error instanceof Failure) return error;
  if (error instanceof Error && 'syscall' in error) return new Failure(EXIT.usage, error.message);
  throw error;
}

// A reader that closes the pipe early, such as head, is not an error.
process.stdout.on('error', ({ code }: NodeJS.ErrnoException) => process.exit(code === 'EPIPE' ? 0 : 1));
try {
  await main(process.argv.slice(2));
} catch (error) {
  const { message, exitCode } = failureOf(error);
  process.stderr.write(`${message}\n`);
  process.exitCode = exitCode;
}

import { ConfigError } from '#src/config/environment.js';
import { DomainError } from '#src/common/errors/domain-error.js';
import { UsageError } from './key-arguments.js';

/** Exit codes of sysexits.h. */
const EXIT = { refused: 1, usage: 64, unavailable: 69, config: 78 };

/** Runs a command of the operator. A failure is printed as one sentence and sets the exit code. */
export async function runCli(usage: string, main: (args: string[]) => Promise<void>): Promise<void> {
  try {
    const args = process.argv.slice(2);
    if (args.includes('--help') || args.includes('-h')) process.stdout.write(usage);
    else await main(args);
  } catch (error) {
    const { message } = error as Error;
    process.stderr.write(error instanceof UsageError ? `${message}\n\n${usage}` : `${message}\n`);
    process.exitCode = exitCodeOf(error);
  }
}

function exitCodeOf(error: unknown): number {
  if (error instanceof UsageError) return EXIT.usage;
  if (error instanceof ConfigError) return EXIT.config;
  return error instanceof DomainError ? EXIT.refused : EXIT.unavailable;
}

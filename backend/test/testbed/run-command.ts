import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** Runs a program to its end and gives its standard output; a failure carries the end of what it wrote. */
export async function runCommand(
  program: string,
  args: string[],
  cwd?: string,
  more: Record<string, string> = {},
): Promise<string> {
  try {
    const env = { ...commandEnvironment(), ...more };
    const { stdout } = await execute(program, args, { cwd, maxBuffer: 64 * 1024 * 1024, env });
    return stdout;
  } catch (error) {
    const output = `${read(error, 'stdout')}\n${read(error, 'stderr')}`.trim().slice(-2000);
    throw new Error(`${program} ${args.join(' ')} failed: ${output}`, { cause: error });
  }
}

/** System programs live in sbin, which is not on every caller's path; Node's own variables are not for them. */
export function commandEnvironment(): NodeJS.ProcessEnv {
  return {
    ...process.env,
    PATH: `/usr/sbin:/sbin:${process.env.PATH ?? '/usr/bin:/bin'}`,
    DEBIAN_FRONTEND: 'noninteractive',
  };
}

function read(error: unknown, key: 'stdout' | 'stderr'): string {
  const value = error instanceof Error ? (error as Error & Partial<Record<typeof key, string>>)[key] : undefined;
  return value ?? '';
}

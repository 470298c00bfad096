import 'reflect-metadata';
import { parseArgs } from 'node:util';
import { Config } from '#src/config/config.js';
import { FINDINGS } from './doctor/checks.js';
import type { Finding } from './doctor/finding.js';
import { UsageError } from './key-arguments.js';
import { runCli } from './run-cli.js';

const USAGE = `script/doctor [--json]

Checks everything that Berth needs, whether it runs or not, and says for each problem what to do: the Docker Engine and known problems of its version,
the swarm and its address pools, disk, ports, name and certificate of the API, the clock, the database, the encryption key. Changes nothing.
The exit code is 1 if something is broken; warnings do not change it.
`;
const SIGNS = { ok: '✓', warn: '!', broken: '✗' };

await runCli(USAGE, async (args) => {
  const asJson = wantsJson(args);
  const config = Config.load();
  const findings: Finding[] = [];
  for (const check of FINDINGS) {
    for (const finding of await check(config)) {
      findings.push(finding);
      if (!asJson) process.stdout.write(lineOf(finding));
    }
  }
  if (asJson) process.stdout.write(`${JSON.stringify(findings, undefined, 2)}\n`);
  if (findings.some(({ state }) => state === 'broken')) process.exitCode = 1;
});

function wantsJson(args: string[]): boolean {
  try {
    return parseArgs({ args, options: { json: { type: 'boolean' } } }).values.json ?? false;
  } catch (error) {
    throw new UsageError(`${(error as Error).message.split('. ')[0] ?? ''}.`);
  }
}

function lineOf({ state, what, found, advice }: Finding): string {
  return `${SIGNS[state]} ${what}: ${found}\n${advice ? `    → ${advice}\n` : ''}`;
}

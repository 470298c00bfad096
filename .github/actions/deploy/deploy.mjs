/** The step "Deploy" of action.yml: runs `berth deploy` with the inputs, writes the outputs, and ends with its exit code. */
import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { commandOf, outputsOf } from './inputs.mjs';

const BIN = fileURLToPath(new URL('bin', import.meta.url));
const PROGRAM = fileURLToPath(new URL('../../../clients/cli/dist/cli/src/berth.js', import.meta.url));
const USAGE = 2;

function deploy() {
  const { args, input, login } = commandOf(process.env);
  const inputs = Object.keys(process.env).filter((name) => name.startsWith('INPUT_'));
  const rest = Object.fromEntries(Object.entries(process.env).filter(([name]) => !inputs.includes(name)));
  // The log of a deployment could contain commands for the runner, such as ::add-mask::.
  const token = randomUUID();
  process.stdout.write(`::stop-commands::${token}\n`);
  const { status, stdout, error } = spawnSync(process.execPath, [PROGRAM, ...args], {
    env: { ...rest, ...login },
    input,
    // All on standard output: the runner reads the two streams independently, and the order matters here.
    stdio: ['pipe', 'pipe', process.stdout.fd],
    encoding: 'utf8',
    maxBuffer: Infinity,
  });
  // A child that ends before it reads its input is not an error of its own.
  if (error && status === null) throw error;
  const outputs = outputsOf(stdout);
  process.stdout.write(`${outputs}::${token}::\n`);
  append('GITHUB_OUTPUT', outputs);
  append('GITHUB_PATH', `${BIN}\n`);
  return status ?? 1;
}

function append(variable, text) {
  if (process.env[variable]) appendFileSync(process.env[variable], text);
}

try {
  process.exitCode = deploy();
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = USAGE;
}

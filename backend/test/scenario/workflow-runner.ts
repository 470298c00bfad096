import type { Container } from 'dockerode';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { text as textOf } from 'node:stream/consumers';
import { parse } from 'yaml';
import type { Ended } from './command-line.js';
import { EngineView } from './engine-view.js';

const ROOT = path.resolve(import.meta.dirname, '../../..');
const AUTHORITIES = '/etc/ssl/certs/ca-certificates.crt';
const IMAGE = 'node:22-slim';
/** What a checkout does not have. */
const NOT_TRACKED = new Set(['node_modules', 'dist', '.git']);

export interface WorkflowStep {
  id?: string;
  uses?: string;
  run?: string;
  with?: Record<string, string | number>;
  env?: Record<string, string>;
}

export interface WorkflowJob {
  env?: Record<string, string>;
  steps: WorkflowStep[];
}

interface Action {
  inputs: Record<string, { default?: string }>;
  outputs: Record<string, { value: string }>;
  runs: { steps: WorkflowStep[] };
}

type Contexts = Record<string, unknown>;

/** Runs steps of a GitHub workflow as a runner does, in a fresh container of the image of Node.js. */
export class WorkflowRunner {
  readonly folder = mkdtempSync(path.join(tmpdir(), 'berth-runner-'));
  readonly workspace = path.join(this.folder, 'workspace');
  private readonly engine = new EngineView();
  private readonly paths = ['/usr/local/bin', '/usr/bin', '/bin'];
  private container: Container | undefined;
  private files = 0;

  constructor(sources: string) {
    cpSync(sources, this.workspace, { recursive: true });
  }

  /** The container has the network of the API, whose URL is one of this machine. */
  async start(): Promise<void> {
    await this.engine.pull(IMAGE);
    this.container = await this.engine.docker.createContainer({
      Image: IMAGE,
      Cmd: ['sleep', '86400'],
      HostConfig: {
        Init: true,
        NetworkMode: 'host',
        Binds: [`${this.folder}:${this.folder}`, `${AUTHORITIES}:${AUTHORITIES}:ro`],
      },
    });
    await this.container.start();
  }

  /** A fresh checkout of Berth, with nothing built. */
  checkout(name: string): string {
    const target = path.join(this.folder, name);
    for (const part of ['.github', 'clients'])
      cpSync(path.join(ROOT, part), path.join(target, part), {
        recursive: true,
        filter: (file) => !NOT_TRACKED.has(path.basename(file)),
      });
    return target;
  }

  async remove(): Promise<void> {
    await this.container?.remove({ force: true });
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Stops at the first step that fails. `steps` of the contexts has the outputs afterwards. */
  async job({ env = {}, steps }: WorkflowJob, checkout: string, contexts: Contexts): Promise<Ended> {
    return this.steps(steps, contexts, (step) => {
      const variables = { ...evaluated(env, contexts), ...evaluated(step.env ?? {}, contexts) };
      if (step.run !== undefined) return this.script(step.run, variables);
      if (step.uses?.startsWith('actions/checkout@')) return Promise.resolve(nothing());
      return this.action(checkout, evaluated(step.with ?? {}, contexts));
    });
  }

  /** The action of the checkout with these inputs; its outputs are those of the answer. */
  async action(checkout: string, given: Record<string, string>): Promise<Ended & { outputs: Record<string, string> }> {
    const folder = path.join(checkout, '.github/actions/deploy');
    const { inputs, outputs, runs } = parse(readFileSync(path.join(folder, 'action.yml'), 'utf8')) as Action;
    const defaults = Object.entries(inputs).map(([name, input]) => [name, input.default ?? '']);
    const contexts = { inputs: { ...(Object.fromEntries(defaults) as object), ...given }, steps: {} };
    const ended = await this.steps(runs.steps, contexts, (step) =>
      this.script(step.run ?? '', { ...evaluated(step.env ?? {}, contexts), GITHUB_ACTION_PATH: folder }),
    );
    const values = Object.entries(outputs).map(([name, { value }]) => [name, evaluate(value, contexts)]);
    return { ...ended, outputs: Object.fromEntries(values) as Record<string, string> };
  }

  /** One step in a shell; what it writes to GITHUB_OUTPUT are its outputs. */
  async script(text: string, env: Record<string, string>): Promise<Ended & { outputs: Record<string, string> }> {
    const [file, output, added] = ['script', 'output', 'path'].map((name) =>
      path.join(this.folder, `${name}-${(this.files += 1)}`),
    ) as [string, string, string];
    writeFileSync(file, text);
    for (const name of [output, added]) writeFileSync(name, '');
    const ended = await this.run('sh', ['-e', file], { ...env, GITHUB_OUTPUT: output, GITHUB_PATH: added });
    this.paths.unshift(...linesOf(added));
    const pairs = linesOf(output).map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]);
    return { ...ended, outputs: Object.fromEntries(pairs) as Record<string, string> };
  }

  private async steps(
    steps: WorkflowStep[],
    contexts: Contexts,
    run: (step: WorkflowStep) => Promise<Ended & { outputs: Record<string, string> }>,
  ): Promise<Ended> {
    const all: Ended = { code: 0, out: '', err: '' };
    const results: Record<string, { outputs: Record<string, string> }> = {};
    contexts['steps'] = results;
    for (const step of steps) {
      const { code, out, err, outputs } = await run(step);
      if (step.id !== undefined) results[step.id] = { outputs };
      all.out += out;
      all.err += err;
      all.code = code;
      if (code !== 0) break;
    }
    return all;
  }

  private async run(program: string, args: string[], env: Record<string, string>): Promise<Ended> {
    if (!this.container) throw new Error('the runner is not started');
    const variables = { ...machineOfNpm(), PATH: this.paths.join(':'), ...env };
    const options = {
      Cmd: [program, ...args],
      WorkingDir: this.workspace,
      Env: Object.entries(variables).map(([name, value]) => `${name}=${value}`),
    };
    const [stdout, stderr] = [new PassThrough(), new PassThrough()];
    const execution = this.engine.execute(this.container.id, options, stdout, stderr);
    const [code, out, err] = await Promise.all([execution, textOf(stdout), textOf(stderr)]);
    return { code, out, err };
  }
}

/** From where this machine has its npm packages. */
function machineOfNpm(): Record<string, string> {
  const registry = execFileSync('npm', ['config', 'get', 'registry'], { encoding: 'utf8' }).trim();
  return { NPM_CONFIG_REGISTRY: registry, NODE_EXTRA_CA_CERTS: AUTHORITIES };
}

function nothing(): Ended & { outputs: Record<string, string> } {
  return { code: 0, out: '', err: '', outputs: {} };
}

function linesOf(file: string): string[] {
  return readFileSync(file, 'utf8').split('\n').filter(Boolean);
}

function evaluated(texts: Record<string, string | number>, contexts: Contexts): Record<string, string> {
  const entries = Object.entries(texts).map(([name, text]) => [name, evaluate(String(text), contexts)]);
  return Object.fromEntries(entries) as Record<string, string>;
}

/** Expressions are paths into the contexts, such as `steps.staging.outputs.url`; what is missing is empty. */
function evaluate(text: string, contexts: Contexts): string {
  return text.replace(/\$\{\{ ([\w.-]+) \}\}/g, (_, expression: string) => {
    let value: unknown = contexts;
    for (const name of expression.split('.'))
      value = typeof value === 'object' && value !== null ? (value as Contexts)[name] : undefined;
    return typeof value === 'string' ? value : '';
  });
}

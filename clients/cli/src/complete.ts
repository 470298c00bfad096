import { Api } from './api.js';

/** Looks up the names that a completion may offer. */
export interface NameSource {
  environments(): Promise<string[]>;
  /** of the environment, else of the one in BERTH_ENV */
  deployments(environment: string | undefined): Promise<string[]>;
}

/** The usage line of each command. */
type Usages = Record<string, { usage: string }>;

const ACTIONS = new Map([
  ['env', ['create', 'delete']],
  ['keys', ['list', 'create', 'revoke']],
  ['completion', ['bash', 'zsh', 'fish']],
]);
/** A shell may expand what it is offered. */
const HARMLESS = /^[\w.-]+$/;
const LOOK_UP_MS = 3000;

/** Prints what may stand in place of the last word; the completion scripts call it. Names that cannot be looked up are left out. */
export async function complete(words: string[], usages: Usages): Promise<void> {
  // A server that does not answer must not block the shell.
  setTimeout(() => process.exit(0), LOOK_UP_MS).unref();
  const offered = await candidates(words, usages, serverNames()).catch(() => []);
  for (const word of offered) process.stdout.write(`${word}\n`);
}

/** Returns the candidates for the last of the words, which follow `berth`. */
export async function candidates(words: string[], usages: Usages, names: NameSource): Promise<string[]> {
  const [command = '', ...rest] = words;
  const current = rest.pop();
  const before = rest.flatMap(partsOf);
  if (current === undefined) return ['help', ...Object.keys(usages)];
  const usage = Object.hasOwn(usages, command) ? (usages[command]?.usage ?? '') : '';
  const offered = await ofCommand(command, usage, before, current, names);
  return offered.filter((word) => HARMLESS.test(word) && word.startsWith(current));
}

/** `--env=shop` is one word in zsh and fish, and three in bash. */
function partsOf(word: string): string[] {
  const [, option, value] = /^(--[a-z-]+)=(.*)$/s.exec(word) ?? [];
  if (option !== undefined) return [option, value ?? ''];
  return word === '=' ? [] : [word];
}

async function ofCommand(command: string, usage: string, rest: string[], current: string, names: NameSource) {
  const previous = rest.at(-1) ?? '';
  if (isEnvironmentOption(previous) || (command === 'promote' && previous === '--to')) return names.environments();
  if (takesValue(previous, usage)) return [];
  if (current.startsWith('-')) return [...new Set(usage.match(/--[a-z-]+/g) ?? [])];
  const [first, ...more] = positionalsOf(rest, usage);
  const actions = ACTIONS.get(command);
  if (actions && first === undefined) return actions;
  if (command === 'env' && first === 'delete' && more.length === 0) return names.environments();
  const wantsName = /^\[?NAME\b/.test(usage) || command === 'deploy';
  return first === undefined && wantsName ? names.deployments(environmentOf(rest)) : [];
}

function isEnvironmentOption(word: string): boolean {
  return word === '--env' || word === '-e';
}

/** In a usage line a value follows its option: `[--tail N]`, but `[--follow]`. */
function takesValue(option: string, usage: string): boolean {
  return isEnvironmentOption(option) || (option.startsWith('--') && usage.includes(`${option} `));
}

function positionalsOf(words: string[], usage: string): string[] {
  return words.filter((word, index) => !word.startsWith('-') && !takesValue(words[index - 1] ?? '', usage));
}

function environmentOf(words: string[]): string | undefined {
  const at = words.findIndex((word) => isEnvironmentOption(word));
  return at < 0 ? process.env['BERTH_ENV'] : words[at + 1];
}

/** A user without a login gets commands and options only. */
function serverNames(): NameSource {
  return {
    environments: async () => [...(await new Api().environmentNames()).values()],
    deployments: async (name) => {
      if (!name) return [];
      const api = new Api();
      const { id } = await api.environment(name);
      return [...new Set((await api.deployments(id)).map((one) => one.name))];
    },
  };
}

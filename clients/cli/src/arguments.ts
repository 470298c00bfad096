import { readFileSync } from 'node:fs';
import { type ParseArgsConfig, parseArgs } from 'node:util';
import { EXIT, Failure } from './failure.js';

/**
 * `-` is standard input. No process list shows the values. Not `--env-file`: Node.js itself reacts to it, wherever it
 * stands.
 */
export const SET_FILE = { 'set-file': { type: 'string', multiple: true } } as const;

type Options = NonNullable<ParseArgsConfig['options']>;

/**
 * Parses arguments; throws a Failure that names the wrong one. `wanted`: names of the required positional arguments.
 */
export function read<T extends Options>(args: string[], options: T, wanted: string[] = [], max = wanted.length) {
  const parsed = parse(args, options);
  const missing = wanted[parsed.positionals.length];
  if (missing !== undefined) throw new Failure(EXIT.usage, `${missing} is missing: see --help.`);
  const superfluous = parsed.positionals[max];
  if (superfluous !== undefined) throw new Failure(EXIT.usage, `${superfluous} is one argument too many: see --help.`);
  return parsed;
}

/** Parses repeated `NAME=value` options. */
export function pairs(values: string[] | undefined, option: string): Record<string, string> | undefined {
  if (!values) return undefined;
  return Object.fromEntries(
    values.map((pair) => {
      const at = pair.indexOf('=');
      if (at < 1) throw new Failure(EXIT.usage, `--${option} ${pair}: must be NAME=value.`);
      return [pair.slice(0, at), pair.slice(at + 1)];
    }),
  );
}

/** Parses repeated `PATH=FILE` options: files for the container, with the bytes of files here. */
export function files(values: string[], option: string) {
  return Object.entries(pairs(values, option) ?? {}).map(([path, file]) => {
    if (!path.startsWith('/'))
      throw new Failure(EXIT.usage, `--${option} ${path}=${file}: must be /path/in/the/container=FILE.`);
    const contentBase64 = contentOf(file, `--${option} ${path}`).toString('base64');
    return { path, contentBase64, ...(option === 'secret-file' && { secret: true }) };
  });
}

/** Parses repeated `ID=FILE` options: the value is the text of the file, which no list of processes shows. */
export function fileContents(values: string[], option: string): Record<string, string> {
  const named = Object.entries(pairs(values, option) ?? {});
  return Object.fromEntries(named.map(([id, file]) => [id, contentOf(file, `--${option} ${id}`).toString('utf8')]));
}

function contentOf(file: string, option: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new Failure(EXIT.usage, `${option}=${file}: ${(error as Error).message}`);
  }
}

/** Reads files of variables as docker run does: one NAME=value a line, without quotes; `#` begins a comment. */
export function variableFiles(files: string[] | undefined): Record<string, string> {
  const lines = (files ?? []).flatMap((file) =>
    textOf(file)
      .split(/\r?\n/)
      .map((line) => ({ file, line: line.trimStart() })),
  );
  const wanted = lines.filter(({ line }) => line !== '' && !line.startsWith('#'));
  return Object.fromEntries(
    wanted.map(({ file, line }) => {
      const at = line.indexOf('=');
      // Not the line itself, which may be a part of a secret.
      if (at < 1) throw new Failure(EXIT.usage, `--set-file ${file}: each line must be NAME=value.`);
      return [line.slice(0, at), line.slice(at + 1)];
    }),
  );
}

function textOf(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8').replace(/^\uFEFF/, '');
  } catch (error) {
    throw new Failure(EXIT.usage, `--set-file ${file}: ${(error as Error).message}`);
  }
}

/** Parses `NAME=value`; a `NAME` alone has the value of this process's environment, which no process list shows. */
export function variables(words: string[], environment: NodeJS.ProcessEnv = process.env): Record<string, string> {
  return Object.fromEntries(
    words.map((word) => {
      const at = word.indexOf('=');
      const value = at < 0 ? environment[word] : word.slice(at + 1);
      if (at === 0 || value === undefined)
        throw new Failure(EXIT.usage, `${word}: must be NAME=value, or the name of a variable of this shell.`);
      return [at < 0 ? word : word.slice(0, at), value];
    }),
  );
}

/** Parses `80`, `8080:80` or `53/udp`, as docker run does: host port first. */
export function ports(values: string[] | undefined) {
  return values?.map((text) => {
    const [, host, container, protocol] = /^(?:(\d+):)?(\d+)(?:\/(tcp|udp))?$/.exec(text) ?? [];
    if (container === undefined)
      throw new Failure(EXIT.usage, `--port ${text}: must be 80, 8080:80 (host first) or 53/udp.`);
    return {
      container: Number(container),
      ...(host && { host: Number(host) }),
      ...(protocol && { protocol: protocol as 'tcp' | 'udp' }),
    };
  });
}

/** Parses `data:/path` or `data:/path:ro`. */
export function volumes(values: string[] | undefined) {
  return values?.map((text) => {
    const [, name, path, readOnly] = /^([^:]+):(\/[^:]*)(:ro)?$/.exec(text) ?? [];
    if (name === undefined || path === undefined)
      throw new Failure(EXIT.usage, `--volume ${text}: must be name:/path or name:/path:ro.`);
    return { name, path, ...(readOnly && { readOnly: true }) };
  });
}

/** Parses a whole number; undefined when the option is not given. */
export function whole(value: string | undefined, option: string): number | undefined {
  if (value === undefined) return undefined;
  if (!/^\d{1,9}$/.test(value)) throw new Failure(EXIT.usage, `--${option} ${value}: must be a whole number.`);
  return Number(value);
}

const UNIT_MS = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Parses `90d` into milliseconds; undefined when the option is not given. */
export function duration(value: string | undefined, option: string): number | undefined {
  if (value === undefined) return undefined;
  const [, amount, unit] = /^(\d{1,7})([smhd])$/.exec(value) ?? [];
  const ms = Number(amount) * UNIT_MS[unit as keyof typeof UNIT_MS];
  if (!(ms > 0)) throw new Failure(EXIT.usage, `--${option} ${value}: must be a number and s, m, h or d, such as 90d.`);
  return ms;
}

function parse<T extends Options>(args: string[], options: T) {
  try {
    return parseArgs({ args, options, allowPositionals: true });
  } catch (error) {
    throw new Failure(EXIT.usage, `${(error as Error).message.split('\n')[0] ?? ''} See --help.`);
  }
}

import { type ParseArgsConfig, parseArgs } from 'node:util';
import { EXIT, Failure } from './failure.js';

type Options = NonNullable<ParseArgsConfig['options']>;

/** Arguments by name, or a Failure that says which is wrong. `wanted`: what has to stand there, in its order. */
export function read<T extends Options>(args: string[], options: T, wanted: string[] = [], most = wanted.length) {
  const parsed = parsedOf(args, options);
  const missing = wanted[parsed.positionals.length];
  if (missing !== undefined) throw new Failure(EXIT.usage, `${missing} is missing: see --help.`);
  const superfluous = parsed.positionals[most];
  if (superfluous !== undefined) throw new Failure(EXIT.usage, `${superfluous} is one argument too many: see --help.`);
  return parsed;
}

/** `NAME=value`, as often as it is given. */
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

/** `80`, `8080:80` or `53/udp`, as docker run has it: host first. */
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

/** `data:/path` or `data:/path:ro`. */
export function volumes(values: string[] | undefined) {
  return values?.map((text) => {
    const [, name, path, readOnly] = /^([^:]+):(\/[^:]*)(:ro)?$/.exec(text) ?? [];
    if (name === undefined || path === undefined)
      throw new Failure(EXIT.usage, `--volume ${text}: must be name:/path or name:/path:ro.`);
    return { name, path, ...(readOnly && { readOnly: true }) };
  });
}

/** A number where one is given. */
export function whole(value: string | undefined, option: string): number | undefined {
  if (value === undefined) return undefined;
  if (!/^\d{1,9}$/.test(value)) throw new Failure(EXIT.usage, `--${option} ${value}: must be a whole number.`);
  return Number(value);
}

function parsedOf<T extends Options>(args: string[], options: T) {
  try {
    return parseArgs({ args, options, allowPositionals: true });
  } catch (error) {
    throw new Failure(EXIT.usage, `${(error as Error).message.split('\n')[0] ?? ''} See --help.`);
  }
}

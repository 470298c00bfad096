import { existsSync, readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { configSchema, type ParsedEnv } from './config.schema.js';

/** All problems of the configuration; messages name keys, never values. */
export class ConfigError extends Error {
  constructor(readonly problems: string[]) {
    super(problems.join('\n'));
  }
}

/**
 * Reads `.env` in the working directory; the process environment overrides it, and `KEY_FILE` names a file that holds
 * KEY. Throws ConfigError.
 */
export function readEnvironment(env: NodeJS.ProcessEnv, file: string): ParsedEnv {
  return parse(withSecretFiles({ ...readEnvFile(file), ...env }));
}

function knownKeys(): string[] {
  return Object.keys(configSchema.describe()['keys'] as object);
}

/** Reads secrets as container platforms provide them: in a file whose path is in the environment. */
function withSecretFiles(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const problems: string[] = [];
  const complete = { ...env };
  for (const key of knownKeys()) {
    const file = env[`${key}_FILE`];
    // The name of a setting itself may end with _FILE.
    if (!file || knownKeys().includes(`${key}_FILE`)) continue;
    if (env[key]) problems.push(`${key} and ${key}_FILE are both given`);
    try {
      complete[key] = readFileSync(file, 'utf8').trim();
    } catch (cause) {
      problems.push(`${key}_FILE cannot be read: ${(cause as NodeJS.ErrnoException).code ?? 'unknown'}`);
    }
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return complete;
}

function parse(env: NodeJS.ProcessEnv): ParsedEnv {
  const known = knownKeys();
  const given = Object.fromEntries(known.filter((key) => env[key]).map((key) => [key, env[key]]));
  const outcome = configSchema.validate(given, { abortEarly: false, errors: { wrap: { label: false } } });
  const { error } = outcome;
  if (error)
    throw new ConfigError(
      error.details.map(({ path, type, message, context }) => `${path.join('.')} ${reason(type, message, context)}`),
    );
  const parsed = outcome.value;
  const conflicts = conflictsOf(parsed);
  if (conflicts.length > 0) throw new ConfigError(conflicts);
  return parsed;
}

/** Conflicts between values that are valid on their own. */
function conflictsOf(env: ParsedEnv): string[] {
  const swapped = (['CPUS', 'MEMORY_MB', 'PIDS'] as const).filter(
    (unit) => env[`DEFAULT_${unit}`] > env[`MAX_${unit}`],
  );
  return [
    ...swapped.map((unit) => `DEFAULT_${unit} must not exceed MAX_${unit}`),
    ...(env.DATABASE_PASSWORD !== undefined && env.DATABASE_URL === undefined
      ? ['DATABASE_PASSWORD is given without DATABASE_URL']
      : []),
    ...(env.TELEGRAM_WEBHOOK === 'on' && !env.PUBLIC_BASE_URL?.startsWith('https:')
      ? ['TELEGRAM_WEBHOOK needs a PUBLIC_BASE_URL with https']
      : []),
  ];
}

/** Removes the value, which may be a secret, from Joi's pattern and number messages. */
function reason(type: string, message: string, context?: Record<string, unknown>): string {
  if (type === 'string.pattern.name') return `must be ${String(context?.['name'])}`;
  if (type === 'any.invalid') return 'is not a valid value';
  return message.replace(/^\S+ /, '').replace(/ with value ".*"/s, '');
}

function readEnvFile(file: string): NodeJS.ProcessEnv {
  if (!existsSync(file)) return {};
  try {
    return parseEnv(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw new ConfigError([`${file} cannot be read: ${(cause as Error).message}`]);
  }
}

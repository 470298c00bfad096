import { existsSync, readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { configSchema } from './config.schema.js';

/** Every problem of the configuration at once; messages name keys, never values. */
export class ConfigError extends Error {
  constructor(readonly problems: string[]) {
    super(problems.join('\n'));
  }
}

export interface ParsedEnv {
  NODE_ENV: string;
  PORT: number;
  HOST: string;
  LOG_LEVEL: string;
  LOG_FORMAT?: 'json' | 'readable';
  PUBLIC_BASE_URL?: string;
  API_SOCKET?: string;
  DATA_DIR: string;
  DATABASE_URL?: string;
  DATABASE_PASSWORD?: string;
  METRICS_TOKEN?: string;
  REDIS_URL?: string;
  ENCRYPTION_KEY?: string;
  RATE_LIMIT_TTL: number;
  RATE_LIMIT_MAX: number;
  DEPLOY_RATE_LIMIT_MAX: number;
  GIT_DEPLOY_RATE_LIMIT_MAX: number;
  AUTH_FAILURE_RATE_LIMIT_MAX: number;
  TELEGRAM_BOT_TOKEN?: string;
  TELEGRAM_WEBHOOK: string;
  TELEGRAM_API_ROOT?: string;
  TELEGRAM_ALLOWED_IDS?: string;
  TELEGRAM_ADMIN_IDS?: string;
  DOCKER_HOST?: string;
  SWARM_ADVERTISE_ADDR?: string;
  STABILITY_WINDOW_MS: number;
  DRAIN_SECONDS: number;
  DEPLOY_DEADLINE_SECONDS: number;
  BUILD_DEADLINE_SECONDS: number;
  BUILD_CONCURRENCY: number;
  BUILD_MEMORY_MB: number;
  BUILD_MIN_FREE_DISK_MB: number;
  BUILD_REGISTRY?: string;
  BUILD_REGISTRY_IMAGE: string;
  BUILD_REGISTRY_PORT: number;
  GIT_ALLOWED_PRIVATE_HOSTS?: string;
  GIT_CA_FILE?: string;
  GIT_TIMEOUT_SECONDS: number;
  GIT_MAX_REPOSITORY_MB: number;
  UPLOAD_MAX_MB: number;
  NGINX_IMAGE: string;
  INGRESS: 'on' | 'off';
  INGRESS_HTTP_PORT: number;
  INGRESS_HTTPS_PORT: number;
  ACME_DIRECTORY_URL: string;
  ACME_EMAIL?: string;
  ACME_CA_FILE?: string;
  DNS_CHECK: 'on' | 'off';
  DNS_SERVERS?: string;
  HOST_PORT_RANGE: string;
  MAX_ENVIRONMENTS_PER_USER: number;
  MAX_DEPLOYMENTS_PER_ENVIRONMENT: number;
  MAX_RELEASES_AT_ONCE_PER_USER: number;
  DEFAULT_CPUS: number;
  DEFAULT_MEMORY_MB: number;
  DEFAULT_PIDS: number;
  MAX_CPUS: number;
  MAX_MEMORY_MB: number;
  MAX_PIDS: number;
}

/** Reads `.env` in the working directory, then the process environment over it; `KEY_FILE` names a file that holds KEY. Throws ConfigError. */
export function readEnvironment(env: NodeJS.ProcessEnv, file: string): ParsedEnv {
  return parse(withSecretFiles({ ...readEnvFile(file), ...env }));
}

function knownKeys(): string[] {
  return Object.keys(configSchema.describe()['keys'] as object);
}

/** As container platforms hand secrets over: in a file whose path is in the environment. */
function withSecretFiles(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const problems: string[] = [];
  const complete = { ...env };
  for (const key of knownKeys()) {
    const file = env[`${key}_FILE`];
    // A setting of its own may end so.
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
  const parsed = outcome.value as ParsedEnv;
  const contradictions = contradictionsOf(parsed);
  if (contradictions.length > 0) throw new ConfigError(contradictions);
  return parsed;
}

/** Of values that are good each for itself. */
function contradictionsOf(env: ParsedEnv): string[] {
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

/** Joi's pattern and number messages quote the value, which may be a secret: say it without. */
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

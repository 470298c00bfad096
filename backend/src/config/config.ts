import { existsSync, readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { configSchema } from './config.schema.js';

const MIB = 2 ** 20;

/** Every problem of the configuration at once; messages name keys, never values. */
export class ConfigError extends Error {
  constructor(readonly problems: string[]) {
    super(problems.join('\n'));
  }
}

/** The configuration in typed namespaces. `config/` alone reads the process environment. */
export class Config {
  readonly http: { port: number; host: string; publicBaseUrl: string; socket: string | undefined };
  readonly log: { level: string; pretty: boolean };
  readonly data: {
    dir: string;
    databaseUrl: string | undefined;
    redisUrl: string | undefined;
    encryptionKey: string | undefined;
  };
  /** undefined: no metrics */
  readonly metricsToken: string | undefined;
  readonly limits: { windowMs: number; general: number; deploy: number; gitDeploy: number; authFailures: number };
  readonly telegram: TelegramConfig;
  readonly docker: { host: string; swarmAdvertiseAddr: string | undefined };
  readonly deploy: { stabilityWindowMs: number; deadlineMs: number; drainSeconds: number };
  readonly build: BuildConfig;
  readonly git: GitConfig;
  readonly ingress: { isOn: boolean; image: string; httpPort: number; httpsPort: number };
  readonly acme: AcmeConfig;
  readonly dns: { isChecked: boolean; servers: string[] };
  readonly quota: { environmentsPerUser: number; deploymentsPerEnvironment: number; releasesAtOncePerUser: number };
  readonly hostPorts: { first: number; last: number };
  readonly resources: { default: Resources; max: Resources };

  constructor(env: ParsedEnv) {
    const host = env.HOST.includes(':') ? `[${env.HOST}]` : env.HOST;
    const [first = 1024, last = 65_535] = env.HOST_PORT_RANGE.split('-').map(Number);
    this.http = {
      port: env.PORT,
      host: env.HOST,
      publicBaseUrl: (env.PUBLIC_BASE_URL ?? `http://${host}:${env.PORT}`).replace(/\/+$/, ''),
      socket: env.API_SOCKET,
    };
    this.log = {
      level: env.LOG_LEVEL,
      pretty: env.NODE_ENV === 'development' || (env.NODE_ENV !== 'test' && process.stdout.isTTY),
    };
    this.data = {
      dir: env.DATA_DIR,
      databaseUrl: databaseUrlOf(env),
      redisUrl: env.REDIS_URL,
      encryptionKey: env.ENCRYPTION_KEY,
    };
    this.metricsToken = env.METRICS_TOKEN;
    this.limits = {
      windowMs: env.RATE_LIMIT_TTL,
      general: env.RATE_LIMIT_MAX,
      deploy: env.DEPLOY_RATE_LIMIT_MAX,
      gitDeploy: env.GIT_DEPLOY_RATE_LIMIT_MAX,
      authFailures: env.AUTH_FAILURE_RATE_LIMIT_MAX,
    };
    this.telegram = telegramOf(env);
    this.docker = {
      host: env.DOCKER_HOST ?? 'unix:///var/run/docker.sock',
      swarmAdvertiseAddr: env.SWARM_ADVERTISE_ADDR,
    };
    this.deploy = {
      stabilityWindowMs: env.STABILITY_WINDOW_MS,
      deadlineMs: env.DEPLOY_DEADLINE_SECONDS * 1000,
      drainSeconds: env.DRAIN_SECONDS,
    };
    this.build = buildOf(env);
    this.git = gitOf(env);
    this.ingress = ingressOf(env);
    this.acme = { directoryUrl: env.ACME_DIRECTORY_URL, email: env.ACME_EMAIL, caFile: env.ACME_CA_FILE };
    this.dns = { isChecked: env.DNS_CHECK === 'on', servers: (env.DNS_SERVERS ?? '').split(/ *, */).filter(Boolean) };
    this.quota = {
      environmentsPerUser: env.MAX_ENVIRONMENTS_PER_USER,
      deploymentsPerEnvironment: env.MAX_DEPLOYMENTS_PER_ENVIRONMENT,
      releasesAtOncePerUser: env.MAX_RELEASES_AT_ONCE_PER_USER,
    };
    this.hostPorts = { first, last };
    this.resources = {
      default: { cpus: env.DEFAULT_CPUS, memoryMb: env.DEFAULT_MEMORY_MB, pids: env.DEFAULT_PIDS },
      max: { cpus: env.MAX_CPUS, memoryMb: env.MAX_MEMORY_MB, pids: env.MAX_PIDS },
    };
  }

  /** Reads `.env` in the working directory, then the process environment over it; `KEY_FILE` names a file that holds KEY. Throws ConfigError. */
  static load(env: NodeJS.ProcessEnv = process.env, file = '.env'): Config {
    return new Config(parse(withSecretFiles({ ...readEnvFile(file), ...env })));
  }
}

/** CPU in cores, memory in MiB, pids as a count. */
export interface Resources {
  cpus: number;
  memoryMb: number;
  pids: number;
}

export interface TelegramConfig {
  isOn: boolean;
  token: string;
  apiRoot: string;
  isWebhook: boolean;
  isAllowed: (telegramId: string) => boolean;
  isAdmin: (telegramId: string) => boolean;
  adminIds: string[];
}

export interface BuildConfig {
  /** a folder for every build */
  dir: string;
  deadlineMs: number;
  concurrency: number;
  memoryBytes: number;
  minFreeDiskBytes: number;
  registry: string | undefined;
}

export interface GitConfig {
  dir: string;
  /** where programs are found */
  searchPath: string;
  allowedPrivateHosts: string[];
  caFile: string | undefined;
  timeoutMs: number;
  maxRepositoryBytes: number;
}

export interface AcmeConfig {
  directoryUrl: string;
  email: string | undefined;
  /** root certificate of a private ACME server */
  caFile: string | undefined;
}

interface ParsedEnv {
  NODE_ENV: string;
  PORT: number;
  HOST: string;
  LOG_LEVEL: string;
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
  GIT_ALLOWED_PRIVATE_HOSTS?: string;
  GIT_CA_FILE?: string;
  GIT_TIMEOUT_SECONDS: number;
  GIT_MAX_REPOSITORY_MB: number;
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

function databaseUrlOf({ DATABASE_URL: text, DATABASE_PASSWORD: password }: ParsedEnv): string | undefined {
  if (text === undefined || password === undefined) return text;
  const address = new URL(text);
  address.password ||= encodeURIComponent(password);
  return address.href;
}

function ingressOf(env: ParsedEnv): Config['ingress'] {
  return {
    isOn: env.INGRESS === 'on',
    image: env.NGINX_IMAGE,
    httpPort: env.INGRESS_HTTP_PORT,
    httpsPort: env.INGRESS_HTTPS_PORT,
  };
}

function telegramOf(env: ParsedEnv): TelegramConfig {
  const list = (text = '') => text.split(',').filter(Boolean);
  const allowed = list(env.TELEGRAM_ALLOWED_IDS);
  const adminIds = list(env.TELEGRAM_ADMIN_IDS);
  return {
    isOn: env.TELEGRAM_BOT_TOKEN !== undefined,
    token: env.TELEGRAM_BOT_TOKEN ?? '',
    apiRoot: (env.TELEGRAM_API_ROOT ?? 'https://api.telegram.org').replace(/\/+$/, ''),
    isWebhook: env.TELEGRAM_WEBHOOK === 'on',
    isAllowed: (telegramId) => [...allowed, ...adminIds].some((id) => id === '*' || id === telegramId),
    isAdmin: (telegramId) => adminIds.includes(telegramId),
    adminIds,
  };
}

function buildOf(env: ParsedEnv): BuildConfig {
  return {
    dir: `${env.DATA_DIR}/builds`,
    deadlineMs: env.BUILD_DEADLINE_SECONDS * 1000,
    concurrency: env.BUILD_CONCURRENCY,
    memoryBytes: env.BUILD_MEMORY_MB * MIB,
    minFreeDiskBytes: env.BUILD_MIN_FREE_DISK_MB * MIB,
    registry: env.BUILD_REGISTRY,
  };
}

function gitOf(env: ParsedEnv): GitConfig {
  return {
    dir: `${env.DATA_DIR}/git`,
    searchPath: process.env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin',
    allowedPrivateHosts: (env.GIT_ALLOWED_PRIVATE_HOSTS ?? '').split(/ *, */).filter(Boolean),
    caFile: env.GIT_CA_FILE,
    timeoutMs: env.GIT_TIMEOUT_SECONDS * 1000,
    maxRepositoryBytes: env.GIT_MAX_REPOSITORY_MB * MIB,
  };
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

import { availableParallelism, totalmem } from 'node:os';
import { trimTrailing } from '#src/common/trim-trailing.js';
import path from 'node:path';
import type { ParsedEnv } from './config.schema.js';
import { readEnvironment } from './environment.js';
import { reservedPortsOf } from './reserved-ports.js';

const MIB = 2 ** 20;

/** The configuration in typed namespaces. Only `config/` reads the process environment. */
export class Config {
  readonly http: {
    port: number;
    host: string;
    publicBaseUrl: string;
    socket: string | undefined;
    hasDashboard: boolean;
  };
  readonly log: { level: string; isReadable: boolean };
  readonly data: {
    dir: string;
    /** Folder of the embedded server. */
    postgresDir: string;
    /** File of the encryption key if ENCRYPTION_KEY is unset. */
    keyFile: string;
    databaseUrl: string | undefined;
    redisUrl: string | undefined;
    encryptionKey: string | undefined;
  };
  /** Undefined: no metrics. */
  readonly metricsToken: string | undefined;
  /** Interval at which containers are sampled; 0: never. */
  readonly sampleIntervalMs: number;
  readonly limits: {
    windowMs: number;
    general: number;
    deploy: number;
    gitDeploy: number;
    run: number;
    authFailures: number;
  };
  readonly telegram: TelegramConfig;
  readonly docker: { host: string; swarmAdvertiseAddr: string | undefined };
  readonly deploy: { stabilityWindowMs: number; deadlineMs: number; drainSeconds: number };
  readonly build: BuildConfig;
  readonly git: GitConfig;
  readonly registry: { allowedPrivateHosts: string[] };
  readonly upload: { maxBytes: number };
  readonly ingress: { isOn: boolean; image: string; httpPort: number; httpsPort: number };
  readonly acme: AcmeConfig;
  readonly dns: { isChecked: boolean; servers: string[] };
  readonly quota: QuotaConfig;
  readonly retention: { logDays: number; logBytesPerUser: number; auditDays: number };
  readonly hostPorts: { first: number; last: number };
  /** Host ports that no deployment may publish. */
  readonly reservedPorts: ReadonlySet<number>;
  readonly resources: { default: Resources; max: Resources };
  /** Capabilities that a request may name besides the default ones. */
  readonly capabilities: { allowed: readonly string[] };

  constructor(env: ParsedEnv) {
    const host = env.HOST.includes(':') ? `[${env.HOST}]` : env.HOST;
    const [first = 1024, last = 65_535] = env.HOST_PORT_RANGE.split('-').map(Number);
    this.http = {
      port: env.PORT,
      host: env.HOST,
      publicBaseUrl: trimTrailing(env.PUBLIC_BASE_URL ?? `http://${host}:${env.PORT}`, '/'),
      socket: env.API_SOCKET,
      hasDashboard: env.DASHBOARD === 'on',
    };
    this.log = { level: env.LOG_LEVEL, isReadable: isReadable(env) };
    this.data = {
      dir: env.DATA_DIR,
      postgresDir: path.join(env.DATA_DIR, 'postgres'),
      keyFile: path.join(env.DATA_DIR, 'encryption.key'),
      databaseUrl: databaseUrlOf(env),
      redisUrl: env.REDIS_URL,
      encryptionKey: env.ENCRYPTION_KEY,
    };
    this.metricsToken = env.METRICS_TOKEN;
    this.sampleIntervalMs = env.METRICS_SAMPLE_SECONDS * 1000;
    this.limits = limitsOf(env);
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
    this.registry = { allowedPrivateHosts: listOf(env.REGISTRY_ALLOWED_PRIVATE_HOSTS) };
    this.upload = { maxBytes: env.UPLOAD_MAX_MB * MIB };
    this.ingress = ingressOf(env);
    this.acme = { directoryUrl: env.ACME_DIRECTORY_URL, email: env.ACME_EMAIL, caFile: env.ACME_CA_FILE };
    this.dns = { isChecked: env.DNS_CHECK === 'on', servers: listOf(env.DNS_SERVERS) };
    this.quota = quotaOf(env);
    this.retention = {
      logDays: env.LOG_RETENTION_DAYS,
      logBytesPerUser: env.MAX_LOG_MB_PER_USER * MIB,
      auditDays: env.AUDIT_RETENTION_DAYS,
    };
    this.hostPorts = { first, last };
    this.reservedPorts = reservedPortsOf(env);
    this.capabilities = { allowed: listOf(env.ALLOWED_CAPABILITIES).filter((name) => name !== 'none') };
    this.resources = resourcesOf(env);
  }

  /** Loads the configuration from the environment and `.env`. Throws ConfigError. */
  static load(env: NodeJS.ProcessEnv = process.env, file = '.env'): Config {
    return new Config(readEnvironment(env, file));
  }
}

/** CPU in cores, memory in MiB, pids as a count. */
export interface Resources {
  cpus: number;
  memoryMb: number;
  pids: number;
}

export interface QuotaConfig {
  environmentsPerUser: number;
  deploymentsPerEnvironment: number;
  releasesAtOncePerUser: number;
  runsAtOncePerUser: number;
  streamsPerUser: number;
  keysPerUser: number;
  hostPortsPerUser: number;
  filesMbPerUser: number;
  domainsPerUser: number;
  certificateOrdersPerUser: number;
  /** Sums of the limits of a user's live deployments. */
  resourcesPerUser: Resources;
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
  /** Holds one folder per build. */
  dir: string;
  deadlineMs: number;
  concurrency: number;
  memoryBytes: number;
  minFreeDiskBytes: number;
  /** Registry that built images are pushed to. */
  registry: string | undefined;
  /** The registry that the platform itself runs. */
  builtInRegistry: { isOn: boolean; image: string; address: string; port: number };
}

export interface GitConfig {
  dir: string;
  /** PATH of the git processes. */
  searchPath: string;
  allowedPrivateHosts: string[];
  caFile: string | undefined;
  timeoutMs: number;
  maxRepositoryBytes: number;
}

export interface AcmeConfig {
  directoryUrl: string;
  email: string | undefined;
  /** Root certificate of a private ACME server. */
  caFile: string | undefined;
}

/** Resource limits are not reservations, and most containers use a small part of theirs. */
const OVERCOMMIT = 4;
/** Half of the kernel's smallest `pid_max`. */
const PIDS_PER_USER = 16_384;

function quotaOf(env: ParsedEnv): QuotaConfig {
  const most = env.MAX_DEPLOYMENTS_PER_ENVIRONMENT;
  return {
    environmentsPerUser: env.MAX_ENVIRONMENTS_PER_USER,
    deploymentsPerEnvironment: most,
    releasesAtOncePerUser: env.MAX_RELEASES_AT_ONCE_PER_USER,
    runsAtOncePerUser: env.MAX_RUNS_AT_ONCE_PER_USER,
    streamsPerUser: env.MAX_STREAMS_PER_USER,
    keysPerUser: env.MAX_KEYS_PER_USER,
    hostPortsPerUser: env.MAX_HOST_PORTS_PER_USER,
    filesMbPerUser: env.MAX_FILES_MB_PER_USER,
    domainsPerUser: env.MAX_DOMAINS_PER_USER,
    certificateOrdersPerUser: env.MAX_CERTIFICATE_ORDERS_PER_USER,
    resourcesPerUser: {
      cpus: env.MAX_CPUS_PER_USER ?? Math.max(OVERCOMMIT * availableParallelism(), most * env.DEFAULT_CPUS),
      memoryMb:
        env.MAX_MEMORY_MB_PER_USER ??
        Math.max(Math.floor((OVERCOMMIT * totalmem()) / MIB), most * env.DEFAULT_MEMORY_MB),
      pids: env.MAX_PIDS_PER_USER ?? Math.max(PIDS_PER_USER, most * env.DEFAULT_PIDS),
    },
  };
}

function resourcesOf(env: ParsedEnv): Config['resources'] {
  return {
    default: { cpus: env.DEFAULT_CPUS, memoryMb: env.DEFAULT_MEMORY_MB, pids: env.DEFAULT_PIDS },
    max: { cpus: env.MAX_CPUS, memoryMb: env.MAX_MEMORY_MB, pids: env.MAX_PIDS },
  };
}

function isReadable({ LOG_FORMAT: format, NODE_ENV: purpose }: ParsedEnv): boolean {
  if (format) return format === 'readable';
  return purpose === 'development' || (purpose !== 'test' && process.stdout.isTTY);
}

function databaseUrlOf({ DATABASE_URL: text, DATABASE_PASSWORD: password }: ParsedEnv): string | undefined {
  if (text === undefined || password === undefined) return text;
  const address = new URL(text);
  address.password ||= encodeURIComponent(password);
  return address.href;
}

function limitsOf(env: ParsedEnv): Config['limits'] {
  return {
    windowMs: env.RATE_LIMIT_TTL,
    general: env.RATE_LIMIT_MAX,
    deploy: env.DEPLOY_RATE_LIMIT_MAX,
    gitDeploy: env.GIT_DEPLOY_RATE_LIMIT_MAX,
    run: env.RUN_RATE_LIMIT_MAX,
    authFailures: env.AUTH_FAILURE_RATE_LIMIT_MAX,
  };
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
    apiRoot: trimTrailing(env.TELEGRAM_API_ROOT ?? 'https://api.telegram.org', '/'),
    isWebhook: env.TELEGRAM_WEBHOOK === 'on',
    isAllowed: (telegramId) => [...allowed, ...adminIds].some((id) => id === '*' || id === telegramId),
    isAdmin: (telegramId) => adminIds.includes(telegramId),
    adminIds,
  };
}

function buildOf(env: ParsedEnv): BuildConfig {
  const port = env.BUILD_REGISTRY_PORT;
  const builtInRegistry = {
    isOn: env.BUILD_REGISTRY === 'own',
    image: env.BUILD_REGISTRY_IMAGE,
    address: `127.0.0.1:${port}`,
    port,
  };
  return {
    dir: `${env.DATA_DIR}/builds`,
    deadlineMs: env.BUILD_DEADLINE_SECONDS * 1000,
    concurrency: env.BUILD_CONCURRENCY,
    memoryBytes: env.BUILD_MEMORY_MB * MIB,
    minFreeDiskBytes: env.BUILD_MIN_FREE_DISK_MB * MIB,
    registry: builtInRegistry.isOn ? builtInRegistry.address : env.BUILD_REGISTRY,
    builtInRegistry,
  };
}

function gitOf(env: ParsedEnv): GitConfig {
  return {
    dir: `${env.DATA_DIR}/git`,
    searchPath: process.env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin',
    allowedPrivateHosts: listOf(env.GIT_ALLOWED_PRIVATE_HOSTS),
    caFile: env.GIT_CA_FILE,
    timeoutMs: env.GIT_TIMEOUT_SECONDS * 1000,
    maxRepositoryBytes: env.GIT_MAX_REPOSITORY_MB * MIB,
  };
}

function listOf(text = ''): string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter(Boolean);
}

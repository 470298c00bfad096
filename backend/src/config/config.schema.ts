import Joi from 'joi';
import { LINUX_CAPABILITIES } from '#src/common/linux-capabilities.js';

const flag = (initial: 'on' | 'off') => Joi.string<'on' | 'off'>().valid('on', 'off').default(initial);
const port = (initial: number) => Joi.number().integer().port().default(initial);
const count = (initial: number, max = 1_000_000) => Joi.number().integer().min(1).max(max).default(initial);
const optional = () => Joi.string<string | undefined>().empty('');
const url = (...scheme: string[]) => optional().uri({ scheme });
const PER_USER_DEFAULT =
  'Default: four times what this machine has, because a limit is not a reservation; never less than MAX_DEPLOYMENTS_PER_ENVIRONMENT deployments with default resources.';
const base64Key = /^[A-Za-z0-9+/]{43}=$|^[0-9a-fA-F]{64}$/;

/** All settings of the environment. Their descriptions become docs/configuration.md and .env.example. */
const settings = {
  NODE_ENV: Joi.string()
    .valid('production', 'development', 'test')
    .default('production')
    .description('Purpose of the process; `development` makes readable logs the default.'),
  PORT: port(3000).description('TCP port of the API.'),
  HOST: Joi.string()
    .hostname()
    .default('127.0.0.1')
    .description('Address that the API listens on. Keep it on loopback: tenants must not reach it.'),
  LOG_LEVEL: Joi.string()
    .valid('fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent')
    .default('info')
    .description('Least severe level that is logged.'),
  LOG_FORMAT: optional()
    .valid('json', 'readable')
    .description(
      'Log as JSON for programs, or as readable lines. Default: `readable` on a terminal and from `script/server`, else `json`.',
    ),
  PUBLIC_BASE_URL: url('http', 'https').description(
    'Base URL of every link that the API returns. Default: `http://{HOST}:{PORT}`.',
  ),
  API_SOCKET: optional()
    .pattern(/^\//, 'absolute path')
    .description(
      'Unix socket through which the edge of PUBLIC_BASE_URL reaches the API; it must be in the volume `berth_api`. Unset: found through the Docker Engine.',
    ),
  DASHBOARD: flag('on').description('`off`: no dashboard at `/dashboard`, and no links to it.'),
  DATA_DIR: Joi.string()
    .pattern(/^\//, 'absolute path')
    .default('/var/lib/berth')
    .description('Folder of the embedded PostgreSQL, the encryption key and other state.'),
  DATABASE_URL: url('postgres', 'postgresql').description(
    'PostgreSQL to use. Unset: an embedded PostgreSQL under DATA_DIR.',
  ),
  DATABASE_PASSWORD: optional().description('Password for DATABASE_URL, if that has none.'),
  REDIS_URL: url('redis', 'rediss').description(
    'Redis for rate limits that are common to several API instances. Unset: in memory.',
  ),
  METRICS_TOKEN: optional()
    .min(16)
    .description(
      'Enables `GET /metrics`. Prometheus sends this token as `Authorization: Bearer …`; 16 characters or more.',
    ),
  METRICS_SAMPLE_SECONDS: Joi.number()
    .integer()
    .min(0)
    .max(300)
    .default(15)
    .description('Interval at which CPU, memory and network of the containers of deployments are sampled; 0: never.'),
  ENCRYPTION_KEY: optional()
    .pattern(base64Key, '32 bytes in base64 or hexadecimal')
    .description('AES-256 key for secrets at rest. Unset: generated once, stored at DATA_DIR/encryption.key.'),
  RATE_LIMIT_TTL: count(60_000, 86_400_000).description('Window of the rate limits, milliseconds.'),
  RATE_LIMIT_MAX: count(100).description(
    'Requests per window and user, with all keys together; per address without a key.',
  ),
  DEPLOY_RATE_LIMIT_MAX: count(5).description(
    '`POST /deployments`, redeployments and rollbacks per window and user; as many `POST /uploads`, `POST /deployments/from-upload`, and dry runs.',
  ),
  GIT_DEPLOY_RATE_LIMIT_MAX: count(3).description(
    '`POST /deployments/from-git` per window and user, and as many dry runs of it.',
  ),
  RUN_RATE_LIMIT_MAX: count(30).description('Runs that are started, per window and user.'),
  AUTH_FAILURE_RATE_LIMIT_MAX: count(20).description(
    'Failed authentications per window and address (for IPv6 per /64 network); above it only recently verified keys are still accepted.',
  ),
  TELEGRAM_BOT_TOKEN: optional()
    .pattern(/^[A-Za-z0-9:_-]+$/, 'token of a bot')
    .description('Token of the Telegram bot. Unset: no bot, everything else works.'),
  TELEGRAM_WEBHOOK: flag('off').description(
    '`on`: Telegram calls the bot under PUBLIC_BASE_URL, which must be https; `off`: the bot uses long polling.',
  ),
  TELEGRAM_API_ROOT: url('http', 'https').description('Bot API server to use instead of the official one.'),
  TELEGRAM_ALLOWED_IDS: optional()
    .pattern(/^(\*|\d+(,\d+)*)$/, 'comma-separated ids or *')
    .description(
      'Telegram ids that may get keys, comma-separated, or `*` for every user. Operators can allow more users in the bot.',
    ),
  TELEGRAM_ADMIN_IDS: optional()
    .pattern(/^\d+(,\d+)*$/, 'comma-separated ids')
    .description('Telegram ids of operators: they may get ADMIN keys, and allow other users.'),
  DOCKER_HOST: url('unix', 'tcp', 'http', 'https').description(
    'Docker Engine to use. Default: `unix:///var/run/docker.sock`.',
  ),
  SWARM_ADVERTISE_ADDR: optional().description(
    'Address that the Swarm manager advertises when Berth initialises the swarm. Default: chosen from the machine.',
  ),
  NGINX_IMAGE: Joi.string()
    .default('nginx:1.30-alpine')
    .description('Image of front and edges; nginx 1.29.0 or newer.'),
  INGRESS: flag('on').description(
    '`off`: no public domains; Berth does not listen on the HTTP ports, and the front of an earlier start is removed.',
  ),
  INGRESS_HTTP_PORT: port(80).description('Host port of plain HTTP.'),
  INGRESS_HTTPS_PORT: port(443).description('Host port of HTTPS.'),
  ACME_DIRECTORY_URL: Joi.string()
    .uri({ scheme: ['http', 'https'] })
    .default('https://acme-v02.api.letsencrypt.org/directory')
    .description('Directory of the ACME server.'),
  ACME_EMAIL: optional().email({ tlds: false }).description('Contact of the ACME account.'),
  ACME_CA_FILE: optional()
    .pattern(/^\//, 'absolute path')
    .description('Root certificate of a private ACME server, PEM.'),
  DNS_CHECK: flag('on').description('`on`: a domain must resolve to this machine before a certificate is ordered.'),
  DNS_SERVERS: optional()
    .pattern(
      /^[0-9a-fA-F.:[\]]+( *, *[0-9a-fA-F.:[\]]+)*$/,
      'comma-separated addresses, with a port where it is not 53',
    )
    .description('Name servers of the DNS check, comma-separated. Unset: those of the machine.'),
  STABILITY_WINDOW_MS: Joi.number()
    .integer()
    .min(0)
    .max(600_000)
    .default(2000)
    .description('How long every replica must have stayed up before a deployment is RUNNING.'),
  DRAIN_SECONDS: Joi.number()
    .integer()
    .min(0)
    .max(3600)
    .default(10)
    .description('Default drain time: the previous release keeps serving for so long after a new one is RUNNING.'),
  DEPLOY_DEADLINE_SECONDS: count(600, 86_400).description(
    'Deadline of a deployment: it FAILS if it is not RUNNING by then.',
  ),
  BUILD_DEADLINE_SECONDS: count(1200, 86_400).description('Timeout of one image build.'),
  BUILD_CONCURRENCY: count(1, 64).description('Builds that run at once.'),
  BUILD_MEMORY_MB: count(2048, 16_777_216).description('Memory limit of all builds together, MiB.'),
  BUILD_MIN_FREE_DISK_MB: count(2048, 1_000_000_000).description('Free disk space that a build needs, MiB.'),
  BUILD_REGISTRY: optional()
    .pattern(/^[A-Za-z0-9.-]+(:\d{1,5})?(\/[a-z0-9._/-]+)?$/, 'own, host, host:port or host/path')
    .description(
      'Registry that built images are pushed to; required if the swarm has more than one node. `own`: the built-in registry.',
    ),
  BUILD_REGISTRY_IMAGE: Joi.string().default('registry:3').description('Image of the built-in registry.'),
  BUILD_REGISTRY_PORT: port(5005).description('Loopback port of the built-in registry on each node.'),
  GIT_ALLOWED_PRIVATE_HOSTS: optional()
    .pattern(/^[A-Za-z0-9.:/_-]+( *, *[A-Za-z0-9.:/_-]+)*$/, 'comma-separated names, addresses or ranges')
    .description(
      'Git hosts that may be cloned from although their addresses are private: names, addresses, ranges (10.1.0.0/16), comma-separated.',
    ),
  REGISTRY_ALLOWED_PRIVATE_HOSTS: optional()
    .pattern(/^[A-Za-z0-9.:/_-]+( *, *[A-Za-z0-9.:/_-]+)*$/, 'comma-separated names, addresses or ranges')
    .description(
      'Registries that images may be pulled from although their addresses are private: names without port, addresses, ranges (10.1.0.0/16), comma-separated.',
    ),
  GIT_CA_FILE: optional()
    .pattern(/^\//, 'absolute path')
    .description('Root certificates of private git servers, PEM; trusted besides those of the machine.'),
  GIT_TIMEOUT_SECONDS: count(300, 86_400).description('Timeout of one clone.'),
  GIT_MAX_REPOSITORY_MB: count(1024, 1_000_000).description(
    'Size limit of a repository: the transferred data, and the files of the commit, MiB each.',
  ),
  UPLOAD_MAX_MB: count(200, 100_000).description(
    'Size limit of the body of `POST /uploads`, MiB; unpacked it may be four times as large.',
  ),
  HOST_PORT_RANGE: Joi.string()
    .pattern(/^\d{1,5}-\d{1,5}$/, 'first-last')
    .default('1024-65535')
    .custom(portRange)
    .description('Host ports that deployments may publish; those that the settings name are never among them.'),
  MAX_ENVIRONMENTS_PER_USER: count(20).description('Live environments per user.'),
  MAX_DEPLOYMENTS_PER_ENVIRONMENT: count(50).description('Live deployments per environment.'),
  MAX_RELEASES_AT_ONCE_PER_USER: count(50).description(
    'Maximum concurrent deployments per user and API process, and at most a third of its workers; the others are queued.',
  ),
  MAX_RUNS_AT_ONCE_PER_USER: count(20, 50).description(
    'Maximum concurrent runs per user; the others are queued. Only so many count for the resource limits.',
  ),
  MAX_STREAMS_PER_USER: count(20).description('Open event streams and `follow` requests per user and API process.'),
  MAX_KEYS_PER_USER: count(20).description(
    'Active API keys per user that magic links create; `script/key` may create more.',
  ),
  MAX_HOST_PORTS_PER_USER: count(50).description('Published host ports per user.'),
  MAX_FILES_MB_PER_USER: count(256).description(
    'MiB of different `files` of the live releases of a user, and of the last 10 of each name; failed ones count apart.',
  ),
  MAX_DOMAINS_PER_USER: count(100).description('Public domains per user, with those that are being removed.'),
  MAX_CERTIFICATE_ORDERS_PER_USER: count(100).description(
    'Certificate orders per user in 3 hours; the ACME account of Berth may place 300.',
  ),
  MAX_CPUS_PER_USER: Joi.number()
    .positive()
    .max(1_000_000)
    .description(`Sum of the CPU limits of a user's live deployments and runs, in cores. ${PER_USER_DEFAULT}`),
  MAX_MEMORY_MB_PER_USER: Joi.number()
    .integer()
    .min(1)
    .max(1_000_000_000)
    .description(`Sum of the memory limits of a user's live deployments and runs, MiB. ${PER_USER_DEFAULT}`),
  MAX_PIDS_PER_USER: Joi.number()
    .integer()
    .min(1)
    .max(1_000_000_000)
    .description(
      "Sum of the process limits of a user's live deployments and runs. Default: 16384, or more as for MAX_CPUS_PER_USER.",
    ),
  MAX_LOG_MB_PER_USER: count(1024, 1_000_000).description(
    'Stored logs of deployments per user, MiB, and as much of runs; above it the oldest logs of ended ones are deleted.',
  ),
  LOG_RETENTION_DAYS: count(30, 36_500).description(
    'How long the logs of an ended deployment are stored; of each name the logs of the last ten releases.',
  ),
  AUDIT_RETENTION_DAYS: count(90, 36_500).description('How long audit events are stored.'),
  ALLOWED_CAPABILITIES: Joi.string()
    .default('FSETID,SETPCAP,SYS_CHROOT,AUDIT_WRITE')
    .custom(capabilityList)
    .description(
      'Linux capabilities that a request may name in `capabilities` besides the default ones, comma-separated, or `none`. IPC_LOCK is one that some images need.',
    ),
  DEFAULT_CPUS: Joi.number().positive().max(1024).default(1).description('CPU limit of a replica, in cores.'),
  DEFAULT_MEMORY_MB: count(512, 16_777_216).description('Memory limit of a replica, MiB.'),
  DEFAULT_PIDS: count(256, 4_194_304).description('Limit of processes and threads of a replica.'),
  MAX_CPUS: Joi.number().positive().max(1024).default(4).description('Maximum CPU cores of a replica in a request.'),
  MAX_MEMORY_MB: count(4096, 16_777_216).description('Maximum memory of a replica in a request, MiB.'),
  MAX_PIDS: count(4096, 4_194_304).description('Maximum processes and threads of a replica in a request.'),
};

type ValueOf<S> = S extends Joi.AnySchema<infer T> ? T : never;
export type ParsedEnv = { [Key in keyof typeof settings]: ValueOf<(typeof settings)[Key]> };

export const configSchema = Joi.object<ParsedEnv>(settings);

function capabilityList(value: string, helpers: Joi.CustomHelpers): string | Joi.ErrorReport {
  const known: readonly string[] = ['none', ...LINUX_CAPABILITIES];
  return value.split(',').every((name) => known.includes(name.trim())) ? value : helpers.error('any.invalid');
}

function portRange(value: string, helpers: Joi.CustomHelpers): string | Joi.ErrorReport {
  const [first = 0, last = 0] = value.split('-').map(Number);
  return first >= 1 && first <= last && last <= 65_535 ? value : helpers.error('any.invalid');
}

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parseEnv } from 'node:util';
import { BACKEND } from './build.mjs';
import { EXIT, Failure, reason } from './failure.mjs';

const LOCAL_ENGINE = 'unix:///var/run/docker.sock';

/** Reads the few settings that the scripts need, in the same way as the API. The API validates all settings and reports every problem. */
export function readSettings() {
  const env = { ...readEnvFile(path.join(BACKEND, '.env')), ...given(process.env) };
  const host = env.HOST ?? '127.0.0.1';
  const port = Number(env.PORT ?? 3000);
  const dockerHost = env.DOCKER_HOST ?? LOCAL_ENGINE;
  const dataDir = env.DATA_DIR ?? '/var/lib/berth';
  const problems = [
    !(Number.isInteger(port) && port > 0 && port < 65_536) && 'PORT must be a number from 1 to 65535',
    !path.isAbsolute(dataDir) && 'DATA_DIR must be an absolute path',
    !/^(unix:\/\/\/|(tcp|https?):\/\/[^/])/.test(dockerHost) &&
      'DOCKER_HOST must be unix:///path, tcp://host:port or http(s)://host:port',
  ].filter(Boolean);
  if (problems.length > 0) throw new Failure(problems.map((text) => `configuration: ${text}`).join('\n'), EXIT.config);
  return {
    host,
    port,
    url: `http://${reachable(host)}:${port}`,
    hasDashboard: env.DASHBOARD !== 'off',
    dataDir: path.resolve(dataDir),
    /** A person reads the log of script/server, also from a file. */
    logFormat: env.LOG_FORMAT ?? 'readable',
    /** script/key needs it, too. */
    dataDirIsFromShell: Boolean(process.env.DATA_DIR),
    databaseIsFromShell: Boolean(process.env.DATABASE_URL),
    ownDatabase: !env.DATABASE_URL,
    dockerHost,
    engineIsLocal: dockerHost === LOCAL_ENGINE,
  };
}

function readEnvFile(file) {
  try {
    return given(parseEnv(readFileSync(file, 'utf8')));
  } catch (error) {
    if (error.code === 'ENOENT') return {};
    throw new Failure(`${file} cannot be read (${reason(error)}): correct or remove it.`, EXIT.config);
  }
}

/** An empty value counts as not set. */
function given(env) {
  return Object.fromEntries(Object.entries(env).filter(([, value]) => value));
}

/** A client cannot connect to an address that stands for all addresses. */
function reachable(host) {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return host.includes(':') ? `[${host}]` : host;
}

import type { IncomingMessage } from 'node:http';
import type { Params } from 'nestjs-pino';
import type { Config } from '#src/config/config.js';
import { readableLines } from './readable-lines.js';

/** Fields that are redacted at every logged depth. */
const SECRETS = [
  'envVars',
  'buildArgs',
  'buildSecrets',
  'files',
  'password',
  'secret',
  'token',
  'apiKey',
  'registryAuth',
  'gitAuth',
  'authorization',
];

/** Options of pino: JSON or readable lines. A request is logged without headers, body and query. */
export function loggerOptions({ log }: Config): Params {
  return {
    pinoHttp: {
      level: log.level,
      ...(log.isReadable && { stream: readableLines(process.stdout) }),
      redact: { paths: SECRETS.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: '***' },
      customLogLevel: (request, response, error) => levelOf(request, response.statusCode, error),
      customSuccessMessage: (request, response) => `${request.method} ${pathOf(request)} ${response.statusCode}`,
      customErrorMessage: (request, response) => `${request.method} ${pathOf(request)} ${response.statusCode}`,
      serializers: {
        req: (request: { id: string; method: string; url: string }) => ({
          id: request.id,
          method: request.method,
          path: request.url.split('?')[0],
        }),
        res: ({ statusCode }: { statusCode: number }) => ({ statusCode }),
      },
    },
  };
}

function levelOf(request: IncomingMessage, status: number, error?: Error): 'debug' | 'info' | 'warn' | 'error' {
  if (error ?? status >= 500) return status === 503 ? 'warn' : 'error';
  return pathOf(request).startsWith('/health') ? 'debug' : 'info';
}

function pathOf(request: IncomingMessage): string {
  const { originalUrl, url = '' } = request as IncomingMessage & { originalUrl?: string };
  return (originalUrl ?? url).split('?')[0] ?? '';
}

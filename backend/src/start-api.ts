import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { NextFunction, Request, Response } from 'express';
import helmet, { type HelmetOptions } from 'helmet';
import { Logger } from 'nestjs-pino';
import { AppModule } from './app.module.js';
import { acceptUploads, onlyKnownBodies } from './common/request-bodies.js';
import { IdPipe } from './common/id.pipe.js';
import { createValidationPipe } from './common/validation.pipe.js';
import type { Config } from './config/config.js';
import { FrameworkLogger } from './core/logging/framework-logger.js';
import { assignRequestId } from './core/logging/request-id.js';
import { VERSION } from './modules/platform/version.js';
import { longestMs } from './modules/uploads/upload-pace.js';
import { setUpSwaggerUi } from './openapi/swagger-ui.js';

const BODY_LIMIT = '1mb';
/** Limit of the only page with a form. */
const FORM_LIMIT = '4kb';
/** After this deadline the process exits and cuts the open connections. */
const SHUTDOWN_MS = 9000;

export async function startApi(config: Config): Promise<void> {
  const stopped = stopRequested();
  const more = config.telegram.isOn ? [(await import('./modules/telegram/telegram.module.js')).TelegramModule] : [];
  const app = await NestFactory.create<NestExpressApplication>(AppModule.with(config, more), {
    bufferLogs: true,
    // main.ts reports a failed start in one sentence; Nest would log a stack.
    autoFlushLogs: false,
    bodyParser: false,
    // Signatures of webhooks cover the raw bytes of the body.
    rawBody: true,
    abortOnError: false,
    forceCloseConnections: true,
  });
  app.useLogger(new FrameworkLogger(app.get(Logger)));
  app.flushLogs();
  app.disable('x-powered-by');
  app.disable('etag');
  // Only the platform's own edge, which connects through a Unix socket and so has no address, is a trusted proxy.
  app.set('trust proxy', (address: string | undefined) => !address);
  app.use(assignRequestId);
  app.use(helmet(securityHeaders(config)));
  app.use(noStore);
  app.use(onlyKnownBodies);
  app.useBodyParser('json', { limit: BODY_LIMIT, strict: true });
  app.useBodyParser('urlencoded', { limit: FORM_LIMIT, extended: false });
  setUpSwaggerUi(app, config);
  app.useGlobalPipes(new IdPipe(), createValidationPipe());
  acceptUploads(app.getHttpServer(), longestMs(config.upload.maxBytes));
  try {
    await app.listen(config.http.port, config.http.host);
  } catch (error) {
    await app.close();
    throw error;
  }
  app.get(Logger).log(`Berth ${VERSION} listens on ${await app.getUrl()}`);
  void stopped.then(() => stop(app));
}

/** Headers of data responses; the pages set their own policy. */
function securityHeaders({ http }: Config): HelmetOptions {
  return {
    contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] } },
    referrerPolicy: { policy: 'no-referrer' },
    xFrameOptions: { action: 'deny' },
    strictTransportSecurity: http.publicBaseUrl.startsWith('https:') && { maxAge: 31_536_000 },
  };
}

/** Responses depend on the key, so that no cache between may store them. */
function noStore(_request: Request, response: Response, next: NextFunction): void {
  response.setHeader('Cache-Control', 'no-store');
  next();
}

/** Resolves at SIGTERM, SIGINT or the end of the parent process, also during the start. */
function stopRequested(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT', 'disconnect'] as const) process.on(signal, () => resolve());
    // eslint-disable-next-line @typescript-eslint/no-unnecessary-boolean-literal-compare -- undefined without an IPC channel
    if (process.connected === false) resolve();
  });
}

async function stop(app: NestExpressApplication): Promise<void> {
  setTimeout(() => process.exit(1), SHUTDOWN_MS).unref();
  await app.close();
  process.exit(0);
}

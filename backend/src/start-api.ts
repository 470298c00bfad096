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
/** Of the one page that has a form. */
const FORM_LIMIT = '4kb';
/** After that, connections that are still open are cut. */
const SHUTDOWN_MS = 9000;

export async function startApi(config: Config): Promise<void> {
  const stopped = stopRequested();
  const more = config.telegram.isOn ? [(await import('./modules/telegram/telegram.module.js')).TelegramModule] : [];
  const app = await NestFactory.create<NestExpressApplication>(AppModule.with(config, more), {
    bufferLogs: true,
    // A start that fails is told in one sentence by main.ts, not in a stack by Nest.
    autoFlushLogs: false,
    bodyParser: false,
    // Signatures of webhooks are over the bytes as they came.
    rawBody: true,
    abortOnError: false,
    forceCloseConnections: true,
  });
  app.useLogger(new FrameworkLogger(app.get(Logger)));
  app.flushLogs();
  app.disable('x-powered-by');
  app.disable('etag');
  // Only the platform's own edge, which comes through a Unix socket and so without an address, is believed about who asks.
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

/** For answers that are data; the pages set a policy of their own. */
function securityHeaders({ http }: Config): HelmetOptions {
  return {
    contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] } },
    referrerPolicy: { policy: 'no-referrer' },
    xFrameOptions: { action: 'deny' },
    strictTransportSecurity: http.publicBaseUrl.startsWith('https:') && { maxAge: 31_536_000 },
  };
}

/** An answer belongs to whoever holds the key: no cache on the way may keep it. */
function noStore(_request: Request, response: Response, next: NextFunction): void {
  response.setHeader('Cache-Control', 'no-store');
  next();
}

/** SIGTERM, SIGINT, or the end of the program that started us; also while we still start. */
function stopRequested(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT', 'disconnect'] as const) process.on(signal, () => resolve());
    // eslint-disable-next-line @typescript-eslint/no-unnecessary-boolean-literal-compare -- undefined where nobody holds a channel to us
    if (process.connected === false) resolve();
  });
}

async function stop(app: NestExpressApplication): Promise<void> {
  setTimeout(() => process.exit(1), SHUTDOWN_MS).unref();
  await app.close();
  process.exit(0);
}

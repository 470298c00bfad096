import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { Logger } from 'nestjs-pino';
import { AppModule } from './app.module.js';
import { createValidationPipe } from './common/validation.pipe.js';
import type { Config } from './config/config.js';
import { serveDocs } from './openapi/serve-docs.js';

const BODY_LIMIT = '1mb';
/** After that, connections that are still open are cut. */
const SHUTDOWN_MS = 9000;

export async function startApi(config: Config): Promise<void> {
  const stopped = stopRequested();
  const app = await NestFactory.create<NestExpressApplication>(AppModule.with(config), {
    bufferLogs: true,
    // A start that fails is told in one sentence by main.ts, not in a stack by Nest.
    autoFlushLogs: false,
    bodyParser: false,
    abortOnError: false,
    forceCloseConnections: true,
  });
  app.useLogger(app.get(Logger));
  app.flushLogs();
  app.disable('x-powered-by');
  app.disable('etag');
  app.useBodyParser('json', { limit: BODY_LIMIT, strict: true });
  app.useGlobalPipes(createValidationPipe());
  serveDocs(app, config);
  try {
    await app.listen(config.http.port, config.http.host);
  } catch (error) {
    await app.close();
    throw error;
  }
  void stopped.then(() => stop(app));
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

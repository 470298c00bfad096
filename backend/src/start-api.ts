import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { HelmetOptions } from 'helmet';
import { Logger } from 'nestjs-pino';
import { AppModule } from './app.module.js';
import { acceptUploads } from './common/request-bodies.js';
import type { Config } from './config/config.js';
import { RequestsInProgress } from './core/health/requests-in-progress.js';
import { FrameworkLogger } from './core/logging/framework-logger.js';
import { KeyAuthentication } from './modules/auth/key-authentication.js';
import { VERSION } from './modules/platform/version.js';
import { longestMs } from './modules/uploads/upload-pace.js';
import { answerMalformedRequests } from './malformed-requests.js';
import { setUpRequests } from './request-pipeline.js';
import { setUpSwaggerUi } from './openapi/swagger-ui.js';
import { serveDashboard } from './serve-dashboard.js';

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
    abortOnError: false,
    forceCloseConnections: true,
  });
  app.useLogger(new FrameworkLogger(app.get(Logger)));
  app.flushLogs();
  app.use(app.get(RequestsInProgress).track);
  const authentication = app.get(KeyAuthentication);
  setUpRequests(app, securityHeaders(config), (request) => authentication.authenticate(request));
  setUpSwaggerUi(app, config);
  if (config.http.hasDashboard) serveDashboard(app);
  acceptUploads(app.getHttpServer(), longestMs(config.upload.maxBytes));
  answerMalformedRequests(app.getHttpServer());
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

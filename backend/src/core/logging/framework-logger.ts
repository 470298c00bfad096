import type { LoggerService } from '@nestjs/common';

/** Contexts under which Nest lists its modules, controllers and routes at every start. */
const LISTS = new Set(['NestFactory', 'InstanceLoader', 'RoutesResolver', 'RouterExplorer', 'NestApplication']);

/** Nest's logger. It logs the two hundred lines of modules and routes at the start at level debug. */
export class FrameworkLogger implements LoggerService {
  constructor(private readonly logger: Required<Omit<LoggerService, 'setLogLevels'>>) {}

  log(message: unknown, ...more: unknown[]): void {
    const context = more.at(-1);
    if (typeof context === 'string' && LISTS.has(context)) this.logger.debug(message, ...more);
    else this.logger.log(message, ...more);
  }

  error(message: unknown, ...more: unknown[]): void {
    this.logger.error(message, ...more);
  }

  warn(message: unknown, ...more: unknown[]): void {
    this.logger.warn(message, ...more);
  }

  debug(message: unknown, ...more: unknown[]): void {
    this.logger.debug(message, ...more);
  }

  verbose(message: unknown, ...more: unknown[]): void {
    this.logger.verbose(message, ...more);
  }

  fatal(message: unknown, ...more: unknown[]): void {
    this.logger.fatal(message, ...more);
  }
}

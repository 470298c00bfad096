import { type ArgumentsHost, Catch, type ExceptionFilter, ServiceUnavailableException } from '@nestjs/common';
import type { Response } from 'express';
import { PinoLogger } from 'nestjs-pino';
import type { AuthenticatedRequest } from '#src/common/decorators/caller.js';
import { Clock } from '#src/common/time/clock.js';
import { definitionOf, toDomainError, toProblem } from './problem.js';

/** Turns every thrown error into a problem+json response and logs it as its definition says. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(
    private readonly clock: Clock,
    private readonly logger: PinoLogger,
  ) {
    logger.setContext(ProblemFilter.name);
  }

  catch(thrown: unknown, host: ArgumentsHost): void {
    if (host.getType() !== 'http') throw thrown; // an update of the bot: UpdateHandler handles its errors
    const request = host.switchToHttp().getRequest<AuthenticatedRequest>();
    const response = host.switchToHttp().getResponse<Response>();
    if (isHealthReport(thrown)) {
      response.status(503).json(thrown.getResponse());
      return;
    }
    const error = toDomainError(thrown);
    const { log, retryAfterSeconds = error.options.retryAfterSeconds } = definitionOf(error);
    if (log !== 'info') this.logger[log]({ err: error.options.cause ?? error, code: error.code }, error.message);
    if (response.headersSent) {
      response.destroy();
      return;
    }
    const problem = toProblem(error, { path: request.path, id: request.id, now: this.clock.now() });
    if (retryAfterSeconds !== undefined) response.setHeader('Retry-After', retryAfterSeconds);
    response.status(problem.status).type('application/problem+json').send(JSON.stringify(problem));
  }
}

/** Terminus throws its report when a component is down; the API returns that report as it is. */
function isHealthReport(thrown: unknown): thrown is ServiceUnavailableException {
  return (
    thrown instanceof ServiceUnavailableException &&
    typeof thrown.getResponse() === 'object' &&
    'details' in (thrown.getResponse() as object)
  );
}

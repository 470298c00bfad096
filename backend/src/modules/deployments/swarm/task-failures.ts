import { Injectable } from '@nestjs/common';
import { Containers } from '#src/integrations/docker/containers.js';
import { TaskLogs } from '#src/modules/deployments/logs/task-logs.js';
import type { Release } from '#src/modules/deployments/domain/release.js';
import type { FailedAssessment } from './assess-tasks.js';
import { ExecFailures } from './exec-failures.js';
import { failureReport } from './failure-report.js';
import type { StepFailure } from '#src/modules/deployments/domain/step-failure.js';

const LINES = 20;

/** Builds the failure of an assessment with the state, the logs and the files of its containers. */
@Injectable()
export class TaskFailures {
  constructor(
    private readonly containers: Containers,
    private readonly logs: TaskLogs,
    private readonly execs: ExecFailures,
  ) {}

  async report(assessment: FailedAssessment, serviceId: string, release: Release): Promise<StepFailure> {
    const { task } = assessment;
    const { containerId } = task ?? {};
    const state = containerId ? await this.containers.inspect(containerId) : undefined;
    const lines = await this.logs.lines(serviceId, { tail: LINES });
    const advice = await this.execs.advice(state && containerId, [...lines.map(({ text }) => text), task?.error ?? '']);
    return failureReport(assessment, {
      probeOutput: state?.health?.lastOutput ?? '',
      oomKilled: state?.oomKilled ?? false,
      lines,
      ...(advice !== undefined && { advice }),
      release,
    });
  }
}

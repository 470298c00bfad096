import { Injectable } from '@nestjs/common';
import { Containers } from '#src/integrations/docker/containers.js';
import { TaskLogs } from '#src/modules/deployments/logs/task-logs.js';
import type { FailedAssessment } from './assess-tasks.js';
import { failureReport } from './failure-report.js';
import type { StepFailure } from '#src/modules/deployments/domain/step-failure.js';

/** Builds the failure of an assessment with the state and the logs of its containers. */
@Injectable()
export class TaskFailures {
  constructor(
    private readonly containers: Containers,
    private readonly logs: TaskLogs,
  ) {}

  async report(assessment: FailedAssessment, serviceId: string): Promise<StepFailure> {
    const { containerId } = assessment.task ?? {};
    const state = containerId ? await this.containers.inspect(containerId) : undefined;
    return failureReport(assessment, {
      probeOutput: state?.health?.lastOutput ?? '',
      oomKilled: state?.oomKilled ?? false,
      logs: await this.logs.text(serviceId, { tail: 20 }),
    });
  }
}

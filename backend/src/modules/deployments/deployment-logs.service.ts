import { Injectable } from '@nestjs/common';
import type { Caller } from '../../common/decorators/caller.js';
import { formatLine } from '../../integrations/docker/log-decoder.js';
import { BuildLog } from './build/build-log.js';
import { DeploymentsService } from './deployments.service.js';
import { DeploymentLogs } from './streams/deployment-logs.js';

/** Logs as users ask for them. */
@Injectable()
export class DeploymentLogsService {
  constructor(
    private readonly deployments: DeploymentsService,
    private readonly logs: DeploymentLogs,
    private readonly buildLog: BuildLog,
  ) {}

  async readBuild(
    caller: Caller,
    id: string,
    { tail, since }: { tail: number; since: Date | undefined },
  ): Promise<string> {
    const deployment = await this.deployments.get(caller, id);
    const lines = await this.buildLog.lines(deployment.id, { tail, ...(since && { since }) });
    return lines.map(formatLine).join('');
  }

  async read(caller: Caller, id: string, { tail, since }: { tail: number; since: Date | undefined }): Promise<string> {
    const deployment = await this.deployments.get(caller, id);
    const lines = await this.logs.lines(deployment.id, { tail, ...(since && { since }) });
    return lines.map(formatLine).join('');
  }
}

import { Injectable } from '@nestjs/common';
import type { Caller } from '#src/common/decorators/caller.js';
import { formatLine } from '#src/integrations/docker/log-decoder.js';
import { BuildLog } from '#src/modules/builds/build-log.js';
import { DeploymentsService } from '#src/modules/deployments/deployments.service.js';
import { DeploymentLogs } from '#src/modules/deployments/logs/deployment-logs.js';

/** Reads container logs and build logs for users. */
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

import { Injectable } from '@nestjs/common';
import { PrismaService } from '../../../core/database/prisma.service.js';
import { Containers, type LogQuery } from '../../../integrations/docker/containers.js';
import { mergeLogs } from '../../../integrations/docker/log-decoder.js';
import { SwarmServices } from '../../../integrations/docker/swarm-services.js';
import { SwarmTasks } from '../../../integrations/docker/swarm-tasks.js';
import { LABELS } from '../release/labels.js';

const KEPT_LINES = 1000;
const KEPT_CHARACTERS = 1_000_000;

/** What a deployment's containers printed: from Docker while there is a service, afterwards what was kept when it went. */
@Injectable()
export class DeploymentLogs {
  constructor(
    private readonly prisma: PrismaService,
    private readonly services: SwarmServices,
    private readonly tasks: SwarmTasks,
    private readonly containers: Containers,
  ) {}

  /** Lines `{time} {text}` in order of time; empty where nothing ever ran. */
  async read(deploymentId: string, query: LogQuery): Promise<string> {
    const [service] = await this.services.list({ [LABELS.deployment]: deploymentId });
    return service ? this.ofService(service.id, query) : this.kept(deploymentId, query);
  }

  /** Of all tasks in Swarm's history, so that a crashed container's last words are there. */
  async ofService(serviceId: string, query: LogQuery): Promise<string> {
    const tasks = await this.tasks.list({ serviceId });
    const lines = await Promise.all(
      tasks.flatMap(({ containerId }) => (containerId ? [this.containers.logs(containerId, query)] : [])),
    );
    return mergeLogs(lines.flat(), query.tail);
  }

  /** Called before a service is removed; again, after a crash, it replaces what was kept. */
  async keep(deploymentId: string, serviceId: string): Promise<void> {
    const content = (await this.ofService(serviceId, { tail: KEPT_LINES }))
      .slice(-KEPT_CHARACTERS)
      .replaceAll('\0', '');
    if (content === '') return;
    await this.prisma.$transaction([
      this.prisma.deploymentLog.deleteMany({ where: { deploymentId, kind: 'RUNTIME' } }),
      this.prisma.deploymentLog.create({ data: { deploymentId, kind: 'RUNTIME', content } }),
    ]);
  }

  private async kept(deploymentId: string, { tail, since }: LogQuery): Promise<string> {
    const log = await this.prisma.deploymentLog.findFirst({
      where: { deploymentId, kind: 'RUNTIME' },
      orderBy: { createdAt: 'desc' },
    });
    const lines = log?.content.split(/(?<=\n)/) ?? [];
    const from = since?.toISOString();
    return lines
      .filter((line) => !from || line.slice(0, from.length) >= from)
      .slice(-tail)
      .join('');
  }
}

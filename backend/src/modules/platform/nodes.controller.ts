import { Controller, Get } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Operation } from '#src/common/decorators/operation.js';
import { Nodes } from '#src/integrations/docker/nodes.js';
import { NodeListDto } from './dto/node.dto.js';

@ApiTags('nodes')
@Controller('nodes')
export class NodesController {
  constructor(private readonly nodes: Nodes) {}

  @Get()
  @Operation({
    id: 'listNodes',
    summary: 'List the nodes of the swarm',
    description:
      '`docker swarm join` adds one; `docker node update --label-add berth.ingress=false` excludes one from serving public names.',
    response: NodeListDto,
    scopes: ['ADMIN'],
    errors: ['DOCKER_UNAVAILABLE'],
  })
  async list(): Promise<NodeListDto> {
    const nodes = await this.nodes.list();
    return { nodes: nodes.toSorted((a, b) => a.hostname.localeCompare(b.hostname)) };
  }
}

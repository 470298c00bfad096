import { ApiProperty } from '@nestjs/swagger';
import type { SwarmNode } from '#src/integrations/docker/nodes.js';

export class NodeDto {
  id: string;
  hostname: string;
  address: string;
  @ApiProperty({ enum: ['manager', 'worker'] })
  role: SwarmNode['role'];
  @ApiProperty({ enum: ['active', 'pause', 'drain'] })
  availability: SwarmNode['availability'];
  @ApiProperty({ enum: ['unknown', 'down', 'ready', 'disconnected'] })
  state: SwarmNode['state'];
  engineVersion: string;
  platform: string;
  cpus: number;
  memoryBytes: number;
  @ApiProperty({ type: 'object', additionalProperties: { type: 'string' } })
  labels: Record<string, string>;
}

export class NodeListDto {
  nodes: NodeDto[];
}

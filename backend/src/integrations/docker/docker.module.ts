import { Global, Module } from '@nestjs/common';
import { BuildLimits } from './build-limits.js';
import { Builds } from './builds.js';
import { Configs } from './configs.js';
import { Containers } from './containers.js';
import { DockerClient } from './docker-client.js';
import { Engine } from './engine.js';
import { Events } from './events.js';
import { Images } from './images.js';
import { Networks } from './networks.js';
import { Nodes } from './nodes.js';
import { Secrets } from './secrets.js';
import { ServiceLogs } from './service-logs.js';
import { Swarm } from './swarm.js';
import { SwarmServices } from './swarm-services.js';
import { SwarmTasks } from './swarm-tasks.js';
import { Volumes } from './volumes.js';

const surfaces = [
  BuildLimits,
  Builds,
  Configs,
  Containers,
  DockerClient,
  Engine,
  Events,
  Images,
  Networks,
  Nodes,
  Secrets,
  ServiceLogs,
  Swarm,
  SwarmServices,
  SwarmTasks,
  Volumes,
];

@Global()
@Module({ providers: surfaces, exports: surfaces })
export class DockerModule {}

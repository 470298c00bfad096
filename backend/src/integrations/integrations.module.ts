import { Module } from '@nestjs/common';
import { AcmeServer } from './acme/acme-server.js';
import { BuildLimits } from './docker/build-limits.js';
import { Builds } from './docker/builds.js';
import { Configs } from './docker/configs.js';
import { ContainerFiles } from './docker/container-files.js';
import { ContainerStats } from './docker/container-stats.js';
import { Containers } from './docker/containers.js';
import { DockerClient } from './docker/docker-client.js';
import { Engine } from './docker/engine.js';
import { Events } from './docker/events.js';
import { Images } from './docker/images.js';
import { Networks } from './docker/networks.js';
import { Nodes } from './docker/nodes.js';
import { RegistryImages } from './docker/registry-images.js';
import { RegistryPolicy } from './docker/registry-policy.js';
import { Secrets } from './docker/secrets.js';
import { ServiceLogs } from './docker/service-logs.js';
import { Swarm } from './docker/swarm.js';
import { SwarmServices } from './docker/swarm-services.js';
import { SwarmTasks } from './docker/swarm-tasks.js';
import { Volumes } from './docker/volumes.js';
import { CertificateBundle } from './git/certificate-bundle.js';
import { EgressPolicy } from './git/egress-policy.js';
import { GitRepositories } from './git/git-repositories.js';
import { ListeningPorts } from './machine/listening-ports.js';
import { NginxConfig } from './nginx/nginx-config.js';

const surfaces = [
  AcmeServer,
  BuildLimits,
  Builds,
  Configs,
  ContainerFiles,
  ContainerStats,
  Containers,
  DockerClient,
  EgressPolicy,
  Engine,
  Events,
  GitRepositories,
  Images,
  ListeningPorts,
  Networks,
  NginxConfig,
  Nodes,
  RegistryImages,
  RegistryPolicy,
  Secrets,
  ServiceLogs,
  Swarm,
  SwarmServices,
  SwarmTasks,
  Volumes,
];

/** The technologies that Berth works with. The Bot API is not here: TelegramModule is loaded when a token is set. */
@Module({ providers: [...surfaces, CertificateBundle], exports: surfaces })
export class IntegrationsModule {}

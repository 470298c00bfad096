import { Injectable } from '@nestjs/common';
import type { DeployStep } from './deploy-step.js';
import { AwaitHealthy } from './steps/await-healthy.js';
import { CreateVolumes } from './steps/create-volumes.js';
import { PullImage } from './steps/pull-image.js';
import { ResolveImage } from './steps/resolve-image.js';
import { RetirePrevious } from './steps/retire-previous.js';
import { StartService } from './steps/start-service.js';
import { StopPrevious } from './steps/stop-previous.js';

export const DEPLOY_STEP_CLASSES = [
  ResolveImage,
  PullImage,
  CreateVolumes,
  StopPrevious,
  StartService,
  AwaitHealthy,
  RetirePrevious,
];

/** A deployment, read aloud. */
@Injectable()
export class DeploySteps {
  readonly all: DeployStep[];

  constructor(
    resolve: ResolveImage,
    pull: PullImage,
    volumes: CreateVolumes,
    stop: StopPrevious,
    start: StartService,
    healthy: AwaitHealthy,
    retire: RetirePrevious,
  ) {
    this.all = [resolve, pull, volumes, stop, start, healthy, retire];
  }
}

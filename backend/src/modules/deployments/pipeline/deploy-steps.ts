import { Inject, Injectable, type Provider } from '@nestjs/common';
import type { Deployment } from '../../../generated/prisma/client.js';
import type { DeployStep } from './deploy-step.js';
import { AwaitHealthy } from './steps/await-healthy.js';
import { BuildImage } from './steps/build-image.js';
import { CreateVolumes } from './steps/create-volumes.js';
import { FetchSource } from './steps/fetch-source.js';
import { Publish } from './steps/publish.js';
import { PullImage } from './steps/pull-image.js';
import { PushImage } from './steps/push-image.js';
import { ResolveImage } from './steps/resolve-image.js';
import { RunReleaseCommand } from './steps/run-release-command.js';
import { RetirePrevious } from './steps/retire-previous.js';
import { StartService } from './steps/start-service.js';
import { StopPrevious } from './steps/stop-previous.js';

const DEPLOY_STEPS = Symbol('the steps of a deployment');

const DEPLOY_STEP_CLASSES = [
  ResolveImage,
  PullImage,
  FetchSource,
  BuildImage,
  PushImage,
  CreateVolumes,
  StopPrevious,
  RunReleaseCommand,
  StartService,
  AwaitHealthy,
  Publish,
  RetirePrevious,
];

/** Their names, in their order. */
export const DEPLOY_STEP_NAMES = DEPLOY_STEP_CLASSES.map(({ name }) => name);

/** A deployment, read aloud. Nest gives the steps in the order of their classes. */
@Injectable()
export class DeploySteps {
  constructor(@Inject(DEPLOY_STEPS) private readonly all: DeployStep[]) {}

  of(deployment: Deployment): DeployStep[] {
    return this.all.filter(({ appliesTo }) => appliesTo?.(deployment) ?? true);
  }
}

export const DEPLOY_STEP_PROVIDERS: Provider[] = [
  ...DEPLOY_STEP_CLASSES,
  { provide: DEPLOY_STEPS, useFactory: (...steps: DeployStep[]) => steps, inject: DEPLOY_STEP_CLASSES },
  DeploySteps,
];

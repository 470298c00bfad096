import { Inject, Injectable, type Provider } from '@nestjs/common';
import type { DeployStep, PlannedDeployment } from './deploy-step.js';
import { AwaitHealthy } from './await-healthy.js';
import { BuildImage } from './build-image.js';
import { CreateVolumes } from './create-volumes.js';
import { FetchSource } from './fetch-source.js';
import { Publish } from './publish.js';
import { PullImage } from './pull-image.js';
import { PushImage } from './push-image.js';
import { ResolveImage } from './resolve-image.js';
import { RunReleaseCommand } from './run-release-command.js';
import { RetirePrevious } from './retire-previous.js';
import { StartService } from './start-service.js';
import { StopPrevious } from './stop-previous.js';

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

/** Names of the steps, in order. */
export const DEPLOY_STEP_NAMES = DEPLOY_STEP_CLASSES.map(({ name }) => name);

/** The steps of a deployment, in order. Nest injects them in the order of DEPLOY_STEP_CLASSES. */
@Injectable()
export class DeploySteps {
  constructor(@Inject(DEPLOY_STEPS) private readonly all: DeployStep[]) {}

  of(deployment: PlannedDeployment): DeployStep[] {
    return this.all.filter(({ appliesTo }) => appliesTo?.(deployment) ?? true);
  }
}

export const DEPLOY_STEP_PROVIDERS: Provider[] = [
  ...DEPLOY_STEP_CLASSES,
  { provide: DEPLOY_STEPS, useFactory: (...steps: DeployStep[]) => steps, inject: DEPLOY_STEP_CLASSES },
  DeploySteps,
];

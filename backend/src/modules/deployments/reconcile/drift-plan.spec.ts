import { expect, it } from 'vitest';
import type { SwarmService } from '#src/integrations/docker/swarm-services.js';
import { planRepair } from './drift-plan.js';

const row = { id: 'd1', name: 'web', replicas: 3 };
const service: SwarmService = {
  id: 's1',
  version: 1,
  name: 'shop_web_d1',
  labels: {},
  replicas: 3,
  spec: { Name: 'shop_web_d1' } as SwarmService['spec'],
  updateState: undefined,
};

it('a service that fits its row must not be repaired', () => {
  expect(planRepair({ row, service, isImageLost: false })).toBeUndefined();
});

it('a missing service must be recreated', () => {
  expect(planRepair({ row, service: undefined, isImageLost: false })).toEqual({
    action: 'recreate',
    cause: 'the service is missing',
  });
});

it.each([service, undefined])('a deployment that nothing can start again must fail', (found) => {
  const cause = 'its image was removed from the machine';
  expect(planRepair({ row, service: found, isImageLost: true })).toEqual({ action: 'fail', cause });
});

it.each([0, 1, 5])('a service with %i replicas instead of 3 must be scaled', (replicas) => {
  const scaled = { ...service, replicas };
  const cause = `the service has replica count ${replicas} instead of 3`;
  expect(planRepair({ row, service: scaled, isImageLost: false })).toEqual({ action: 'scale', service: scaled, cause });
});

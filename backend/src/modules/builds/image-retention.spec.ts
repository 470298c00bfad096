import { describe, expect, it } from 'vitest';
import type { ListedImage } from '#src/integrations/docker/images.js';
import { supersededImages } from './image-retention.js';

const now = new Date('2026-01-01T12:00:00Z');
const hoursAgo = (hours: number) => new Date(now.getTime() - hours * 3_600_000);

function image(deployment: string, { hours = 5, tags = [`berth/env/web:${deployment}`] } = {}): ListedImage {
  return { id: `sha256:${deployment}`, tags, labels: { 'berth.deployment': deployment }, createdAt: hoursAgo(hours) };
}
const deployment = (id: string, hours: number, name = 'web') => ({
  id,
  environmentId: 'env',
  name,
  createdAt: hoursAgo(hours),
  isGone: false,
});

describe('superseded images', () => {
  const deployments = [5, 4, 3, 2, 1].map((hours) => deployment(`d${hours}`, hours));
  const images = deployments.map(({ id }) => image(id));
  const ids = (used: string[], list = images, known = deployments) =>
    supersededImages(list, { deployments: known, used: new Set(used), now }).map(({ id }) =>
      id.slice('sha256:'.length),
    );

  it('must be all but the last three of a name', () => {
    expect(ids([])).toEqual(['d4', 'd5']);
  });

  it('must not be one that is in use, that is young, or of an unknown deployment', () => {
    expect(ids(['d5'])).toEqual(['d4']);
    expect(ids([], [...images.slice(1), image('d5', { hours: 0.5 })])).toEqual(['d4']);
    expect(ids([], [...images, image('stranger'), { ...image('x'), labels: {} }])).toEqual(['d4', 'd5']);
  });

  it('must be all of a deleted environment but those that another one uses', () => {
    const gone = deployments.map((one) => ({ ...one, isGone: true }));
    expect(ids(['d2'], images, gone)).toEqual(['d1', 'd3', 'd4', 'd5']);
  });

  it('must be one that lost its name to a later build of the same deployment', () => {
    expect(ids(['d1'], [image('d1'), { ...image('d1', { tags: [] }), id: 'sha256:old' }])).toEqual(['old']);
  });
});

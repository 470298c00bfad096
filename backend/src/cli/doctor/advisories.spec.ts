import { expect, it } from 'vitest';
import { advisoriesFor } from './advisories.js';

const ids = (version: string) => advisoriesFor(version).map(({ id }) => id);

it('must know which versions are concerned, branch by branch', () => {
  expect(ids('20.10.23')).toContain('CVE-2023-28840');
  expect(ids('20.10.24+dfsg1')).not.toContain('CVE-2023-28840');
  expect(ids('20.10.24+dfsg1')).toContain('CVE-2024-41110');
  expect(ids('24.0.8')).toEqual(['CVE-2024-41110', 'CVE-2024-21626']);
  expect(ids('25.0.6')).toEqual([]);
  expect(ids('28.5.2')).toEqual([]);
});

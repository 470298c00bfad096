import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseEnv } from 'node:util';
import { describe, expect, it } from 'vitest';
import { API_ERRORS, DEPLOYMENT_ERRORS } from '#src/common/errors/error-registry.js';
import { configSchema } from '#src/config/config.schema.js';
import { renderDocs } from './render-docs.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const rendered = renderDocs();
const keys = Object.entries(
  configSchema.describe()['keys'] as Record<string, { flags?: { default?: string | number; description?: string } }>,
);

describe('the generated documents', () => {
  it.each(Object.entries(rendered))('%s must be on disk as it is rendered: run npm run docs', (file, text) => {
    expect(readFileSync(path.join(root, file), 'utf8')).toBe(text);
  });

  it('must name every key of the schema with its default and description, in the order of the schema', () => {
    const example = rendered['backend/.env.example'] ?? '';
    const names = [...example.matchAll(/^# ([A-Z][A-Z0-9_]*)=/gm)].map(([, name]) => name);
    expect(names).toEqual(keys.map(([name]) => name));
    for (const [name, { flags }] of keys) {
      expect(flags?.description, `${name} has no description`).toBeTruthy();
      expect(example).toContain(`# ${flags?.description ?? ''}`);
      expect(example).toContain(`\n# ${name}=${flags?.default ?? ''}\n`);
    }
  });

  it('must set nothing in .env.example while every setting is commented out', () => {
    expect(parseEnv(rendered['backend/.env.example'] ?? '')).toEqual({});
  });

  it('must name every error of the API and of a deployment', () => {
    for (const code of [...Object.keys(API_ERRORS), ...Object.keys(DEPLOYMENT_ERRORS)])
      expect(rendered['docs/errors.md']).toContain(`\`${code}\``);
  });
});

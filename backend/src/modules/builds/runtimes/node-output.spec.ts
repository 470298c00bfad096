import { describe, expect, it } from 'vitest';
import { nodeOutputOf } from './node-output.js';
import { readManifest } from './node-manifest.js';
import { SourceFiles } from './source-files.js';

function outputOf(packages: string[], files: Record<string, string> = {}, scripts: Record<string, string> = {}) {
  const manifest = { scripts, dependencies: Object.fromEntries(packages.map((name) => [name, '*'])) };
  const all = { 'package.json': JSON.stringify(manifest), ...files };
  const sources = SourceFiles.from({ names: Object.keys(all).join('\0'), texts: new Map(Object.entries(all)) });
  const output = nodeOutputOf(sources, readManifest(sources));
  if (output?.kind === 'files') return ['files', output.folder, output.isSinglePage];
  return output && [output.kind, output.kind === 'server' ? output.start : output.message];
}

describe('the output of a framework', () => {
  it.each([
    [['vite'], {}, ['files', 'dist', true]],
    [['vite'], { 'vite.config.ts': "export default { build: { outDir: './site/' } }" }, ['files', 'site', true]],
    [['vite'], { 'vite.config.ts': "export default { build: { outDir: '../site' } }" }, ['files', 'dist', true]],
    [['vite'], { 'vite.config.ts': 'export default { build: { outDir: folder } }' }, ['files', 'dist', true]],
    [['react-scripts'], {}, ['files', 'build', true]],
    [['@vue/cli-service'], { 'vue.config.js': "module.exports = { outputDir: 'www' }" }, ['files', 'www', true]],
    [['parcel'], {}, ['files', 'dist', true]],
    [['@docusaurus/core'], {}, ['files', 'build', false]],
    [['ember-cli', 'vite'], {}, ['files', 'dist', true]],
    [['expo', 'react-native-web'], {}, ['files', 'dist', true]],
    [['expo'], {}, undefined],
    [['vitepress'], {}, ['files', './.vitepress/dist', false]],
    [['vitepress', 'vite'], { 'docs/.vitepress/config.mts': '' }, ['files', 'docs/.vitepress/dist', false]],
    [['astro', 'vite'], {}, ['files', 'dist', false]],
    [['astro', '@astrojs/node'], {}, ['server', 'node ./dist/server/entry.mjs']],
    [['next'], {}, ['server', 'next start']],
    [['next'], { 'next.config.mjs': 'export default { output: "standalone" }' }, ['server', 'node server.js']],
    [['next'], { 'next.config.ts': "export default { output: 'export' }" }, ['files', 'out', false]],
    [['next'], { 'next.config.ts': "// output: 'export'\nexport default {}" }, ['server', 'next start']],
    [['nuxt'], {}, ['server', 'node .output/server/index.mjs']],
    [['@sveltejs/kit', '@sveltejs/adapter-node', 'vite'], {}, ['server', 'node build']],
    [['@sveltejs/kit', '@sveltejs/adapter-auto', 'vite'], {}, ['server', 'node build']],
    [['@sveltejs/kit', '@sveltejs/adapter-static', 'vite'], {}, ['files', 'build', false]],
    [
      ['@sveltejs/kit', '@sveltejs/adapter-static'],
      { 'svelte.config.js': "adapter({ fallback: '200.html' })" },
      ['files', 'build', true],
    ],
    [
      ['@sveltejs/kit', '@sveltejs/adapter-static', 'vite'],
      { 'vite.config.ts': "sveltekit({ adapter: adapter({ pages: 'site', fallback: '200.html' }) })" },
      ['files', 'site', true],
    ],
    [
      ['@sveltejs/kit', '@sveltejs/adapter-node', 'vite'],
      { 'vite.config.ts': "sveltekit({ adapter: adapter({ out: 'server' }) })" },
      ['server', 'node server'],
    ],
    [
      ['@react-router/dev', '@react-router/serve', 'vite'],
      {},
      ['server', 'react-router-serve ./build/server/index.js'],
    ],
    [
      ['@react-router/dev', 'vite'],
      { 'react-router.config.ts': 'export default { ssr: false }' },
      ['files', 'build/client', true],
    ],
    [['@remix-run/serve', 'vite'], { 'vite.config.ts': '' }, ['server', 'remix-serve ./build/server/index.js']],
    [['@nestjs/core'], {}, ['server', 'node dist/main']],
    [['@tanstack/react-start', 'nitro', 'vite'], {}, ['server', 'node .output/server/index.mjs']],
    [['@tanstack/react-start', 'vite'], {}, ['none', expect.stringContaining('Set startCommand')]],
    [
      ['@angular/core'],
      {
        'angular.json':
          '{"projects":{"shop":{"architect":{"build":{"builder":"@angular/build:application","options":{}}}}}}',
      },
      ['files', 'dist/shop/browser', true],
    ],
    [
      ['@angular/core'],
      {
        'angular.json':
          '{"projects":{"shop":{"architect":{"build":{"builder":"@angular-devkit/build-angular:browser","options":{"outputPath":"dist/old"}}}}}}',
      },
      ['files', 'dist/old', true],
    ],
    [['express'], {}, undefined],
  ] satisfies [string[], Record<string, string>, unknown][])('of %j with %j', (packages, files, expected) => {
    expect(outputOf(packages, files)).toEqual(expected);
  });

  it('must be files when the build script exports them', () => {
    expect(outputOf(['nuxt'], {}, { build: 'nuxt generate' })).toEqual(['files', '.output/public', false]);
    const vitePress = (scripts: Record<string, string>) => outputOf(['vitepress', 'vite'], {}, scripts)?.[1];
    expect(
      vitePress({ 'docs:build': 'vitepress build site/', build: 'npm run docs:build && vitepress build site' }),
    ).toBe('site/.vitepress/dist');
    expect(vitePress({ 'docs:build': 'vitepress build docs' })).toBe('docs/.vitepress/dist');
    expect(vitePress({ 'docs:build': 'vitepress build ../docs' })).toBe('./.vitepress/dist');
    expect(vitePress({ 'docs:build': 'vitepress build docs', build: 'vite build' })).toBe('dist');
    expect(outputOf(['vite'], {}, { build: 'vite build --outDir public/app' })).toEqual(['files', 'public/app', true]);
  });
});

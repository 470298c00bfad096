import { describe, expect, it } from 'vitest';
import { planBuild } from '../build-plan.js';
import { otherRuntimeOf, projectFolderOf } from './other-runtimes.js';
import { detectRuntime, type Runtime } from './runtime.js';
import { SourceFiles } from './source-files.js';
import { detectStatic } from './static.js';
import { renderStaticSite } from './static-site.js';

const NOTHING = { baseImage: null, installCommand: null, buildCommand: null, startCommand: null };

const filesOf = (texts: Record<string, string>) =>
  SourceFiles.from({ names: Object.keys(texts).join('\0'), texts: new Map(Object.entries(texts)) });
const detect = (texts: Record<string, string>) => detectStatic(filesOf(texts), 'nginx:1');
const textOf = (made: Runtime | undefined) =>
  made?.dockerfile?.({ options: NOTHING, port: 8080, buildArgNames: [] }) ?? '';

describe('a static site', () => {
  it('must be served from the folder that has its index.html', () => {
    expect(detect({ 'index.html': '', '404.html': '', 'docs/index.html': '' })).toMatchObject({
      description: 'a static site (index.html)',
      reasons: ['index.html in the root', '404.html for what is missing'],
      baseImage: 'nginx:1',
    });
    for (const folder of ['public', 'dist', 'docs', '_site', 'site']) {
      const made = detect({ 'README.md': '', [`${folder}/index.html`]: '' });
      expect(made?.reasons).toEqual([`files of ${folder}/, which has the index.html`]);
      expect(textOf(made)).toContain(`COPY --chown=101:101 ["app/${folder}/","/usr/share/nginx/html/"]`);
    }
    expect(detect({ 'other/index.html': '' })).toBeUndefined();
  });

  it('must show its own page for what is missing, and index.html only to a single-page application', () => {
    expect(textOf(detect({ 'index.html': '' }))).toContain('error_page 403 404 =404 /404.html;');
    const marks: Record<string, string>[] = [{ '200.html': '' }, { _redirects: '# all\n/*   /index.html   200\n' }];
    for (const files of marks)
      expect(textOf(detect({ 'index.html': '', ...files }))).toContain('try_files $uri $uri.html $uri/ /index.html;');
  });

  it('must redirect without port and scheme, hide dot files but .well-known, and serve compressed files', () => {
    const text = textOf(detect({ 'index.html': '' }));
    for (const line of [
      'absolute_redirect off;',
      'gzip_static on;',
      'location ~ /\\\\.(?!well-known/) { return 404; }',
    ])
      expect(text).toContain(line);
  });

  it.each([
    ['/app.3f2b9c1d.js', true, false],
    ['/_next/static/chunks/x.js', true, false],
    ['/assets/index-DiwrgTda.js', true, true],
    ['/assets/index-f40OySzR.css', true, true],
    ['/main-ABCD1234.js', true, true],
    ['/IMG-20240101.png', false, true],
    ['/assets/photo-20240101.png', false, true],
    ['/assets/index-homepage.js', false, true],
    ['/index.html', false, true],
    ['/assets/app-HomePage.js', false, false],
  ])('must cache %s for ever: %s', (uri, isImmutable, isBundled) => {
    const text = renderStaticSite({ nginxImage: 'n', folder: '/x/', isSinglePage: false, isBundled, port: 80 });
    const [, configuration = ''] = /"\$0\\" > \/etc\/nginx\/nginx.conf","([^]*)"\]\nCOPY/.exec(text) ?? [];
    const lines = (JSON.parse(`"${configuration}"`) as string)
      .split('\n')
      .filter((line) => line.endsWith('immutable";'));
    const patterns = lines.map((line) => /"~(.*)" "public/.exec(line)?.[1] ?? '');
    expect(patterns.length).toBeGreaterThan(0);
    expect(patterns.some((pattern) => new RegExp(pattern).test(uri))).toBe(isImmutable);
  });

  it('must be no project of another runtime, nor the input of a generator', () => {
    expect(detect({ 'index.html': '', 'index.php': '' })).toBeUndefined();
    expect(detect({ Gemfile: '', 'public/index.html': '' })).toBeUndefined();
    expect(detect({ 'index.html': '---\nlayout: default\n---\n', '_config.yml': '' })).toBeUndefined();
    expect(detect({ 'index.html': '', 'compose.yaml': '' })).toBeDefined();
  });
});

describe('a project of a runtime that is not detected', () => {
  it.each([
    ['Gemfile', 'ruby'],
    ['composer.json', 'php'],
    ['pom.xml', 'java-and-kotlin'],
    ['build.gradle.kts', 'java-and-kotlin'],
    ['src/Shop.csproj', 'net'],
    ['Cargo.toml', 'rust'],
    ['mix.exs', 'elixir'],
    ['deno.json', 'deno'],
    ['hugo.toml', 'static-site-generators'],
    ['compose.yaml', 'docker-compose'],
  ])('must be told where its Dockerfile is: %s', (name, section) => {
    expect(otherRuntimeOf(filesOf({ [name]: '' }))).toMatch(new RegExp(`^${name}.*docs/builds\\.md#${section} `));
  });

  it('must not be taken for the site that its bundler seems to make', () => {
    const bundled = JSON.stringify({ scripts: { build: 'vite build' }, devDependencies: { vite: '7' } });
    const found = (files: Record<string, string>) =>
      detectRuntime(filesOf({ 'package.json': bundled, ...files }), { nginxImage: 'nginx' })?.description;
    expect(found({ 'composer.json': '{}', 'public/index.php': '' })).toBeUndefined();
    expect(found({ Gemfile: '', 'config.ru': '' })).toBeUndefined();
    expect(found({ Gemfile: '', 'index.html': '' })).toContain('Vite');
  });

  it.each([
    [{ 'mkdocs.yml': '', 'requirements.txt': 'mkdocs\n' }, /mkdocs\.yml belongs to a generator/],
    [{ 'hugo.toml': '', 'package.json': '{}' }, /hugo\.toml belongs to a generator/],
    [
      { 'nx.json': '', 'apps/shop/project.json': '', 'package.json': '{"scripts":{"start":"nx serve"}}' },
      /nx build shop/,
    ],
    [
      { 'tasks.py': '', 'requirements.txt': 'x', Procfile: 'beat: celery beat\nworker: celery worker' },
      /beat, worker.*"celery beat"/,
    ],
    [{ Containerfile: '', 'Cargo.toml': '' }, /set dockerfile to Containerfile\./],
    [{ 'Dockerfile.prod': '', 'Dockerfile.prod.dockerignore': '' }, /set dockerfile to Dockerfile\.prod\./],
    [{ 'web.Dockerfile': '', 'requirements.txt': 'x\n' }, /set dockerfile to web\.Dockerfile\./],
  ])('must be told what to do where nothing is started: %j', (files, message) => {
    const options = { dockerfile: null, baseImage: null, installCommand: null, buildCommand: null, startCommand: null };
    const plan = () =>
      planBuild({
        options: { ...options, buildContext: '.' },
        origin: 'repository',
        port: undefined,
        buildArgNames: [],
        files: { names: Object.keys(files).join('\0'), texts: new Map(Object.entries(files)) },
        defaults: { nginxImage: 'nginx' },
      });
    expect(plan).toThrow(message);
  });

  it('must be left alone when no file tells', () => {
    expect(otherRuntimeOf(filesOf({ 'README.md': '' }))).toBeUndefined();
  });

  it('must be told which folder has a project when the root has none', () => {
    expect(
      projectFolderOf(filesOf({ 'README.md': '', 'backend/requirements.txt': '', 'apps/web/package.json': '' })),
    ).toBe('There is backend/requirements.txt: set buildContext to backend.');
    expect(projectFolderOf(filesOf({ 'docker/Dockerfile': '' }))).toBe(
      'There is docker/Dockerfile: set buildContext to docker, or dockerfile to docker/Dockerfile.',
    );
    expect(
      projectFolderOf(filesOf({ 'client/package.json': '', 'server/package.json': '', 'server/Dockerfile': '' })),
    ).toBe('There are projects in client, server: set buildContext to one of them.');
    expect(projectFolderOf(filesOf({ 'README.md': '' }))).toBeUndefined();
  });
});

import 'reflect-metadata';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Module } from '@nestjs/common';
import { APP_FILTER, NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { LoggerModule } from 'nestjs-pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ProblemFilter } from './common/filters/problem.filter.js';
import { Clock } from './common/time/clock.js';
import { setUpRequests } from './request-pipeline.js';
import { serveDashboard } from './serve-dashboard.js';

@Module({
  imports: [LoggerModule.forRoot({ pinoHttp: { level: 'silent' } })],
  providers: [Clock, { provide: APP_FILTER, useClass: ProblemFilter }],
})
class EmptyModule {}

describe('the files of the dashboard', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'berth-dashboard-'));
  let app: NestExpressApplication;
  let base = '';

  beforeAll(async () => {
    mkdirSync(path.join(folder, 'assets'));
    writeFileSync(path.join(folder, 'index.html'), '<!doctype html><title>Berth</title>');
    writeFileSync(path.join(folder, 'icon.svg'), '<svg xmlns="http://www.w3.org/2000/svg"/>');
    writeFileSync(path.join(folder, 'assets/index-a1.js'), 'const text = "the same";\n'.repeat(1000));
    app = await NestFactory.create<NestExpressApplication>(EmptyModule, { bodyParser: false, logger: false });
    setUpRequests(app, {}, () => Promise.resolve());
    serveDashboard(app, folder);
    await app.listen(0, '127.0.0.1');
    base = `http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}`;
  });
  afterAll(async () => {
    await app.close();
    rmSync(folder, { recursive: true });
  });

  const get = (at: string, options: RequestInit = {}) => fetch(base + at, { redirect: 'manual', ...options });

  it.each(['GET', 'HEAD'])('must be served with a strict policy, to %s', async (method) => {
    const page = await get('/dashboard?from=bot', { method });
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    expect(page.headers.get('cache-control')).toBe('no-cache');
    expect(await page.text()).toBe(method === 'GET' ? '<!doctype html><title>Berth</title>' : '');
    const policy = page.headers.get('content-security-policy');
    expect(policy).toMatch(/^default-src 'none'; script-src 'self'; .*trusted-types 'none'$/);
    expect(policy).not.toMatch(/unsafe|data:|\*/);
    // fetch asks to bypass caches where a request has a condition, unless it is told otherwise.
    const headers = {
      'if-modified-since': page.headers.get('last-modified') ?? '',
      'cache-control': 'max-age=0',
    };
    expect((await get('/dashboard', { method, headers })).status).toBe(304);
  });

  it('must be compressed, and cached for good only where the name changes with the content', async () => {
    const script = await get('/dashboard/assets/index-a1.js', { headers: { 'accept-encoding': 'gzip' } });
    expect(Object.fromEntries(script.headers)).toMatchObject({
      'content-encoding': 'gzip',
      'cache-control': 'public, max-age=31536000, immutable',
      vary: 'Accept-Encoding',
    });
    expect(await script.text()).toHaveLength(25_000);
    const plain = await get('/dashboard/assets/index-a1.js', { headers: { 'accept-encoding': 'identity' } });
    expect([plain.status, plain.headers.get('content-encoding')]).toEqual([200, null]);
    expect((await get('/dashboard/icon.svg')).headers.get('cache-control')).toBe('no-cache');
  });

  it('must have one address of the page', async () => {
    const answer = await get('/dashboard/');
    expect([answer.status, answer.headers.get('location')]).toEqual([301, '/dashboard']);
  });

  it.each([
    ['GET', '/dashboard/environments'],
    ['GET', '/dashboard/assets'],
    ['GET', '/dashboard/assets/index-a2.js'],
    ['GET', '/dashboard/..%2f..%2fetc/passwd'],
    ['GET', '/dashboards'],
    ['POST', '/dashboard'],
    ['DELETE', '/dashboard/assets/index-a1.js'],
  ])('must answer everything else as the API does: %s %s', async (method, at) => {
    const answer = await get(at, { method });
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([404, 'ROUTE_NOT_FOUND']);
  });

  it('must refuse no request with an error of the platform', async () => {
    expect((await get('/dashboard', { headers: { 'if-match': '"other"' } })).status).toBe(404);
    expect((await get('/dashboard', { headers: { range: 'bytes=9999-' } })).status).toBe(200);
  });

  it('must say how to build them where there are none', async () => {
    rmSync(path.join(folder, 'index.html'));
    const answer = await get('/dashboard');
    expect(answer.status).toBe(404);
    expect(await answer.json()).toMatchObject({
      detail: 'The dashboard is not built.',
      hint: expect.stringContaining('npm run build:dashboard') as string,
    });
  });
});

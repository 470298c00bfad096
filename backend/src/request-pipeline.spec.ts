import 'reflect-metadata';
import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import { Body, Controller, Get, Module, Param, Post, Query, Req } from '@nestjs/common';
import { APP_FILTER, NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { Type } from 'class-transformer';
import type { Request } from 'express';
import { IsObject, IsOptional, IsString, ValidateNested } from 'class-validator';
import { LoggerModule } from 'nestjs-pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { unauthenticated } from './common/errors/domain-error.js';
import { ProblemFilter } from './common/filters/problem.filter.js';
import { PageQueryDto } from './common/page-query.dto.js';
import { Clock } from './common/time/clock.js';
import { TtlSeconds } from './common/time/ttl.js';
import { answerMalformedRequests } from './malformed-requests.js';
import { setUpRequests } from './request-pipeline.js';

class InnerDto {
  @IsOptional()
  @IsString()
  text?: string;
}

class ThingDto {
  @IsString()
  name: string;

  @IsOptional()
  @IsObject()
  envVars?: Record<string, string>;

  @IsOptional()
  @ValidateNested()
  @Type(() => InnerDto)
  inner?: InnerDto;

  @TtlSeconds()
  ttlSeconds?: number | null;
}

@Controller()
class ThingsController {
  @Post('things')
  create(@Body() body: ThingDto): object {
    return body;
  }

  @Post(['deployments', 'deployments/:id/redeploy'])
  deploy(@Body() body: { files: unknown[] }): object {
    return { files: body.files.length };
  }

  @Post('auth/verify')
  verify(@Body() body: ThingDto): object {
    return body;
  }

  @Post('hooks/:id')
  async deliver(@Req() request: Request): Promise<object> {
    let bytes = 0;
    for await (const part of request) bytes += (part as Buffer).length;
    return { bytes };
  }

  @Get('things/:id')
  get(@Param('id') id: string, @Query() query: PageQueryDto): object {
    return { id, query };
  }
}

@Module({
  imports: [LoggerModule.forRoot({ pinoHttp: { level: 'silent' } })],
  controllers: [ThingsController],
  providers: [Clock, { provide: APP_FILTER, useClass: ProblemFilter }],
})
class ThingsModule {}

const KEY = { 'X-API-Key': 'any', 'Content-Type': 'application/json' };
const SLOW_MS = 1000;

interface Problem {
  code: string;
  detail: string;
  requestId: string;
  errors?: { path: string; message: string }[];
}

describe('a request before its route', () => {
  let app: NestExpressApplication;
  let base = '';

  beforeAll(async () => {
    app = await NestFactory.create<NestExpressApplication>(ThingsModule, {
      bodyParser: false,
      logger: false,
    });
    const authenticate = ({ headers }: { headers: Record<string, unknown> }) =>
      headers['x-api-key'] === KEY['X-API-Key'] ? Promise.resolve() : Promise.reject(unauthenticated());
    setUpRequests(app, {}, authenticate);
    answerMalformedRequests(app.getHttpServer());
    await app.listen(0, '127.0.0.1');
    base = `http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}`;
    // The first requests load what the others use.
    await fetch(base);
    await fetch(`${base}/things`, { method: 'POST', headers: KEY, body: '{"name":"a","envVars":{"A":"1"}}' });
  });
  afterAll(() => app.close());

  async function send(
    path: string,
    body?: string,
    headers: Record<string, string> = KEY,
    method = body === undefined ? 'GET' : 'POST',
  ) {
    const began = performance.now();
    const answer = await fetch(base + path, { method, headers, ...(body !== undefined && { body }) });
    const problem = (await answer.json()) as Problem;
    expect(performance.now() - began).toBeLessThan(SLOW_MS * Math.max(1, (body?.length ?? 0) / 2 ** 20));
    if (answer.status >= 400) {
      expect(answer.headers.get('content-type')).toContain('application/problem+json');
      expect(problem.requestId).toBe(answer.headers.get('x-request-id'));
      expect(problem.requestId).toMatch(/^[\w-]{8,64}$/);
    }
    return { status: answer.status, problem, paths: problem.errors?.map(({ path: at }) => at) };
  }

  const manyKeys = (count: number) => `{${Array.from({ length: count }, (_, n) => `"k${n}":1`).join(',')}}`;
  const deep = (levels: number) => `{"name":${'['.repeat(levels)}${']'.repeat(levels)}}`;

  it.each([
    ['unknown keys', manyKeys(25_000), 'body'],
    ['even more of them', manyKeys(80_000), 'body'],
    ['names of a field', `{"envVars":${manyKeys(501)}}`, 'envVars'],
    ['levels', deep(5000), undefined],
    ['all levels of 1 MiB', deep(500_000), undefined],
    ['elements', `{"name":[${'1,'.repeat(330_000)}1]}`, 'name'],
    ['values altogether', `{"name":[${`[${'1,'.repeat(900)}1],`.repeat(400)}1]}`, undefined],
    ['NUL', '{"name":"a\\u0000b"}', 'name'],
    ['half a surrogate pair', '{"inner":{"text":"\\ud800"}}', 'inner.text'],
    ['NUL in a name', '{"envVars":{"a\\u0000":"x"}}', 'envVars.a'],
    ['half a pair in a name', '{"envVars":{"\\udc00":"x"}}', 'envVars.\ufffd'],
    ['a long name', `{"${'k'.repeat(500_000)}":1}`, 'k'.repeat(100)],
    ['a long unknown name', `{"${'k'.repeat(900)}":1}`, 'k'.repeat(900)],
    ['__proto__', '{"name":"a","__proto__":{"x":1}}', '__proto__'],
    ['constructor', '{"name":"a","constructor":1}', 'constructor'],
    ['toString', '{"name":"a","inner":{"toString":1}}', 'inner.toString'],
    ['hasOwnProperty', '{"name":"a","hasOwnProperty":1}', 'hasOwnProperty'],
    ['prototype', '{"name":"a","prototype":1}', 'prototype'],
    ['null', '{"name":"a","inner":{"text":null}}', 'inner.text'],
    ['null in a map', '{"name":"a","envVars":{"A":null}}', 'envVars.A'],
  ])('must be refused by the name of the field: %s', async (_title, body, path) => {
    const { status, problem, paths } = await send('/things', body);
    expect(status).toBe(400);
    expect(problem.code).toBe('VALIDATION_FAILED');
    if (path !== undefined) expect(paths).toContain(path);
  });

  it('must be accepted up to the limits of its fields', async () => {
    const envVars = Object.fromEntries(Array.from({ length: 500 }, (_, n) => [`NAME_${n}`, '😀'.repeat(100)]));
    const { status } = await send('/things', JSON.stringify({ name: 'a', envVars, ttlSeconds: null }));
    expect(status).toBe(201);
  });

  it('must be told every fault, fifty at most', async () => {
    const both = await send('/things', '{"name":5,"inner":null}');
    expect(both.paths).toEqual(['name', 'inner']);
    const many = await send('/things', manyKeys(300));
    expect(many.paths).toHaveLength(50);
    expect(many.problem.detail).toContain('(and 300 more)');
  });

  it('must be small where it has no key, and on the route that needs none', async () => {
    const body = JSON.stringify({ name: 'x'.repeat(17_000) });
    const json = { 'Content-Type': 'application/json' };
    for (const [path, headers] of [
      ['/things', json],
      ['/auth/verify', KEY],
      ['/AUTH/verify/', KEY],
    ] as const) {
      const { status, problem } = await send(path, body, headers);
      expect([status, problem.detail]).toEqual([413, 'The body is larger than 16 KiB.']);
    }
    expect((await send('/things', body)).status).toBe(201);
    // A delivery is read by its route, whatever it is.
    const form = { 'Content-Type': 'application/x-www-form-urlencoded' };
    for (const [path, headers] of [
      ['/hooks/x', json],
      ['/HOOKS/x/', form],
    ] as const) {
      const delivered = await send(path, 'x'.repeat(2 ** 21), headers);
      expect([delivered.status, delivered.problem]).toEqual([201, { bytes: 2 ** 21 }]);
    }
    expect((await send('/things', JSON.stringify('x'.repeat(2 ** 21)))).problem.detail).toContain('1024 KiB');
  });

  it('may have the files of a deployment, with a valid key, whether or not their length is declared', async () => {
    const files = (count: number) =>
      JSON.stringify({ files: Array.from({ length: count }, () => ({ contentBase64: 'A'.repeat(700_000) })) });
    for (const path of ['/deployments', '/DEPLOYMENTS/x/redeploy/'])
      expect(await send(path, files(8))).toMatchObject({ status: 201, problem: { files: 8 } });
    const request = { method: 'POST', headers: KEY, body: files(2) };
    const atOnce = await Promise.all(Array.from({ length: 5 }, () => fetch(`${base}/deployments`, request)));
    expect(atOnce.map(({ status }) => status)).toEqual(Array.from({ length: 5 }, () => 201));
    const streamed = { method: 'POST', headers: KEY, body: new Blob([files(2)]).stream(), duplex: 'half' } as const;
    expect((await fetch(`${base}/deployments`, streamed)).status).toBe(201);
    const silent = Array.from({ length: 4 }, () => {
      const declared = { ...KEY, 'Content-Length': 2 ** 22, Expect: '100-continue' };
      return httpRequest(`${base}/deployments`, { method: 'POST', headers: declared }).on('error', () => undefined);
    });
    await Promise.all(silent.map((client) => once(client, 'continue')));
    for (const client of silent) client.destroy();
    expect((await send('/deployments', files(2))).status).toBe(201);
    const tooLarge = await send('/deployments', files(13));
    expect([tooLarge.status, tooLarge.problem.detail]).toEqual([413, 'The body is larger than 8192 KiB.']);
    const unknown = await send('/deployments', files(3), { ...KEY, 'X-API-Key': 'wrong' });
    expect([unknown.status, unknown.problem.code]).toEqual([401, 'UNAUTHENTICATED']);
    expect((await send('/things', files(3))).status).toBe(413);
    const many = await send('/deployments', `{"files":[${'{"a":1},'.repeat(900)}1],"x":"${'x'.repeat(2 ** 21)}"}`);
    expect(many.status).toBe(201);
    const names = await send('/deployments', `{"x":"${'x'.repeat(2 ** 21)}","y":${manyKeys(501)}}`);
    expect([names.status, names.paths]).toEqual([400, ['y']]);
  }, 20_000);

  it('must have a path and a query that can be read', async () => {
    for (const path of ['/things/%', '/things/%zz', '/things/%ff', '/%E0%A4%A'])
      expect((await send(path)).problem.code).toBe('MALFORMED_URL');
    expect((await send(`/things/x?${'a&'.repeat(5000)}`)).paths).toEqual(['query']);
    expect((await send('/things/x?cursor=%00')).paths).toEqual(['cursor']);
    expect((await send('/things/x?__proto__=1')).paths).toEqual(['__proto__']);
    expect((await send('/things/x?limit=5')).status).toBe(200);
  });

  it('must be answered as a problem, too, when it is no HTTP', async () => {
    for (const [text, status, code] of [
      [`GET /things/x?${'a'.repeat(40_000)} HTTP/1.1\r\nHost: x\r\n\r\n`, 431, 'HEADERS_TOO_LARGE'],
      ['nonsense\r\n\r\n', 400, 'MALFORMED_REQUEST'],
    ] as const) {
      const answer = await new Promise<string>((resolve, reject) => {
        let received = '';
        const socket = connect(Number(new URL(base).port), '127.0.0.1', () => socket.write(text));
        socket.on('data', (part) => (received += part.toString()));
        socket.once('close', () => resolve(received)).once('error', reject);
      });
      const [head = '', body = ''] = answer.split('\r\n\r\n');
      expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
      expect(head).toContain('application/problem+json');
      expect(JSON.parse(body)).toMatchObject({
        status,
        code,
        requestId: expect.stringMatching(/^[\w-]{8,64}$/) as string,
      });
    }
  });
});

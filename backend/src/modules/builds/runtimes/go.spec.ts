import { describe, expect, it } from 'vitest';
import { detectGo } from './go.js';
import type { Runtime } from './runtime.js';
import { SourceFiles } from './source-files.js';

const MAIN = 'package main\n\nfunc main() {}\n';
const NOTHING = { baseImage: null, installCommand: null, buildCommand: null, startCommand: null };

function detect(texts: Record<string, string>): Runtime | undefined {
  return detectGo(SourceFiles.from({ names: Object.keys(texts).join('\0'), texts: new Map(Object.entries(texts)) }));
}
function textOf(texts: Record<string, string>, startCommand: string | null = null): string {
  return detect(texts)?.dockerfile?.({ options: { ...NOTHING, startCommand }, port: 8080, buildArgNames: [] }) ?? '';
}

describe('a project of Go', () => {
  it('must be one static program with the files beside it, time zones, certificates and /tmp', () => {
    expect(textOf({ 'go.mod': 'module example.com/shop\n\ngo 1.24.0\n', 'go.sum': '', 'main.go': MAIN }))
      .toBe(`FROM golang:1.24 AS build
WORKDIR /app
ENV CGO_ENABLED=0 GOFLAGS=-buildvcs=false
COPY app/go.mod app/go.sum ./
RUN ["go","mod","download"]
COPY app/ ./
RUN ["go","build","-trimpath","-tags","timetzdata,netgo,osusergo","-o","/out/bin/","."]
RUN ["/bin/sh","-c","rm -rf vendor; mkdir -p /home/app"]
FROM busybox:1.36
ENV HOME=/home/app PATH=/app/bin:$PATH SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build --chown=1000:1000 /home/app /home/app
COPY --from=build --chown=1000:1000 /app /app
COPY --from=build --chown=1000:1000 /out/bin /app/bin
WORKDIR /app
USER 1000:1000
ENV PORT=8080
CMD ["/bin/sh","-c","exec shop"]
`);
  });

  it.each([
    ['go 1.22', '1.22'],
    ['go 1.24.0\n\ntoolchain go1.24.3', '1.24'],
    ['go 1.23\ntoolchain go1.25.1', '1.25'],
    ['', '1.24'],
  ])('must get the version of its go and toolchain lines: %j', (lines, version) => {
    expect(detect({ 'go.mod': `module x\n${lines}\n`, 'main.go': MAIN })?.baseImage).toBe(`golang:${version}`);
  });

  it('must be the program below cmd when the root has none', () => {
    const files = {
      'go.mod': 'module x\ngo 1.19\n',
      'cmd/api/main.go': MAIN,
      'internal/words/words.go': 'package words\n',
      'x.go': 'package x\n',
    };
    expect(detect(files)).toMatchObject({ start: 'api', reasons: ['Go 1.19 from go.mod', 'builds ./cmd/api'] });
    expect(textOf(files)).toContain('"-o","/out/bin/","./cmd/api"]');
    const ignored = { ...files, 'generate.go': '//go:build ignore\n\npackage main\n', 'x_test.go': MAIN };
    expect(detect(ignored)?.start).toBe('api');
  });

  it('must be named by startCommand when there are several', () => {
    const files = { 'go.mod': 'module x\n', 'cmd/api/main.go': MAIN, 'cmd/worker/main.go': MAIN };
    expect(() => textOf(files)).toThrow(
      'There are several programs: api, worker. Set startCommand to one of them, for example api.',
    );
    expect(textOf(files, 'worker --all')).toMatch(/"\.\/cmd\/api","\.\/cmd\/worker"\][^]*exec worker --all/);
    expect(detect({ ...files, Procfile: 'web: api\n' })?.start).toBe('api');
    expect(detect({ ...files, Procfile: 'release: api migrate\nworker: worker --all\n' })?.start).toBe('worker --all');
  });

  it('must fetch nothing when its modules are in vendor', () => {
    const files = { 'go.mod': 'module x\n', 'main.go': MAIN, 'vendor/modules.txt': '# a\n' };
    expect(textOf(files)).not.toContain('download');
    expect(textOf({ 'go.mod': 'module x\nreplace a => ./a\n', 'main.go': MAIN })).not.toContain('download');
  });

  it.each<Record<string, string>>([
    { 'go.mod': 'module x\n', 'main.go': MAIN, 'with_c.go': 'package main\n\n// int x;\nimport "C"\n' },
    { 'go.mod': 'module x\nrequire github.com/mattn/go-sqlite3 v1.14.0\n', 'main.go': MAIN },
  ])('must be linked with C statically where a package needs it', (files) => {
    expect(textOf(files)).toContain('ENV CGO_ENABLED=1');
    expect(textOf(files)).toContain('"-linkmode external -extldflags -static"');
  });

  it('must be told when no folder has a program', () => {
    expect(() => textOf({ 'go.mod': 'module x\n', 'x.go': 'package x\n' })).toThrow(/package main\. Set buildContext/);
  });

  it('must run in the image of Go with commands of the request', () => {
    const made = detect({ 'go.mod': 'module x\ngo 1.22\n', 'main.go': MAIN });
    const options = { ...NOTHING, buildCommand: 'go build -o server .' };
    expect(made?.dockerfile?.({ options, port: 1, buildArgNames: [] })).toBeUndefined();
    expect(made?.baseImage).toBe('golang:1.22');
  });
});

import type { Runtime } from './runtime.js';
import type { SourceFiles } from './source-files.js';

const DEFAULT_VERSION = '1.24';
const DEFAULT_PORT = 8080;

/** Detects go.mod: builds one static program from the package in the root. */
export function detectGo(files: SourceFiles): Runtime | undefined {
  const manifest = files.text('go.mod');
  if (manifest === undefined) return undefined;
  const version = /^go (1\.\d{1,3})/m.exec(manifest)?.[1] ?? DEFAULT_VERSION;
  return {
    description: `Go ${version} (go.mod)`,
    reasons: [],
    baseImage: `golang:${version}`,
    start: '/server',
    defaultPort: DEFAULT_PORT,
    dockerfile: ({ port }) => `FROM golang:${version} AS build
WORKDIR /src
COPY app/go.mod ${files.has('go.sum') ? 'app/go.sum ' : ''}./
RUN ["go", "mod", "download"]
COPY app/ .
ENV CGO_ENABLED=0
RUN ["go", "build", "-trimpath", "-o", "/out/server", "."]
FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /out/server /server
ENV PORT=${port}
USER 1000:1000
CMD ["/server"]
`,
  };
}

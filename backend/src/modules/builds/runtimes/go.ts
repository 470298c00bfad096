import type { Runtime, RootFiles } from './runtime.js';

const DEFAULT_VERSION = '1.24';

/** Detects go.mod: builds one static program from the package in the root. */
export function detectGo(files: RootFiles): Runtime | undefined {
  const manifest = files.texts.get('go.mod');
  if (manifest === undefined) return undefined;
  const version = /^go (1\.\d{1,3})/m.exec(manifest)?.[1] ?? DEFAULT_VERSION;
  return {
    description: `Go ${version} (go.mod)`,
    baseImage: `golang:${version}`,
    dockerfile: (port) => `FROM golang:${version} AS build
WORKDIR /src
COPY app/go.mod ${files.names.has('go.sum') ? 'app/go.sum ' : ''}./
RUN ["go", "mod", "download"]
COPY app/ .
ENV CGO_ENABLED=0
RUN ["go", "build", "-trimpath", "-o", "/out/server", "."]
FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /out/server /server
${port === undefined ? '' : `ENV PORT=${port}\n`}USER 1000:1000
CMD ["/server"]
`,
  };
}

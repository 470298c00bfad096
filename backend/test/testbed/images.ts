/**
 * What the two registries hold. An image is made once and then stays in the registry's directory; a tag that is there is never made
 * again, so whoever changes what an image contains gives it a new tag.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import {
  debianLayer,
  goRoot,
  nodeRoot,
  packageEnvironment,
  postgresRoot,
  pythonCompilerRoot,
  pythonFrameworksRoot,
  pythonRoot,
  redisRoot,
  registryRoot,
} from './debian-roots.js';
import {
  busyboxRoot,
  nginxRoot,
  privilegeDroppingRoot,
  scratchHttpRoot,
  selfCheckingRoot,
  unprivilegedRoot,
} from './image-roots.js';
import {
  hasImage,
  type ImageConfig,
  type ImageToPush,
  type Layer,
  MACHINE_ARCHITECTURE,
  pushImage,
} from './push-image.js';
import { hub, privateRegistry, type Registry } from './registries.js';
import {
  goModulesRoot,
  MODULES_ENVIRONMENT,
  pythonStreamlitRoot,
  pythonWheelsRoot,
  WHEELS_ENVIRONMENT,
} from './starter-roots.js';
import { stateDir } from './state-dir.js';

interface ImageRecipe extends Omit<ImageToPush, 'rootDirectory' | 'base'> {
  registry: Registry;
  base?: () => Promise<Layer>;
  fill: (root: string) => Promise<void>;
}

const SECOND_NS = 1_000_000_000;
const BUSYBOX: ImageConfig = { Cmd: ['sh'] };
const NGINX: ImageConfig = {
  Cmd: ['nginx', '-g', 'daemon off;'],
  ExposedPorts: { '80/tcp': {} },
  StopSignal: 'SIGQUIT',
};
const SCRATCH: ImageConfig = { Cmd: ['/server'], ExposedPorts: { '8080/tcp': {} } };
/** As process 1 it has no handler for SIGTERM, which the kernel then ignores: a stop would take its whole grace period. */
const HTTPD = { ExposedPorts: { '80/tcp': {} }, StopSignal: 'SIGKILL' };
const FOREIGN = MACHINE_ARCHITECTURE === 'arm64' ? 'amd64' : 'arm64';

const RECIPES: ImageRecipe[] = [
  library('busybox', ['1.36', 'latest'], BUSYBOX, busyboxRoot),
  library('nginx', ['alpine', 'latest', '1.30-alpine'], NGINX, nginxRoot),
  library('scratch-http', ['1', 'latest'], SCRATCH, scratchHttpRoot),
  library('drops-privileges', ['1'], { Cmd: ['/entrypoint'], ...HTTPD }, privilegeDroppingRoot),
  library(
    'with-healthcheck',
    ['1'],
    {
      Cmd: ['httpd', '-f', '-p', '80', '-h', '/srv'],
      ...HTTPD,
      Healthcheck: {
        Test: ['CMD-SHELL', 'wget -q -O /dev/null http://127.0.0.1/healthy'],
        Interval: SECOND_NS,
        Timeout: 2 * SECOND_NS,
        Retries: 3,
      },
    },
    selfCheckingRoot,
  ),
  // Its own check first runs after five minutes, unless it is asked more often.
  library(
    'rare-healthcheck',
    ['1'],
    {
      Cmd: ['httpd', '-f', '-p', '80', '-h', '/srv'],
      ...HTTPD,
      Healthcheck: {
        Test: ['CMD-SHELL', 'wget -q -O /dev/null http://127.0.0.1/healthy'],
        Interval: 300 * SECOND_NS,
        Timeout: 3 * SECOND_NS,
        Retries: 3,
      },
    },
    selfCheckingRoot,
  ),
  library('unprivileged', ['1'], { Cmd: ['sh'], User: 'app' }, unprivilegedRoot),
  // Only for the tests that pull: nothing else runs it, so that it can be removed from the engine.
  ...['fetched-before', 'fetched-after', 'fetched-again'].map((name) =>
    library(name, ['1'], { Cmd: ['sleep', '600'], Env: [`NAME=${name}`], StopSignal: 'SIGKILL' }, busyboxRoot),
  ),
  // Engines take a single image of another platform with a warning, but find nothing in a list without their own.
  { ...library('wrong-arch', ['1'], SCRATCH, scratchHttpRoot), architecture: FOREIGN },
  { ...library('wrong-arch', ['index'], SCRATCH, scratchHttpRoot), architecture: FOREIGN, asIndex: true },
  // What builds begin with: a Debian in which packages can be installed, Node.js with npm and yarn, Python with pip.
  onDebian('debian', ['bookworm-slim'], 'bash', () => undefined),
  onDebian('node', ['22', '22-slim'], 'node', nodeRoot),
  onDebian('node', ['24', '24-slim', '24-bookworm-slim'], 'node', (root) => nodeRoot(root, '24')),
  // What docker-compose.prod.yml has beside the API.
  onDebian('postgres', ['16-alpine'], 'docker-entrypoint.sh', postgresRoot),
  onDebian('redis', ['7-alpine'], 'redis-server', redisRoot),
  onDebian('registry', ['3'], 'registry', registryRoot),
  onDebian('python', ['3.12-slim'], 'python3', pythonRoot),
  onDebian('python', ['3.13-slim'], 'python3', pythonFrameworksRoot),
  onDebian('python', ['3.13'], 'python3', pythonCompilerRoot, ['PIP_NO_BUILD_ISOLATION=0']),
  onDebian('golang', ['1.19'], 'bash', goRoot, ['GOFLAGS=-buildvcs=false']),
  { registry: privateRegistry, repository: 'acme/web', tags: ['1'], config: BUSYBOX, fill: busyboxRoot },
];

/** Large ones, with what starters install. The first has a second tag, because the images above have its first one. */
const STARTER_RECIPES: ImageRecipe[] = [
  onDebian('python', ['3.12-slim', '3.12-slim-with-wheels'], 'python3', pythonWheelsRoot, WHEELS_ENVIRONMENT),
  onDebian('python', ['3.11-slim'], 'python3', pythonStreamlitRoot, WHEELS_ENVIRONMENT),
  onDebian('golang', ['1.24'], 'bash', goModulesRoot, MODULES_ENVIRONMENT),
];

export async function ensureImages(): Promise<void> {
  await ensure(RECIPES);
}

export async function ensureStarterImages(): Promise<void> {
  await ensure(STARTER_RECIPES);
}

async function ensure(recipes: ImageRecipe[]): Promise<void> {
  const missing: ImageRecipe[] = [];
  for (const recipe of recipes)
    if (!(await hasImage(recipe.registry, recipe.repository, recipe.tags))) missing.push(recipe);
  // The base takes longest, and mostly waits for downloads: it starts first.
  const bases = missing.flatMap(({ base }) => (base ? [base()] : []));
  await Promise.all([Promise.all(bases), makeImages(missing)]);
}

async function makeImages(recipes: ImageRecipe[]): Promise<void> {
  for (const { registry, fill, base, ...image } of recipes) {
    const rootDirectory = mkdtempSync(join(stateDir.data, 'image-'));
    try {
      await fill(rootDirectory);
      await pushImage(registry, { ...image, rootDirectory, ...(base && { base: await base() }) });
    } finally {
      rmSync(rootDirectory, { recursive: true, force: true });
    }
  }
}

function onDebian(
  name: string,
  tags: string[],
  program: string,
  fill: (root: string) => Promise<void> | void,
  variables: string[] = [],
): ImageRecipe {
  const recipe = library(name, tags, { Cmd: [program], Env: [...packageEnvironment(), ...variables] }, async (root) =>
    fill(root),
  );
  return { ...recipe, base: debianLayer };
}

function library(name: string, tags: string[], config: ImageConfig, fill: ImageRecipe['fill']): ImageRecipe {
  return { registry: hub, repository: `library/${name}`, tags, config, fill };
}

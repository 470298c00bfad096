import { expect, it } from 'vitest';
import { detectPython } from './python.js';
import { SourceFiles } from './source-files.js';

function detect(texts: Record<string, string>) {
  return detectPython(
    SourceFiles.from({ names: Object.keys(texts).join('\0'), texts: new Map(Object.entries(texts)) }),
  );
}

const FLASK = 'from flask import Flask\n\napp = Flask(__name__)\n';

it.each<[what: string, texts: Record<string, string>, start: string | undefined]>([
  ['worker.py', { 'worker.py': '', 'shop.py': '' }, 'python worker.py'],
  ['the only file of the root', { 'scraper.py': '', 'setup.py': '', 'tests/test_a.py': '' }, 'python scraper.py'],
  ['none of two files', { 'a.py': '', 'b.py': '' }, undefined],
  ['main.py of a folder rather than a tool', { 'convert.py': '', 'app/main.py': '' }, 'python app/main.py'],
  ['the worker of a Procfile', { Procfile: 'worker: python jobs.py --loop\n', 'main.py': '' }, 'python jobs.py --loop'],
  ['a site rather than a worker', { Procfile: 'worker: rq worker\n', 'app.py': FLASK }, 'python -m flask'],
])('a program of Python must be %s', (_, texts, start) => {
  const found = detect({ 'requirements.txt': 'flask\n', ...texts })?.start;
  if (start === undefined) expect(found).toBeUndefined();
  else expect(found).toContain(start);
});

it.each([
  '[tool.poetry]\npackage-mode = false\n[build-system]\nrequires = ["poetry-core"]',
  '[tool.uv]\npackage = false\n[build-system]\nrequires = ["hatchling"]',
  '[tool.poetry]\npackages = []',
])('a project that says that it is no package must not be installed: %j', (table) => {
  const project = `[project]\nname = "shop"\ndependencies = ["flask (>=3,<4)"]\n${table}\n`;
  const found = detect({ 'pyproject.toml': project, 'src/shop/__init__.py': '', 'src/shop/app.py': FLASK });
  expect(found?.generatedFile?.content).toBe('flask (>=3,<4)\n');
  expect(found).not.toHaveProperty('build');
});

it('dependencies that Poetry has in its own table must be installed, also when the project calls them dynamic', () => {
  const project =
    '[project]\nname = "shop"\ndynamic = ["dependencies"]\n[tool.poetry]\npackage-mode = false\n[tool.poetry.dependencies]\nflask = "^3.1"\n';
  expect(detect({ 'pyproject.toml': project, 'app.py': FLASK })?.generatedFile?.content).toBe('flask>=3.1,<4\n');
});

import eslint from '@eslint/js';
import regexp from 'eslint-plugin-regexp';
import tseslint from 'typescript-eslint';
import { MAY_IMPORT } from './structure.mjs';

/** Rule for a folder: the imports that are forbidden in it. */
const zone = (files, forbidden, message) => ({
  files,
  ignores: ['**/*.module.ts'],
  rules: {
    'no-restricted-imports': ['error', { patterns: [...shell, ...forbidden.map((regex) => ({ regex, message }))] }],
  },
});
const shell = [
  {
    regex: '^(node:)?child_process$',
    importNames: ['exec', 'execSync'],
    message: 'Start processes with an argument array.',
  },
];

export default tseslint.config(
  { ignores: ['dist', 'src/generated', 'node_modules', 'probe', 'clients', 'test/fixtures/starters', '**/*.mjs'] },
  eslint.configs.recommended,
  ...tseslint.configs.strictTypeChecked,
  { languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } } },
  {
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      // Responses are plain objects in the shape of their DTO, and vendors' types promise more than vendors send.
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      '@typescript-eslint/no-misused-spread': 'off',
      // The swagger plugin and decorator metadata need DTO classes as values.
      '@typescript-eslint/consistent-type-imports': 'off',
      '@typescript-eslint/no-unnecessary-condition': 'off',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-extraneous-class': ['error', { allowWithDecorator: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      'max-lines': ['error', { max: 300, skipBlankLines: true, skipComments: true }],
      'max-lines-per-function': ['error', { max: 50, skipBlankLines: true, skipComments: true }],
      'no-restricted-imports': ['error', { patterns: shell }],
      'no-restricted-syntax': [
        'error',
        {
          selector: "Property[key.name='shell'][value.value=true]",
          message: 'Do not start processes through a shell.',
        },
        {
          selector:
            'NewExpression[callee.name=/^(BadRequest|NotFound|Conflict|Unauthorized|Forbidden|Http).*Exception$/]',
          message: 'Throw a DomainError.',
        },
      ],
    },
  },
  {
    // One process serves everybody: no pattern may take more than linear time, whatever the text.
    files: ['src/**/*.ts'],
    plugins: { regexp },
    rules: {
      'regexp/no-super-linear-backtracking': ['error', { report: 'potential' }],
      'regexp/no-super-linear-move': ['error', { report: 'potential' }],
    },
  },
  {
    files: ['src/**/*.ts'],
    ignores: ['src/config/**'],
    rules: {
      'no-restricted-properties': [
        'error',
        { object: 'process', property: 'env', message: 'Only config/ reads the environment.' },
      ],
    },
  },
  zone(['src/common/**/*.ts'], ['/(core|integrations|modules)/'], 'common may import only config.'),
  zone(['src/integrations/**/*.ts'], ['/(core|modules)/'], 'Integrations must not import core or modules.'),
  zone(['src/core/**/*.ts'], ['/modules/'], 'core must not import modules.'),
  ...Object.entries(MAY_IMPORT).map(([name, others]) =>
    zone(
      [`src/modules/${name}/**/*.ts`],
      [`^#src/modules/(?!(?:${[name, ...others].join('|')})/)`],
      `${name} may import ${others.join(', ') || 'no other module'}: see structure.mjs.`,
    ),
  ),
  { files: ['test/**/*.ts', 'bench/**/*.ts', '**/*.spec.ts'], rules: { 'max-lines-per-function': 'off' } },
);

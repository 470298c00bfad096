/** Lint of clients/dashboard. It runs from the top of the repository, because eslint ignores files outside its working directory. */
import path from 'node:path';
import eslint from '@eslint/js';
import tseslint from 'typescript-eslint';

const MARKUP = 'Text of users and containers must never become markup: render it as text.';
const MARKUP_PROPERTIES = ['innerHTML', 'outerHTML', 'insertAdjacentHTML', 'dangerouslySetInnerHTML', 'srcdoc'];

export default tseslint.config(
  eslint.configs.recommended,
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: path.join(import.meta.dirname, '../clients/dashboard') },
    },
  },
  {
    rules: {
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      // Event handlers of JSX return nothing, and Preact waits for none.
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: { attributes: false } }],
      // `for await (const _ of stream)`
      '@typescript-eslint/no-unused-vars': ['error', { varsIgnorePattern: '^_$' }],
      // As in the backend: servers may send less than their types promise.
      '@typescript-eslint/no-unnecessary-condition': 'off',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      // A component is markup for the most part: its file limits it.
      'max-lines': ['error', 150],
      'no-eval': 'error',
      'no-restricted-globals': ['error', { name: 'localStorage', message: 'The key lives in the session of the tab.' }],
      'no-restricted-syntax': [
        'error',
        ...MARKUP_PROPERTIES.flatMap((name) =>
          [
            `JSXAttribute[name.name='${name}']`,
            `Property[key.name='${name}']`,
            `MemberExpression[property.name='${name}']`,
            `MemberExpression[property.value='${name}']`,
          ].map((selector) => ({ selector, message: MARKUP })),
        ),
      ],
    },
  },
);

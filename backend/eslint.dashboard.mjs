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
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      'max-lines': ['error', 150],
      'max-lines-per-function': ['error', { max: 50, skipBlankLines: true, skipComments: true }],
      'no-eval': 'error',
      'no-restricted-globals': ['error', { name: 'localStorage', message: 'The key lives in the session of the tab.' }],
      'no-restricted-syntax': [
        'error',
        ...MARKUP_PROPERTIES.flatMap((name) =>
          [
            `JSXAttribute[name.name='${name}']`,
            `Property[key.name='${name}']`,
            `MemberExpression[property.name='${name}']`,
          ].map((selector) => ({ selector, message: MARKUP })),
        ),
      ],
    },
  },
);

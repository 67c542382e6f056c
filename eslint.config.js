import neostandard from 'neostandard'
import tseslint from 'typescript-eslint'

export default [
  ...neostandard({ ts: true, ignores: ['dist/**', '.tap/**', 'test/fixtures/package/**', 'cli/template/**', 'site/build/**', '**/*.d.ts'] }),
  {
    files: ['**/*.ts'],
    languageOptions: { parserOptions: { projectService: true } },
    plugins: { '@typescript-eslint': tseslint.plugin },
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      // A const and a type of one name are how an enumeration is written here; tsc finds the real doubles.
      '@typescript-eslint/no-redeclare': 'off',
      'max-len': ['error', { code: 120, ignoreUrls: true, ignoreTemplateLiterals: true, ignoreStrings: true, ignoreRegExpLiterals: true }]
    }
  },
  {
    // A promise nobody waits for loses its error: in the sources that is a bug. tap's own calls return promises.
    files: ['app.ts', 'server.ts', 'server/**/*.ts', 'cli.ts', 'cli/*.ts', 'lib/**/*.ts', 'plugins/**/*.ts'],
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error'
    }
  }
]

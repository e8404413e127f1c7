import { readFileSync } from 'node:fs';
import openapiTypescript, { astToString } from 'openapi-typescript';
import { expect, test } from 'vitest';

test('schema.ts is what docs/api/openapi.json gives (npm run api)', async () => {
  const document = new URL('../../../docs/api/openapi.json', import.meta.url);
  const generated = astToString(await openapiTypescript(document, { defaultNonNullable: false }));
  const checkedIn = readFileSync(new URL('schema.ts', import.meta.url), 'utf8');
  expect(checkedIn.endsWith(generated)).toBe(true);
});

import { writeFileSync } from 'node:fs';
import { openApiDocument } from './openapi.ts';

// The generator of docs/openapi.json: node functions/api/write-openapi.ts. A test compares the file with the schemas.
writeFileSync(new URL('../../docs/openapi.json', import.meta.url), `${JSON.stringify(openApiDocument(), null, 2)}\n`);

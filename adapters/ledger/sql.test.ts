import { expect, test } from '@jest/globals';
import { CREATE_SCHEMA_TABLE, CREATE_TABLES, SQL } from './sql.ts';

/** Words outside the subset of PostgreSQL 15 that Aurora DSQL and PGlite share, or that would change rows in place. */
const FORBIDDEN = [
  /\bREFERENCES\b/i,
  /\bFOREIGN\b/i,
  /\bSERIAL\b/i,
  /\bSEQUENCE\b/i,
  /\bGENERATED\b/i,
  /\bIDENTITY\b/i,
  /\bTRIGGER\b/i,
  /\bSAVEPOINT\b/i,
  /\bTRUNCATE\b/i,
  /\bTEMP(ORARY)?\b/i,
  /\bFUNCTION\b/i,
  /\bPROCEDURE\b/i,
  /\bDO\b/i,
  /\bLANGUAGE\b/i,
  /\bINDEX\b/i,
  /\bJSONB?\b/i,
  /\bVIEW\b/i,
  /\bLOCK\b/i,
  /\bFOR UPDATE\b/i,
  /\bLATERAL\b/i,
  /\bUPDATE\b/i,
  /\bDELETE\b/i,
  /\bDROP\b/i,
  /\bALTER\b/i,
  /\bnow\s*\(/i,
  /\bCURRENT_/i,
  /\brandom\s*\(/i,
];
const texts = [CREATE_SCHEMA_TABLE, ...CREATE_TABLES, ...Object.values(SQL)];

test.each(texts)('stays in the subset: %s', (text) => {
  for (const word of FORBIDDEN) expect(text).not.toMatch(word);
  expect(text).not.toContain(';');
  expect(text).not.toMatch(/'[^']*\$\{/);
  expect(text).toMatch(/^(SELECT|INSERT INTO|CREATE TABLE IF NOT EXISTS) /);
});

test('every table has a primary key, so that two writers of one version are a winner and a loser', () => {
  for (const text of [CREATE_SCHEMA_TABLE, ...CREATE_TABLES]) expect(text).toMatch(/PRIMARY KEY/);
});

test('every value is a parameter', () => {
  for (const text of Object.values(SQL))
    if (text.startsWith('INSERT')) expect(text).toMatch(/VALUES \(\$1(, \$\d+)*\)$/);
});

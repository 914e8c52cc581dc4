import { ApiProblem } from '../middleware/http-problem.ts';

const MAX_DEPTH = 16;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * JSON as the API takes it: `JSON.parse`, and besides no key twice in one object (the last would win in silence) and no
 * nesting deeper than 16. `NaN`, `Infinity` and comments are no JSON and stop at `JSON.parse`.
 */
export function parseStrictJson(text: string): unknown {
  scan(text);
  try {
    return JSON.parse(text);
  } catch {
    throw new ApiProblem(400, 'JSON_SYNTAX', 'The body is not JSON', {
      remedy: 'Send one JSON object, numbers in decimal form (NaN and Infinity are no JSON).',
    });
  }
}

function scan(text: string): void {
  const keys: (Set<string> | null)[] = [];
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) {
      const end = stringEnd(text, i);
      if (isKey(text, end)) rememberKey(keys, text.slice(i, end + 1));
      i = end;
    } else if (code === 0x7b || code === 0x5b) {
      keys.push(null);
      if (keys.length > MAX_DEPTH)
        throw new ApiProblem(400, 'JSON_DEPTH', `The body nests deeper than ${MAX_DEPTH} levels`);
    } else if (code === 0x7d || code === 0x5d) keys.pop();
  }
}

/** Index of the quote that ends the string begun at `start`; the text's end when it never ends. */
function stringEnd(text: string, start: number): number {
  for (let i = start + 1; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === BACKSLASH) i++;
    else if (code === QUOTE) return i;
  }
  return text.length;
}

/** In JSON a string followed by a colon is always a key. */
function isKey(text: string, end: number): boolean {
  let i = end + 1;
  while (i < text.length && (text.charCodeAt(i) === 0x20 || (text.charCodeAt(i) >= 9 && text.charCodeAt(i) <= 13))) i++;
  return text.charCodeAt(i) === 0x3a;
}

function rememberKey(stack: (Set<string> | null)[], quoted: string): void {
  if (stack.length === 0) return;
  const key = quoted.includes('\\') ? plainKey(quoted) : quoted.slice(1, -1);
  const top = stack.length - 1;
  const seen = stack[top] ?? new Set<string>();
  stack[top] = seen;
  if (seen.has(key)) {
    throw new ApiProblem(400, 'JSON_DUPLICATE_KEY', 'The body has one key twice', { field: key.slice(0, 100) });
  }
  seen.add(key);
}

function plainKey(quoted: string): string {
  try {
    return JSON.parse(quoted) as string;
  } catch {
    return quoted; // not JSON: JSON.parse of the whole says so
  }
}

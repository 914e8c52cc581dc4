import { constants, gunzipSync, inflateRawSync } from 'node:zlib';
import { badInput, type ProductError } from '../../domain/errors.ts';

/** A file that unpacks to more than this is refused: no market data file of a daily strategy is that large. */
const MAX_UNPACKED_BYTES = 512 * 1024 * 1024;

const isGzip = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;
const isZip = (bytes: Uint8Array): boolean =>
  bytes[0] === 0x50 && bytes[1] === 0x4b && bytes[2] === 0x03 && bytes[3] === 0x04;
export const isParquet = (bytes: Uint8Array): boolean =>
  bytes.length >= 4 && bytes[0] === 0x50 && bytes[1] === 0x41 && bytes[2] === 0x52 && bytes[3] === 0x31;

/**
 * The text of a file, unpacked when it is gzip or a zip with one file in it (known by its first bytes, not by its name).
 *
 * @throws ProductError GZIP_TRUNCATED, GZIP_CORRUPT, ZIP_UNREADABLE, FILE_TOO_LARGE, FILE_NOT_TEXT, CSV_EMPTY (bad input).
 */
export function decodeText(bytes: Uint8Array, file: string): string {
  if (bytes.length === 0) {
    throw badInput('CSV_EMPTY', 'The file is empty', {
      facts: { file, line: 1 },
      remedy: 'Remove the file or fill it.',
    });
  }
  const plain =
    isGzip(bytes) || file.endsWith('.gz') ? gunzip(bytes, file) : isZip(bytes) ? unzipSingle(bytes, file) : bytes;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(plain);
  } catch (cause) {
    throw badInput('FILE_NOT_TEXT', 'The file is not UTF-8 text', {
      facts: { file },
      remedy: 'Save it as UTF-8 (or as Parquet).',
      cause,
    });
  }
}

const HEAD_BYTES = 65_536;

/** The beginning of a text, enough for its first line: of a gzip file only the beginning is unpacked. */
export function decodeHead(bytes: Uint8Array, file: string): string {
  if (!isGzip(bytes)) return decodeText(bytes, file).slice(0, HEAD_BYTES);
  try {
    const head = gunzipSync(bytes.subarray(0, HEAD_BYTES), { finishFlush: constants.Z_SYNC_FLUSH });
    return new TextDecoder().decode(head);
  } catch (cause) {
    throw unpackError(cause, file, 'GZIP_CORRUPT', 'gzip');
  }
}

function gunzip(bytes: Uint8Array, file: string): Uint8Array {
  try {
    return gunzipSync(bytes, { maxOutputLength: MAX_UNPACKED_BYTES });
  } catch (cause) {
    throw unpackError(cause, file, 'GZIP_CORRUPT', 'gzip');
  }
}

function unpackError(cause: unknown, file: string, corruptCode: string, form: string): ProductError {
  const code = (cause as NodeJS.ErrnoException).code;
  if (code === 'ERR_BUFFER_TOO_LARGE') {
    return badInput('FILE_TOO_LARGE', 'The file unpacks to more than 512 MiB', {
      facts: { file },
      remedy: 'Split it.',
      cause,
    });
  }
  if (code === 'Z_BUF_ERROR') {
    return badInput('GZIP_TRUNCATED', `The ${form} file ends too early`, {
      facts: { file, problem: 'unexpected end of file' },
      remedy: 'Copy or download it again: its end is missing.',
      cause,
    });
  }
  return badInput(corruptCode, `The ${form} file is damaged`, {
    facts: { file, problem: cause instanceof Error ? cause.message : String(cause) },
    remedy: 'Copy or download it again.',
    cause,
  });
}

const END_OF_DIRECTORY = 0x06054b50;
const DIRECTORY_ENTRY = 0x02014b50;
const END_BYTES = 22;
const ENTRY_BYTES = 46;
const LOCAL_BYTES = 30;

/** The one file of a zip archive (PKWARE APPNOTE 6.3, without zip64 and encryption). */
function unzipSingle(bytes: Uint8Array, file: string): Uint8Array {
  const fail = (problem: string): ProductError =>
    badInput('ZIP_UNREADABLE', `The zip file cannot be read: ${problem}`, {
      facts: { file },
      remedy: 'Download it again, or unpack it first.',
    });
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let end = bytes.length - END_BYTES;
  while (end >= 0 && view.getUint32(end, true) !== END_OF_DIRECTORY) end--;
  if (end < 0) throw fail('its end is missing');
  const entries = view.getUint16(end + 10, true);
  if (entries !== 1) throw fail(`it holds ${entries} files instead of one`);
  const entry = view.getUint32(end + 16, true);
  if (entry + ENTRY_BYTES > bytes.length || view.getUint32(entry, true) !== DIRECTORY_ENTRY)
    throw fail('its directory is damaged');
  const method = view.getUint16(entry + 10, true);
  const packed = view.getUint32(entry + 20, true);
  const size = view.getUint32(entry + 24, true);
  const local = view.getUint32(entry + 42, true);
  if (local + LOCAL_BYTES > bytes.length) throw fail('its directory is damaged');
  const start = local + LOCAL_BYTES + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
  if (start + packed > bytes.length) throw fail('its data is cut short');
  const data = bytes.subarray(start, start + packed);
  const plain = method === 0 ? data : method === 8 ? inflate(data, file) : null;
  if (plain === null) throw fail(`compression method ${method} is not supported`);
  if (plain.length !== size) throw fail('its length is not the one that it states');
  return plain;
}

function inflate(data: Uint8Array, file: string): Uint8Array {
  try {
    return inflateRawSync(data, { maxOutputLength: MAX_UNPACKED_BYTES });
  } catch (cause) {
    throw unpackError(cause, file, 'ZIP_UNREADABLE', 'zip');
  }
}
